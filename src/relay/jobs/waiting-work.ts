/** Whether a job waits that a worker would take, at a bounded cost however many are open. */
import type { Job } from '../../model/job.js';
import type { JobName } from './job-name.js';
import { unlessBroken } from './job-table.js';
import { isClaimable } from './transitions.js';

// What was submitted a moment ago is among the newest. Of the others, jobs that may write can stand before a worker that takes
// none by the thousand: each look goes on behind the one before, at about 0.2 ms a job.
const NEWEST = 10;
const BEHIND = 90;

interface Parts {
  open(address: string): Promise<readonly JobName[]>;
  look(id: string): Promise<Job | undefined>;
  now(): number;
}

export class WaitingWork {
  /** The name up to which the older jobs were looked at. */
  #after = '';

  constructor(private readonly parts: Parts) {}

  /** False only where no job is open at all. Costs names. */
  async mayBe(addresses: readonly string[]): Promise<boolean> {
    for (const address of addresses) if ((await this.parts.open(address)).length > 0) return true;
    return false;
  }

  /** True for a job that could be claimed now. One that stands behind many others may be found by a later look only. */
  async find(addresses: readonly string[], takes: (job: Job) => boolean): Promise<boolean> {
    const names = (await Promise.all(addresses.map((address) => this.parts.open(address)))).flat();
    names.sort((a, b) => (a.name < b.name ? -1 : 1));
    const newest = names.splice(-NEWEST);
    const first = names.findIndex(({ name }) => name > this.#after);
    const behind = first === -1 ? [] : names.slice(first, first + BEHIND);
    // From the beginning again, where this was the end.
    this.#after = first === -1 || first + BEHIND >= names.length ? '' : (behind.at(-1)?.name ?? '');
    for (const { id } of [...newest.reverse(), ...behind]) {
      const job = await unlessBroken(() => this.parts.look(id));
      if (job !== undefined && takes(job) && isClaimable(job, this.parts.now())) return true;
    }
    return false;
  }
}
