/** Runs commands in this process, on a relay in memory, with a terminal that is what the test wants it to be. */
import { runCommand } from '../../src/cli/program.js';
import { styleFor, type Terminal } from '../../src/cli/terminal.js';
import type { Config } from '../../src/config/schema.js';
import type { Project } from '../../src/model/project.js';
import type { Draft } from '../../src/relay/outbox.js';
import type { Relay } from '../../src/relay/relay.js';
import { RelayWorld } from '../helpers/relay-world.js';

/** Where the configuration is said to be; nothing reads it. */
export const CONFIG_FILE = '/etc/dispatch.toml';

/** Where commands are called. */
export const PROJECT: Project = {
  path: '/code/webapp',
  name: 'webapp',
  repository: { path: '/code/webapp', name: 'webapp' },
};

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The one document on stdout. */
  readonly json: Record<string, unknown>;
}

export interface Given {
  readonly env?: NodeJS.ProcessEnv;
  /** A person sits at it. @default true */
  readonly isTTY?: boolean;
  readonly input?: string | Uint8Array;
  /** Nobody reads stdout. */
  readonly closed?: boolean;
  readonly columns?: number;
  readonly config?: Partial<Config>;
  readonly project?: Project;
}

export class Desk {
  readonly world: RelayWorld;
  readonly relay: Relay;
  opened = 0;

  constructor(options: ConstructorParameters<typeof RelayWorld>[0] = {}) {
    this.world = new RelayWorld(options);
    this.relay = this.world.process().relay;
  }

  async run(argv: readonly string[], given: Given = {}): Promise<Ran> {
    let out = '';
    let err = '';
    const terminal: Terminal = {
      stdinIsTTY: given.isTTY ?? true,
      columns: given.columns,
      style: styleFor(false, {}),
      async out(text) {
        if (given.closed === true) return false;
        out += text;
        return true;
      },
      err: (text) => {
        err += text;
      },
      readInput: async (maxBytes) => Buffer.from(given.input ?? '').subarray(0, maxBytes + 1),
    };
    const open = async () => {
      this.opened++;
      const config = { maxMessageBytes: 65_536, file: CONFIG_FILE, ...given.config } as Config;
      return { relay: this.relay, config, project: given.project ?? PROJECT };
    };
    const code = await runCommand(argv, { open, version: '1.2.3' }, given.env ?? {}, terminal);
    return {
      code,
      out,
      err,
      get json() {
        return JSON.parse(out) as Record<string, unknown>;
      },
    };
  }

  /** Sends a message and returns its id. */
  async send(from: string, target: string, draft: Partial<Draft> = {}): Promise<string> {
    this.world.clock.advance(1);
    return (await this.relay.send(from, { target, content: 'hello', ...draft })).message.id;
  }

  /** Lets `agent` read all its new mail in a session that is over afterwards. */
  async readAll(agent: string): Promise<void> {
    const session = await this.world.session(agent);
    const claim = await session.inbox.claim({ by: 'peek', limit: 100, offer: () => () => {} });
    await claim.commit();
    await session.end();
  }

  /** What the sender can find out about its message. */
  async whereabouts(sender: string, id: string): Promise<string[]> {
    return (await this.relay.receipts.lookUp(sender, id)).map(({ to, state }) => `${state} ${to}`);
  }
}
