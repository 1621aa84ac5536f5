/** `review`: what a person decides of a job that asks for it, before it runs or with its result. */
import * as z from 'zod/v4';
import { HUMAN } from '../model/agent-id.js';
import type { Job } from '../model/job.js';
import { reviewNote } from '../model/job-draft.js';
import { forTerminal } from '../model/text.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { assertHuman } from './human.js';
import { parseJobId, readJob } from './job-argument.js';
import { routeOf } from './job-text.js';
import { parseOptions } from './options.js';
import { defineReviewList } from './review-list.js';
import { defineReviewShow } from './review-show.js';

const Options = () => z.object({ note: reviewNote().optional() });

export const defineReview: Define = (program, choose) => {
  const review = program
    .command('review')
    .summary('approve or reject jobs that wait for you: review list, show, approve, reject')
    .description(
      'Jobs that must not go on without you: submitted with a reason for a review, or done by a program whose last line was NEEDS_REVIEW. Only a person decides, at a terminal.',
    );
  defineReviewList(review, choose);
  defineReviewShow(review, choose);
  for (const define of [decision('approve'), decision('reject')]) define(review, choose);
};

const DECISIONS = {
  approve: {
    how: 'approved',
    summary: 'let it go on',
    description: 'Lets a job go on: it is queued or, where it has run, its result counts.',
    note: 'Mind the indexes.',
  },
  reject: {
    how: 'rejected',
    summary: 'end it as failed',
    description: 'Ends a job as failed. A result that it has is kept, but does not count.',
    note: 'Not before the release.',
  },
} as const;

function decision(verb: keyof typeof DECISIONS): Define {
  const { how, summary, description, note: example } = DECISIONS[verb];
  return (review, choose) => {
    const command = review
      .command(verb)
      .summary(summary)
      .description(`${description} Its submitter is told, with the note.`)
      .argument('<job>', 'its id, as review list shows it')
      .option('--note <text>', 'one line for its submitter, at most 1000 characters')
      .option(...JSON_OPTION)
      .addHelpText(
        'after',
        `
Example:
  $ mcp-dispatch review ${verb} job-k3j9x0q2m4ab --note "${example}"

Exit code 3 when there is no such job, 4 when it does not wait for a review.`,
      )
      .action((text: string, options: { json?: boolean }) => {
        const id = parseJobId(`review ${verb}`, text);
        const { note = '' } = parseOptions(command, Options, options);
        choose((context) => decide(context, id, how, note === '' ? null : note), options);
      });
  };
}

async function decide(
  context: Context,
  id: string,
  how: 'approved' | 'rejected',
  note: string | null,
): Promise<number> {
  const instead = 'A review is for a person; ask the one at this machine. Nothing was done.';
  assertHuman(context.env, context.terminal.stdinIsTTY, instead);
  const { relay } = await context.open();
  await readJob(relay, id);
  const job = await relay.jobs.review(id, { how, by: HUMAN, note });
  await report(context, { job_id: id, state: job.state, review: job.review }, () => [
    `${context.terminal.style.bold(id)}  ${routeOf(job)}`,
    sentenceOf(job, how),
  ]);
  return EXIT.done;
}

function sentenceOf({ from, to, review }: Job, how: 'approved' | 'rejected'): string {
  const told = `${forTerminal(from, 70)} is told`;
  const hasRun = review?.when === 'after';
  if (how === 'rejected') {
    return `Rejected: it has failed, and ${told}. ${hasRun ? 'Its result is kept.' : 'It was never begun.'}`;
  }
  return hasRun
    ? `Approved: its result counts, and ${told}.`
    : `Approved: it waits for ${forTerminal(to, 70)} now, and ${told}.`;
}
