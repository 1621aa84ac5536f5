/** `tail`: the last events of the relay, and with --follow those that come. Looking marks nothing. */
import type { Command } from 'commander';
import * as z from 'zod/v4';
import { threadId } from '../model/draft.js';
import { jsonForTerminal } from '../model/text.js';
import type { LoggedEvent } from '../relay/events.js';
import { LogFilter } from '../relay/log-filter.js';
import type { Relay } from '../relay/relay.js';
import { type Context, type Define, remark } from './command.js';
import { EventLines } from './event-line.js';
import { EXIT } from './exit-code.js';
import { type Pause, untilInterrupted } from './follow.js';
import { DEFAULT_LIMIT, limitOption, parseOptions, parseOwner } from './options.js';
import type { Terminal } from './terminal.js';
import { describeUnknown } from './unknown-agent.js';

const POLL_MS = 500;

const Options = () =>
  z.object({ limit: limitOption(), thread: threadId().optional(), follow: z.boolean().default(false) });
type Wanted = z.output<ReturnType<typeof Options>> & { readonly agent: string | undefined };

export const defineTail: Define = (program, choose) => {
  const command: Command = program
    .command('tail')
    .summary('show the last events of the relay')
    .description(
      'Shows what happened last, one line an event, the newest last: messages sent, shown, acknowledged, expired, jobs, and sessions coming and going. Watching marks nothing.',
    )
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--agent <id>', 'only what this agent did, and what happened to its mail')
    .option('--thread <id>', 'only messages of this conversation whose sending is still in the log')
    .option('--limit <number>', `the last so many events, 1 to 100 (default: ${DEFAULT_LIMIT})`)
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch tail --follow
  $ mcp-dispatch tail --thread deploys --limit 50

Times are UTC. Exit code 3 when there is no event and --follow is not given.`,
    )
    .action((options: { json?: boolean; agent?: string }) => {
      const agent = options.agent === undefined ? undefined : parseOwner(options.agent);
      const parsed = parseOptions(command, Options, options);
      choose((context) => tail(context, { ...parsed, agent }), options);
    });
};

async function tail(context: Context, wanted: Wanted): Promise<number> {
  const { relay } = await context.open();
  return untilInterrupted(wanted.follow, (pause) => showTail(context, relay, wanted, pause));
}

/**
 * What the command does, with its waiting left to the caller: `pause` is called between two looks, and ends them with
 * false.
 */
export async function showTail(context: Context, relay: Relay, wanted: Wanted, pause: Pause): Promise<number> {
  const filter = new LogFilter(wanted);
  const print = printer(context);
  // Before the filter learns, so that it knows all that is to be shown at once.
  const cursor = await relay.log.end();
  await filter.learnFrom(relay.log);
  const recent = new Date(relay.clock.now() - POLL_MS).toISOString();
  const last: LoggedEvent[] = [];
  const unsettled: LoggedEvent[] = [];
  for await (const batch of relay.log.newestFirst(cursor)) {
    last.push(...filter.wantedOf(batch));
    unsettled.push(...batch.filter(({ at }) => at >= recent));
    if (last.length >= wanted.limit && batch.some(({ at }) => at < recent)) break;
  }
  last.splice(wanted.limit);
  if (last.length > 0 && !(await print(last.reverse()))) return EXIT.done;
  if (last.length === 0) {
    const unknown = wanted.agent === undefined ? undefined : await describeUnknown(relay, wanted.agent);
    if (unknown !== undefined) remark(context, unknown);
    else if (!wanted.follow) remark(context, `No such event in the log of ${relay.store.location}.`);
  }
  if (!wanted.follow) return last.length > 0 ? EXIT.done : EXIT.nothing;
  filter.hold(unsettled.reverse());
  while (await pause(POLL_MS)) {
    const noted: LoggedEvent[] = [];
    for await (const batch of relay.log.since(cursor)) for (const event of batch) noted.push(event);
    const events = filter.follow(noted);
    // False when nobody reads any more.
    if (events.length > 0 && !(await print(events))) return EXIT.done;
  }
  return EXIT.done;
}

function printer({ terminal, json }: { terminal: Terminal; json: boolean }) {
  const lines = new EventLines(terminal.style);
  return (events: readonly LoggedEvent[]): Promise<boolean> => {
    const text = events.map((event) => (json ? jsonForTerminal(event) : lines.line(event)));
    return terminal.out(`${text.join('\n')}\n`);
  };
}
