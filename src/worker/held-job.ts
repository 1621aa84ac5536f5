/**
 * One job in the hands of a worker, from the claim to its end.
 *
 *   1. Get ready. What can never run fails the job; nothing was begun.
 *   2. Note in the log what is about to run. Where that cannot be written, nothing runs, and the job is given back.
 *   3. Run it. Hold the lease by renewing it at each third; one that is refused, or a cancellation, ends the run.
 *   4. Settle, durably, before anybody is told. What the run came to after its lease ended is nobody's outcome.
 */
import { DispatchError, isDispatchError } from '../model/errors.js';
import { type Job, type JobState, parseToken } from '../model/job.js';
import type { Claimed } from '../relay/jobs/claims.js';
import { templateOf } from '../relay/jobs/job-events.js';
import type { Settlement } from '../relay/jobs/jobs.js';
import type { Holder } from '../relay/jobs/transitions.js';
import type { Relay } from '../relay/relay.js';
import { GRACE_MS } from './run-outcome.js';
import type { Prepared, Runner, Running, Verdict } from './runner.js';

/** How often a store that fails is tried again. */
const RETRY_MS = 1000;

/** What became of a job here. `lost`: another may have it by now, and what was done is discarded. */
export interface JobEnd {
  readonly job: string;
  readonly write: boolean;
  readonly attempt: number;
  readonly state: Exclude<JobState, 'running'> | 'lost';
  /** From the claim. */
  readonly durationMs: number;
  readonly exitCode?: number | undefined;
  /** In words of ours. */
  readonly why?: string | undefined;
  /** It was given back, and nothing was begun. */
  readonly untouched?: true | undefined;
}

type About = Pick<JobEnd, 'exitCode' | 'why' | 'untouched'>;

export interface HeldJobOptions {
  readonly relay: Pick<Relay, 'jobs' | 'events' | 'clock'>;
  readonly runner: Runner;
  readonly holder: Holder;
  readonly leaseSeconds: number;
  /** Steady time right before the claim, from which the lease is counted here: never longer than the others do. */
  readonly claimedAt: number;
}

export class HeldJob {
  readonly job: Job;
  readonly #token: string;
  readonly #options: HeldJobOptions;
  #leaseEndsAt: number;
  #running: Running | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor({ job, token }: Claimed, options: HeldJobOptions) {
    this.job = job;
    this.#token = token;
    this.#options = options;
    this.#leaseEndsAt = options.claimedAt + options.leaseSeconds * 1000;
  }

  /** Since the claim. */
  get durationMs(): number {
    return this.#options.relay.clock.steady() - this.#options.claimedAt;
  }

  /** The worker ends: so does the run, and the job is given back or, where it may write, parked. */
  stop(): void {
    this.#isStopping = true;
    this.#running?.end('stopped');
  }

  /** Looks whether the job is still wanted and still ours, between two renewals. Never rejects. */
  async look(): Promise<void> {
    if (this.#running === undefined) return;
    const job = await this.#options.relay.jobs.look(this.job.id).catch(() => undefined);
    if (job === undefined) return;
    // The clock may have been set, and with it the end of the lease.
    if (job.state !== 'running' || !this.#isOurs(job)) this.#running?.end('lost');
    else if (job.cancel !== null) this.#running?.end('cancelled');
  }

  /** Does the job. Resolves when it is settled, or another's. @throws what is no DispatchError */
  async work(): Promise<JobEnd> {
    let prepared: Prepared;
    try {
      prepared = await this.#options.runner.prepare(this.job);
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      return this.#refuse(error);
    }
    if (this.#isStopping) return this.#giveBackUntouched('the worker ends');
    try {
      await this.#noteStart(prepared);
    } catch (error) {
      // RangeError: what is to be noted is too long for a line.
      return this.#giveBackUntouched(`its start cannot be noted (${codeOf(error)})`);
    }
    if (this.#isStopping) return this.#giveBackUntouched('the worker ends');
    const graceMs = Math.min(GRACE_MS, this.#options.leaseSeconds * 250);
    this.#running = prepared.start({ leaseEndsAt: this.#leaseEndsAt, graceMs });
    this.#renewIn(this.#thirdMs());
    const verdict = await this.#running.verdict;
    this.#running = undefined;
    try {
      return await this.#conclude(verdict);
    } finally {
      clearTimeout(this.#renewal);
      this.#renewal = undefined;
    }
  }

  async #noteStart({ about }: Prepared): Promise<void> {
    const { relay, holder } = this.#options;
    const { id, from, to, attempts, write } = this.job;
    await relay.events.audit({
      event: 'job.started',
      job: id,
      from,
      to,
      by: holder.agent,
      session: holder.session,
      attempt: attempts,
      token: parseToken(this.#token)?.number ?? 0,
      write,
      executor: about.executor,
      ...templateOf(about.argv),
      filled: about.filled,
    });
  }

  async #refuse(error: DispatchError): Promise<JobEnd> {
    const { id, from, to } = this.job;
    const { relay, holder } = this.#options;
    await relay.events
      .audit({ event: 'job.refused', job: id, from, to, by: holder.agent, why: error.code })
      .catch(() => {});
    return this.#settle({ outcome: 'failed', error: error.message }, { why: error.message });
  }

  async #giveBackUntouched(why: string): Promise<JobEnd> {
    return this.#settle({ outcome: 'released', untouched: true }, { why, untouched: true });
  }

  async #conclude(verdict: Verdict): Promise<JobEnd> {
    switch (verdict.as) {
      case 'completed': {
        const { result, exitCode, review } = verdict;
        return this.#settle({ outcome: 'completed', result, review }, { exitCode });
      }
      case 'failed': {
        const { result, error, exitCode } = verdict;
        return this.#settle({ outcome: 'failed', result, error }, { exitCode, why: error.split('\n')[0] });
      }
      case 'ended':
        switch (verdict.why) {
          case 'cancelled':
            return this.#settle(
              { outcome: 'failed', result: verdict.result, error: 'Ended while it ran, since it was cancelled.' },
              {},
            );
          case 'stopped':
            return this.#settle({ outcome: 'released' }, { why: 'the worker ends' });
          default:
            return this.#lost('its lease ended');
        }
      case 'unbegun':
        return this.#giveBackUntouched(verdict.why);
      case 'unknown':
        return this.#abandon(verdict.why);
    }
  }

  /** Settles, and goes on trying while the lease is there. */
  async #settle(settlement: Settlement, about: About): Promise<JobEnd> {
    const { jobs, clock } = this.#options.relay;
    for (let isRetry = false; ; isRetry = true) {
      try {
        const job = await jobs.settle(this.job.id, this.#token, settlement);
        // What was given back may be another's by the time that one is told.
        return this.#ended(this.#isOurs(job) ? job.state : 'queued', about);
      } catch (error) {
        if (!isDispatchError(error)) throw error;
        // The try before may have come through, and nobody could say so.
        const isOver = error.code === 'ALREADY_FINISHED' || error.data.state === 'needs_review';
        if (isRetry && isOver) return this.#ended((await this.#state()) ?? 'lost', about);
        if (error.code !== 'STORE_UNAVAILABLE') return this.#lost(`it could not be settled (${error.code})`);
        if (this.#isStopping || clock.steady() >= this.#leaseEndsAt)
          return this.#lost('it could not be settled in time');
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** As one does whose machine died: the lease ends, and that attempt counts. Only sooner. */
  async #abandon(why: string): Promise<JobEnd> {
    const { relay, holder } = this.#options;
    clearTimeout(this.#renewal);
    await relay.jobs.renew(this.job.id, this.#token, holder, 1).catch(() => {});
    return this.#lost(why);
  }

  /** Nobody has claimed it since. */
  #isOurs({ token }: Job): boolean {
    return token?.number === this.job.token?.number;
  }

  async #state(): Promise<JobState | undefined> {
    return (await this.#options.relay.jobs.look(this.job.id).catch(() => undefined))?.state;
  }

  #lost(why: string): JobEnd {
    return this.#ended('lost', { why });
  }

  #ended(now: JobState | 'lost', about: About): JobEnd {
    const { id, write, attempts } = this.job;
    // What runs again was given back first.
    const state = now === 'running' ? 'queued' : now;
    return { job: id, write, attempt: attempts, state, durationMs: Math.round(this.durationMs), ...about };
  }

  #thirdMs(): number {
    return (this.#options.leaseSeconds * 1000) / 3;
  }

  #renewIn(ms: number): void {
    this.#renewal = setTimeout(() => void this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    const { relay, holder, leaseSeconds } = this.#options;
    const askedAt = relay.clock.steady();
    const timer = this.#renewal;
    try {
      const job = await relay.jobs.renew(this.job.id, this.#token, holder, leaseSeconds);
      this.#leaseEndsAt = askedAt + leaseSeconds * 1000;
      this.#running?.setLease(this.#leaseEndsAt);
      if (job.cancel !== null) this.#running?.end('cancelled');
      if (this.#renewal === timer) this.#renewIn(this.#thirdMs());
    } catch (error) {
      if (isDispatchError(error, 'STORE_UNAVAILABLE')) {
        // The lease is still there, and whoever keeps the run ends it with the lease.
        if (this.#renewal === timer) this.#renewIn(Math.min(RETRY_MS, this.#thirdMs() / 4));
        return;
      }
      this.#running?.end('lost');
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof DispatchError ? error.code : error instanceof Error ? error.name : 'unknown error';
}
