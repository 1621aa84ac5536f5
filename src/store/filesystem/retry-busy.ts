/**
 * Trying again what a busy file refuses. Virus scanners and indexers hold a file open for moments on Windows, and renames
 * then fail (https://github.com/isaacs/node-graceful-fs/issues/104). Nothing of the kind happens elsewhere.
 */
import { errnoOf } from '../../model/errors.js';

const MOST_RETRIES = 10;

/** Blocks for up to 1 s in all, in pauses that double from 1 ms. */
export function retryBusy(operation: () => void): void {
  for (let attempt = 0; ; attempt++) {
    try {
      operation();
      return;
    } catch (error) {
      const code = errnoOf(error);
      const busy = code === 'EPERM' || code === 'EBUSY' || code === 'EACCES';
      if (process.platform !== 'win32' || !busy || attempt === MOST_RETRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 ** attempt);
    }
  }
}
