/**
 * Jobs: durable work, done once by whoever holds it. Every change is one compare-and-set of the job's record, decided by
 * the functions of transitions.ts; job-changes.ts does what follows from it.
 */
import { addressSegment } from '../../model/address.js';
import { HUMAN } from '../../model/agent-id.js';
import { isEnded, type Job } from '../../model/job.js';
import { markTopic } from '../../model/topic.js';
import type { Processes } from '../../store/processes.js';
import type { Watch } from '../../store/store.js';
import { jobChannel } from '../keys.js';
import type { Relay } from '../relay.js';
import { Autospawn, type SpawnTarget } from './autospawn.js';
import { type Claim, type Claimed, Claims, type NothingToClaim } from './claims.js';
import { alreadyFinished, checkToken, readToken } from './fencing.js';
import { JobChanges } from './job-changes.js';
import { JobList } from './job-list.js';
import { JobMail } from './job-mail.js';
import { keepOutcome, readOutcome, type WholeOutcome } from './job-outcome.js';
import { sweepJobs } from './job-sweep.js';
import { JobTable, notFound } from './job-table.js';
import type { LaneList } from './lane-list.js';
import { PersonList } from './person-list.js';
import { type Decision, decided, submittedToReview } from './review.js';
import { type JobDraft, Submission, type SubmissionOptions, type Submitted } from './submission.js';
import type { Holder } from './transitions.js';
import * as transitions from './transitions.js';
import { Workers } from './workers.js';
import { WorktreeNotes } from './worktree-notes.js';

export interface Settlement {
  readonly outcome: 'completed' | 'failed' | 'released';
  /** Any JSON. */
  readonly result?: unknown;
  readonly error?: string | undefined;
  /** Of a completion: why a person is to look at the result before it counts. At most 500 characters. */
  readonly review?: string | undefined;
  /** Of a release: that nothing was begun. @default false */
  readonly untouched?: boolean | undefined;
}

export class Jobs {
  readonly workers: Workers;
  readonly list: JobList;
  readonly worktrees: WorktreeNotes;
  readonly person: PersonList;
  /** Names that the operator has written an executor for. */
  readonly executors: readonly string[];
  /** Undefined where the operator allows none. */
  readonly lanes: LaneList | undefined;
  /** Undefined where no worker is started by itself. */
  readonly autospawn: Autospawn | undefined;
  readonly #table: JobTable;
  readonly #changes: JobChanges;
  readonly #claims: Claims;
  readonly #submission: Submission;

  constructor(
    private readonly relay: Relay,
    processes: Processes,
    options: SubmissionOptions,
    autospawn: readonly SpawnTarget[] = [],
  ) {
    this.workers = new Workers(relay.store, processes);
    this.worktrees = new WorktreeNotes(relay.store, processes);
    this.executors = options.executors;
    this.lanes = options.lanes;
    this.#table = new JobTable(relay);
    const mail = new JobMail(relay, this.#table);
    this.#changes = new JobChanges(relay, this.#table, mail);
    this.#claims = new Claims(relay.clock, this.#table, this.#changes);
    const look = (id: string) => this.look(id);
    this.#submission = new Submission(relay, this.#table, mail, this.workers, this.#changes, options);
    this.person = new PersonList(relay.store, this.#table);
    this.list = new JobList(relay.store, this.#table, look);
    const { workers } = this;
    this.autospawn =
      autospawn.length === 0
        ? undefined
        : new Autospawn({ relay, processes, workers, table: this.#table, look }, autospawn);
  }

  /** See `Submission.submit`. Where this process may start a worker for it, it has been seen to. */
  async submit(from: string, draft: JobDraft): Promise<Submitted> {
    const submitted = await this.#submission.submit(from, draft);
    await this.autospawn?.submitted(submitted.job);
    return submitted;
  }

  /** See `JobChanges.look`. */
  async look(id: string): Promise<Job | undefined> {
    return this.#changes.look(id);
  }

  /** See `Claims.next`. */
  async claimNext(holder: Holder, claim: Claim): Promise<Claimed | NothingToClaim> {
    return this.#claims.next(holder, claim);
  }

  /** See `Claims.claim`. */
  async claim(id: string, holder: Holder, claim: Claim): Promise<Claimed> {
    return this.#claims.claim(id, holder, claim);
  }

  /** See `Claims.giveBack`. */
  async giveBack(claimed: Claimed): Promise<void> {
    return this.#claims.giveBack(claimed);
  }

  /**
   * Holds the job for longer, from now on. What it returns says in `cancel` whether the submitter still wants it.
   * @throws DispatchError `NOT_FOUND`, `INVALID_ARGUMENT` (no token), and as `checkToken`: then nothing was changed, and the
   * holder must stop.
   */
  async renew(id: string, token: string, holder: Holder, seconds?: number): Promise<Job> {
    return this.#claims.renew(id, token, holder, seconds);
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
      return this.#changes.change(id, (job) => transitions.released(job, read, untouched, now()));
    }
    const { outcome, review } = settlement;
    const before = await this.#table.read(id);
    if (before === undefined) throw notFound(id);
    // Before anything of it is written: a stale holder leaves no trace.
    checkToken(before, read, now());
    const kept = await keepOutcome(this.relay.store, id, read, settlement);
    return this.#changes.change(id, (job) =>
      review === undefined || outcome !== 'completed'
        ? transitions.settled(job, read, outcome, kept, now())
        : submittedToReview(job, read, review, kept, now()),
    );
  }

  /**
   * Cancels a job that waits; asks the holder of one that runs, which hears of it when it next renews. By its submitter, or
   * by the human.
   * @throws DispatchError `NOT_FOUND` (also for a job of others), `ALREADY_FINISHED`, `NOT_ALLOWED` for one that is parked, or
   * ran and waits for a review.
   */
  async cancel(id: string, by: string, reason: string | null): Promise<Job> {
    const job = await this.look(id);
    if (job === undefined || (by !== HUMAN && job.from !== by)) throw notFound(id);
    if (isEnded(job.state)) throw alreadyFinished(job);
    return this.#changes.change(id, (now) => transitions.cancelled(now, by, reason, this.relay.clock.now()));
  }

  /** What a person decides of a parked job. @throws DispatchError `NOT_FOUND`, `NOT_ALLOWED`, `ALREADY_FINISHED`. */
  async recover(id: string, how: 'retry' | 'fail', by: string): Promise<Job> {
    return this.#changes.change(id, (job) => transitions.recovered(job, how, by, this.relay.clock.now()));
  }

  /**
   * What a person decides of a job that waits for a review. Of several that decide at once, one does.
   * @throws DispatchError `NOT_FOUND`; `NOT_ALLOWED` or `ALREADY_FINISHED` where it does not wait, with what was decided and when.
   */
  async review(id: string, decision: Decision): Promise<Job> {
    return this.#changes.change(id, (job) => decided(job, decision, this.relay.clock.now()));
  }

  /** Calls `listener`, which must not throw, with each job that this process makes wait for a person. */
  onWaitForPerson(listener: (job: Job) => void): void {
    this.#changes.onWaitForPerson(listener);
  }

  /** Calls `hint` when there may be work at the address; see `Store.watch`. */
  async watch(address: string, hint: () => void): Promise<Watch> {
    return this.relay.store.watch(jobChannel(addressSegment(address)), hint);
  }

  /** The whole outcome of a job, where its record holds only the beginning. Undefined for one that is gone. */
  async wholeOutcome(job: Job): Promise<WholeOutcome | undefined> {
    const whole = await readOutcome(this.relay.store, job);
    // What a person said of it came later than the file.
    return whole === undefined ? undefined : { ...whole, error: whole.error ?? job.error };
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
    await sweepJobs(this.relay, this.#table, this.#changes, this.person, now);
  }
}
