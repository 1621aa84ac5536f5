/** A folder and all below it as it is at one moment, for tests that need thousands of relays. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
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

// Of files whose bytes are the same, and of folders whose names and content are: states of one disk share most of both.
const numbers = new Map<string, number>();
const fingerprints = new WeakMap<ImageNode, number>();

/** The same for two folders that hold the same names and bytes, and different for any others. For folders that are not changed any more. */
export function fingerprint(node: ImageNode): number {
  const known = fingerprints.get(node);
  if (known !== undefined) return known;
  const content =
    node.kind === 'file'
      ? `file ${Buffer.from(node.bytes).toString('latin1')}`
      : `folder ${[...node.entries]
          .map(([name, child]) => `${name}/${fingerprint(child)}`)
          .sort()
          .join('//')}`;
  const number = numbers.get(content) ?? numbers.size;
  numbers.set(content, number);
  fingerprints.set(node, number);
  return number;
}
