/** Advisory locks between processes, for work that may harmlessly be done twice. See `exclusively` in the port. */

/** A lock that nobody renewed for so long is left over, in milliseconds. */
export const STALE_MS = 30_000;

/**
 * Takes the lock at `path`, a folder of that name; undefined when another process has it. The lock of a process that died is taken over
 * after 30 s, and one whose holder was stopped for as long may then have two holders.
 */
export async function holdLock(path: string): Promise<(() => Promise<void>) | undefined> {
  const { default: lockfile } = await import('proper-lockfile');
  try {
    const release = await lockfile.lock(path, {
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
    if (error instanceof Error && 'code' in error && error.code === 'ELOCKED') return undefined;
    throw error;
  }
}
