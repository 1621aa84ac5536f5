/** Turns an errno error into the one error that callers of a store see. */
import { DispatchError, errnoOf } from '../../model/errors.js';

const MEANING: { readonly [errno: string]: string } = {
  ENOSPC: 'the disk is full. Free some space or inodes, then try again',
  EDQUOT: 'your disk quota is used up. Free some space, then try again',
  EROFS: 'the file system is read-only',
  EACCES: 'the permission is missing. Check the owner and mode of that path',
  EPERM: 'the system does not allow it. Check the owner and mode of that path, and that its file system has hard links',
  EIO: 'the disk reported an error. Check the disk before you rely on this relay',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the system has too many open files',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'a part of the path is a symbolic link',
  ENAMETOOLONG: 'the path is too long for this file system. Use a shorter relay directory',
  EXDEV: 'parts of the relay are on different file systems. Keep the whole relay on one',
};

/**
 * `error` as a DispatchError `STORE_UNAVAILABLE`; a DispatchError and a bug of ours come back as they are.
 * @param outcome `unknown` when the effect may nevertheless be there.
 */
export function unavailable(
  operation: string,
  path: string,
  error: unknown,
  outcome: 'none' | 'unknown' = 'none',
): DispatchError {
  if (error instanceof DispatchError) return error;
  const errno = errnoOf(error);
  if (errno === undefined || !(error instanceof Error)) throw error;
  const meaning = MEANING[errno] ?? 'the system refused';
  return new DispatchError(
    'STORE_UNAVAILABLE',
    `Could not ${operation} ${path}: ${meaning} (${errno}).`,
    { errno, outcome },
    error,
  );
}
