/** The program of an executor, found once, when the worker starts: what is put on the PATH later changes nothing. */
import { delimiter, isAbsolute, join } from 'node:path';
import { DispatchError } from '../model/errors.js';
import type { Files } from '../store/filesystem/files.js';

/**
 * The absolute path of a program: itself where it is one, else what its name means on the PATH. Folders of the PATH that are
 * not absolute are passed over: what they mean depends on where the worker was started.
 * @throws CONFIG_INVALID where there is none that can be run
 */
export function resolveProgram(name: string, env: NodeJS.ProcessEnv, files: Files): string {
  if (isAbsolute(name)) {
    if (isProgram(name, files)) return name;
    throw missing(name, 'it is not a file that can be run. Correct the path, or make it executable');
  }
  if (/[/\\]/.test(name))
    throw missing(name, 'it is a relative path. Write the absolute path, or a name to look for on the PATH');
  const endings = process.platform === 'win32' ? ['.exe', '.com'] : [''];
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const found = endings.map((ending) => join(folder, name + ending)).find((file) => isProgram(file, files));
    if (found !== undefined) return found;
  }
  throw missing(name, 'no folder of the PATH has such a program. Install it, or write its absolute path');
}

/** Links are followed: programs are often installed as one. */
function isProgram(path: string, files: Files): boolean {
  try {
    const stat = files.lstat(files.realPath(path));
    return stat?.isFile() === true && (process.platform === 'win32' || (stat.mode & 0o111) !== 0);
  } catch {
    return false;
  }
}

function missing(name: string, why: string): DispatchError {
  return new DispatchError('CONFIG_INVALID', `The program "${name}" of the executor: ${why}.`);
}
