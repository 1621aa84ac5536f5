/**
 * What waits for a person, found by names of its own, so that nobody reads thousands of open jobs to count a few. A name is
 * made before its job waits and removed after; the record is the truth, and the sweep puts right what was cut short.
 */
import { isDispatchError } from '../../model/errors.js';
import type { Job } from '../../model/job.js';
import type { Store } from '../../store/store.js';
import { Breather } from '../breathing.js';
import { personKey } from '../keys.js';
import { type JobName, parseJobName, personName } from './job-name.js';
import { type JobTable, unlessBroken } from './job-table.js';

/** How many are counted; there may be more. */
export const MOST_COUNTED = 100;

// Between a name and what its job comes to there are milliseconds.
const STRAY_AFTER_MS = 10 * 60 * 1000;

export interface AwaitingPerson {
  /** Jobs to approve or reject. */
  readonly review: number;
  /** Jobs that are parked, to be tried again or given up. */
  readonly recovery: number;
  /** There are more than were counted. */
  readonly more: boolean;
}

export class PersonList {
  constructor(
    private readonly store: Store,
    private readonly table: JobTable,
  ) {}

  /** The jobs that wait, longest first; at most `limit` names are looked at. */
  async waiting(limit: number): Promise<{ readonly jobs: readonly Job[]; readonly more: boolean }> {
    const names = await this.#names();
    const jobs: Job[] = [];
    const breather = new Breather();
    for (const { id, name } of names.slice(0, limit)) {
      await breather.step();
      const job = await unlessBroken(() => this.table.read(id));
      if (job !== undefined && personName(job) === name) jobs.push(job);
    }
    return { jobs, more: names.length > limit };
  }

  /** How many wait for what, counted up to `MOST_COUNTED`. */
  async count(): Promise<AwaitingPerson> {
    const { jobs, more } = await this.waiting(MOST_COUNTED);
    const review = jobs.filter(({ state }) => state === 'needs_review').length;
    return { review, recovery: jobs.length - review, more };
  }

  /** Makes the names that these should have, which all wait, and takes away those of jobs that do not wait (any more). */
  async mend(waiting: readonly Job[], now: number): Promise<void> {
    const wanted = new Map<string, Job>();
    for (const job of waiting) wanted.set(personName(job) as string, job);
    const breather = new Breather();
    for (const { id, name, createdAt } of await this.#names()) {
      await breather.step();
      // A name that was made a moment ago may come before what it names.
      if (wanted.delete(name) || Math.abs(now - createdAt) < STRAY_AFTER_MS) continue;
      await this.#removeStray(id, name);
    }
    for (const job of wanted.values()) await this.table.namePerson(job);
    await this.store.prune(personKey());
  }

  async #removeStray(id: string, name: string): Promise<void> {
    try {
      const job = await this.table.read(id);
      if (job !== undefined && personName(job) === name) return;
      await this.store.remove(personKey(name), { durable: false });
    } catch (error) {
      // Of a record that cannot be understood it is not known whether it waits; `doctor` names it.
      if (!isDispatchError(error)) throw error;
    }
  }

  async #names(): Promise<JobName[]> {
    const names = (await this.store.list(personKey())).flatMap((name) => parseJobName(name) ?? []);
    return names.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
