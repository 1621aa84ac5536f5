/** Does jobs as another runner does, those that ask for it in a git worktree of their own. */
import type { Clock } from '../model/clock.js';
import { DispatchError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Prepared, Runner } from './runner.js';
import type { Workshop } from './worktree-making.js';
import { WorktreeRun } from './worktree-run.js';

export interface WorktreeRunnerOptions {
  /** Undefined where there is no git. */
  readonly shop: Workshop | undefined;
  /** Where the other runner works; its repository is the one. */
  readonly cwd: string;
  readonly clock: Clock;
  /** How long git may take to make a worktree. Milliseconds. @default 300000 */
  readonly makeMs?: number;
  /** How long it may take to look at one. Milliseconds. @default 120000 */
  readonly lookMs?: number;
}

export class WorktreeRunner implements Runner {
  constructor(
    private readonly runner: Runner,
    private readonly options: WorktreeRunnerOptions,
  ) {}

  async prepare(job: Job): Promise<Prepared> {
    if (!job.worktree) return this.runner.prepare(job);
    const { shop, cwd, clock, makeMs = 300_000, lookMs = 120_000 } = this.options;
    if (shop === undefined) {
      throw new DispatchError('NOT_ALLOWED', 'There is no git on the PATH of the worker: it makes no worktrees.');
    }
    const prepared = await this.runner.prepare(job);
    const settings = { shop, cwd, clock, makeMs, lookMs };
    return { ...prepared, start: (terms) => new WorktreeRun(job, prepared, terms, settings) };
  }

  async close(): Promise<void> {
    await this.runner.close();
  }
}
