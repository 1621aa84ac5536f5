/** Waiting until nothing more becomes of a job by itself. */
import { isEnded, type Job, waitsForPerson } from '../model/job.js';
import type { Waited } from '../relay/waiting.js';
import type { ToolContext, Wait } from './tool.js';

// Only its submitter is rung for by mail, and nobody is for a lease that ends: a look takes the reading of one record.
const LOOK_EVERY_MS = 2000;

/** True for a job that has ended or waits for a person. */
export function isSettled(job: Job): boolean {
  return isEnded(job.state) || waitsForPerson(job);
}

export interface WaitedFor {
  /** As it is after the wait. Undefined for one that is gone. */
  readonly job: Job | undefined;
  readonly waited: Waited;
}

/**
 * Waits until the job has ended, waits for a person, or is gone.
 * @throws what `ToolContext.wait` throws.
 */
export async function waitForJob(
  id: string,
  wait: Pick<Wait, 'seconds' | 'saying' | 'saidFirst'>,
  { relay, wait: waitFor }: ToolContext,
): Promise<WaitedFor> {
  let job: Job | undefined;
  const isThere = async () => {
    job = await relay.jobs.look(id);
    return job === undefined || isSettled(job);
  };
  const waited = await waitFor({ ...wait, isThere, againMs: LOOK_EVERY_MS });
  // What came to its end in the meantime is shown as that, by whatever the wait was ended.
  if (waited !== 'arrived') await isThere();
  // Jobs are forgotten days after their end, and nothing else takes one away.
  return { job, waited: job === undefined ? 'relay_gone' : waited };
}
