/** Removes a folder with all in it. Links are removed, not followed. */
import { join } from 'node:path';
import type { Files } from '../store/filesystem/files.js';

// Between two of them others may go on: a lease is renewed meanwhile.
const AT_A_TIME = 500;

/** @throws errno errors, with the rest still there */
export async function removeTree(files: Files, path: string): Promise<void> {
  let removed = 0;
  const remove = async (one: string): Promise<void> => {
    if (++removed % AT_A_TIME === 0) await new Promise((resolve) => setImmediate(resolve));
    if (files.kindOf(one) !== 'directory') {
      files.unlink(one);
      return;
    }
    for (const name of files.list(one)) await remove(join(one, name));
    files.removeEmptyDirectory(one);
  };
  await remove(path);
}
