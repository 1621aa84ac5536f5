/** Owners, modes and file systems of what is in a relay. Grouped by folder: a thousand files are one finding. */
import { dirname } from 'node:path';
import type { Finding } from '../../model/finding.js';
import type { Directory, DirectoryCheck } from './inspection.js';
import { type Entry, octal } from './inspection-tree.js';

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

export const wideFolders: DirectoryCheck = {
  code: 'folder-mode',
  async run(directory) {
    return ours(directory)
      .filter(({ stat }) => stat.isDirectory() && (stat.mode & OTHERS) !== 0)
      .map(({ path, stat }) => ({
        // The relay itself keeps others out; this is the second lock.
        severity: (stat.mode & OTHERS_WRITE) !== 0 ? 'warning' : 'note',
        path,
        message: `Other users have rights to this folder (mode ${octal(stat.mode)}): only the relay above it keeps them out.`,
        repair: { does: 'make it 0700', run: async () => directory.files.keepToOwner(path) },
      }));
  },
};

export const wideFiles: DirectoryCheck = {
  code: 'file-mode',
  async run(directory) {
    const wide = ours(directory).filter(({ stat }) => stat.isFile() && (stat.mode & OTHERS) !== 0);
    return byFolder(wide).map(([folder, entries]) => ({
      severity: entries.some(({ stat }) => (stat.mode & OTHERS_WRITE) !== 0) ? 'warning' : 'note',
      path: folder,
      message: `Other users have rights to ${counted(entries)} in this folder: only the relay above keeps them out. A server of another program may make its files so.`,
      repair: {
        does: `make ${entries.length === 1 ? 'it' : 'them'} 0600`,
        run: async () => {
          for (const { path } of entries) {
            if (directory.files.lstat(path)?.isFile() === true) directory.files.keepToOwner(path);
          }
        },
      },
    }));
  },
};

/** Not for --fix: whoever took the rights away may have meant it. */
export const narrowFolders: DirectoryCheck = {
  code: 'folder-not-usable',
  async run(directory) {
    return ours(directory)
      .filter(({ stat }) => stat.isDirectory() && (stat.mode & 0o700) !== 0o700)
      .map(({ path, stat }) => ({
        severity: 'error',
        path,
        message: `Its owner lacks rights (mode ${octal(stat.mode)}), so what belongs there can be neither read nor written. Run: chmod 700 on it.`,
      }));
  },
};

export const foreignOwners: DirectoryCheck = {
  code: 'foreign-owner',
  async run(directory) {
    const { uid } = directory;
    if (uid === undefined) return [];
    return byFolder(directory.tree().filter(({ stat }) => stat.uid !== uid)).map(([folder, entries]) => ({
      severity: 'warning',
      path: folder,
      message: `${counted(entries)} in this folder ${entries.length === 1 ? 'belongs' : 'belong'} to another user (uid ${entries[0]?.stat.uid}), and are never read. Did a server run under another user, or as root? Give them to uid ${uid}, or move them away.`,
    }));
  },
};

export const fileSystems: DirectoryCheck = {
  code: 'several-file-systems',
  async run(directory): Promise<Finding[]> {
    const device = directory.files.lstat(directory.root)?.dev;
    return directory
      .tree()
      .filter(({ path, stat }) => stat.isDirectory() && stat.dev !== device && dirname(path) !== path)
      .filter(({ path }) => directory.files.lstat(dirname(path))?.dev !== directory.files.lstat(path)?.dev)
      .map(({ path }) => ({
        severity: 'error',
        path,
        message:
          'This folder is on another file system than the relay, so mail cannot be moved into it. Unmount it, and keep the whole relay on one.',
      }));
  },
};

function ours({ uid, tree }: Directory): readonly Entry[] {
  return uid === undefined ? [] : tree().filter(({ stat }) => stat.uid === uid);
}

function byFolder(entries: readonly Entry[]): [string, Entry[]][] {
  const folders = new Map<string, Entry[]>();
  for (const entry of entries) {
    const folder = dirname(entry.path);
    const known = folders.get(folder);
    if (known === undefined) folders.set(folder, [entry]);
    else known.push(entry);
  }
  return [...folders];
}

function counted(entries: readonly Entry[]): string {
  return entries.length === 1 ? '1 file' : `${entries.length} files`;
}
