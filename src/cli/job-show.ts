/** `job show`: the whole of a job, and who waits for whom. */
import { isEnded, type Job, takes, waitsForPerson } from '../model/job.js';
import { forTerminal, linesForTerminal } from '../model/text.js';
import { pauseLeftMs } from '../relay/jobs/transitions.js';
import type { Relay } from '../relay/relay.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { parseJobId, readJob } from './job-argument.js';
import { type Outcome, outcomeLines, outcomeOf } from './job-outcome.js';
import { attemptsOf, lastHolderOf, recoveryOf, reviewOf, routeOf, timeOf, wholeJson } from './job-text.js';
import { worktreeLines, worktreesJson, worktreesOf } from './job-worktrees.js';
import { ageOf, agoOf, count, paragraph, table } from './layout.js';
import { reviewLines } from './review-text.js';

const INDENT = '    ';

export const defineJobShow: Define = (job, choose) => {
  job
    .command('show')
    .summary('show the whole of a job')
    .description(
      'Shows what was asked, what came of it, who holds it or what it waits for, and all that happened to it. Changes nothing but what time has done: a lease that has ended has ended.',
    )
    .argument('<job>', 'its id, as jobs shows it')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  $ mcp-dispatch job show job-k3j9x0q2m4ab

Exit code 3 when there is no such job.`,
    )
    .action((text: string, options: { json?: boolean }) => {
      const id = parseJobId('job show', text);
      choose((context) => show(context, id), options);
    });
};

async function show(context: Context, id: string): Promise<number> {
  const { relay } = await context.open();
  const job = await readJob(relay, id);
  const outcome = await outcomeOf(relay, job);
  const waits = await waitsFor(relay, job);
  const worktrees = await worktreesOf(relay, job);
  const { is_whole, ...parts } = outcome;
  const answer = { ...wholeJson(job), ...parts, outcome_is_whole: is_whole, waits, ...worktreesJson(worktrees) };
  const said = [...(waits === null ? [] : [waits]), ...worktreeLines(worktrees)];
  await report(context, answer, () => jobLines(job, outcome, said, context, relay.clock.now()));
  return EXIT.done;
}

/** Who waits for whom, in a sentence of ours; null for a job that is over and whose submitter was told. */
async function waitsFor(relay: Relay, job: Job): Promise<string | null> {
  const { state, to, lease, cancel } = job;
  const now = relay.clock.now();
  const whom = forTerminal(to, 70);
  switch (state) {
    case 'needs_recovery':
      return `It waits for you: ${recoveryOf(job.id)}.`;
    case 'needs_review':
      return `It waits for you: ${reviewOf(job.id)}.`;
    case 'running': {
      if (lease === null) return null;
      const left = ageOf(now, lease.until);
      const asked = cancel === null ? '' : ' It is asked to stop, and hears of it when it next renews.';
      return `${forTerminal(lease.agent, 70)} works on it, and has to renew within ${left}.${asked}`;
    }
    case 'queued': {
      const wait = pauseLeftMs(job, now);
      const again = wait > 0 ? ` It can be claimed again in ${ageOf(0, wait)}.` : '';
      const before = (await relay.jobs.list.position(job)) ?? 0;
      const workers = (await relay.jobs.workers.serving(to)).filter(({ writes }) => takes(writes, job)).length;
      const who = workers === 0 ? '' : ` ${count(workers, 'worker')} can take it.`;
      const queue = before === 0 ? '' : ` ${count(before, 'job')} ${before === 1 ? 'waits' : 'wait'} before it.`;
      return `It waits for ${whom}.${queue}${who}${again}`;
    }
    default:
      return job.owed.length === 0 ? null : 'Its submitter is still to be told by mail; the next sweep tries again.';
  }
}

/** `said` stands before the task: who waits for whom, and where it writes. */
export function jobLines(
  job: Job,
  outcome: Outcome,
  said: readonly string[],
  { terminal }: Context,
  now: number,
): string[] {
  const { style, columns } = terminal;
  const { prompt, ...rest } = job.task;
  const fields = Object.keys(rest).length === 0 ? [] : linesForTerminal(JSON.stringify(rest, null, 2));
  return [
    `${style.cyan(job.id)}  ${style.bold(routeOf(job))}  ${paintOf(job, style)(job.state)}`,
    ...paragraph(factsOf(job, now), '  ', columns),
    ...paragraph(said, '  ', columns),
    '',
    style.bold('Task'),
    ...paragraph(linesForTerminal(prompt), INDENT, columns),
    ...paragraph(fields, INDENT, undefined).map(style.dim),
    ...reviewLines(job, terminal, now),
    ...outcomeLines(job, outcome, terminal),
    '',
    style.bold('History'),
    ...historyTable(job).map((line) => INDENT + line),
  ];
}

function factsOf(job: Job, now: number): string[] {
  const { created_at, ended_at, thread_id, request_id, ttl, cancel } = job;
  const facts = [
    `submitted ${timeOf(created_at)} (${agoOf(Date.parse(created_at), now)})`,
    ...(ended_at === null
      ? []
      : [`ended ${timeOf(ended_at)}, after ${ageOf(Date.parse(created_at), Date.parse(ended_at))}`]),
    job.worktree ? 'may write, in a worktree' : job.write ? 'may write' : 'read-only',
    `attempt ${attemptsOf(job)}`,
    ...(ttl === 0 ? [] : [`ttl ${ageOf(0, ttl * 1000)}`]),
    ...(thread_id === null ? [] : [`thread ${forTerminal(thread_id, 128)}`]),
    ...(request_id === null ? [] : [`request ${forTerminal(request_id, 128)}`]),
  ];
  const holder = isEnded(job.state) || waitsForPerson(job) ? lastHolderOf(job) : undefined;
  return [
    facts.join(', '),
    ...(holder === undefined ? [] : [`held last by ${holder.by}, from ${timeOf(holder.at)}`]),
    ...(cancel === null
      ? []
      : [
          `cancelled by ${forTerminal(cancel.by, 70)} at ${timeOf(cancel.at)}${cancel.reason === null ? '' : `: ${forTerminal(cancel.reason, 500)}`}`,
        ]),
  ];
}

/** One line a transition; where some were left out, one that says so. */
function historyTable({ history }: Job): string[] {
  const rows: string[][] = [];
  let last = 0;
  for (const { n, at, state, by, attempt, why } of history) {
    if (n > last + 1) rows.push(['', '', `… ${count(n - last - 1, 'transition')} not kept`]);
    last = n;
    rows.push([
      timeOf(at),
      state,
      `by ${forTerminal(by, 70)}${attempt === undefined ? '' : `, attempt ${attempt}`}${why === undefined ? '' : `: ${forTerminal(why, 500)}`}`,
    ]);
  }
  return table(rows);
}

function paintOf({ state }: Job, style: Context['terminal']['style']) {
  if (waitsForPerson({ state }) || state === 'failed') return style.red;
  if (state === 'completed') return style.green;
  return isEnded(state) ? style.yellow : style.cyan;
}
