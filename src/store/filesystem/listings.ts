/**
 * Listings of folders that have not changed since. Every call looks into its agent's inbox, and 10,000 messages that wait
 * there take 6 ms to list; a look at the modification time takes 2 us.
 *
 * A folder's time moves with every name that comes or goes, but in ticks: of a few milliseconds on most file systems, of
 * two seconds on the coarsest. So a listing is kept only when the folder had been still for longer than that.
 */
import type { Files } from './files.js';

const COARSEST_TICK_MS = 2500;
// A tool that sets the times of folders, as some that copy them do, hides a change for no longer than this.
const MAX_AGE_MS = 10_000;
// The folders of one agent and a few others; the names of a large inbox are worth their memory once.
const MOST_FOLDERS = 32;

interface Listing {
  readonly names: string[];
  readonly modifiedAt: number;
  readonly inode: number;
  readonly takenAt: number;
}

export class Listings {
  readonly #kept = new Map<string, Listing>();

  constructor(private readonly files: Files) {}

  /** The names in `folder`, in no order; none when it is not there. Not to be changed by the caller. */
  list(folder: string): string[] {
    const now = Date.now();
    const stat = this.files.lstat(folder);
    if (stat === undefined) {
      this.#kept.delete(folder);
      return [];
    }
    const kept = this.#kept.get(folder);
    if (kept?.modifiedAt === stat.mtimeMs && kept.inode === stat.ino && Math.abs(now - kept.takenAt) < MAX_AGE_MS) {
      return kept.names;
    }
    const names = this.files.list(folder);
    this.#kept.delete(folder);
    // A time ahead of the clock tells nothing.
    if (now - stat.mtimeMs > COARSEST_TICK_MS)
      this.#keep(folder, { names, modifiedAt: stat.mtimeMs, inode: stat.ino, takenAt: now });
    return names;
  }

  #keep(folder: string, listing: Listing): void {
    this.#kept.set(folder, listing);
    if (this.#kept.size <= MOST_FOLDERS) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
