/** The folders on the way to a path: whoever can write one of them can put something else in the place of the next. */
import { dirname } from 'node:path';
import type { Files } from './files.js';

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** The first folder above `path`, as it is written and as it is without links, in which every user can replace what lies there. */
export function findOpenFolderAbove(
  files: Pick<Files, 'lstat' | 'realPath'>,
  path: string,
): { readonly path: string; readonly mode: number } | undefined {
  for (const above of new Set([...foldersAbove(path), ...foldersAbove(files.realPath(path))])) {
    const found = files.lstat(above);
    // The mode of a link says nothing; it is 0777 on Linux.
    const mode = found === undefined || found.isSymbolicLink() ? 0 : found.mode;
    if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) return { path: above, mode };
  }
  return undefined;
}

function foldersAbove(path: string): string[] {
  const found: string[] = [];
  for (let above = dirname(path), below = path; above !== below; below = above, above = dirname(above))
    found.push(above);
  return found;
}
