/** Records what is done to a disk, through the one door, so that crashes can be played afterwards. */
import { constants } from 'node:fs';
import { basename, dirname, relative, sep } from 'node:path';
import type { SystemCalls } from '../../src/store/filesystem/files.js';
import { type ImageFile, type ImageFolder, type ImageNode, newFolder } from './disk-image.js';
import { type DiskWorld, TOP } from './disk-world.js';
import type { DiskCalls } from './simulated-disk.js';

/** One name of one folder comes to mean another file or folder, or none. */
export interface Edit {
  readonly folder: ImageFolder;
  readonly name: string;
  readonly node: ImageNode | undefined;
}

export type Operation =
  | { readonly kind: 'names'; readonly edits: readonly Edit[] }
  | { readonly kind: 'write'; readonly file: ImageFile; readonly bytes: Uint8Array }
  | { readonly kind: 'sync'; readonly node: ImageNode };

type Call = (...args: never[]) => unknown;

export class CrashRecorder {
  readonly operations: Operation[] = [];
  /** What was there when the recording began: all of it on the disk for good. */
  base = newFolder();
  readonly system: SystemCalls;
  /** As they are now; `base` stays as it was. */
  #entries = new Map<ImageFolder, Map<string, ImageNode>>();
  readonly #descriptors = new Map<number, ImageNode>();
  recording = false;

  readonly #disk: DiskCalls;

  constructor(private readonly world: DiskWorld) {
    const disk = world.disk.system;
    this.#disk = disk;
    const recorded: { [name: string]: Call } = {
      openSync: (path: string, flags: number, mode?: number) => this.#open(path, flags, mode),
      writeSync: (fd: number, bytes: Uint8Array, from: number, length: number) => {
        const count = disk.writeSync(fd, bytes, from, length);
        const file = this.#descriptors.get(fd);
        if (file?.kind === 'file') this.#note({ kind: 'write', file, bytes: bytes.slice(from, from + count) });
        return count;
      },
      fsyncSync: (fd: number) => {
        const node = this.#descriptors.get(fd);
        if (node !== undefined) this.#note({ kind: 'sync', node });
      },
      closeSync: (fd: number) => {
        this.#descriptors.delete(fd);
        disk.closeSync(fd);
      },
      linkSync: (from: string, to: string) => {
        disk.linkSync(from, to);
        this.#edit([to, this.#find(from)]);
      },
      renameSync: (from: string, to: string) => {
        disk.renameSync(from, to);
        this.#edit([from, undefined], [to, this.#find(from)]);
      },
      unlinkSync: (path: string) => {
        disk.unlinkSync(path);
        this.#edit([path, undefined]);
      },
      rmdirSync: (path: string) => {
        disk.rmdirSync(path);
        this.#edit([path, undefined]);
      },
      mkdirSync: (path: string, options: { recursive?: boolean; mode?: number }) => {
        const topmost = disk.mkdirSync(path, options);
        const made: string[] = [];
        const top = options.recursive === true ? topmost : path;
        if (top !== undefined) for (let each = path; each.length >= top.length; each = dirname(each)) made.push(each);
        for (const each of made.reverse()) this.#edit([each, newFolder()]);
        return topmost;
      },
    };
    this.system = { ...disk, ...recorded } as unknown as SystemCalls;
  }

  /** What was done before is there for good. */
  start(): void {
    this.base = this.world.image();
    this.#entries = new Map();
    this.recording = true;
  }

  stop(): void {
    this.recording = false;
  }

  #open(path: string, flags: number, mode: number | undefined): number {
    const made =
      (flags & constants.O_CREAT) !== 0 && this.#disk.lstatSync(path, { throwIfNoEntry: false }) === undefined;
    const fd = this.#disk.openSync(path, flags, mode);
    if (made) this.#edit([path, { kind: 'file', bytes: new Uint8Array() }]);
    const node = this.recording ? this.#find(path) : undefined;
    if (node !== undefined) this.#descriptors.set(fd, node);
    return fd;
  }

  #note(operation: Operation): void {
    if (this.recording) this.operations.push(operation);
  }

  #edit(...changes: readonly (readonly [string, ImageNode | undefined])[]): void {
    if (!this.recording) return;
    const edits = changes.map(([path, node]) => {
      const folder = this.#find(dirname(path));
      if (folder?.kind !== 'folder') throw new Error(`${path} is outside of what is recorded`);
      return { folder, name: basename(path), node };
    });
    this.#note({ kind: 'names', edits });
    for (const { folder, name, node } of edits) {
      if (node === undefined) this.#entriesOf(folder).delete(name);
      else this.#entriesOf(folder).set(name, node);
    }
  }

  /** Undefined for what is not there, and for what is elsewhere. */
  #find(path: string): ImageNode | undefined {
    const parts = relative(TOP, path).split(sep);
    let node: ImageNode | undefined = this.base;
    for (const part of parts[0] === '' ? [] : parts) {
      node = node?.kind === 'folder' ? this.#entriesOf(node).get(part) : undefined;
    }
    return node;
  }

  #entriesOf(folder: ImageFolder): Map<string, ImageNode> {
    const known = this.#entries.get(folder) ?? new Map(folder.entries);
    this.#entries.set(folder, known);
    return known;
  }
}
