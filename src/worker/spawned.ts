/** A worker that a server has started, and what it says of itself in the record of its start. */
import { DispatchError } from '../model/errors.js';
import type { Autospawn, SpawnOrder } from '../relay/jobs/autospawn.js';
import type { JobEnd } from './held-job.js';

/** Given back, or not known what became of it: nothing that says that this worker works. */
const UNFINISHED: ReadonlySet<JobEnd['state']> = new Set(['queued', 'needs_recovery', 'lost']);

export class Spawned {
  #hasWorked = false;

  private constructor(
    private readonly autospawn: Autospawn,
    private readonly order: SpawnOrder,
  ) {}

  /** Undefined where this worker is not the one that was to be started, and must do nothing. */
  static async confirm(
    autospawn: Autospawn | undefined,
    name: string | undefined,
    id: string,
  ): Promise<Spawned | undefined> {
    const target = autospawn?.find(name);
    if (autospawn === undefined || target === undefined) {
      const why = `No worker is to be started by itself for ${name ?? 'the lanes'} any more: [worker] autospawn does not name it.`;
      throw new DispatchError('CONFIG_INVALID', why);
    }
    const spawned = new Spawned(autospawn, { target, id });
    return (await autospawn.confirm(spawned.order)) ? spawned : undefined;
  }

  /** Runs `work`, and says how it ended. What it throws is thrown. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.autospawn.failed(this.order, error instanceof Error ? error.message : String(error)).catch(() => {});
      throw error;
    }
    // What is not written is found: the process is gone then.
    await this.autospawn.ended(this.order).catch(() => {});
    return result;
  }

  /** A job is no longer held here. */
  jobEnded({ state }: JobEnd): void {
    if (this.#hasWorked || UNFINISHED.has(state)) return;
    this.#hasWorked = true;
    this.autospawn.worked(this.order).catch(() => {
      this.#hasWorked = false;
    });
  }
}
