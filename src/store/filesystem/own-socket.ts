/** Whether a path leads to a socket of ours, before anything is written to it. */
import { dirname, isAbsolute } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import type { Files } from './files.js';
import { findOpenFolderAbove } from './folders-above.js';

const OTHERS_WRITE = 0o022;

/**
 * Why `path` must not be written to, as a short phrase. Undefined when it is a socket of this user, no link, in a folder of
 * this user that no other can write, below folders in which no other can replace it: nobody else can have put it there, nor
 * replace it before it is opened.
 */
export function findSocketProblem(files: Pick<Files, 'lstat' | 'realPath'>, path: string): string | undefined {
  const uid = process.getuid?.();
  if (uid === undefined) return 'whose socket it is cannot be told on this system';
  if (!isAbsolute(path)) return 'the socket has no absolute path';
  try {
    const socket = files.lstat(path);
    if (socket === undefined) return 'there is no socket';
    if (!socket.isSocket()) return 'it is no socket';
    if (socket.uid !== uid) return 'the socket belongs to another user';
    const folder = files.lstat(dirname(path));
    if (folder?.isDirectory() !== true) return 'the folder of the socket is a link';
    if (folder.uid !== uid) return 'the folder of the socket belongs to another user';
    if ((folder.mode & OTHERS_WRITE) !== 0) return 'other users can write to the folder of the socket';
    if (findOpenFolderAbove(files, dirname(path)) !== undefined)
      return 'other users can replace the folder of the socket';
    return undefined;
  } catch (error) {
    return `the socket cannot be looked at (${errnoOf(error) ?? 'unknown error'})`;
  }
}
