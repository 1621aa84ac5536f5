/** Taking jobs: the next one that is free, or one by its id; and giving back what nobody was told of. */

import type { Clock } from '../../model/clock.js';
import { DispatchError } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import {
  DEFAULT_LEASE_SECONDS,
  formatToken,
  isEnded,
  type Job,
  type Token,
  takes,
  type Writes,
} from '../../model/job.js';
import { Breather } from '../breathing.js';
import { alreadyFinished, readToken } from './fencing.js';
import type { JobChanges } from './job-changes.js';
import { type Change, type JobTable, notFound, unlessBroken } from './job-table.js';
import type { Holder } from './transitions.js';
import * as transitions from './transitions.js';

export interface Claim {
  /** What the holder may claim: addresses. */
  readonly addresses: readonly string[];
  /** Seconds, 1 to 3600. @default 120 */
  readonly leaseSeconds?: number | undefined;
  /** Which jobs that may write are taken too. @default 'all' */
  readonly writes?: Writes | undefined;
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

export class Claims {
  /** Tokens that a session of this process has asked for again. Few do, and each is short. */
  readonly #toldAgain = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly table: JobTable,
    private readonly changes: JobChanges,
  ) {}

  /**
   * The oldest job that `holder` may claim, claimed. Not one of its own.
   * @throws what the store throws.
   */
  async next(holder: Holder, claim: Claim): Promise<Claimed | NothingToClaim> {
    const lists = await Promise.all(claim.addresses.map(async (address) => this.table.open(address)));
    const names = lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
    const breather = new Breather();
    let againAt: number | undefined;
    for (const { id } of names) {
      await breather.step();
      const job = await unlessBroken(() => this.changes.look(id));
      if (job === undefined || !isFor(job, holder, claim)) continue;
      const claimed = transitions.isClaimable(job, this.clock.now()) ? await this.#take(id, holder, claim) : undefined;
      if (claimed !== undefined) return claimed;
      const now = this.clock.now();
      const free = job.state === 'queued' ? now + transitions.pauseLeftMs(job, now) : job.lease?.until;
      againAt = Math.min(againAt ?? Number.POSITIVE_INFINITY, free ?? Number.POSITIVE_INFINITY);
    }
    return { againAt: againAt === Number.POSITIVE_INFINITY ? undefined : againAt };
  }

  /**
   * The job of this id, claimed; renewed where this session holds it already.
   * @throws DispatchError `NOT_FOUND` (also for a job of others), `NOT_CLAIMABLE`, `HELD_BY_ANOTHER`, `ALREADY_FINISHED`,
   * `NOT_ALLOWED`.
   */
  async claim(id: string, holder: Holder, claim: Claim): Promise<Claimed> {
    for (;;) {
      const job = await this.changes.look(id);
      if (job === undefined) throw notFound(id);
      this.#checkClaimable(job, holder, claim);
      if (job.state === 'running') {
        const token = formatToken(job.token as Token);
        this.#toldAgain.add(token);
        return { job: await this.renew(id, token, holder, claim.leaseSeconds), token };
      }
      const claimed = await this.#take(id, holder, claim);
      if (claimed !== undefined) return claimed;
    }
  }

  /** See `Jobs.renew`. */
  async renew(id: string, token: string, holder: Holder, seconds = DEFAULT_LEASE_SECONDS): Promise<Job> {
    const read = readToken(token, id);
    const change = await this.table.change(id, (job) =>
      transitions.renewed(job, read, holder, seconds, this.clock.now()),
    );
    return (change as Change).after;
  }

  /**
   * Undoes a claim of this process of which its answer told nobody: nobody has begun. One whose session has asked for the
   * job again by its id stays, since that answer tells of it.
   * @throws DispatchError as `renew`.
   */
  async giveBack({ job, token }: Claimed): Promise<void> {
    const read = readToken(token, job.id);
    const change = await this.table.change(job.id, (now) =>
      this.#toldAgain.has(token) ? undefined : transitions.released(now, read, true, this.clock.now()),
    );
    if (change !== undefined) await this.changes.followUp(change);
  }

  async #take(id: string, holder: Holder, claim: Claim): Promise<Claimed | undefined> {
    const { leaseSeconds = DEFAULT_LEASE_SECONDS } = claim;
    const nonce = newSessionId();
    const change = await this.table.change(id, (job) => {
      const now = this.clock.now();
      return transitions.isClaimable(job, now) && isFor(job, holder, claim)
        ? transitions.claimed(job, holder, leaseSeconds, nonce, now)
        : undefined;
    });
    if (change === undefined) return undefined;
    const job = await this.changes.followUp(change);
    return { job, token: formatToken(change.after.token as Token) };
  }

  #checkClaimable(job: Job, { agent, session }: Holder, { addresses, writes = 'all' }: Claim): void {
    const { id, state } = job;
    if (job.from === agent) {
      const why = `You submitted job ${id}: it is for another. poll(job_id="${id}") shows how it stands. Nothing was changed.`;
      throw new DispatchError('NOT_ALLOWED', why, { job: id });
    }
    const isHeld = state === 'running' && job.lease?.session === session;
    // Who has left a topic goes on with what it holds.
    if (!isHeld && !addresses.includes(job.to)) throw notFound(id);
    if (isEnded(state)) throw alreadyFinished(job);
    if (state === 'running' && !isHeld) {
      const why = `Another session holds job ${id}. Nothing was changed; claim without job_id gives the next one that is free. If it is yours from before a restart, claim it with its token.`;
      throw new DispatchError('HELD_BY_ANOTHER', why, { job: id });
    }
    if (!takes(writes, job)) {
      const only = writes === 'none' ? 'jobs that change nothing' : 'jobs that change nothing outside of a worktree';
      const why = `Job ${id} may write, and only ${only} are taken here. Nothing was changed.`;
      throw new DispatchError('NOT_ALLOWED', why, { job: id });
    }
    if (state === 'needs_recovery') {
      const why = `Job ${id} is parked: it may have changed things before its holder was lost, and a person decides what becomes of it, with \`mcp-dispatch recover ${id} --retry\` or \`--fail\`. Nothing was changed.`;
      throw new DispatchError('NOT_CLAIMABLE', why, { job: id, state });
    }
    if (state === 'needs_review') {
      const why = `Job ${id} waits for a person's review, with \`mcp-dispatch review show ${id}\`; only a person decides whether it goes on. Nothing was changed.`;
      throw new DispatchError('NOT_CLAIMABLE', why, { job: id, state });
    }
    const wait = transitions.pauseLeftMs(job, this.clock.now());
    if (state === 'queued' && wait > 0) {
      const why = `Job ${id} was lost by its last holder and is free again in ${Math.ceil(wait / 1000)} s. Nothing was changed; claim it then.`;
      throw new DispatchError('NOT_CLAIMABLE', why, { job: id, state });
    }
  }
}

function isFor(job: Job, { agent }: Holder, { addresses, writes = 'all' }: Claim): boolean {
  return addresses.includes(job.to) && job.from !== agent && takes(writes, job);
}
