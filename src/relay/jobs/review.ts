/**
 * A person's word about a job, which nothing else replaces:
 *
 *     submitted with a reason -> needs_review -> queued (approved) | failed (rejected) | cancelled
 *     running, and done with a reason -> needs_review -> completed (approved) | failed (rejected), the result kept in both
 *
 * As transitions.ts: functions of the job and the time, which read and write nothing.
 */
import { DispatchError } from '../../model/errors.js';
import { isEnded, type Job, type Review, type Token } from '../../model/job.js';
import { checkToken } from './fencing.js';
import { expiresAt, type Outcome, resultOf, step } from './transitions.js';

/** What a person decides. */
export interface Decision {
  readonly how: 'approved' | 'rejected';
  readonly by: string;
  /** One line of at most 1000 characters; null for none. */
  readonly note: string | null;
}

/** In words of this program; mail goes by it too. */
export const APPROVED = 'approved by a person';
const REJECTED = 'rejected by a person';

/**
 * Done, and to be looked at by a person before it counts: the holder lets it go, and its result waits with it.
 * @throws DispatchError as `checkToken`.
 */
export function submittedToReview(job: Job, token: Token, reason: string, outcome: Outcome, now: number): Job {
  checkToken(job, token, now);
  const { agent } = job.lease as NonNullable<Job['lease']>;
  const asked = { when: 'after', reason, asked_by: agent, asked_at: new Date(now).toISOString() } as const;
  const why = 'it ran, and a person is to look at its result';
  const words = { words: reason };
  return step(
    job,
    now,
    { state: 'needs_review', by: agent, why, tell: ['submitter'], ...words },
    { ...resultOf(outcome), review: asked },
  );
}

/**
 * Decided by a person. Approved before it ran it is queued, also past its ttl; approved after it ran, its result is accepted.
 * @throws DispatchError `NOT_ALLOWED`, or `ALREADY_FINISHED` for one that is over: it does not wait for a review (any more).
 */
export function decided(job: Job, { how, by, note }: Decision, now: number): Job {
  const { review } = job;
  if (job.state !== 'needs_review' || review === null) throw notWaiting(job);
  const at = new Date(now).toISOString();
  const done = { review: { ...review, decided: { how, by, at, note } } };
  const words = note === null ? {} : { words: note };
  if (how === 'rejected') {
    const when = review.when === 'before' ? 'before it was begun' : 'after it had run';
    const error = `Rejected by a person ${when}${note === null ? '.' : `: ${note}`}`;
    return step(job, now, { state: 'failed', by, why: REJECTED, tell: ['submitter'] }, { ...done, error });
  }
  if (review.when === 'after') {
    return step(job, now, { state: 'completed', by, why: APPROVED, tell: ['submitter'], ...words }, done);
  }
  // A person's word counts for more than the time that passed until it came.
  const ttl = expiresAt(job) <= now ? 0 : job.ttl;
  const tell = ['assignees', 'submitter'] as const;
  return step({ ...job, ttl }, now, { state: 'queued', by, why: APPROVED, tell, ...words }, done);
}

function notWaiting(job: Job): DispatchError {
  const { id, state, review } = job;
  const code = isEnded(state) ? 'ALREADY_FINISHED' : 'NOT_ALLOWED';
  const data = { job: id, state };
  if (state === 'needs_recovery') {
    const why = `Job ${id} is parked, which is no review: it may have changed things before its holder was lost. \`mcp-dispatch recover ${id} --retry\` or \`--fail\` decides. Nothing was changed.`;
    return new DispatchError(code, why, data);
  }
  const why = `${review === null ? `Nobody asked for a review of job ${id}` : decisionOn(id, review)}. It is ${state} now. Nothing was changed.`;
  return new DispatchError(code, why, data);
}

function decisionOn(id: string, { when, decided }: Review): string {
  if (decided === undefined) return `Job ${id} does not wait for a review any more`;
  const ran = when === 'before' ? 'before it ran' : 'after it ran';
  return `Job ${id} was ${decided.how} by a person, ${ran}, at ${new Date(decided.at).toISOString()}`;
}
