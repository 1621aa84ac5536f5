/** Hooks of sessions in a relay in memory: which process a client is, and what the hook gets, are the test's to say. */
import { type HookDesk, runHook } from '../../src/cli/hook.js';
import type { Session } from '../../src/relay/session.js';
import type { About } from '../../src/relay/sighting.js';
import type { ProcessMark } from '../../src/store/processes.js';
import type { Store } from '../../src/store/store.js';
import { RelayWorld, type TestProcess } from '../helpers/relay-world.js';

export interface Call {
  readonly client?: string;
  readonly event: string;
  readonly input?: object;
  /** Instead of the input: what stdin holds, or why it cannot be said. */
  readonly raw?: string | Uint8Array | 'too large' | 'too slow';
  /** The client that runs the hook. */
  readonly from?: ProcessMark | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Said {
  readonly out: string;
  readonly err: string;
}

/** The client whose session `start` makes. */
export const CLIENT: ProcessMark = { pid: 70, start: '700' };

export class HookTest {
  readonly world: RelayWorld;
  opened = 0;

  constructor(wrap?: (store: Store) => Store) {
    this.world = new RelayWorld(wrap === undefined ? {} : { wrap });
  }

  /** A session of `agent` that its client, `CLIENT` if nothing else is said, has started. */
  async start(
    agent: string,
    about: About = { clientProcess: CLIENT },
    process = this.world.process(),
  ): Promise<Session> {
    const session = process.relay.session(agent);
    await session.describe(about);
    await session.begin();
    this.#sessions.push(session);
    return session;
  }

  readonly #sessions: Session[] = [];

  async run(
    { client = 'claude-code', event, input = {}, raw, from, env = {} }: Call,
    caller?: TestProcess,
  ): Promise<Said> {
    let out = '';
    let err = '';
    const bytes = typeof raw === 'string' && !raw.startsWith('too ') ? Buffer.from(raw) : raw;
    const stdin =
      bytes ?? Buffer.from(JSON.stringify({ session_id: 'client-session', hook_event_name: event, ...input }));
    await runHook([client, event], {
      env,
      open: async () => this.#open(from ?? CLIENT, caller),
      read: async () => stdin as Uint8Array | 'too large' | 'too slow',
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
    });
    return { out, err };
  }

  /** The text that the client would put before its model; undefined for silence. */
  async text(call: Call): Promise<string | undefined> {
    const { out, err } = await this.run(call);
    if (err !== '') throw new Error(err);
    return out === '' ? undefined : textOf(JSON.parse(out));
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) await session.end().catch(() => {});
    await this.world.close();
  }

  #open(from: ProcessMark, caller = this.world.process()): HookDesk {
    this.opened++;
    const { presence, mail, store, clock } = caller.relay;
    return {
      office: { store, clock, presence, mail: async () => mail },
      ancestry: { findClient: () => from, markOf: (pid) => ({ pid, start: `${pid}0` }) },
    };
  }
}

/** Whatever is text in an answer, besides the event's name. */
function textOf(answer: Record<string, unknown>): string {
  const { additionalContext } = (answer.hookSpecificOutput ?? {}) as { additionalContext?: string };
  const text = additionalContext ?? answer.reason ?? answer.additional_context ?? answer.followup_message;
  if (typeof text !== 'string') throw new Error(`no text in ${JSON.stringify(answer)}`);
  return text;
}
