/** Reading what may have been planted: only a plain file of ours is read, nothing is followed, and nothing can block. */
import type { Stats } from 'node:fs';
import { errnoOf } from '../../model/errors.js';
import { OPEN, type SystemCalls } from './system-calls.js';

export type SafeRead =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly modifiedAt: number; readonly size: number }
  | { readonly ok: false; readonly unsafe: string; readonly modifiedAt: number };

/** Without `offset` all of the file or nothing of it; with one at most `maxBytes` from there. */
export interface Extent {
  readonly offset?: number;
  readonly maxBytes: number;
}

/**
 * Reads a plain file that belongs to `uid`. Undefined when it is not there. A link, a pipe, a folder, another user's file
 * and, when all of it is wanted, one over `maxBytes` are reported as unsafe and not read.
 * @throws errno errors other than "not there".
 */
export function readPlainFile(
  sys: SystemCalls,
  uid: number | undefined,
  path: string,
  extent: Extent,
): SafeRead | undefined {
  const { offset, maxBytes } = extent;
  let fd: number;
  try {
    // What is asked about is often not there, and an open that fails takes ten times as long as a look.
    if (offset === undefined && maxBytes === 0) return lookAt(sys, uid, path);
    if (OPEN.nofollow === 0 && sys.lstatSync(path).isSymbolicLink()) return unsafe('a symbolic link', 0);
    fd = sys.openSync(path, OPEN.rdonly | OPEN.nofollow | OPEN.nonblock);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // ENXIO is what a socket answers to open; EISDIR is Windows.
    if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO' || code === 'EISDIR') {
      const stat = sys.lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return undefined;
      return unsafe(stat.isSymbolicLink() ? 'a symbolic link' : 'not a plain file', stat.mtimeMs);
    }
    throw error;
  }
  try {
    const stat = sys.fstatSync(fd);
    const problem = problemOf(stat, uid, extent);
    if (problem !== undefined) return unsafe(problem, stat.mtimeMs);
    const from = offset ?? 0;
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(stat.size - from, maxBytes)));
    let filled = 0;
    while (filled < bytes.length) {
      const count = sys.readSync(fd, bytes, filled, bytes.length - filled, from + filled);
      if (count === 0) break;
      filled += count;
    }
    return { ok: true, bytes: bytes.subarray(0, filled), modifiedAt: stat.mtimeMs, size: stat.size };
  } finally {
    sys.closeSync(fd);
  }
}

/** As reading none of it: whether it is there, and since when. */
function lookAt(sys: SystemCalls, uid: number | undefined, path: string): SafeRead | undefined {
  const stat = sys.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const problem = stat.isSymbolicLink() ? 'a symbolic link' : problemOf(stat, uid, { maxBytes: 0 });
  return problem === undefined
    ? { ok: true, bytes: new Uint8Array(), modifiedAt: stat.mtimeMs, size: 0 }
    : unsafe(problem, stat.mtimeMs);
}

function problemOf(stat: Stats, uid: number | undefined, { offset, maxBytes }: Extent): string | undefined {
  if (!stat.isFile()) return 'not a plain file';
  if (uid !== undefined && stat.uid !== uid) return "another user's file";
  if (offset === undefined && stat.size > maxBytes) return `larger than ${maxBytes} bytes`;
  return undefined;
}

function unsafe(why: string, modifiedAt: number): SafeRead {
  return { ok: false, unsafe: why, modifiedAt };
}
