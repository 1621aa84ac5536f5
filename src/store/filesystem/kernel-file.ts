/** Reading a file of the kernel's (/proc), whose size is not known beforehand. */
import { OPEN, type SystemCalls } from './system-calls.js';

const MOST_BYTES = 4096;

/** At most 4 KiB of it, as one read gives them. Undefined when it cannot be read. */
export function readKernelFile(sys: SystemCalls, path: string): string | undefined {
  let fd: number;
  try {
    fd = sys.openSync(path, OPEN.rdonly);
  } catch {
    return undefined;
  }
  try {
    const buffer = Buffer.allocUnsafe(MOST_BYTES);
    return buffer.toString('utf8', 0, sys.readSync(fd, buffer, 0, buffer.length, null));
  } catch {
    return undefined;
  } finally {
    sys.closeSync(fd);
  }
}
