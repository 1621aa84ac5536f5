/**
 * Counts the names in large directories without listing them again each time. Counting a thousand takes 0.9 ms; a reply
 * needs the number of kept messages, and changes it itself by one or two.
 *
 * A count is remembered with the modification time of its directory and used as long as that has not moved. Our own
 * changes are added to it when nobody else changed the directory before them. A directory's time moves in ticks of a few
 * milliseconds, so a change of another process within the tick of our own goes unseen: hence the bound on the age.
 */
import type { Files } from './files.js';

const MAX_AGE_MS = 10_000;
// Coarser than the tick of any kernel's file times: what happened longer ago than this is in the modification time.
const TICK_MS = 20;

interface Remembered {
  count: number;
  /** Counting stopped there: the directory may hold more. */
  readonly cut: boolean;
  modifiedAt: number;
  takenAt: number;
}

export class ChildCounter {
  readonly #remembered = new Map<string, Remembered>();

  constructor(private readonly files: Files) {}

  /** How many names `directory` holds, counted up to `limit`. */
  count(directory: string, limit: number): number {
    const now = Date.now();
    const modifiedAt = this.files.modifiedAt(directory);
    if (modifiedAt === undefined) {
      this.#remembered.delete(directory);
      return 0;
    }
    const known = this.#remembered.get(directory);
    if (known !== undefined && known.modifiedAt === modifiedAt && Math.abs(now - known.takenAt) < MAX_AGE_MS) {
      if (!known.cut || known.count >= limit) return Math.min(known.count, limit);
    }
    // Room above the limit, so that a few removals do not make a new count necessary.
    const count = this.files.countUpTo(directory, limit * 2);
    const settled = now - modifiedAt > TICK_MS;
    if (settled) {
      this.#remembered.set(directory, { count, cut: count === limit * 2, modifiedAt, takenAt: now });
    } else {
      this.#remembered.delete(directory);
    }
    return Math.min(count, limit);
  }

  /** Runs a change of our own that adds `delta` names to a directory when it succeeds, and keeps the count true. */
  changing(directory: string, delta: 1 | 0 | -1, change: () => boolean): boolean {
    const known = this.#remembered.get(directory);
    if (known === undefined) return change();
    const unchangedSince = this.files.modifiedAt(directory) === known.modifiedAt;
    const changed = change();
    // Forgotten first: the change has happened, and an error from here on must not hide that.
    this.#remembered.delete(directory);
    if (!unchangedSince) return changed;
    try {
      const modifiedAt = changed ? this.files.modifiedAt(directory) : known.modifiedAt;
      if (modifiedAt === undefined) return changed;
      this.#remembered.set(directory, { ...known, count: known.count + (changed ? delta : 0), modifiedAt });
    } catch {
      // Counted anew when it is wanted again.
    }
    return changed;
  }
}
