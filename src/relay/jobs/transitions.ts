/**
 * What can become of a job, as functions of the job and the time: the whole state machine, and nothing that reads or writes.
 * Each returns the job as it is to be, or throws why not; whether it comes to that, compare-and-set decides.
 *
 *     queued -> running -> completed | failed
 *     queued -> cancelled | expired       running -> queued (released, or its lease ended)
 *     running -> needs_recovery (a job that may write, whose lease ended or that was let go) -> queued | failed, by a person
 *     (submitted) or running -> needs_review, see review.ts
 */

import { kindOf } from '../../model/address.js';
import { SYSTEM } from '../../model/agent-id.js';
import { DispatchError } from '../../model/errors.js';
import { isEnded, type Job, type JobState, type OwedMail, type Token } from '../../model/job.js';
import { alreadyFinished, checkToken } from './fencing.js';

/** Who claims: the session of an agent, or of a worker. */
export interface Holder {
  readonly agent: string;
  readonly session: string;
}

export interface Outcome {
  readonly result: unknown;
  readonly error: string | null;
  readonly outcomeBytes: number | null;
  readonly outcomeName: string | null;
}

const FIRST_BACKOFF_MS = 1000;
const MOST_BACKOFF_MS = 60_000;

// A clock is put right by less than this all the time.
const STEP_BACK_MS = 60_000;

// The record stays small, however often a job is let go and taken up again.
const FIRST_KEPT = 10;
const LAST_KEPT = 40;

export interface Step {
  readonly state: JobState;
  readonly by: string;
  readonly why?: string | undefined;
  /** Whom to tell by mail; see `OwedMail`. Assignees only where they are told of the job at all. */
  readonly tell?: readonly OwedMail['to'][];
  /** For the submitter, in words of others. */
  readonly words?: string | undefined;
}

/** The same job, a transition later. Nobody holds it then, unless `more` says so. */
export function step(job: Job, now: number, { state, by, why, tell = [], words }: Step, more: Partial<Job> = {}): Job {
  const n = job.n + 1;
  const at = new Date(now).toISOString();
  const next: Job = {
    ...job,
    state,
    n,
    lease: null,
    not_before: null,
    updated_at: at,
    ended_at: isEnded(state) ? at : null,
    ...more,
  };
  const attempt = next.attempts === 0 ? {} : { attempt: next.attempts };
  const said = why === undefined ? {} : { why };
  const made = { n, at, state, by, ...attempt, ...said };
  const mail = tell
    .filter((to) => to === 'submitter' || job.offered)
    .map(
      (to): OwedMail =>
        to === 'assignees'
          ? { n, from: job.from, to, state, ...said }
          : { n, from: senderOf(job), to, state, ...said, ...(words === undefined ? {} : { words }) },
    );
  return { ...next, history: shortened([...job.history, made]), owed: [...job.owed, ...mail] };
}

/** In whose name the submitter is told: the assignee's, or of the member of a topic that held it; else nobody's. */
function senderOf(job: Job): string {
  if (kindOf(job.to) === 'agent') return job.to;
  return kindOf(job.to) === 'lane' ? SYSTEM : (job.lease?.agent ?? SYSTEM);
}

function shortened<T>(history: readonly T[]): readonly T[] {
  if (history.length <= FIRST_KEPT + LAST_KEPT) return history;
  return [...history.slice(0, FIRST_KEPT), ...history.slice(-LAST_KEPT)];
}

/** When it expires, in milliseconds since 1970; infinity for never. */
export function expiresAt({ created_at, ttl }: Job): number {
  return ttl === 0 ? Number.POSITIVE_INFINITY : Date.parse(created_at) + ttl * 1000;
}

/** What time has done to a job: the job as it is to be, undefined when nothing is due. */
export function due(job: Job, now: number): Job | undefined {
  if (job.state === 'queued' && expiresAt(job) <= now) {
    return step(job, now, { state: 'expired', by: SYSTEM, why: 'nobody took it in its time', tell: ['submitter'] });
  }
  if (job.state !== 'running' || job.lease === null) return undefined;
  const { lease } = job;
  const longest = now + lease.seconds * 1000;
  // Of a clock that was set back since. Its holder renews it, if there still is one; else it would be held until that time.
  if (lease.until > longest + STEP_BACK_MS) return { ...job, lease: { ...lease, until: longest } };
  if (lease.until > now) return undefined;
  return letGo(job, now, SYSTEM, `the lease of ${job.lease.agent} ended`);
}

/** The holder is gone, or gives up, without an outcome. */
function letGo(job: Job, now: number, by: string, why: string, untouched = false): Job {
  if (job.write && !untouched) {
    const parked = `${why}, and what it may write must not be done twice unattended`;
    return step(job, now, { state: 'needs_recovery', by, why: parked, tell: ['submitter'] });
  }
  if (job.cancel !== null) return step(job, now, { state: 'cancelled', by: job.cancel.by, why, tell: ['submitter'] });
  if (expiresAt(job) <= now) return step(job, now, { state: 'expired', by, why, tell: ['submitter'] });
  if (job.attempts >= job.max_attempts) {
    const error = `Given up after ${job.attempts} of ${job.max_attempts} attempts: ${why}.`;
    return step(job, now, { state: 'failed', by, why, tell: ['submitter'] }, { error });
  }
  const not_before = now + Math.min(FIRST_BACKOFF_MS * 2 ** Math.max(0, job.attempts - 1), MOST_BACKOFF_MS);
  return step(job, now, { state: 'queued', by, why, tell: ['submitter', 'assignees'] }, { not_before });
}

/** Milliseconds until it may be claimed again after its last holder was lost; 0 for at once. */
export function pauseLeftMs({ not_before }: Job, now: number): number {
  const left = (not_before ?? 0) - now;
  // No pause is as long as that: the clock was set back since.
  return left > MOST_BACKOFF_MS ? 0 : Math.max(0, left);
}

/** True when it can be claimed now by whoever it is addressed to. */
export function isClaimable(job: Job, now: number): boolean {
  return job.state === 'queued' && pauseLeftMs(job, now) === 0 && expiresAt(job) > now;
}

/** Held by `holder` under a new fencing token. */
export function claimed(job: Job, holder: Holder, seconds: number, nonce: string, now: number): Job {
  const token = { number: (job.token?.number ?? 0) + 1, nonce };
  const lease = { ...holder, seconds, until: now + seconds * 1000 };
  const taken = { ...job, attempts: job.attempts + 1 };
  return step(taken, now, { state: 'running', by: holder.agent }, { token, lease });
}

/**
 * Held for longer, by a session that may be another one than before: who has the token is the holder.
 * @throws DispatchError as `checkToken`.
 */
export function renewed(job: Job, token: Token, holder: Holder, seconds: number, now: number): Job {
  checkToken(job, token, now);
  return {
    ...job,
    lease: { ...holder, seconds, until: now + seconds * 1000 },
    updated_at: new Date(now).toISOString(),
  };
}

/** @throws DispatchError as `checkToken`. */
export function settled(job: Job, token: Token, how: 'completed' | 'failed', outcome: Outcome, now: number): Job {
  checkToken(job, token, now);
  const { agent } = job.lease as NonNullable<Job['lease']>;
  // What was done was done, whoever did not want it any more.
  const state = how === 'failed' && job.cancel !== null ? 'cancelled' : how;
  return step(job, now, { state, by: agent, tell: ['submitter'] }, resultOf(outcome));
}

/** As the record has it. */
export function resultOf({ result, error, outcomeBytes, outcomeName }: Outcome): Partial<Job> {
  return { result, error, outcome_bytes: outcomeBytes, outcome_name: outcomeName };
}

/**
 * Given back by its holder. The attempt does not count. `untouched` is for a holder that has not begun: then a job that may
 * write is queued again like any other.
 * @throws DispatchError as `checkToken`.
 */
export function released(job: Job, token: Token, untouched: boolean, now: number): Job {
  checkToken(job, token, now);
  const { agent } = job.lease as NonNullable<Job['lease']>;
  const why = `${agent} gave it back`;
  if ((job.write && !untouched) || job.cancel !== null || expiresAt(job) <= now) {
    return letGo(job, now, agent, why, untouched);
  }
  return step({ ...job, attempts: job.attempts - 1 }, now, { state: 'queued', by: agent, why });
}

/**
 * Cancelled, or, while somebody works on it, to be cancelled when the holder next renews.
 * @throws DispatchError `ALREADY_FINISHED`; `NOT_ALLOWED` for a parked job, and for one that ran and waits for a review: of
 * these a person decides.
 */
export function cancelled(job: Job, by: string, reason: string | null, now: number): Job {
  if (isEnded(job.state)) throw alreadyFinished(job);
  if (job.state === 'needs_recovery') {
    const why = `Job ${job.id} is parked: it may have changed things before its holder was lost, and only a person decides, with \`mcp-dispatch recover ${job.id} --retry\` or \`--fail\`. Nothing was changed.`;
    throw new DispatchError('NOT_ALLOWED', why, { job: job.id });
  }
  // Before it ran, nothing is lost with it.
  if (job.review?.when === 'after') assertNotUnderReview(job);
  const at = new Date(now).toISOString();
  const cancel = job.cancel ?? { by, at, reason };
  if (job.state === 'running') return { ...job, cancel, updated_at: at };
  return step({ ...job, cancel }, now, { state: 'cancelled', by, tell: ['submitter'] });
}

/** @throws DispatchError `NOT_ALLOWED` for a job that waits for a review. */
export function assertNotUnderReview({ id, state }: Job): void {
  if (state !== 'needs_review') return;
  const why = `Job ${id} waits for a review, and only a person decides, with \`mcp-dispatch review approve ${id}\` or \`mcp-dispatch review reject ${id}\`. Nothing was changed.`;
  throw new DispatchError('NOT_ALLOWED', why, { job: id, state });
}

/** @throws DispatchError `NOT_ALLOWED` for a job that is not parked. */
export function recovered(job: Job, how: 'retry' | 'fail', by: string, now: number): Job {
  if (job.state !== 'needs_recovery') {
    if (isEnded(job.state)) throw alreadyFinished(job);
    assertNotUnderReview(job);
    const why = `Job ${job.id} is ${job.state}, not parked: there is nothing to recover. Nothing was changed.`;
    throw new DispatchError('NOT_ALLOWED', why, { job: job.id });
  }
  if (how === 'fail') {
    const error = job.error ?? 'Given up by a person after its holder was lost; what it did until then is not known.';
    return step(job, now, { state: 'failed', by, why: 'given up by a person', tell: ['submitter'] }, { error });
  }
  // A person's word counts for more than the number of attempts, its time, and a cancellation that came too late.
  const max_attempts = Math.max(job.max_attempts, job.attempts + 1);
  const again = { ...job, cancel: null, ttl: expiresAt(job) <= now ? 0 : job.ttl, max_attempts };
  return step(again, now, { state: 'queued', by, why: 'to be tried again, by a person', tell: ['assignees'] });
}
