/** Waits for the end of a job, for a person or a script that has nothing else to do. */
import { isEnded, type Job, waitsForPerson } from '../model/job.js';
import type { Relay } from '../relay/relay.js';

// A look reads one record, and a person does not notice less.
const LOOK_EVERY_MS = 250;

/**
 * The job when it has ended or waits for a person, or as it is after `timeoutMs`. A look does what time asks for, so a lease that
 * ends is noticed here as well.
 * @throws what `Jobs.look` throws.
 */
export async function waitForEnd({ jobs, clock }: Relay, job: Job, timeoutMs: number): Promise<Job> {
  const endAt = clock.steady() + timeoutMs;
  for (let latest = job; ; latest = (await jobs.look(job.id)) ?? latest) {
    const leftMs = endAt - clock.steady();
    if (isEnded(latest.state) || waitsForPerson(latest) || leftMs <= 0) return latest;
    await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, LOOK_EVERY_MS)));
  }
}
