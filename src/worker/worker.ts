/**
 * The worker: claims the jobs of its addresses and has them run, as many at a time as it may. It waits for the bell of an
 * address, and looks by itself besides. Any number of workers may serve one address: a claim decides who has a job.
 */
import { isDispatchError } from '../model/errors.js';
import { type Job, takes, type Writes } from '../model/job.js';
import type { Holder } from '../relay/jobs/transitions.js';
import type { Relay } from '../relay/relay.js';
import { HeldJob, type JobEnd } from './held-job.js';
import type { Runner } from './runner.js';
import { Served } from './served.js';

const LEAST_WAIT_MS = 50;

export interface WorkerOptions {
  readonly relay: Relay;
  readonly runner: Runner;
  /** In whose name it claims, and its session. */
  readonly holder: Holder;
  /** Whose jobs it does. Asked for again at each look: what is there then is served too, and what was served goes on. */
  addresses(): Promise<readonly string[]>;
  /** Which jobs that may write it takes. */
  readonly writes: Writes;
  /** Jobs at a time. */
  readonly concurrency: number;
  readonly leaseSeconds: number;
  /** How often it looks for work without being told. Milliseconds. */
  readonly intervalMs: number;
  /** Ends after so long without a job. Milliseconds; undefined for never. */
  readonly idleTimeoutMs?: number | undefined;
  /** Ends after one job, or at once where there is none. */
  readonly once: boolean;
  readonly observer: Observer;
}

/** What somebody who watches the worker is told. None of these may throw. */
export interface Observer {
  /** It is on the list of those who serve, and hears of jobs. */
  ready(): void;
  started(held: HeldJob): void;
  ended(end: JobEnd): void;
  /** A sentence for a person. */
  warned(text: string): void;
  /** The worker looks for work, at least once in an interval. */
  looked(): void;
}

/** Why it ended. `nothing`: `once`, and there was no job. */
export type WorkerEnd = 'once' | 'nothing' | 'idle' | 'stopped';

export class Worker {
  readonly #options: WorkerOptions;
  readonly #held = new Map<HeldJob, Promise<void>>();
  readonly #leftAlone = new Set<string>();
  #done = 0;
  #isStopping = false;
  #isFinishing = false;
  #wake: () => void = () => {};
  #rang = false;
  #failure: Error | undefined;
  /** Steady time at which it last had a job, or began. */
  #busyAt = 0;
  /** Steady time before which nothing is claimed. */
  #restUntil = 0;
  readonly #troubles = new Map<'claim' | 'addresses', string>();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Claims nothing more, ends what runs, gives it back or parks it. `run` resolves when that is done. */
  stop(): void {
    this.#isStopping = true;
    for (const held of this.#held.keys()) held.stop();
    this.#hint();
  }

  /** Claims nothing more. `run` resolves with `idle` when what runs is done. */
  finish(): void {
    this.#isFinishing = true;
    this.#hint();
  }

  /** Works until it is stopped, idle for too long or, with `once`, done. @throws what cannot be tried again, after all is ended. */
  async run(): Promise<WorkerEnd> {
    const { relay, addresses, holder, writes, concurrency, runner, observer } = this.#options;
    const since = new Date(relay.clock.now()).toISOString();
    const worker = { session: holder.session, since, writes, concurrency };
    const served = new Served(relay.jobs, worker, () => this.#hint());
    try {
      await served.serve(await addresses());
      observer.ready();
      return await this.#work(served);
    } finally {
      for (const held of this.#held.keys()) held.stop();
      await Promise.all(this.#held.values());
      await Promise.all([runner.close(), served.close()]);
    }
  }

  async #work(served: Served): Promise<WorkerEnd> {
    const { concurrency, once, relay, idleTimeoutMs = Number.POSITIVE_INFINITY, intervalMs, observer } = this.#options;
    const { clock } = relay;
    this.#busyAt = clock.steady();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isStopping) return 'stopped';
      if (once && this.#done > 0) return 'once';
      if (this.#isFinishing && this.#held.size === 0) return 'idle';
      this.#rang = false;
      let wait = intervalMs;
      const rest = this.#restUntil - clock.steady();
      if (rest > 0) wait = Math.min(wait, rest);
      else if (!this.#isFinishing && this.#held.size < (once ? 1 : concurrency)) {
        const claimed = await this.#claim(served.addresses);
        if (claimed === 'claimed') continue;
        if (once && this.#held.size === 0) return 'nothing';
        wait = Math.min(wait, claimed);
      }
      const idleLeft = this.#held.size > 0 ? wait : this.#busyAt + idleTimeoutMs - clock.steady();
      if (idleLeft <= 0) return 'idle';
      observer.looked();
      // Where only workers are, nobody else does it.
      relay.sweeper.sweepIfDue(false).catch(() => {});
      await this.#pause(Math.min(wait, idleLeft));
      if (!this.#rang) await this.#look(served);
    }
  }

  /** Whether what runs is still wanted, and whose jobs there are. */
  async #look(served: Served): Promise<void> {
    await Promise.all([...this.#held.keys()].map((held) => held.look()));
    try {
      await served.serve(await this.#options.addresses());
      this.#troubles.delete('addresses');
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      this.#warn('addresses', error);
    }
  }

  /** `claimed`, or in how many milliseconds there may be something to claim. */
  async #claim(addresses: readonly string[]): Promise<'claimed' | number> {
    const { relay, holder, leaseSeconds, writes, once, intervalMs, runner, observer } = this.#options;
    const claimedAt = relay.clock.steady();
    try {
      const claimed = await relay.jobs.claimNext(holder, { addresses, leaseSeconds, writes });
      this.#troubles.delete('claim');
      if (!('job' in claimed)) {
        if (writes !== 'all') await this.#tellOfWrites(addresses);
        const { againAt } = claimed;
        return againAt === undefined ? intervalMs : Math.max(LEAST_WAIT_MS, againAt - relay.clock.now());
      }
      const held = new HeldJob(claimed, { relay, runner, holder, leaseSeconds, claimedAt });
      this.#held.set(held, this.#see(held));
      observer.started(held);
      // It may have been stopped while it claimed.
      if (this.#isStopping) held.stop();
      return 'claimed';
    } catch (error) {
      if (once || !isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
      this.#warn('claim', error);
      return intervalMs;
    }
  }

  async #see(held: HeldJob): Promise<void> {
    try {
      const end = await held.work();
      // What kept it from beginning keeps others too; and it may be the next that is claimed.
      if (end.untouched) this.#restUntil = this.#options.relay.clock.steady() + this.#options.intervalMs;
      this.#options.observer.ended(end);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#held.delete(held);
      this.#busyAt = this.#options.relay.clock.steady();
      this.#done++;
      this.#hint();
    }
  }

  /** Once for each job that waits for a worker that may write. */
  async #tellOfWrites(addresses: readonly string[]): Promise<void> {
    const { relay, holder } = this.#options;
    const of = { agent: holder.agent, addresses };
    const { jobs } = await relay.jobs.list.page({ of, state: 'queued', limit: 100 });
    for (const { id, worktree } of jobs.filter((job) => addresses.includes(job.to) && this.#isForWriters(job))) {
      this.#leftAlone.add(id);
      this.#options.observer.warned(
        this.#options.writes === 'none'
          ? `${id} may write, and this worker does nothing that may: it waits for one with --writes ${worktree ? 'worktrees' : 'all'}.`
          : `${id} may write where you work, and this worker writes in worktrees only: it waits for one with --writes all.`,
      );
    }
  }

  #isForWriters(job: Job): boolean {
    const { holder, writes } = this.#options;
    return !takes(writes, job) && job.from !== holder.agent && !this.#leftAlone.has(job.id);
  }

  /** Said once, until it works again. */
  #warn(what: 'claim' | 'addresses', { message }: Error): void {
    if (this.#troubles.get(what) === message) return;
    this.#troubles.set(what, message);
    this.#options.observer.warned(message);
  }

  #hint(): void {
    this.#rang = true;
    this.#wake();
  }

  /** Until a hint, at most `ms`. */
  async #pause(ms: number): Promise<void> {
    if (this.#rang) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
    });
    clearTimeout(timer);
  }
}
