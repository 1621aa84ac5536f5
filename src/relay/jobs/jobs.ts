/**
 * Jobs: durable work, done once by whoever holds it. Every change is one compare-and-set of the job's record, decided by
 * the functions of transitions.ts; what follows from it (the log, mail, bells, listings) is done by whoever changed it or,
 * where that one was killed, by whoever looks next.
 */
import { addressSegment, isAddressSegment } from '../../model/address.js';
import { HUMAN } from '../../model/agent-id.js';
import { DispatchError, isDispatchError } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import { DEFAULT_LEASE_SECONDS, formatToken, isEnded, type Job, type Token } from '../../model/job.js';
import { markTopic } from '../../model/topic.js';
import type { Processes } from '../../store/processes.js';
import type { Watch } from '../../store/store.js';
import { jobChannel, openJobKey } from '../keys.js';
import type { Relay } from '../relay.js';
import { alreadyFinished, checkToken, readToken } from './fencing.js';
import { JobList } from './job-list.js';
import { eventOf } from './job-log.js';
import { JobMail } from './job-mail.js';
import { parseJobName } from './job-name.js';
import { keepOutcome, readOutcome, type WholeOutcome } from './job-outcome.js';
import { type Change, JobTable, notFound, unlessBroken } from './job-table.js';
import type { LaneList } from './lane-list.js';
import { pruneJobs, removeUnmade } from './pruning.js';
import { type JobDraft, Submission, type SubmissionOptions, type Submitted } from './submission.js';
import type { Holder } from './transitions.js';
import * as transitions from './transitions.js';
import { Workers } from './workers.js';

export interface Claim {
  /** What the holder may claim: addresses. */
  readonly addresses: readonly string[];
  /** Seconds, 1 to 3600. @default 120 */
  readonly leaseSeconds?: number | undefined;
  /** Whether jobs that may write are taken too. @default true */
  readonly writes?: boolean | undefined;
}

export interface Claimed {
  readonly job: Job;
  /** For renew and settle: the only proof that one holds the job. */
  readonly token: string;
}

export interface NothingToClaim {
  /** Milliseconds since 1970 when one of the jobs seen may be free; undefined for none of them. */
  readonly againAt: number | undefined;
}

export interface Settlement {
  readonly outcome: 'completed' | 'failed' | 'released';
  /** Any JSON. */
  readonly result?: unknown;
  readonly error?: string | undefined;
  /** Of a release: that nothing was begun. @default false */
  readonly untouched?: boolean | undefined;
}

export class Jobs {
  readonly workers: Workers;
  readonly list: JobList;
  /** Names that the operator has written an executor for. */
  readonly executors: readonly string[];
  /** Undefined where the operator allows none. */
  readonly lanes: LaneList | undefined;
  readonly #table: JobTable;
  readonly #mail: JobMail;
  readonly #submission: Submission;

  constructor(
    private readonly relay: Relay,
    processes: Processes,
    options: SubmissionOptions,
  ) {
    this.workers = new Workers(relay.store, processes);
    this.executors = options.executors;
    this.lanes = options.lanes;
    this.#table = new JobTable(relay);
    this.#mail = new JobMail(relay, this.#table);
    const look = (id: string) => this.look(id);
    this.#submission = new Submission(relay, this.#table, this.#mail, this.workers, look, options);
    this.list = new JobList(relay.store, this.#table, look);
  }

  /** See `Submission.submit`. */
  async submit(from: string, draft: JobDraft): Promise<Submitted> {
    return this.#submission.submit(from, draft);
  }

  /** The job as it is now, with what time has done to it. Undefined for none. */
  async look(id: string): Promise<Job | undefined> {
    const job = await this.#table.read(id);
    return job === undefined ? undefined : this.#tend(job);
  }

  /**
   * The oldest job that `holder` may claim, claimed. Not one of its own.
   * @throws what the store throws.
   */
  async claimNext(holder: Holder, claim: Claim): Promise<Claimed | NothingToClaim> {
    const lists = await Promise.all(claim.addresses.map(async (address) => this.#table.open(address)));
    const names = lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
    let againAt: number | undefined;
    for (const { id } of names) {
      const job = await unlessBroken(() => this.look(id));
      if (job === undefined || !this.#isFor(job, holder, claim)) continue;
      const claimed = transitions.isClaimable(job, this.relay.clock.now())
        ? await this.#take(id, holder, claim)
        : undefined;
      if (claimed !== undefined) return claimed;
      const now = this.relay.clock.now();
      const free = job.state === 'queued' ? now + transitions.pauseLeftMs(job, now) : job.lease?.until;
      againAt = Math.min(againAt ?? Number.POSITIVE_INFINITY, free ?? Number.POSITIVE_INFINITY);
    }
    return { againAt: againAt === Number.POSITIVE_INFINITY ? undefined : againAt };
  }

  /**
   * The job of this id, claimed; renewed where this session holds it already.
   * @throws DispatchError `NOT_FOUND` (also for a job of others), `NOT_CLAIMABLE`, `HELD_BY_ANOTHER`, `ALREADY_FINISHED`.
   */
  async claim(id: string, holder: Holder, claim: Claim): Promise<Claimed> {
    for (;;) {
      const job = await this.look(id);
      if (job === undefined || !claim.addresses.includes(job.to)) throw notFound(id);
      this.#checkClaimable(job, holder, claim);
      if (job.state === 'running') {
        const token = formatToken(job.token as Token);
        return { job: await this.renew(id, token, holder, claim.leaseSeconds), token };
      }
      const claimed = await this.#take(id, holder, claim);
      if (claimed !== undefined) return claimed;
    }
  }

  /**
   * Holds the job for longer, from now on. What it returns says in `cancel` whether the submitter still wants it.
   * @throws DispatchError `NOT_FOUND`, `INVALID_ARGUMENT` (no token), and as `checkToken`: then nothing was changed, and the
   * holder must stop.
   */
  async renew(id: string, token: string, holder: Holder, seconds = DEFAULT_LEASE_SECONDS): Promise<Job> {
    const read = readToken(token, id);
    const change = await this.#table.change(id, (job) =>
      transitions.renewed(job, read, holder, seconds, this.relay.clock.now()),
    );
    return (change as Change).after;
  }

  /**
   * Ends the holder's work. Durable when it returns, and the submitter is told by mail.
   * @throws DispatchError as `renew`; `INVALID_ARGUMENT` for an outcome that is too large.
   */
  async settle(id: string, token: string, settlement: Settlement): Promise<Job> {
    const read = readToken(token, id);
    const now = () => this.relay.clock.now();
    if (settlement.outcome === 'released') {
      const { untouched = false } = settlement;
      return this.#change(id, (job) => transitions.released(job, read, untouched, now()));
    }
    const { outcome } = settlement;
    const before = await this.#table.read(id);
    if (before === undefined) throw notFound(id);
    // Before anything of it is written: a stale holder leaves no trace.
    checkToken(before, read, now());
    const kept = await keepOutcome(this.relay.store, id, read, settlement);
    return this.#change(id, (job) => transitions.settled(job, read, outcome, kept, now()));
  }

  /**
   * Cancels a job that waits; asks the holder of one that runs, which hears of it when it next renews. By its submitter, or
   * by the human.
   * @throws DispatchError `NOT_FOUND` (also for a job of others), `ALREADY_FINISHED`, `NOT_ALLOWED` for a parked one.
   */
  async cancel(id: string, by: string, reason: string | null): Promise<Job> {
    const job = await this.look(id);
    if (job === undefined || (by !== HUMAN && job.from !== by)) throw notFound(id);
    if (isEnded(job.state)) throw alreadyFinished(job);
    const change = await this.#table.change(id, (now) =>
      transitions.cancelled(now, by, reason, this.relay.clock.now()),
    );
    return this.#followUp(change as Change);
  }

  /** What a person decides of a parked job. @throws DispatchError `NOT_FOUND`, `NOT_ALLOWED`, `ALREADY_FINISHED`. */
  async recover(id: string, how: 'retry' | 'fail', by: string): Promise<Job> {
    return this.#change(id, (job) => transitions.recovered(job, how, by, this.relay.clock.now()));
  }

  /** Calls `hint` when there may be work at the address; see `Store.watch`. */
  async watch(address: string, hint: () => void): Promise<Watch> {
    return this.relay.store.watch(jobChannel(addressSegment(address)), hint);
  }

  /** The whole outcome of a job, where its record holds only the beginning. Undefined for one that is gone. */
  async wholeOutcome(job: Job): Promise<WholeOutcome | undefined> {
    return readOutcome(this.relay.store, job);
  }

  /** Where the agent finds work: under its name, and in the topics that it is a member of. */
  async addressesOf(agent: string): Promise<string[]> {
    const addresses = [agent];
    for (const topic of await this.relay.topics.names()) {
      if ((await this.relay.topics.membership(topic, agent)) !== undefined) addresses.push(markTopic(topic));
    }
    return addresses;
  }

  /** Does what time asks for: leases that ended, jobs that expired, mail that is owed; and forgets what is long over. */
  async sweep(now: number): Promise<void> {
    await this.workers.sweep();
    for (const segment of (await this.relay.store.list(openJobKey())).filter(isAddressSegment)) {
      for (const name of await this.relay.store.list(openJobKey(segment))) await this.#sweepOpen(segment, name, now);
      await this.relay.store.prune(openJobKey(segment));
    }
    await pruneJobs(this.relay, now);
  }

  async #sweepOpen(segment: string, name: string, now: number): Promise<void> {
    const parsed = parseJobName(name);
    if (parsed === undefined) return;
    try {
      if ((await this.look(parsed.id)) === undefined) await removeUnmade(this.relay, this.#table, segment, parsed, now);
    } catch (error) {
      // A record that cannot be understood costs only itself; `doctor` names it.
      if (!isDispatchError(error)) throw error;
    }
  }

  async #take(id: string, holder: Holder, claim: Claim): Promise<Claimed | undefined> {
    const { leaseSeconds = DEFAULT_LEASE_SECONDS } = claim;
    const nonce = newSessionId();
    const change = await this.#table.change(id, (job) => {
      const now = this.relay.clock.now();
      return transitions.isClaimable(job, now) && this.#isFor(job, holder, claim)
        ? transitions.claimed(job, holder, leaseSeconds, nonce, now)
        : undefined;
    });
    if (change === undefined) return undefined;
    const job = await this.#followUp(change);
    return { job, token: formatToken(change.after.token as Token) };
  }

  #isFor(job: Job, { agent }: Holder, { addresses, writes = true }: Claim): boolean {
    return addresses.includes(job.to) && job.from !== agent && (writes || !job.write);
  }

  #checkClaimable(job: Job, { agent, session }: Holder, { writes = true }: Claim): void {
    const { id, state } = job;
    if (isEnded(state)) throw alreadyFinished(job);
    if (job.from === agent)
      throw new DispatchError('NOT_ALLOWED', `You submitted job ${id}: it is for another.`, { job: id });
    if (state === 'running' && job.lease?.session !== session) {
      const why = `Another session holds job ${id}. claim without job_id gives the next one that is free.`;
      throw new DispatchError('HELD_BY_ANOTHER', why, { job: id });
    }
    if (job.write && !writes)
      throw new DispatchError('NOT_ALLOWED', `Job ${id} may write, and this takes none that may.`, { job: id });
    if (state === 'needs_recovery') {
      const why = `Job ${id} is parked: a person decides what becomes of it.`;
      throw new DispatchError('NOT_CLAIMABLE', why, { job: id, state });
    }
    const wait = transitions.pauseLeftMs(job, this.relay.clock.now());
    if (state === 'queued' && wait > 0) {
      const why = `Job ${id} was lost by its last holder and is free again in ${Math.ceil(wait / 1000)} s.`;
      throw new DispatchError('NOT_CLAIMABLE', why, { job: id, state });
    }
  }

  async #change(id: string, decide: (job: Job) => Job | undefined): Promise<Job> {
    const change = await this.#table.change(id, decide);
    if (change === undefined) throw notFound(id);
    return this.#followUp(change);
  }

  /** What follows from a change. The change stands whatever fails here: who looks next makes up for it. */
  async #followUp(change: Change): Promise<Job> {
    const { after } = change;
    const event = eventOf(change);
    if (event !== undefined) await this.relay.events.audit(event).catch(() => {});
    if (after.state === 'queued') await this.relay.store.ring(jobChannel(addressSegment(after.to)));
    const told = await this.#settleUp(after);
    // A claim is anchored when its holder next says something.
    if (event === undefined || event.event === 'job.claimed') return told;
    return this.#table.anchor(told).catch(() => told);
  }

  /** Does what is due by now and what is owed. */
  async #tend(job: Job): Promise<Job> {
    if (transitions.due(job, this.relay.clock.now()) === undefined) {
      if (job.owed.length === 0) return this.#settleUp(job);
      // Nothing is told of what a power cut could still undo.
      const kept = await this.#table.read(job.id, { durable: true }).catch(() => undefined);
      return kept === undefined ? job : this.#settleUp(kept);
    }
    const change = await this.#table.change(job.id, (now) => transitions.due(now, this.relay.clock.now()));
    if (change !== undefined) return this.#followUp(change);
    return (await this.#table.read(job.id)) ?? job;
  }

  /** What cannot be done now, as on a full disk, must not hide the job: whoever looks later makes up for it. */
  async #settleUp(job: Job): Promise<Job> {
    let told = job;
    try {
      told = await this.#mail.deliver(job);
      if (isEnded(told.state) && told.owed.length === 0) await this.#table.close(told);
    } catch (error) {
      if (!isDispatchError(error)) throw error;
    }
    return told;
  }
}
