/** Whether a server can still watch its bell: each takes one inotify instance and one watch of the user's. */
import { join } from 'node:path';
import type { Directory, DirectoryCheck } from './inspection.js';

// A few windows more than anybody has open.
const ROOM = 8;
// An editor takes one for each folder of a project.
const FEW_WATCHES = 1024;

export const watchLimits: DirectoryCheck = {
  code: 'watch-limits',
  async run(directory) {
    const polls =
      'Servers without one poll: the line on stderr about new mail comes up to 15 s later. Raise it with sysctl.';
    const watches = limitOf(directory, 'max_user_watches');
    if (watches !== undefined && watches.value < FEW_WATCHES) {
      const message = `The system lets a user have ${watches.value} file watches. ${polls}`;
      return [{ severity: 'warning', path: watches.path, message }];
    }
    const instances = limitOf(directory, 'max_user_instances');
    if (instances === undefined) return [];
    const used = countInstances(directory);
    if (instances.value - used >= ROOM) return [];
    const message = `Of ${instances.value} file watchers that a user may have ${used} are in use. ${polls}`;
    return [{ severity: 'warning', path: instances.path, message }];
  },
};

function limitOf({ files, proc }: Directory, name: string): { path: string; value: number } | undefined {
  const path = join(proc, 'sys/fs/inotify', name);
  const text = files.readKernelFile(path)?.trim() ?? '';
  return /^\d+$/.test(text) ? { path, value: Number(text) } : undefined;
}

/** Of all processes of ours that can be looked into. */
function countInstances({ files, proc, uid }: Directory): number {
  let count = 0;
  for (const pid of names(() => files.list(proc))) {
    if (!/^\d+$/.test(pid) || files.lstat(join(proc, pid))?.uid !== uid) continue;
    const folder = join(proc, pid, 'fd');
    for (const fd of names(() => files.list(folder))) {
      try {
        if (files.readLink(join(folder, fd)) === 'anon_inode:inotify') count++;
      } catch {
        // Closed meanwhile.
      }
    }
  }
  return count;
}

function names(list: () => string[]): string[] {
  try {
    return list();
  } catch {
    return [];
  }
}
