/**
 * `wait`: blocks until mail is there, and says so in a line. For models that can watch a command in the background, whose
 * client wakes them with its output or its end; for scripts, and for the person.
 */
import type { Command } from 'commander';
import * as z from 'zod/v4';
import { describeShell } from '../hooks/caller.js';
import { describeNotice } from '../hooks/notice.js';
import { findWindow } from '../hooks/whose.js';
import { HUMAN, parseAgentId } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { jsonForTerminal } from '../model/text.js';
import { byUrgencyThenTime, type Candidate } from '../relay/mail.js';
import type { Relay } from '../relay/relay.js';
import type { App } from './app.js';
import { type Context, type Define, remark } from './command.js';
import { EXIT } from './exit-code.js';
import { numeric, parseOptions, parseOwner } from './options.js';

/** Gathers what arrives together: each line may be a turn of a model. */
const GATHER_MS = 1000;
/** How often it is looked whether the session is still there. */
const SESSION_LOOK_MS = 5000;
const MOST_TIMEOUT_SECONDS = 7 * 24 * 60 * 60;
// Clients cut a long line of a command that they watch.
const MOST_NAMED = 4;

const TIMEOUT = `must be a whole number of seconds, 1 to ${MOST_TIMEOUT_SECONDS}`;
const Options = () =>
  z.object({
    timeout: numeric(z.int(TIMEOUT).min(1, TIMEOUT).max(MOST_TIMEOUT_SECONDS, TIMEOUT).optional()),
    follow: z.boolean().default(false),
  });
type Wanted = z.output<ReturnType<typeof Options>>;

export const defineWait: Define = (program, choose) => {
  const command: Command = program
    .command('wait')
    .summary('block until mail is there')
    .description(
      'Blocks until unread mail is there, and prints one line that says how much, from whom, and which ids. It shows no content and marks nothing as read: peek does. Whose mail: that of the session whose client runs this command, of --agent, or of MCP_DISPATCH_AGENT_ID.',
    )
    .option('--agent <id>', 'whose mail')
    .option('--follow', 'go on, with a line for each batch of new mail')
    .option('--timeout <seconds>', `give up after so long, 1 to ${MOST_TIMEOUT_SECONDS} (default: never)`)
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch wait --timeout 600
  $ mcp-dispatch wait --agent human --follow

Mail that is unread already counts as new. Exit code 5 when the time is over, 3 when no session of the agent is live, at the
start or later: then nobody is there to read what comes.`,
    )
    .action((options: { json?: boolean; agent?: string }) => {
      const agent = options.agent === undefined ? undefined : parseOwner(options.agent);
      const parsed = parseOptions(command, Options, options);
      choose((context) => wait(context, parsed, agent), options);
    });
};

/** Whose mail it is about, and the session that is to be there. */
interface Reader {
  readonly agent: string;
  readonly session?: string | undefined;
}

async function wait(context: Context, wanted: Wanted, agent: string | undefined): Promise<number> {
  const app = await context.open();
  const reader = agent === undefined ? await findReader(context, app) : { agent };
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await waitFor(context, app.relay, wanted, reader, interrupt.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

async function findReader({ env }: Context, { relay, ancestry }: App): Promise<Reader> {
  const caller = ancestry === undefined ? undefined : describeShell(env, ancestry);
  const window = caller === undefined ? undefined : await findWindow(relay.presence, caller);
  if (window !== undefined) return window;
  const named = env.MCP_DISPATCH_AGENT_ID?.trim();
  if (named !== undefined && named !== '') return { agent: parseAgentId(named, 'MCP_DISPATCH_AGENT_ID') };
  throw new DispatchError(
    'INVALID_ARGUMENT',
    'wait: no session of mcp-dispatch belongs to this shell, so it is not known whose mail to wait for. Say it: mcp-dispatch wait --agent <id>; `mcp-dispatch who` lists the ids.',
    { argument: 'agent' },
  );
}

/** What the command does. `interrupted` ends it as done. */
export async function waitFor(
  context: Context,
  relay: Relay,
  { timeout, follow }: Wanted,
  reader: Reader,
  interrupted: AbortSignal,
): Promise<number> {
  const { agent } = reader;
  if (!(await isThere(relay, reader))) {
    remark(
      context,
      `No session of ${agent} is live: nobody would read its mail. \`mcp-dispatch who\` lists who is there.`,
    );
    return EXIT.nothing;
  }
  const arrivals = relay.arrivalsOf(agent);
  let announced = new Set<string>();
  let pending: readonly Candidate[] = [];
  let gathering: NodeJS.Timeout | undefined;
  const timers: NodeJS.Timeout[] = [];
  try {
    return await new Promise<number>((resolve, reject) => {
      const fresh = () => pending.filter(({ name }) => name.from !== agent && !announced.has(name.core));
      const announce = async () => {
        // Nobody rings for what is read.
        ({ pending } = await relay.mail.scan(agent, false));
        gathering = undefined;
        const news = fresh();
        if (news.length === 0) return;
        announced = new Set(pending.map(({ name }) => name.core));
        const isRead = await context.terminal.out(`${describe(context, agent, news, pending)}\n`);
        if (!isRead || !follow) resolve(EXIT.done);
      };
      arrivals.subscribe({
        looked: (seen) => {
          pending = seen;
          if (gathering === undefined && fresh().length > 0)
            gathering = setTimeout(() => void announce().catch(reject), GATHER_MS);
        },
      });
      // It keeps the process, which nothing else of this does.
      timers.push(
        setInterval(() => {
          isThere(relay, reader).then((there) => {
            if (there) return;
            remark(context, `The session of ${agent} is gone.`);
            resolve(EXIT.nothing);
          }, reject);
        }, SESSION_LOOK_MS),
      );
      if (timeout !== undefined) {
        timers.push(
          setTimeout(() => {
            remark(context, `No new mail for ${agent} in ${timeout} s.`);
            resolve(EXIT.timedOut);
          }, timeout * 1000),
        );
      }
      interrupted.addEventListener('abort', () => resolve(EXIT.done), { once: true });
      if (interrupted.aborted) resolve(EXIT.done);
    });
  } finally {
    clearTimeout(gathering);
    for (const timer of timers) clearTimeout(timer);
    arrivals.close();
  }
}

/** The person has no session. Of an agent any session will do, unless it is known whose shell this is. */
async function isThere({ presence }: Relay, { agent, session }: Reader): Promise<boolean> {
  if (agent === HUMAN) return true;
  return session === undefined ? presence.isLive(agent) : !(await presence.isOver(agent, session));
}

function describe({ json }: Context, agent: string, news: readonly Candidate[], pending: readonly Candidate[]): string {
  const names = [...news].sort(byUrgencyThenTime).map(({ name }) => name);
  const unread = pending.filter(({ name }) => name.from !== agent).length;
  if (!json) return describeNotice({ agent, news: names, unread, kept: [] }, MOST_NAMED);
  const messages = names.map(({ id, from, priority }) => ({ id, from, priority }));
  return jsonForTerminal({ agent_id: agent, messages, unread });
}
