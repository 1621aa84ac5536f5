/**
 * Forgets jobs that are long over, and what was left of jobs that never came to be. The request id goes first: without it
 * nobody takes the rest for a job that is still to be made. The name goes last: by it the rest is found again when this is
 * cut short.
 */
import { isAddressSegment } from '../../model/address.js';
import { isEnded, type Job, parseJob } from '../../model/job.js';
import { doneJobKey, jobKey, jobOutcomeKey, jobsByKey, openJobKey } from '../keys.js';
import type { Relay } from '../relay.js';
import { type JobName, openName, parseJobName } from './job-name.js';
import { JobRequest } from './job-request.js';

/** How long a job is kept after its end, in milliseconds. */
export const JOB_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

// A submit takes milliseconds between the names of a job and its record.
const UNMADE_AFTER_MS = 10 * 60 * 1000;

type Parts = Pick<Relay, 'store' | 'events'>;

export async function pruneJobs(relay: Parts, now: number): Promise<void> {
  const { store } = relay;
  for (const segment of (await store.list(doneJobKey())).filter(isAddressSegment)) {
    for (const name of await store.list(doneJobKey(segment))) {
      const parsed = parseJobName(name);
      if (parsed?.endedAt === undefined || now - parsed.endedAt < JOB_RETENTION_MS) continue;
      if (await forget(relay, parsed.id)) await store.remove(doneJobKey(segment, name), { durable: false });
    }
    await store.prune(doneJobKey(segment));
  }
}

/** False for a job that is not over after all, or cannot be read. */
async function forget({ store, events }: Parts, id: string): Promise<boolean> {
  const record = await store.readRecord(jobKey(id));
  if (record !== undefined) {
    const job = parseEnded(record.value);
    if (job === undefined) return false;
    const { from, to, request_id, created_at } = job;
    if (request_id !== null) await new JobRequest(store, from, request_id).forget(id);
    if (job.outcome_bytes !== null) await store.remove(jobOutcomeKey(`${id}.${job.token?.number}`), { durable: false });
    if (!(await store.update(jobKey(id), record.revision, undefined))) return false;
    await store.remove(jobsByKey(from, openName({ created_at, id })), { durable: false });
    await events.audit({ event: 'job.pruned', job: id, from, to }).catch(() => {});
  }
  await store.forget(jobKey(id));
  return true;
}

/** Takes away the names of a job that was never made: its submit was cut short. One that may still be at it is left alone. */
export async function removeUnmade(
  { store }: Parts,
  segment: string,
  { name, createdAt }: JobName,
  now: number,
): Promise<void> {
  if (Math.abs(now - createdAt) < UNMADE_AFTER_MS) return;
  for (const from of await store.list(jobsByKey())) await store.remove(jobsByKey(from, name), { durable: false });
  await store.remove(openJobKey(segment, name), { durable: false });
}

function parseEnded(value: Uint8Array): Job | undefined {
  const job = parseJob(value);
  return job !== undefined && isEnded(job.state) ? job : undefined;
}
