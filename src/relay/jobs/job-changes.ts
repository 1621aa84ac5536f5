/**
 * Changes of jobs, and what follows from each: its line in the log, a bell, mail, the listings. That is done by whoever
 * changed the job or, where that one was killed, by whoever looks next.
 */
import { addressSegment } from '../../model/address.js';
import { isDispatchError } from '../../model/errors.js';
import { isEnded, type Job, waitsForPerson } from '../../model/job.js';
import { jobChannel } from '../keys.js';
import type { Relay } from '../relay.js';
import { eventOf } from './job-log.js';
import type { JobMail } from './job-mail.js';
import { type Change, type JobTable, notFound } from './job-table.js';
import * as transitions from './transitions.js';

type Parts = Pick<Relay, 'store' | 'clock' | 'events'>;

export class JobChanges {
  #whenWaiting: ((job: Job) => void) | undefined;

  constructor(
    private readonly relay: Parts,
    private readonly table: JobTable,
    private readonly mail: JobMail,
  ) {}

  /** Calls `listener`, which must not throw, with each job that this process makes wait for a person. */
  onWaitForPerson(listener: (job: Job) => void): void {
    this.#whenWaiting = listener;
  }

  /** Of a job that waits from now on, if it does: of one that was just made, too. */
  tellOfWaiting(job: Job): void {
    if (waitsForPerson(job)) this.#whenWaiting?.(job);
  }

  /** The job as it is now, with what time has done to it. Undefined for none. */
  async look(id: string): Promise<Job | undefined> {
    const job = await this.table.read(id);
    return job === undefined ? undefined : this.#tend(job);
  }

  /**
   * As `JobTable.change`, and what follows.
   * @throws DispatchError `NOT_FOUND`, also where `decide` leaves the job as it is, and what `decide` throws.
   */
  async change(id: string, decide: (job: Job) => Job | undefined): Promise<Job> {
    const change = await this.table.change(id, decide);
    if (change === undefined) throw notFound(id);
    return this.followUp(change);
  }

  /** What follows from a change. The change stands whatever fails here: who looks next makes up for it. */
  async followUp(change: Change): Promise<Job> {
    const { before, after } = change;
    const event = eventOf(change);
    if (event !== undefined) await this.relay.events.audit(event).catch(() => {});
    if (after.state === 'queued') await this.relay.store.ring(jobChannel(addressSegment(after.to)));
    if (!waitsForPerson(before)) this.tellOfWaiting(after);
    const told = await this.#settleUp(after);
    // A claim is anchored when its holder next says something.
    if (event === undefined || event.event === 'job.claimed') return told;
    return this.table.anchor(told).catch(() => told);
  }

  /** Does what is due by now and what is owed. */
  async #tend(job: Job): Promise<Job> {
    if (transitions.due(job, this.relay.clock.now()) === undefined) {
      if (job.owed.length === 0) return this.#settleUp(job);
      // Nothing is told of what a power cut could still undo.
      const kept = await this.table.read(job.id, { durable: true }).catch(() => undefined);
      return kept === undefined ? job : this.#settleUp(kept);
    }
    const change = await this.table.change(job.id, (now) => transitions.due(now, this.relay.clock.now()));
    if (change !== undefined) return this.followUp(change);
    return (await this.table.read(job.id)) ?? job;
  }

  /** What cannot be done now, as on a full disk, must not hide the job: whoever looks later makes up for it. */
  async #settleUp(job: Job): Promise<Job> {
    let told = job;
    try {
      told = await this.mail.deliver(job);
      if (isEnded(told.state) && told.owed.length === 0) await this.table.close(told);
    } catch (error) {
      if (!isDispatchError(error)) throw error;
    }
    return told;
  }
}
