/**
 * What must hold of jobs, said as plainly as it can be: one job as a few fields, changed in place. The real one is looked at
 * after each command, from a process that did nothing.
 */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { isEnded, type JobState } from '../../src/model/job.js';

const PAUSE_MS = 1000;
const MOST_PAUSE_MS = 60_000;

const numberOf = (token: string) => Number(token.split('.', 1)[0]);

export interface ModelJob {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly requestId: string | undefined;
  readonly write: boolean;
  /** Why a person was to approve of it before it ran. */
  readonly review: string | undefined;
  readonly maxAttempts: number;
  readonly expiresAt: number;
  state: JobState;
  /** Of one that waits for a review: whether it has run. */
  hasRun: boolean;
  attempts: number;
  most: number;
  /** Every token that was given out, newest last. */
  readonly tokens: string[];
  leaseUntil: number;
  leaseMs: number;
  freeAt: number;
  expires: boolean;
  cancelAsked: boolean;
  completions: number;
  /** A person's words, and its holder's, that it may be begun once more. */
  consents: number;
  /** How often its assignee is told that it waits. */
  offers: number;
  /** States its submitter is to be told, in order. */
  readonly mail: JobState[];
}

export class JobsModel {
  readonly jobs: ModelJob[] = [];

  constructor(public now: number) {}

  /** What time does by itself. */
  look(job: ModelJob): void {
    if (job.state === 'queued' && job.expires && job.expiresAt <= this.now) this.#end(job, 'expired');
    if (job.state !== 'running') return;
    // A lease of a clock that was set back is no longer than it was given for.
    if (job.leaseUntil > this.now + job.leaseMs + 60_000) job.leaseUntil = this.now + job.leaseMs;
    if (job.leaseUntil <= this.now) this.letGo(job, false);
  }

  isClaimable(job: ModelJob, agent: string): boolean {
    const isFree = job.freeAt <= this.now || job.freeAt > this.now + MOST_PAUSE_MS;
    return job.to === agent && job.from !== agent && job.state === 'queued' && isFree;
  }

  claim(job: ModelJob, token: string, leaseMs: number): void {
    deepStrictEqual(job.tokens.includes(token), false, 'a token is given out once');
    const numbers = [...job.tokens, token].map(numberOf);
    deepStrictEqual(
      numbers,
      numbers.map((_, index) => index + 1),
      'the number of a token grows with each claim',
    );
    job.tokens.push(token);
    job.attempts++;
    ok(job.attempts <= job.most, `${job.id} is tried ${job.attempts} times of ${job.most}`);
    ok(!job.write || job.tokens.length <= 1 + job.consents, `${job.id} may write and runs again without a word for it`);
    job.state = 'running';
    this.hold(job, leaseMs);
  }

  hold(job: ModelJob, leaseMs: number): void {
    job.leaseMs = leaseMs;
    job.leaseUntil = this.now + leaseMs;
  }

  /** Undefined where the token is good; else the code of its refusal. */
  refusalOf(job: ModelJob, token: string): string | undefined {
    const isNewest = token === job.tokens.at(-1);
    // Of older claims only the number is remembered, so a forged one with such a number is refused as an old one.
    if (!isNewest && numberOf(token) >= job.tokens.length) return 'NOT_ALLOWED';
    if (isEnded(job.state)) return 'ALREADY_FINISHED';
    if (!isNewest && job.state === 'running') return 'HELD_BY_ANOTHER';
    return isNewest && job.state === 'running' && job.leaseUntil > this.now ? undefined : 'LEASE_ENDED';
  }

  settle(job: ModelJob, outcome: 'completed' | 'failed' | 'released', untouched: boolean, review: boolean): void {
    if (outcome === 'completed' && review) {
      job.state = 'needs_review';
      job.hasRun = true;
      job.mail.push('needs_review');
    } else if (outcome === 'completed') {
      this.#complete(job);
    } else if (outcome === 'failed') {
      this.#end(job, job.cancelAsked ? 'cancelled' : 'failed');
    } else if ((job.write && !untouched) || job.cancelAsked || this.#isPast(job)) {
      this.letGo(job, untouched);
    } else {
      job.attempts--;
      job.state = 'queued';
      job.freeAt = 0;
      job.consents++;
    }
  }

  /** Its holder is gone, or gives up. */
  letGo(job: ModelJob, untouched: boolean): void {
    if (job.write && !untouched) {
      job.state = 'needs_recovery';
      job.mail.push('needs_recovery');
    } else if (job.cancelAsked) this.#end(job, 'cancelled');
    else if (this.#isPast(job)) this.#end(job, 'expired');
    else if (job.attempts >= job.most) this.#end(job, 'failed');
    else {
      job.state = 'queued';
      job.freeAt = this.now + Math.min(PAUSE_MS * 2 ** (job.attempts - 1), MOST_PAUSE_MS);
      job.mail.push('queued');
      job.offers++;
    }
  }

  cancel(job: ModelJob): void {
    if (job.state === 'running') job.cancelAsked = true;
    else this.#end(job, 'cancelled');
  }

  recover(job: ModelJob, how: 'retry' | 'fail'): void {
    if (how === 'fail') {
      this.#end(job, 'failed');
      return;
    }
    job.state = 'queued';
    job.freeAt = 0;
    job.cancelAsked = false;
    if (this.#isPast(job)) job.expires = false;
    job.most = Math.max(job.most, job.attempts + 1);
    job.offers++;
    job.consents++;
  }

  review(job: ModelJob, how: 'approved' | 'rejected'): void {
    if (how === 'rejected') {
      this.#end(job, 'failed');
    } else if (job.hasRun) {
      this.#complete(job);
    } else {
      job.state = 'queued';
      if (this.#isPast(job)) job.expires = false;
      job.offers++;
      job.mail.push('queued');
    }
  }

  #complete(job: ModelJob): void {
    job.completions++;
    ok(job.completions === 1, `${job.id} was completed ${job.completions} times`);
    this.#end(job, 'completed');
  }

  #isPast({ expires, expiresAt }: ModelJob): boolean {
    return expires && expiresAt <= this.now;
  }

  #end(job: ModelJob, state: JobState): void {
    ok(!isEnded(job.state), `${job.id} was ${job.state} and becomes ${state}`);
    job.state = state;
    job.mail.push(state);
  }
}
