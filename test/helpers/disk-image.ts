/** A folder and all below it, held in memory: put on disk again in a millisecond, for tests that need thousands of relays. */
import { createHash } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One object is one inode: hard links are names of the same object. */
export interface ImageFile {
  readonly kind: 'file';
  readonly bytes: Uint8Array;
}

export interface ImageFolder {
  readonly kind: 'folder';
  readonly entries: Map<string, ImageNode>;
}

export type ImageNode = ImageFile | ImageFolder;

export function newFolder(): ImageFolder {
  return { kind: 'folder', entries: new Map() };
}

/** Plain files and folders only: a relay that our own code has made holds nothing else. */
export function readImage(path: string, files = new Map<string, ImageFile>()): ImageFolder {
  const folder = newFolder();
  for (const name of readdirSync(path).sort()) {
    const child = join(path, name);
    const stat = lstatSync(child, { bigint: true });
    if (stat.isDirectory()) {
      folder.entries.set(name, readImage(child, files));
      continue;
    }
    if (!stat.isFile()) throw new Error(`${child} is neither a file nor a folder`);
    const inode = `${stat.dev}:${stat.ino}`;
    const file = files.get(inode) ?? { kind: 'file', bytes: readFileSync(child) };
    files.set(inode, file);
    folder.entries.set(name, file);
  }
  return folder;
}

/** Puts it at `path`, which must not exist. */
export function writeImage(folder: ImageFolder, path: string, written = new Map<ImageFile, string>()): void {
  mkdirSync(path, { mode: 0o700 });
  for (const [name, node] of folder.entries) {
    const child = join(path, name);
    if (node.kind === 'folder') {
      writeImage(node, child, written);
      continue;
    }
    const first = written.get(node);
    if (first === undefined) {
      writeFileSync(child, node.bytes, { mode: 0o600, flag: 'wx' });
      written.set(node, child);
    } else {
      linkSync(first, child);
    }
  }
}

/** The same for two folders that hold the same names and bytes, and different for any others. */
export function fingerprint(folder: ImageFolder): string {
  const hash = createHash('sha256');
  for (const [name, node] of [...folder.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\0${node.kind}\0`).update(node.kind === 'file' ? node.bytes : fingerprint(node));
  return hash.digest('hex');
}
