/** Advisory locks between processes, for work that may harmlessly be done twice. See `exclusively` in the port. */

import type { Files } from './files.js';

/** A lock that nobody renewed for so long is left over, in milliseconds. */
export const STALE_MS = 30_000;

/**
 * Takes the lock at `path`, a folder of that name; undefined when another process has it. The lock of a process that died is taken over
 * after 30 s, and one whose holder was stopped for as long may then have two holders.
 */
export async function holdLock(path: string, files: Files): Promise<(() => Promise<void>) | undefined> {
  const kind = files.kindOf(path);
  // Anything else of that name would keep everybody out for ever.
  if (kind !== 'missing' && kind !== 'directory') files.unlink(path);
  const { default: lockfile } = await import('proper-lockfile');
  try {
    const release = await lockfile.lock(path, {
      fs: files.locking,
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      // Losing the lock is allowed by contract; without this the library throws out of a timer.
      onCompromised: () => {},
    });
    return async () => {
      // A lock that was lost meanwhile has nothing left to release.
      await release().catch(() => {});
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ELOCKED') {
      dateAnew(path, files);
      return undefined;
    }
    throw error;
  }
}

/**
 * The clock stepped back under a lock: its time lies ahead. Left so, the lock of a process that died would be held until the
 * clock gets there. A holder that lives loses it, as it may.
 */
function dateAnew(path: string, files: Files): void {
  const modifiedAt = files.modifiedAt(path);
  if (modifiedAt !== undefined && modifiedAt - Date.now() > STALE_MS) files.touch(path);
}
