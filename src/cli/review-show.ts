/** `review show`: all that a person needs to decide about one job. */
import { DispatchError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { parseJobId, readJob } from './job-argument.js';
import { outcomeOf } from './job-outcome.js';
import { jobLines } from './job-show.js';
import { wholeJson } from './job-text.js';
import { worktreeLines, worktreesJson, worktreesOf } from './job-worktrees.js';

export const defineReviewShow: Define = (review, choose) => {
  review
    .command('show')
    .summary('show all that there is to know of one')
    .description(
      'Shows the whole of a job that waits for a review: what was asked, why a person is to look at it, what came of it where it has run, and what to type next. Of one that was decided it shows how.',
    )
    .argument('<job>', 'its id, as review list shows it')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExit code 3 when there is no such job, 4 when nobody asked for a review of it.')
    .action((text: string, options: { json?: boolean }) => {
      const id = parseJobId('review show', text);
      choose((context) => show(context, id), options);
    });
};

async function show(context: Context, id: string): Promise<number> {
  const { relay } = await context.open();
  const job = await readJob(relay, id);
  if (job.review === null) {
    const why = `Nobody asked for a review of job ${id}. \`mcp-dispatch job show ${id}\` shows it.`;
    throw new DispatchError('NOT_ALLOWED', why, { job: id });
  }
  const outcome = await outcomeOf(relay, job);
  const worktrees = await worktreesOf(relay, job);
  const { is_whole, ...parts } = outcome;
  const answer = { ...wholeJson(job), ...parts, outcome_is_whole: is_whole, ...worktreesJson(worktrees) };
  await report(context, answer, () => [
    ...jobLines(job, outcome, worktreeLines(worktrees), context, relay.clock.now()),
    ...nextLines(job),
  ]);
  return EXIT.done;
}

/** What to type. */
function nextLines({ id, state, review }: Job): string[] {
  if (state !== 'needs_review') return [];
  const approved = review?.when === 'after' ? 'its result counts' : 'it is queued';
  return [
    '',
    'Next',
    `    mcp-dispatch review approve ${id}   ${approved}`,
    `    mcp-dispatch review reject ${id}    it fails; --note "why" tells its submitter`,
  ];
}
