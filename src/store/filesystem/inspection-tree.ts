/** Everything in a relay directory, as lstat tells it: links are seen and never followed. */
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import type { Files } from './files.js';

export interface Entry {
  readonly path: string;
  readonly stat: Stats;
}

/** Folders before what is in them; not the root itself. What goes while it is walked is left out. */
export function walk(files: Files, root: string): Entry[] {
  const found: Entry[] = [];
  const waiting = files.kindOf(root) === 'directory' ? [root] : [];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of namesIn(files, folder)) {
      const path = join(folder, name);
      const stat = files.lstat(path);
      if (stat === undefined) continue;
      found.push({ path, stat });
      if (stat.isDirectory()) waiting.push(path);
    }
  }
  return found;
}

/** A folder that cannot be listed is told of by its owner and mode. */
function namesIn(files: Files, folder: string): string[] {
  try {
    return files.list(folder);
  } catch {
    return [];
  }
}

export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
