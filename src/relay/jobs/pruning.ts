/**
 * Forgets jobs that are long over, and what was left of jobs that never came to be. The request id goes first: without it
 * nobody takes the rest for a job that is still to be made. The name goes last: by it the rest is found again when this is
 * cut short.
 */
import { isAddressSegment } from '../../model/address.js';
import { isDispatchError } from '../../model/errors.js';
import { isEnded, type Job, parseJob } from '../../model/job.js';
import { lazy } from '../../model/lazy.js';
import { Breather } from '../breathing.js';
import { doneJobKey, jobKey, jobOutcomeKey, jobRequestKey, jobsByKey, openJobKey } from '../keys.js';
import type { Relay } from '../relay.js';
import { type JobName, openName, parseJobName } from './job-name.js';
import { JobRequest, MAX_REQUEST_BYTES, parseReserved } from './job-request.js';
import type { JobTable } from './job-table.js';

/** How long a job is kept after its end, in milliseconds. */
export const JOB_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

// A submit takes milliseconds between the names of a job and its record.
const UNMADE_AFTER_MS = 10 * 60 * 1000;

type Parts = Pick<Relay, 'store' | 'events'>;

export async function pruneJobs(relay: Parts, now: number): Promise<void> {
  const { store } = relay;
  const outcomesOf = lazy(() => listOutcomes(relay));
  const breather = new Breather();
  for (const segment of (await store.list(doneJobKey())).filter(isAddressSegment)) {
    for (const name of await store.list(doneJobKey(segment))) {
      const parsed = parseJobName(name);
      if (parsed?.endedAt === undefined || now - parsed.endedAt < JOB_RETENTION_MS) continue;
      await breather.step();
      try {
        const isGone = await forget(relay, parsed.id, await outcomesOf());
        if (isGone) await store.remove(doneJobKey(segment, name), { durable: false });
      } catch (error) {
        // What cannot be read costs only itself; `doctor` names it.
        if (!isDispatchError(error)) throw error;
      }
    }
    await store.prune(doneJobKey(segment));
  }
  await removeUnusedRequests(relay, now);
}

/**
 * Removes names of requests whose submit was killed before it made the job, and never came again. Of one submitter a time:
 * there are as many as jobs, and none of them matters soon.
 */
async function removeUnusedRequests({ store }: Parts, now: number): Promise<void> {
  const submitters = [...(await store.list(jobRequestKey()))].sort();
  const from = submitters[Math.floor(now / 60_000) % submitters.length];
  if (from === undefined) return;
  const breather = new Breather();
  for (const name of await store.list(jobRequestKey(from))) {
    await breather.step();
    const key = jobRequestKey(from, name);
    const modifiedAt = (await store.read(key, 0))?.modifiedAt ?? now;
    if (now - modifiedAt < JOB_RETENTION_MS) continue;
    const read = await store.read(key, MAX_REQUEST_BYTES);
    const id = read?.ok === true ? parseReserved(read.bytes)?.id : undefined;
    const isUnused = id !== undefined && (await store.readRecord(jobKey(id))) === undefined;
    if (isUnused) await store.remove(key, { durable: false });
  }
  await store.prune(jobRequestKey(from));
}

/** False for a job that is not over after all. */
async function forget({ store, events }: Parts, id: string, outcomes: Outcomes): Promise<boolean> {
  const record = await store.readRecord(jobKey(id));
  if (record !== undefined) {
    const job = parseEnded(record.value);
    if (job === undefined) return false;
    const { from, to, request_id, created_at } = job;
    if (request_id !== null) await new JobRequest(store, from, request_id).forget(id);
    // Also those of claims that were lost just when they were to be settled.
    await store.removeAll((outcomes.get(id) ?? []).map(jobOutcomeKey));
    await store.remove(jobsByKey(from, openName({ created_at, id })));
    if (!(await store.update(jobKey(id), record.revision, undefined))) return false;
    await events.audit({ event: 'job.pruned', job: id, from, to }).catch(() => {});
  }
  await store.forget(jobKey(id));
  return true;
}

/** Names of outcomes by job. */
type Outcomes = ReadonlyMap<string, readonly string[]>;

async function listOutcomes({ store }: Parts): Promise<Outcomes> {
  const outcomes = new Map<string, string[]>();
  for (const name of await store.list(jobOutcomeKey())) {
    const id = name.split('.', 1)[0] ?? '';
    outcomes.set(id, [...(outcomes.get(id) ?? []), name]);
  }
  return outcomes;
}

/** Takes away the names of a job that was never made: its submit was cut short. One that may still be at it is left alone. */
export async function removeUnmade(
  { store }: Parts,
  table: JobTable,
  segment: string,
  { id, name, createdAt }: JobName,
  now: number,
): Promise<void> {
  if (Math.abs(now - createdAt) < UNMADE_AFTER_MS) return;
  for (const from of await store.list(jobsByKey())) await store.remove(jobsByKey(from, name));
  await store.remove(openJobKey(segment, name), { durable: false });
  // A submit that was repeated under its request id makes a job of the old time: it may have been made just now.
  const job = await table.read(id);
  if (job !== undefined) await table.name(job);
}

function parseEnded(value: Uint8Array): Job | undefined {
  const job = parseJob(value);
  return job !== undefined && isEnded(job.state) ? job : undefined;
}
