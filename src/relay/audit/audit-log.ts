/**
 * Writes the audit: lines that are chained, in a log of its own each day and process. A line that cannot be written is an error,
 * since what nobody can account for later must not be done.
 */
import type { Clock } from '../../model/clock.js';
import { newSessionId } from '../../model/ids.js';
import type { AuditHead } from '../../model/job.js';
import type { Store } from '../../store/store.js';
import type { JobEvent, WorkerEvent } from '../jobs/job-events.js';
import { LOG } from '../keys.js';
import { chainedLine } from './chain.js';

export class AuditLog {
  #head: AuditHead | undefined;
  /** Where the next line goes, `<day>/<writer>`; undefined for a log that is still to be named. */
  #log: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Pick<Store, 'append' | 'readLog'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The newest line that is there for certain; undefined before the first. */
  get head(): AuditHead | undefined {
    return this.#head;
  }

  /** Adds a line behind all that were asked for before, and resolves to where it stands. Rejects with the store's error. */
  append(event: JobEvent | WorkerEvent): Promise<AuditHead> {
    const appended = this.#turn.then(() => this.#append(event));
    this.#turn = appended.catch(() => {});
    return appended;
  }

  async #append(event: JobEvent | WorkerEvent): Promise<AuditHead> {
    const at = new Date(this.clock.now()).toISOString();
    const day = at.slice(0, 10);
    // Also where the clock goes back over midnight: a log that was left is never taken up again.
    if (this.#log?.startsWith(`${day}/`) !== true) this.#log = `${day}/${newSessionId()}`;
    const log = this.#log;
    const { line, head } = chainedLine({ at, ...event }, log, this.#head?.log === log ? this.#head : undefined);
    try {
      await this.store.append(`${LOG}/${log}`, line);
    } catch (error) {
      // The line may be there, whole or in part. Behind it, the same number would stand twice, or a torn line in between.
      if (!(await this.#isEmpty(log))) this.#log = undefined;
      throw error;
    }
    this.#head = head;
    return head;
  }

  /** Known to hold nothing: on a disk that stays full, each try would leave an empty file otherwise. */
  async #isEmpty(log: string): Promise<boolean> {
    try {
      const part = await this.store.readLog(`${LOG}/${log}`, 0, 1);
      return part === undefined || part.end === 0;
    } catch {
      return false;
    }
  }
}
