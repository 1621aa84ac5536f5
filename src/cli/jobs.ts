/** `jobs`: all jobs of the relay, newest first, those that wait for a person before them. */
import * as z from 'zod/v4';
import { parseAddress } from '../model/address.js';
import { threadId } from '../model/draft.js';
import { JOB_STATES, type Job, waitsForPerson } from '../model/job.js';
import { forTerminal } from '../model/text.js';
import { type JobList, type JobQuery, passes } from '../relay/jobs/job-list.js';
import type { PersonList } from '../relay/jobs/person-list.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { attemptsOf, briefJson, holdingOf, recoveryOf, reviewOf, routeOf } from './job-text.js';
import { ageOf, count, table } from './layout.js';
import { DEFAULT_LIMIT, limitOption, parseOptions, parseOwner } from './options.js';

const MOST_PROMPT = 200;
// Where it is not known how wide a line may be.
const PROMPT_IN_A_PIPE = 60;

const Options = () =>
  z.object({
    state: z.enum(JOB_STATES, `must be one of ${JOB_STATES.join(', ')}`).optional(),
    thread: threadId().optional(),
    limit: limitOption(),
  });

type Filter = Omit<JobQuery, 'cursor' | 'limit' | 'of'>;

export const defineJobs: Define = (program, choose) => {
  const command = program
    .command('jobs')
    .summary('list the jobs, and what waits for you')
    .description(
      'Lists all jobs of the relay, whoever submitted them: newest first, and before them those that wait for a person: parked, or for a review. Jobs that ended are kept for 7 days.',
    )
    .option('--state <state>', `one of ${JOB_STATES.join(', ')}`)
    .option('--to <address>', 'those for an agent, a topic in quotes ("#build") or a lane ("acme/api")')
    .option('--from <agent>', 'those that this agent, or "human", submitted')
    .option('--thread <id>', 'those of one conversation')
    .option('--limit <number>', `at most so many, 1 to 100 (default: ${DEFAULT_LIMIT})`)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch jobs
  $ mcp-dispatch jobs --state needs_recovery
  $ mcp-dispatch jobs --to '#build' --limit 5

Exit code 3 when there are none.`,
    )
    .action((options: { json?: boolean; to?: string; from?: string }) => {
      const { state, thread, limit } = parseOptions(command, Options, options);
      const filter: Filter = {
        state,
        threadId: thread,
        to: options.to === undefined ? undefined : parseAddress(options.to, '--to').text,
        from: options.from === undefined ? undefined : parseOwner(options.from),
      };
      choose((context) => jobs(context, filter, limit), options);
    });
};

async function jobs(context: Context, filter: Filter, limit: number): Promise<number> {
  const { relay } = await context.open();
  const { list } = relay.jobs;
  const waiting = filter.state === undefined ? await waitingOf(relay.jobs.person, filter, limit) : NONE;
  const others = await firstOf(list, filter, limit - waiting.jobs.length, (job) => !waiting.ids.has(job.id));
  const found = [...waiting.jobs, ...others.jobs];
  const more = waiting.more || others.more;
  const answer = { relay: relay.store.location, jobs: found.map(briefJson), count: found.length, more };
  await report(context, answer, () => lines(found, more, context, relay.clock.now()));
  if (others.broken > 0) {
    const what = `${count(others.broken, 'job')} cannot be understood and ${others.broken === 1 ? 'is' : 'are'} left out`;
    remark(context, `${what}: \`mcp-dispatch doctor\` tells more.`);
  }
  if (found.length > 0) return EXIT.done;
  const which = Object.values(filter).every((value) => value === undefined) ? 'job' : 'such job';
  remark(
    context,
    `There is no ${others.broken > 0 ? `other ${which}` : which} in ${forTerminal(relay.store.location, 500)}.`,
  );
  return EXIT.nothing;
}

interface Found {
  readonly jobs: readonly Job[];
  readonly ids: ReadonlySet<string>;
  readonly more: boolean;
  /** Of those that were looked at. */
  readonly broken: number;
}

const NONE: Found = { jobs: [], ids: new Set(), more: false, broken: 0 };

// As many as a person could look through, and far fewer than there may be open jobs.
const MOST_WAITING = 1000;

/** Those that wait for a person, newest first as the others. */
async function waitingOf(person: PersonList, filter: Filter, limit: number): Promise<Found> {
  const { jobs } = await person.waiting(MOST_WAITING);
  const found = jobs.filter((job) => passes(job, filter)).sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  const shown = found.slice(0, limit);
  return { jobs: shown, ids: new Set(shown.map(({ id }) => id)), more: found.length > limit, broken: 0 };
}

/** The newest ones that pass, over as many pages as it takes; a page may be short and not the last. */
async function firstOf(
  list: JobList,
  filter: Filter,
  limit: number,
  passes: (job: Job) => boolean = () => true,
): Promise<Found> {
  const jobs: Job[] = [];
  let broken = 0;
  let cursor: string | undefined;
  do {
    // One beyond the limit shows that there is more.
    const page = await list.page({ ...filter, cursor, limit: limit + 1 });
    jobs.push(...page.jobs.filter(passes));
    broken += page.broken;
    cursor = page.next;
  } while (cursor !== undefined && jobs.length <= limit);
  const shown = jobs.slice(0, limit);
  return { jobs: shown, ids: new Set(shown.map(({ id }) => id)), more: jobs.length > limit, broken };
}

function lines(jobs: readonly Job[], more: boolean, { terminal }: Context, now: number): string[] {
  if (jobs.length === 0) return [];
  const { style, columns } = terminal;
  const rows = jobs.map((job) => [
    job.id,
    job.state,
    routeOf(job),
    ageOf(Date.parse(job.created_at), now),
    attemptsOf(job),
    holdingOf(job, now) ?? '-',
    forTerminal(job.task.prompt, columns === undefined ? PROMPT_IN_A_PIPE : MOST_PROMPT),
  ]);
  const [head = '', ...body] = table([['JOB', 'STATE', 'FROM → TO', 'AGE', 'TRIES', 'HELD BY', 'PROMPT'], ...rows]).map(
    (line) => (columns === undefined ? line : forWidth(line, columns)),
  );
  return [
    style.bold(head),
    ...body.map((line, index) => (isWaiting(jobs[index]) ? style.red(line) : line)),
    ...(more ? [style.dim('There are more: --limit shows up to 100.')] : []),
    ...decisionsOf(jobs),
  ];
}

function isWaiting(job: Job | undefined): boolean {
  return job !== undefined && waitsForPerson(job);
}

/** What a person can decide of those that wait. */
function decisionsOf(jobs: readonly Job[]): string[] {
  const idOf = (some: readonly Job[]) => (some.length === 1 ? (some[0]?.id ?? '') : '<job>');
  const parked = jobs.filter(({ state }) => state === 'needs_recovery');
  const reviews = jobs.filter(({ state }) => state === 'needs_review');
  const lines = [
    ...(parked.length === 0
      ? []
      : [
          `${count(parked.length, 'job')} ${parked.length === 1 ? 'is' : 'are'} parked until you decide: ${recoveryOf(idOf(parked))}.`,
        ]),
    ...(reviews.length === 0
      ? []
      : [
          `${count(reviews.length, 'job')} ${reviews.length === 1 ? 'waits' : 'wait'} for your review: ${reviewOf(idOf(reviews))}.`,
        ]),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

/** The last column, the prompt, gives way first. */
function forWidth(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
