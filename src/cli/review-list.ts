/** `review list`: the jobs that wait for a review, longest first. */
import * as z from 'zod/v4';
import type { Job } from '../model/job.js';
import { forTerminal } from '../model/text.js';
import { waitingSince } from '../relay/jobs/job-name.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { briefJson, reviewOf, routeOf } from './job-text.js';
import { ageOf, table } from './layout.js';
import { DEFAULT_LIMIT, limitOption, parseOptions } from './options.js';
import { whenOf } from './review-text.js';
import type { Style } from './terminal.js';

// Of what waits for a person, parked jobs among it.
const MOST_LOOKED_AT = 1000;
const MOST_REASON = 200;

const Options = () => z.object({ limit: limitOption() });

export const defineReviewList: Define = (review, choose) => {
  const command = review
    .command('list')
    .summary('list what waits for a review, longest first')
    .description(
      'Lists the jobs that wait for a review: since when, from whom to whom, before or after they ran, and why.',
    )
    .option('--limit <number>', `at most so many, 1 to 100 (default: ${DEFAULT_LIMIT})`)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExit code 3 when there are none.')
    .action((options: { json?: boolean }) => {
      const { limit } = parseOptions(command, Options, options);
      choose((context) => list(context, limit), options);
    });
};

async function list(context: Context, limit: number): Promise<number> {
  const { relay } = await context.open();
  const waiting = await relay.jobs.person.waiting(MOST_LOOKED_AT);
  const all = waiting.jobs.filter(({ state }) => state === 'needs_review');
  const jobs = all.slice(0, limit);
  const more = all.length > limit || waiting.more;
  const listed = jobs.map((job) => ({ ...briefJson(job), waiting_since: waitingSince(job) }));
  const answer = { relay: relay.store.location, jobs: listed, count: jobs.length, more };
  await report(context, answer, () => lines(jobs, more, context.terminal.style, relay.clock.now()));
  if (jobs.length > 0) return EXIT.done;
  remark(context, `No job waits for a review in ${forTerminal(relay.store.location, 500)}.`);
  return EXIT.nothing;
}

function lines(jobs: readonly Job[], more: boolean, style: Style, now: number): string[] {
  const [first, ...others] = jobs;
  if (first === undefined) return [];
  const rows = jobs.map((job) => [
    job.id,
    ageOf(Date.parse(waitingSince(job)), now),
    routeOf(job),
    whenOf(job),
    forTerminal(job.review?.reason ?? '', MOST_REASON),
  ]);
  const [head = '', ...body] = table([['JOB', 'WAITS', 'FROM → TO', 'WHEN', 'REASON'], ...rows]);
  return [
    style.bold(head),
    ...body,
    ...(more ? [style.dim('There are more: --limit shows up to 100.')] : []),
    '',
    `Next: ${reviewOf(others.length === 0 ? first.id : '<job>')}.`,
  ];
}
