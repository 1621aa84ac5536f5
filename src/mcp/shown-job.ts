/** A job as a model is shown it: without what is null or default, and its outcome in parts where that is larger than a reply. */
import type { Job, Review } from '../model/job.js';
import { prospectsOf } from './job-places.js';
import { addPaged, beginningOf } from './paged.js';
import type { ToolContext } from './tool.js';

// Of a prompt in a list.
const BEGINNING = 120;

/** How a parked job is told of, wherever that is. */
export function parkedNote({ id }: Pick<Job, 'id'>): string {
  return `It may have changed things before its holder was lost, so it waits for a person: \`mcp-dispatch recover ${id} --retry\` has it done again, --fail gives it up.`;
}

/** How a job is told of that waits for a review; undefined for any other. */
export function reviewNote({ id, state, review }: Job): string | undefined {
  if (state !== 'needs_review') return undefined;
  const what = review?.when === 'after' ? 'It ran, and its result' : 'It';
  return `${what} waits for a person: \`mcp-dispatch review show ${id}\`, then approve or reject. No tool decides.`;
}

/** Adds how the job stands, its outcome last. `offset` is a byte of the outcome's text. */
export async function addJob(job: Job, { relay, reply }: ToolContext, offset = 0): Promise<void> {
  const { state, lease, cancel, not_before } = job;
  const isOver = job.ended_at !== null;
  reply
    .set('job_id', job.id)
    .set('state', state)
    .set('from', job.from)
    .set('to', job.to)
    .set('thread_id', job.thread_id)
    .set('write', job.write)
    .set('worktree', job.worktree)
    .setAlways('attempts', job.attempts)
    .set('created_at', job.created_at)
    .set('ended_at', job.ended_at)
    .set('held_by', lease?.agent)
    .set('lease_until', lease === null ? undefined : isoOf(lease.until))
    .set('cancel_requested', cancel !== null && !isOver)
    .set('cancel_reason', cancel?.reason)
    .set('review', job.review === null ? undefined : shownReview(job.review))
    .set('why', state === 'completed' ? undefined : job.history.at(-1)?.why);
  if (state === 'needs_recovery') reply.set('note', parkedNote(job));
  reply.set('note', reviewNote(job));
  if (state === 'queued') {
    const position = await relay.jobs.list.position(job);
    reply
      .set('queue_position', position === undefined ? undefined : position + 1)
      .set('free_at', not_before === null ? undefined : isoOf(not_before))
      .set('expires_at', job.ttl === 0 ? undefined : isoOf(Date.parse(job.created_at) + job.ttl * 1000));
    const { workers, note } = await prospectsOf(job, relay);
    if (workers !== undefined) reply.setAlways('workers', workers);
    reply.set('note', note);
  }
  if (job.outcome_bytes === null) return addOutcome(job, false);
  const whole = await relay.jobs.wholeOutcome(job);
  return addOutcome(whole ?? job, whole === undefined);

  function addOutcome({ result, error }: Pick<Job, 'result' | 'error'>, isCut: boolean): void {
    if (isCut) reply.set('note', 'Only the beginning of its outcome is left.');
    addPaged(
      reply,
      'outcome',
      [
        { name: 'error', value: error },
        { name: 'result', value: result },
      ],
      offset,
    );
  }
}

/** The job as an entry of a list. */
export function listedJob(job: Job, now: number): object {
  const { lease, attempts } = job;
  return {
    job_id: job.id,
    state: job.state,
    from: job.from,
    to: job.to,
    ...(job.thread_id === null ? {} : { thread_id: job.thread_id }),
    ...(job.write ? { write: true } : {}),
    ...(job.worktree ? { worktree: true } : {}),
    ...(attempts === 0 ? {} : { attempts }),
    ...(lease === null ? {} : { held_by: lease.agent }),
    ...(job.state !== 'needs_review' || job.review === null
      ? {}
      : { review: { when: job.review.when, reason: beginningOf(job.review.reason, BEGINNING) } }),
    ...(job.cancel === null || job.ended_at !== null ? {} : { cancel_requested: true }),
    age_seconds: Math.max(0, Math.floor((now - Date.parse(job.created_at)) / 1000)),
    prompt: beginningOf(job.task.prompt, BEGINNING),
  };
}

/** Its words are others': the submitter's or the executor's, and the person's. */
function shownReview({ when, reason, asked_by, decided }: Review): object {
  if (decided === undefined) return { when, reason, asked_by };
  const { how, by, at, note } = decided;
  return { when, reason, asked_by, [how]: { by, at, ...(note === null ? {} : { note }) } };
}

/** ISO 8601, UTC, of milliseconds since 1970. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
