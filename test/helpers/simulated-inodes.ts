/** What is on a simulated disk: files and folders, which names of folders stand for. */
import { constants, type Stats } from 'node:fs';

// Asking is a call into the system.
const UID = process.getuid?.() ?? 0;

abstract class Inode {
  static #count = 0;
  readonly dev = 1;
  readonly ino = ++Inode.#count;
  readonly uid = UID;
  readonly birthtimeMs = Date.now();
  mtimeMs = this.birthtimeMs;

  constructor(public rights: number) {}
}

export class File extends Inode {
  nlink = 0;
  bytes: Uint8Array = new Uint8Array();
}

export class Folder extends Inode {
  readonly entries = new Map<string, File | Folder>();

  set(name: string, node: File | Folder): void {
    this.entries.set(name, node);
    this.mtimeMs = Date.now();
  }

  delete(name: string): void {
    this.entries.delete(name);
    this.mtimeMs = Date.now();
  }
}

/** What the store and the helpers ask of a `Stats`. A class, because they ask for it at each step. */
class SimulatedStats {
  readonly dev: number;
  readonly ino: number;
  readonly uid: number;
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly birthtimeMs: number;
  readonly #isFolder: boolean;

  constructor(node: File | Folder) {
    const isFolder = node instanceof Folder;
    this.#isFolder = isFolder;
    this.dev = node.dev;
    this.ino = node.ino;
    this.uid = node.uid;
    this.mode = (isFolder ? constants.S_IFDIR : constants.S_IFREG) | node.rights;
    this.nlink = isFolder ? 2 : node.nlink;
    this.size = isFolder ? 0 : node.bytes.length;
    this.mtimeMs = node.mtimeMs;
    this.birthtimeMs = node.birthtimeMs;
  }

  get mtime(): Date {
    return new Date(this.mtimeMs);
  }

  isFile(): boolean {
    return !this.#isFolder;
  }

  isDirectory(): boolean {
    return this.#isFolder;
  }

  isSymbolicLink(): boolean {
    return false;
  }
}

export function statsOf(node: File | Folder): Stats {
  return new SimulatedStats(node) as unknown as Stats;
}
