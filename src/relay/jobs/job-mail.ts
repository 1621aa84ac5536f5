/**
 * What is told by mail: to the assignees that there is a job for them, to the submitter what became of it.
 *
 * Such mail is owed from the moment of the transition, in the record itself, and published under an idempotency key that the
 * transition gives. So whoever meets a job that owes mail publishes it, and it is sent once, whoever crashes.
 */
import { kindOf } from '../../model/address.js';
import { isDispatchError } from '../../model/errors.js';
import type { Job, OwedMail } from '../../model/job.js';
import { NameClock } from '../name-clock.js';
import type { Draft } from '../outbox.js';
import type { Relay } from '../relay.js';
import type { JobTable } from './job-table.js';
import { APPROVED } from './review.js';

// Of the words of the one who did it, in UTF-16 units; poll gives the whole.
const MOST_TOLD = 1500;

type Parts = Pick<Relay, 'send' | 'clock'>;

export class JobMail {
  readonly #order: NameClock;

  constructor(
    private readonly relay: Parts,
    private readonly table: JobTable,
  ) {
    this.#order = new NameClock(relay.clock);
  }

  /** Publishes what the job owes. Returns the job as it is then; one that cannot be told of now still owes it. */
  async deliver(job: Job): Promise<Job> {
    if (job.owed.length === 0) return job;
    const told: OwedMail[] = [];
    for (const mail of job.owed) if (await this.#publish(job, mail)) told.push(mail);
    if (told.length === 0) return job;
    const isTold = ({ n, to }: OwedMail) => told.some((mail) => mail.n === n && mail.to === to);
    const without = (owing: Job): Job => ({ ...owing, owed: owing.owed.filter((mail) => !isTold(mail)) });
    const change = await this.table.change(job.id, (now) => (now.owed.some(isTold) ? without(now) : undefined));
    return change?.after ?? without(job);
  }

  /** Whether it need not be tried again. */
  async #publish(job: Job, mail: OwedMail): Promise<boolean> {
    try {
      await this.relay.send(mail.from, draftOf(job, mail), this.#order);
      return true;
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      // Nobody to tell: a topic that all have left, a name that is off the roster. poll tells all the same.
      return error.code !== 'STORE_UNAVAILABLE' && error.code !== 'RELAY_UNSAFE' && error.code !== 'RELAY_TOO_NEW';
    }
  }
}

/** The same for the same transition, whoever asks and whenever: it is sent under a key. */
function draftOf(job: Job, { n, to, state, why, words }: OwedMail): Draft {
  const payload = { type: 'job', job_id: job.id, state };
  const common = {
    payload,
    threadId: job.thread_id ?? undefined,
    idempotencyKey: `job:${job.id}:${n}`,
    ofJob: to === 'assignees' ? ('offer' as const) : ('report' as const),
    ttl: 0,
  };
  if (to === 'assignees') return { ...common, target: job.to, content: offer(job, why) };
  return { ...common, target: job.from, content: report(job, state, why, words) };
}

function offer(job: Job, why: string | undefined): string {
  const again = why === undefined || why === APPROVED ? '' : ` It was taken up before: ${why}.`;
  const what = job.write ? 'It may change things.' : 'It is to change nothing.';
  const whose = kindOf(job.to) === 'topic' ? ` for ${job.to}, and whoever claims it first does it` : '';
  return `There is a job${whose}: ${job.id}.${again} ${what} claim(job_id="${job.id}") takes it.\n\n${cut(job.task.prompt)}`;
}

function report(job: Job, state: Job['state'], why: string | undefined, words: string | undefined): string {
  const head = `Job ${job.id} for ${job.to}`;
  switch (state) {
    case 'needs_review':
      return `${head} ran, and waits for a review: a person decides with \`mcp-dispatch review show ${job.id}\` whether its result counts.${quoted(words)}`;
    case 'queued':
      if (why === APPROVED) return `${head} is ${APPROVED}, and waits to be claimed.${quoted(words)}`;
      return `${head} waits again: ${why}. It is tried again by itself.`;
    case 'needs_recovery':
      return `${head} is parked: ${why}. A person decides: \`mcp-dispatch recover ${job.id} --retry\` or \`--fail\`.${job.worktree ? ' `mcp-dispatch worktrees` shows where it wrote.' : ''}`;
    case 'completed':
      if (why === APPROVED) return `${head} is completed, ${APPROVED}.${quoted(words)}${outcomeOf(job)}`;
      return `${head} is completed.${outcomeOf(job)}`;
    default:
      return `${head} ${state === 'cancelled' ? 'is' : 'has'} ${state}${why === undefined ? '' : `: ${why}`}.${outcomeOf(job)}`;
  }
}

/** Of whoever asked for a review, or decided. */
function quoted(words: string | undefined): string {
  return words === undefined ? '' : `\n\n${cut(words)}`;
}

/** Only of a job that has ended: nothing changes there any more. */
function outcomeOf(job: Job): string {
  const words = wordsOf(job);
  const place = placeOf(job);
  // An error ends with it, where it was not cut off.
  return place === undefined || words.includes(place.path) ? words : `${words}\n\n${place.sentence}`;
}

function wordsOf({ id, result, error, outcome_bytes }: Job): string {
  const words = error ?? textOf(result);
  if (words === undefined) return '';
  const whole = outcome_bytes === null && words.length <= MOST_TOLD ? '' : `\n\npoll(job_id="${id}") shows the rest.`;
  return `\n\n${cut(words)}${whole}`;
}

/** Where the changes of a job are that wrote in a worktree, as its result says: whatever was cut of its words. */
function placeOf({ worktree, result }: Job): { path: string; sentence: string } | undefined {
  if (!worktree || result === null || typeof result !== 'object' || !('worktree' in result)) return undefined;
  const place = result.worktree;
  if (place === null || typeof place !== 'object' || !('branch' in place && 'path' in place)) return undefined;
  const { branch, path } = place;
  if (typeof branch !== 'string' || typeof path !== 'string' || 'unchanged' in place) return undefined;
  // A branch without commits merges as nothing, and a client in a sandbox cannot commit.
  const isUncommitted = 'commits' in place && place.commits === 0;
  const sentence = isUncommitted
    ? `Its changes are in ${cut(path)}, not committed; the branch there is ${cut(branch)}.`
    : `Its changes are on the branch ${cut(branch)}, in ${cut(path)}.`;
  return { path, sentence };
}

function textOf(result: unknown): string | undefined {
  if (result === null || result === undefined) return undefined;
  if (typeof result === 'string') return result;
  if (typeof result === 'object' && 'message' in result && typeof result.message === 'string') return result.message;
  return JSON.stringify(result);
}

function cut(words: string): string {
  return words.length <= MOST_TOLD ? words : `${words.slice(0, MOST_TOLD).toWellFormed()} ...`;
}
