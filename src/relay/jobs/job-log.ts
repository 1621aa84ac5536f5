/** The line of the event log for a change of a job. */
import { isEnded, type Job } from '../../model/job.js';
import { fillingOf, type JobEvent } from './job-events.js';
import type { Change } from './job-table.js';

/** Undefined for a change that is none for the log, such as a renewal. */
export function eventOf({ before, after }: Change): JobEvent | undefined {
  const { id: job, from, to, write } = after;
  const of = { job, from, to };
  if (after.n === before.n) {
    const asked = before.cancel === null ? after.cancel : null;
    return asked === null ? undefined : { event: 'job.cancel_requested', ...of, by: asked.by };
  }
  const { by = 'system', why = '' } = after.history.at(-1) ?? {};
  if (after.state === 'running') return { event: 'job.claimed', ...of, write, ...(holderOf(after) as Held) };
  const held = holderOf(before);
  if (before.state === 'needs_review') return decisionOf(after) ?? { event: 'job.cancelled', ...of, by };
  switch (after.state) {
    case 'completed':
      return { event: 'job.completed', ...of, ...(held as Held) };
    case 'failed':
      if (before.state === 'needs_recovery') return { event: 'job.recovered', ...of, by, why: 'fail' };
      return { event: 'job.failed', ...of, ...held, by, why: why === '' ? 'as its holder said' : why };
    case 'cancelled':
      return { event: 'job.cancelled', ...of, ...held, by };
    case 'expired':
      return { event: 'job.expired', ...of };
    case 'needs_recovery':
      return { event: 'job.parked', ...of, ...held, by, why };
    case 'needs_review':
      return { ...reviewAsked(after), ...held };
    case 'queued':
      if (before.state === 'needs_recovery') return { event: 'job.recovered', ...of, by, why: 'retry' };
      // An attempt that was given back does not count. Who did it tells nothing: the worker of lanes is the system too.
      return { event: after.attempts < before.attempts ? 'job.released' : 'job.lease_lost', ...of, ...(held as Held) };
  }
}

/** Of a job that waits for a review. */
export function reviewAsked({ id: job, from, to, review }: Job): Extract<JobEvent, { event: 'job.review_asked' }> {
  return { event: 'job.review_asked', job, from, to, by: review?.asked_by ?? from, when: review?.when ?? 'before' };
}

/** Undefined for one that was cancelled before a person decided. */
function decisionOf({ id: job, from, to, review }: Job): JobEvent | undefined {
  if (review?.decided === undefined) return undefined;
  const { how, by, note } = review.decided;
  const { bytes, sha256 } = fillingOf('note', note ?? '');
  const noted = note === null ? {} : { note: { bytes, sha256 } };
  return { event: `job.${how}`, job, from, to, by, when: review.when, ...noted };
}

interface Held {
  readonly by: string;
  readonly session: string;
  readonly attempt: number;
  readonly token: number;
}

function holderOf({ lease, attempts, token, state }: Job): Held | undefined {
  if (lease === null || isEnded(state)) return undefined;
  return { by: lease.agent, session: lease.session, attempt: attempts, token: token?.number ?? 0 };
}
