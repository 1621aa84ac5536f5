/**
 * One job in a worktree.
 *
 *   making    the worktree is made; what ends the run now ends git, and nothing was begun
 *   running   the work is done in it
 *   looking   what it holds is found out; without changes it is removed. What ends the run now leaves it as it is
 *
 * Of a run that was stopped or lost nothing is looked at: the worktree stays, and its note tells where.
 */
import { join } from 'node:path';
import type { Clock } from '../model/clock.js';
import { isDispatchError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { WorktreeNote } from '../relay/jobs/worktree-notes.js';
import type { EndReason } from './run-outcome.js';
import type { Prepared, Running, Terms, Verdict } from './runner.js';
import { makeWorktree, removeWorktree, type Workshop } from './worktree-making.js';
import { findRepository, NoWorktree, type Repository } from './worktree-repository.js';
import { type WorktreeResult, withWorktree } from './worktree-result.js';
import { stateOf } from './worktree-state.js';

export interface WorktreeSettings {
  readonly shop: Workshop;
  readonly cwd: string;
  readonly clock: Clock;
  readonly makeMs: number;
  readonly lookMs: number;
}

export class WorktreeRun implements Running {
  readonly verdict: Promise<Verdict>;
  #abort = new AbortController();
  #isLooking = false;
  #leaseEndsAt: number;
  #lease: NodeJS.Timeout | undefined;
  #inner: Running | undefined;
  #endedBy: EndReason | undefined;

  constructor(
    private readonly job: Job,
    private readonly prepared: Prepared,
    private readonly terms: Terms,
    private readonly settings: WorktreeSettings,
  ) {
    this.#leaseEndsAt = terms.leaseEndsAt;
    this.#watchTheLease();
    this.verdict = this.#work().finally(() => clearTimeout(this.#lease));
  }

  setLease(endsAt: number): void {
    this.#leaseEndsAt = endsAt;
    this.#inner?.setLease(endsAt);
    this.#watchTheLease();
  }

  end(why: EndReason): void {
    // What was done before it was cancelled is done.
    if (this.#isLooking && why === 'cancelled') return;
    this.#endedBy ??= why;
    this.#abort.abort();
    this.#inner?.end(why);
  }

  async #work(): Promise<Verdict> {
    const { shop, cwd } = this.settings;
    let repository: Repository;
    let note: WorktreeNote;
    try {
      repository = await findRepository(shop.git, shop.files, cwd, this.#abort.signal);
      note = await this.#make(repository);
    } catch (error) {
      return this.#unmade(error);
    }
    const folder = folderIn(note, repository, shop);
    const verdict = await this.#run(note, folder, cwd);
    if (isLeft(verdict)) return verdict;
    return withWorktree(verdict, await this.#look(note, repository));
  }

  async #make(repository: Repository): Promise<WorktreeNote> {
    const { shop, clock, makeMs } = this.settings;
    return makeWorktree(shop, {
      job: this.job.id,
      token: this.job.token?.number ?? 1,
      session: this.job.lease?.session ?? '',
      at: new Date(clock.now()).toISOString(),
      repository,
      limitMs: makeMs,
      signal: this.#abort.signal,
    });
  }

  #unmade(error: unknown): Verdict {
    if (this.#endedBy !== undefined) return this.#unwanted(this.#endedBy);
    if (error instanceof NoWorktree) {
      const why = `there is no worktree for it: ${error.message}`;
      return error.never ? { as: 'failed', error: `It was not begun: ${why}.` } : { as: 'unbegun', why };
    }
    if (isDispatchError(error)) return { as: 'unbegun', why: `its worktree cannot be noted (${error.code})` };
    return { as: 'unbegun', why: 'its worktree cannot be made (unexpected error)' };
  }

  /** Nothing has run. */
  #unwanted(why: EndReason): Verdict {
    return why === 'cancelled' || why === 'lost' || why === 'lease'
      ? { as: 'ended', why }
      : { as: 'unbegun', why: 'the worker ends' };
  }

  async #run(note: WorktreeNote, folder: string | undefined, cwd: string): Promise<Verdict> {
    if (this.#endedBy !== undefined) return this.#notRun(note, this.#unwanted(this.#endedBy));
    if (folder === undefined) {
      const error = `It was not begun: the folder ${cwd} is in no commit, so that a worktree does not have it.`;
      return this.#notRun(note, { as: 'failed', error });
    }
    await this.settings.shop.before?.('run');
    const { graceMs } = this.terms;
    this.#inner = this.prepared.start({ leaseEndsAt: this.#leaseEndsAt, graceMs, cwd: folder });
    const verdict = await this.#inner.verdict;
    this.#inner = undefined;
    return verdict;
  }

  async #notRun(note: WorktreeNote, verdict: Verdict): Promise<Verdict> {
    await removeWorktree(this.settings.shop, note, 'unbegun').catch(() => {});
    return verdict;
  }

  async #look(note: WorktreeNote, { dirty, underway }: Repository): Promise<WorktreeResult> {
    const { shop, lookMs } = this.settings;
    const { git, files, before } = shop;
    this.#isLooking = true;
    this.#abort = new AbortController();
    await before?.('look');
    const looking = { limitMs: lookMs, signal: this.#abort.signal };
    const state = await stateOf(git, files, note, looking);
    const isRemoved =
      state.unchanged &&
      !this.#abort.signal.aborted &&
      (await removeWorktree(shop, note, 'unchanged').catch(() => false));
    return { note, state, isRemoved, dirty, underway };
  }

  /** While another cannot have begun; a run within keeps it by itself. */
  #watchTheLease(): void {
    clearTimeout(this.#lease);
    const { clock } = this.settings;
    const left = this.#leaseEndsAt - this.terms.graceMs - clock.steady();
    this.#lease = setTimeout(() => this.end('lease'), Math.max(0, Math.min(left, 2 ** 31 - 1)));
  }
}

/** Nobody waits for what it came to: the worker ends, or the job is another's. */
function isLeft(verdict: Verdict): boolean {
  return verdict.as === 'unknown' || (verdict.as === 'ended' && verdict.why !== 'cancelled');
}

/** The folder of the worktree that stands for that of the executor; undefined where no commit has it. */
function folderIn({ path }: WorktreeNote, { prefix }: Repository, { files }: Workshop): string | undefined {
  const folder = join(path, prefix).replace(/(?<=.)\/$/, '');
  try {
    // No link on the way leads out of the worktree.
    return files.kindOf(folder) === 'directory' && files.realPath(folder) === folder ? folder : undefined;
  } catch {
    return undefined;
  }
}
