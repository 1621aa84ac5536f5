/**
 * A disk in memory that answers the store's system calls as Linux does, for proofs that need thousands of relays and spend most of
 * their time in the kernel else. `test/store/filesystem/simulated-disk.test.ts` holds it against a real one.
 *
 * Plain files, folders and hard links; no symbolic links. Rights are kept and not enforced, as for root, and every file is
 * ours. There is no cache: what is written is there (what a power cut leaves is in `crash-states.ts`).
 */
import { constants, type Stats } from 'node:fs';
import type { SystemCalls } from '../../src/store/filesystem/files.js';
import type { ImageFile, ImageFolder, ImageNode } from './disk-image.js';
import { File, Folder, statsOf } from './simulated-inodes.js';

/** What the helpers that look at a disk call, besides what the store does. */
export type DiskCalls = SystemCalls & { readFileSync(path: string): Buffer };

type Calls = { [Name in keyof SystemCalls]: (...args: never[]) => unknown };

interface Descriptor {
  readonly node: File | Folder;
  readonly flags: number;
  at: number;
}

/** A name in a folder that is there; what has the name may be missing. */
interface Place {
  readonly folder: Folder;
  readonly name: string;
  readonly node: File | Folder | undefined;
}

export class SimulatedDisk {
  readonly #top = new Folder(0o755);
  readonly #descriptors = new Map<number, Descriptor>();
  #lastDescriptor = 1000;

  /** Puts a folder with all below it at `path`, which must not exist and whose parent must. */
  put(path: string, image: ImageFolder): void {
    const { folder, name } = this.#free('mkdir', path);
    const files = new Map<ImageFile, File>();
    const inodeOf = (node: ImageNode): File | Folder => {
      if (node.kind === 'folder') {
        const made = new Folder(0o700);
        for (const [child, below] of node.entries) made.entries.set(child, inodeOf(below));
        return made;
      }
      const file = files.get(node) ?? new File(0o600);
      files.set(node, file);
      file.bytes = node.bytes;
      file.nlink++;
      return file;
    };
    folder.set(name, inodeOf(image));
  }

  /** The folder at `path` with all below it, names sorted. */
  image(path: string): ImageFolder {
    const files = new Map<File, ImageFile>();
    const imageOf = (folder: Folder): ImageFolder => {
      const entries = new Map<string, ImageNode>();
      for (const [name, node] of [...folder.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (node instanceof Folder) {
          entries.set(name, imageOf(node));
          continue;
        }
        const file: ImageFile = files.get(node) ?? { kind: 'file', bytes: node.bytes };
        files.set(node, file);
        entries.set(name, file);
      }
      return { kind: 'folder', entries };
    };
    return imageOf(this.#folder('scandir', path));
  }

  /** Takes away what is at `path` and all below it, if anything is. */
  remove(path: string): void {
    const { folder, name, node } = this.#place('rm', path);
    if (node !== undefined) folder.delete(name);
  }

  readonly system: DiskCalls = {
    openSync: (path: string, flags: number, mode?: number) => this.#open(path, flags, mode ?? 0o666),
    closeSync: (fd: number) => {
      this.#descriptor('close', fd);
      this.#descriptors.delete(fd);
    },
    readSync: (fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null) => {
      const descriptor = this.#descriptor('read', fd);
      const { node } = descriptor;
      if (isWriteOnly(descriptor.flags)) throw failed('EBADF', 'read');
      if (node instanceof Folder) throw failed('EISDIR', 'read');
      const from = position ?? descriptor.at;
      const bytes = node.bytes.subarray(from, from + length);
      buffer.set(bytes, offset);
      if (position === null) descriptor.at += bytes.length;
      return bytes.length;
    },
    writeSync: (fd: number, bytes: Uint8Array, offset = 0, length = bytes.length - offset) => {
      const descriptor = this.#descriptor('write', fd);
      const { node, flags } = descriptor;
      if (node instanceof Folder || !isWriting(flags)) throw failed('EBADF', 'write');
      const at = (flags & constants.O_APPEND) === 0 ? descriptor.at : node.bytes.length;
      const end = at + length;
      // A new array each time: the old one may be part of an image.
      const changed = new Uint8Array(Math.max(node.bytes.length, end));
      changed.set(node.bytes);
      changed.set(bytes.subarray(offset, offset + length), at);
      node.bytes = changed;
      node.mtimeMs = Date.now();
      descriptor.at = end;
      return length;
    },
    fsyncSync: (fd: number) => {
      this.#descriptor('fsync', fd);
    },
    fstatSync: (fd: number) => statsOf(this.#descriptor('fstat', fd).node),
    lstatSync: (path: string, options?: { throwIfNoEntry?: boolean }) => this.#stat(path, options),
    fchmodSync: (fd: number, mode: number) => {
      this.#descriptor('fchmod', fd).node.rights = mode & 0o7777;
    },
    utimesSync: (path: string, _accessed: Date, modified: Date) => {
      this.#taken('utime', path).node.mtimeMs = modified.getTime();
    },
    linkSync: (from: string, to: string) => {
      const node = this.#taken('link', from).node;
      const { folder, name } = this.#free('link', to);
      if (node instanceof Folder) throw failed('EPERM', 'link', from);
      node.nlink++;
      folder.set(name, node);
    },
    renameSync: (from: string, to: string) => this.#rename(from, to),
    unlinkSync: (path: string) => {
      const { folder, name, node } = this.#taken('unlink', path);
      if (node instanceof Folder) throw failed('EISDIR', 'unlink', path);
      node.nlink--;
      folder.delete(name);
    },
    mkdirSync: (path: string, options: { recursive?: boolean; mode?: number } = {}) =>
      this.#makeFolder(path, options.mode ?? 0o777, options.recursive === true),
    rmdirSync: (path: string) => {
      const { folder, name, node } = this.#taken('rmdir', path);
      if (node instanceof File) throw failed('ENOTDIR', 'rmdir', path);
      if (node.entries.size > 0) throw failed('ENOTEMPTY', 'rmdir', path);
      folder.delete(name);
    },
    readdirSync: (path: string) => [...this.#folder('scandir', path).entries.keys()],
    readFileSync: (path: string) => {
      const node = this.#taken('open', path).node;
      if (node instanceof Folder) throw failed('EISDIR', 'read', path);
      return Buffer.from(node.bytes);
    },
    opendirSync: (path: string) => {
      const names = this.#folder('opendir', path).entries.keys();
      return { readSync: () => names.next().value ?? null, closeSync: () => {} };
    },
    readlinkSync: (path: string) => {
      this.#taken('readlink', path).node;
      throw failed('EINVAL', 'readlink', path);
    },
    realpathSync: (path: string) => {
      this.#taken('lstat', path).node;
      return path;
    },
    statfsSync: (path: string) => {
      throw failed('ENOSYS', 'statfs', path);
    },
  } satisfies Calls & { readFileSync(path: string): Buffer } as unknown as DiskCalls;

  #open(path: string, flags: number, mode: number): number {
    const place = this.#place('open', path);
    let { node } = place;
    if ((flags & constants.O_CREAT) !== 0) {
      if (node !== undefined && (flags & constants.O_EXCL) !== 0) throw failed('EEXIST', 'open', path);
      if (node === undefined) {
        node = new File(mode);
        node.nlink = 1;
        place.folder.set(place.name, node);
      }
    }
    if (node === undefined) throw failed('ENOENT', 'open', path);
    const isFolder = node instanceof Folder;
    if (isFolder && (isWriting(flags) || (flags & constants.O_CREAT) !== 0)) throw failed('EISDIR', 'open', path);
    if (!isFolder && (flags & constants.O_DIRECTORY) !== 0) throw failed('ENOTDIR', 'open', path);
    this.#descriptors.set(++this.#lastDescriptor, { node, flags, at: 0 });
    return this.#lastDescriptor;
  }

  #rename(from: string, to: string): void {
    const source = this.#place('rename', from);
    const target = this.#place('rename', to);
    const { node } = source;
    if (node === undefined) throw failed('ENOENT', 'rename', from);
    if (node instanceof Folder) {
      if (`${to}/`.startsWith(`${from}/`) && to !== from) throw failed('EINVAL', 'rename', from);
      if (target.node instanceof File) throw failed('ENOTDIR', 'rename', to);
    }
    if (`${from}/`.startsWith(`${to}/`) && to !== from) throw failed('ENOTEMPTY', 'rename', to);
    if (target.node === node) return;
    if (target.node instanceof Folder) {
      if (node instanceof File) throw failed('EISDIR', 'rename', to);
      if (target.node.entries.size > 0) throw failed('ENOTEMPTY', 'rename', to);
    }
    if (target.node instanceof File) target.node.nlink--;
    source.folder.delete(source.name);
    target.folder.set(target.name, node);
  }

  #makeFolder(path: string, mode: number, recursive: boolean): string | undefined {
    if (!recursive) {
      const { folder, name } = this.#free('mkdir', path);
      folder.set(name, new Folder(mode));
      return undefined;
    }
    let topmost: string | undefined;
    let above = this.#top;
    const parts = partsOf(path);
    for (const [index, name] of parts.entries()) {
      const below = above.entries.get(name);
      if (below instanceof File) throw failed(index === parts.length - 1 ? 'EEXIST' : 'ENOTDIR', 'mkdir', path);
      const folder = below ?? new Folder(mode);
      if (below === undefined) {
        above.set(name, folder);
        topmost ??= `/${parts.slice(0, index + 1).join('/')}`;
      }
      above = folder;
    }
    return topmost;
  }

  #stat(path: string, { throwIfNoEntry = true } = {}): Stats | undefined {
    const place = this.#look(path);
    const found = typeof place === 'string' ? place : (place.node ?? 'ENOENT');
    if (typeof found !== 'string') return statsOf(found);
    if (found === 'ENOENT' && !throwIfNoEntry) return undefined;
    throw failed(found, 'lstat', path);
  }

  /** Or what is wrong with the folders above. */
  #look(absolute: string): Place | 'ENOENT' | 'ENOTDIR' {
    const path = withSlashes(absolute);
    let folder = this.#top;
    let start = 1;
    // Part by part: to cut the whole path up first takes longer than all else here, and most calls come by.
    for (let end = path.indexOf('/', start); end !== -1; end = path.indexOf('/', start)) {
      const below = folder.entries.get(path.slice(start, end));
      if (below === undefined) return 'ENOENT';
      if (below instanceof File) return 'ENOTDIR';
      folder = below;
      start = end + 1;
    }
    const name = path.slice(start);
    return { folder, name, node: name === '' ? folder : folder.entries.get(name) };
  }

  #place(call: string, path: string): Place {
    const place = this.#look(path);
    if (typeof place === 'string') throw failed(place, call, path);
    return place;
  }

  #taken(call: string, path: string): Place & { readonly node: File | Folder } {
    const { folder, name, node } = this.#place(call, path);
    if (node === undefined) throw failed('ENOENT', call, path);
    return { folder, name, node };
  }

  #free(call: string, path: string): Place {
    const place = this.#place(call, path);
    if (place.node !== undefined) throw failed('EEXIST', call, path);
    return place;
  }

  #folder(call: string, path: string): Folder {
    const node = this.#taken(call, path).node;
    if (node instanceof File) throw failed('ENOTDIR', call, path);
    return node;
  }

  #descriptor(call: string, fd: number): Descriptor {
    const descriptor = this.#descriptors.get(fd);
    if (descriptor === undefined) throw failed('EBADF', call);
    return descriptor;
  }
}

const ACCESS = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR;
const isWriting = (flags: number) => (flags & ACCESS) !== constants.O_RDONLY;
const isWriteOnly = (flags: number) => (flags & ACCESS) === constants.O_WRONLY;

/** Of an absolute path without `.`, `..` or doubled separators. */
function partsOf(path: string): string[] {
  const parts = withSlashes(path).split('/');
  parts.shift();
  return parts[0] === '' ? [] : parts;
}

/** The separators of Windows are its own. */
function withSlashes(path: string): string {
  return path.includes('\\') ? path.replaceAll('\\', '/') : path;
}

function failed(code: string, syscall: string, path?: string): Error {
  const message = path === undefined ? `${code}: ${syscall}` : `${code}: ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code, syscall, path });
}
