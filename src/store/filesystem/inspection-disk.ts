/** What the file system below the relay can do, and what is left of it. */
import type { DirectoryCheck } from './inspection.js';

const MIB = 1024 * 1024;
// A full inbox, as the limits are by default; and room for what is in one reply.
const FEW_BYTES = 64 * MIB;
const NO_BYTES = MIB;
// A message takes one, a receipt one.
const FEW_INODES = 10_000;
const NO_INODES = 100;

// From linux/magic.h: FAT, exFAT. Publishing is a hard link, which they do not have.
const WITHOUT_LINKS: ReadonlyMap<number, string> = new Map([
  [0x4d44, 'FAT'],
  [0x2011bab0, 'exFAT'],
]);

export const diskSpace: DirectoryCheck = {
  code: 'disk-nearly-full',
  async run({ files, root }) {
    const disk = files.statFileSystem(root);
    if (disk === undefined || disk.blocks === 0) return [];
    const free = disk.bavail * disk.bsize;
    if (free >= FEW_BYTES) return [];
    const message = `${(free / MIB).toFixed(1)} MiB are free on its disk. When it is full nothing can be sent or acknowledged; mail that is there stays. Free some space.`;
    return [{ severity: free < NO_BYTES ? 'error' : 'warning', path: root, message }];
  },
};

export const inodes: DirectoryCheck = {
  code: 'inodes-nearly-used-up',
  async run({ files, root }) {
    const disk = files.statFileSystem(root);
    // Some file systems have no fixed number, and say 0.
    if (disk === undefined || disk.files === 0 || disk.ffree >= FEW_INODES) return [];
    const message = `${disk.ffree} more files fit on its disk. Each message takes one, and each receipt. Remove files that nobody needs.`;
    return [{ severity: disk.ffree < NO_INODES ? 'error' : 'warning', path: root, message }];
  },
};

export const hardLinks: DirectoryCheck = {
  code: 'no-hard-links',
  async run({ files, root }) {
    const name = WITHOUT_LINKS.get(files.statFileSystem(root)?.type ?? 0);
    if (process.platform !== 'linux' || name === undefined) return [];
    const message = `It is on a file system of the kind ${name}, which has no hard links, so every send fails. Set MCP_DISPATCH_DIR (or dispatch_dir) to a directory on another.`;
    return [{ severity: 'error', path: root, message }];
  },
};
