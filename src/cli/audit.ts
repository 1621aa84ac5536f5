/** `audit`: what happened to jobs, and `audit verify`: whether that record of it was changed. Looking marks nothing. */
import type { Command } from 'commander';
import * as z from 'zod/v4';
import { isJobId } from '../model/ids.js';
import { forTerminal, jsonForTerminal } from '../model/text.js';
import type { AuditFinding } from '../relay/audit/finding.js';
import { type AuditVerdict, verifyAudit } from '../relay/audit/verify.js';
import { isOfJob, isOfWorker } from '../relay/events.js';
import type { Relay } from '../relay/relay.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EventLines } from './event-line.js';
import { EXIT } from './exit-code.js';
import { type Pause, untilInterrupted } from './follow.js';
import { count } from './layout.js';
import { parseOptions } from './options.js';

const POLL_MS = 500;
// A log of years is not held in memory before it is printed.
const LINES_AT_ONCE = 500;

const jobId = () => z.string().trim().refine(isJobId, 'is no id of a job: one looks like job-k3j9x0q2m4ab');
const Options = () => z.object({ job: jobId().optional(), follow: z.boolean().default(false) });
type Wanted = z.output<ReturnType<typeof Options>>;

export const defineAudit: Define = (program, choose) => {
  const command: Command = program
    .command('audit')
    .summary('show what happened to jobs, and verify that record')
    .description(
      'Shows all that the event log has of jobs, one line an event, the oldest first: each submit, refusal, claim, start with the command that ran and the hashes of what filled it, end, and recovery. Looking marks nothing.',
    )
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--job <id>', 'only what happened to this job')
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch audit --follow
  $ mcp-dispatch audit --job job-k3j9x0q2m4ab
  $ mcp-dispatch audit verify

Times are UTC. Exit code 3 when there is no such event and --follow is not given.`,
    )
    .action((options: { json?: boolean }) => {
      const wanted = parseOptions(command, Options, options);
      choose((context) => audit(context, wanted), options);
    });
  command
    .command('verify')
    .summary('verify that the record was not changed')
    .description(
      'Verifies the chain of hashes through each log of the audit, and that each line is there that the record of a job names. Tells of each line that was changed, removed, put in, doubled or moved, and of logs that were cut, copied or removed, with its place. A last record that a kill cut short is mentioned, and is no alarm.',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Lines are counted as an editor does. What stands behind the last line that a record names can be cut
unseen, and who rewrites all logs and all records is not found.

Exit code 0 when the audit is sound, 1 when something was found, 3 when there is none.`,
    )
    // The options of the command above are taken from it too, wherever they stand.
    .action((_: object, verifying: Command) => choose(verify, verifying.optsWithGlobals()));
};

async function audit(context: Context, wanted: Wanted): Promise<number> {
  const { relay } = await context.open();
  return untilInterrupted(wanted.follow, (pause) => showAudit(context, relay, wanted, pause));
}

/** What the command does, with its waiting left to the caller: `pause` is called between two looks. */
export async function showAudit(context: Context, relay: Relay, wanted: Wanted, pause: Pause): Promise<number> {
  const { terminal, json } = context;
  const lines = new EventLines(terminal.style, 'job cancel requested');
  const cursor = new Map();
  let shown = 0;
  do {
    let text: string[] = [];
    const flush = async () => {
      const printed = text;
      text = [];
      // False when nobody reads any more.
      return printed.length === 0 || terminal.out(`${printed.join('\n')}\n`);
    };
    for await (const batch of relay.log.since(cursor)) {
      for (const event of batch) {
        if (!isOfJob(event) && (!isOfWorker(event) || wanted.job !== undefined)) continue;
        if (isOfJob(event) && wanted.job !== undefined && event.job !== wanted.job) continue;
        text.push(json ? jsonForTerminal(event) : lines.line(event));
        shown++;
      }
      if (text.length >= LINES_AT_ONCE && !(await flush())) return EXIT.done;
    }
    if (!(await flush())) return EXIT.done;
  } while (wanted.follow && (await pause(POLL_MS)));
  if (shown > 0 || wanted.follow) return EXIT.done;
  const what = wanted.job === undefined ? 'of a job' : `of ${wanted.job}`;
  remark(context, `No event ${what} in the log of ${relay.store.location}.`);
  return EXIT.nothing;
}

async function verify(context: Context): Promise<number> {
  const { relay } = await context.open();
  const verdict = await verifyAudit(relay);
  const { findings, torn, logs, lines, records } = verdict;
  const isEmpty = findings.length === 0 && torn.length === 0 && logs === 0 && records === 0;
  await report(context, { sound: findings.length === 0, logs, lines, records, findings, torn }, () =>
    isEmpty ? [] : verdictLines(verdict, context),
  );
  if (isEmpty) {
    remark(context, `There is no audit in ${relay.store.location}: nothing was done with jobs yet.`);
    return EXIT.nothing;
  }
  return findings.length === 0 ? EXIT.done : EXIT.failed;
}

function verdictLines({ findings, torn, logs, lines, records }: AuditVerdict, { terminal }: Context): string[] {
  const { style } = terminal;
  const named = `${count(records, 'record')} of ${records === 1 ? 'a job names one' : 'jobs name one'}`;
  const extent = `${count(lines, 'line')} in ${count(logs, 'log')}; ${named}`;
  return [
    ...findings.map((finding) => `${style.red(finding.kind.padEnd(9))}  ${placeOf(finding)}: ${wordsOf(finding)}`),
    ...torn.map(
      ({ log, line }) =>
        `${style.dim('torn     ')}  .log/${log} line ${line}: the last record is not complete, as a kill leaves it; no alarm`,
    ),
    findings.length === 0
      ? `${style.green('sound')}: ${extent}.`
      : `${style.red(count(findings.length, 'finding'))}: ${extent}.`,
  ];
}

function placeOf({ log, line, job }: AuditFinding): string {
  if (log === undefined) return job ?? '';
  return `.log/${log}${line === undefined ? '' : ` line ${line}`}`;
}

// An error of the store names a path.
function wordsOf({ detail }: AuditFinding): string {
  return forTerminal(detail, 300);
}
