/**
 * The relay as a directory. A key is a path below the root, a value a file, a prefix a folder.
 *
 * Publishing, for one value under one or more keys:
 * 1. write all bytes to a new file in `.tmp/` and sync it;
 * 2. give it its name in each folder with link(2), which never replaces;
 * 3. remove the name in `.tmp/`;
 * 4. sync each folder once, and the relay when a folder is new.
 * Several names share one file, which is safe because no value is ever written again.
 */
import { join, resolve } from 'node:path';
import { DispatchError, errnoOf } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import type {
  CreateOutcome,
  Entry,
  ReadOutcome,
  Record,
  SharedValue,
  Store,
  Value,
  Watch,
  WriteOptions,
} from '../store.js';
import { Bells } from './bells.js';
import { ChildCounter } from './child-counter.js';
import { Files, parentOf } from './files.js';
import { holdLock } from './lock.js';
import { Records } from './records.js';
import { RelayDirectory } from './relay-directory.js';
import { unavailable } from './unavailable.js';

export interface FilesystemStoreOptions {
  readonly files?: Files;
  /** `process` leaves out every sync: what was sent survives a crash of any process, but not a power cut. @default full */
  readonly durability?: 'full' | 'process';
}

// Longer than any write takes, so that a file this old in .tmp/ belongs to nobody.
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

export class FilesystemStore implements Store {
  readonly location: string;
  readonly #files: Files;
  readonly #directory: RelayDirectory;
  readonly #counter: ChildCounter;
  readonly #records: Records;
  readonly #bells: Bells;
  readonly #sync: boolean;
  #nonce: string | undefined;
  #serial = 0;

  constructor(root: string, options: FilesystemStoreOptions = {}) {
    this.location = resolve(root);
    this.#files = options.files ?? new Files();
    this.#sync = options.durability !== 'process';
    this.#directory = new RelayDirectory(this.location, this.#files);
    this.#counter = new ChildCounter(this.#files);
    this.#records = new Records(this.#files, () => this.#temporaryPath(), this.#sync);
    this.#bells = new Bells(this.#files, join(this.location, '.bell'));
  }

  async create(key: string, value: Value, options: WriteOptions = {}): Promise<boolean> {
    const [outcome] = await this.createAll([{ key, value }], options);
    if (outcome?.state === 'failed') throw outcome.error;
    return outcome?.state === 'created';
  }

  async createAll(entries: readonly Entry[], options: WriteOptions = {}): Promise<CreateOutcome[]> {
    const sync = this.#sync && options.durable !== false;
    // Before anything is written: a key that is none is a mistake of the caller, not the outcome of an entry.
    const paths = entries.map(({ key }) => this.#path(key));
    const written = new Map<Value | SharedValue, string | DispatchError>();
    const unsynced = new Map<string, number[]>();
    try {
      this.#directory.open(true);
    } catch (error) {
      return entries.map(() => failed(unavailable('open the relay', this.location, error)));
    }
    const noteUnsynced = (folder: string, index: number) => {
      const indices = unsynced.get(folder);
      if (indices === undefined) unsynced.set(folder, [index]);
      else indices.push(index);
    };
    const outcomes = entries.map(({ value }, index): CreateOutcome => {
      const path = paths[index] as string;
      try {
        const folder = parentOf(path);
        this.#makeFolder(folder, sync);
        if (value === '') {
          // An empty file is whole as soon as it is there, so it needs no detour.
          if (!this.#createEmpty(path)) return { state: 'exists' };
          noteUnsynced(folder, index);
          return { state: 'created' };
        }
        let temporary = written.get(value);
        if (temporary === undefined) {
          temporary = this.#writeTemporary(value, sync);
          written.set(value, temporary);
        }
        if (temporary instanceof DispatchError) return failed(temporary);
        if (!this.#files.link(temporary, path)) return { state: 'exists' };
        noteUnsynced(folder, index);
        return { state: 'created' };
      } catch (error) {
        const failure = unavailable('publish', path, error);
        return failed(failure, failure.data.outcome === 'unknown' ? 'unknown' : 'none');
      }
    });
    for (const temporary of written.values()) {
      if (typeof temporary === 'string') this.#files.discard(temporary);
    }
    if (sync) this.#syncFolders(unsynced, outcomes);
    return outcomes;
  }

  async put(key: string, value: Value): Promise<void> {
    const path = this.#path(key);
    await this.#guarded('write', path, () => {
      this.#directory.open(true);
      const temporary = this.#temporaryPath();
      this.#inTemporary(() => this.#files.writeNew(temporary, bytesOf(value), false));
      try {
        this.#renameInto(temporary, path);
      } catch (error) {
        this.#files.discard(temporary);
        throw error;
      }
    });
  }

  async read(key: string, maxBytes: number): Promise<ReadOutcome | undefined> {
    const path = this.#path(key);
    return this.#guarded('read', path, () =>
      this.#isFolder(parentOf(path)) ? this.#files.readSafely(path, maxBytes) : undefined,
    );
  }

  async list(prefix: string): Promise<string[]> {
    const path = this.#folder(prefix);
    return this.#guarded('list', path, () => (this.#isFolder(path) ? this.#files.list(path) : []));
  }

  async count(prefix: string, limit: number): Promise<number> {
    const path = this.#folder(prefix);
    return this.#guarded('list', path, () => (this.#isFolder(path) ? this.#counter.count(path, limit) : 0));
  }

  async move(from: string, to: string): Promise<boolean> {
    const source = this.#path(from);
    const target = this.#path(to);
    return this.#guarded('move', source, () => {
      if (!this.#isFolder(parentOf(source))) return false;
      const replaced = this.#files.lstat(target);
      if (replaced !== undefined) {
        if (source === target) return true;
        // Two names of one file: rename(2) succeeds and leaves both, so the source is taken away instead.
        const moved = this.#files.lstat(source);
        if (moved?.ino === replaced.ino && moved.dev === replaced.dev) {
          return this.#counter.changing(parentOf(source), -1, () => this.#files.unlink(source));
        }
      }
      return this.#counter.changing(parentOf(source), -1, () =>
        this.#counter.changing(parentOf(target), replaced === undefined ? 1 : 0, () =>
          this.#renameInto(source, target),
        ),
      );
    });
  }

  async remove(key: string, options: WriteOptions = {}): Promise<boolean> {
    const [removed] = await this.removeAll([key], options);
    return removed === true;
  }

  async removeAll(keys: readonly string[], options: WriteOptions = {}): Promise<boolean[]> {
    const paths = keys.map((key) => this.#path(key));
    const changed = new Set<string>();
    try {
      const outcomes = paths.map((path) => {
        const folder = parentOf(path);
        if (!this.#isFolder(folder)) return false;
        const removed = this.#counter.changing(folder, -1, () => this.#files.unlink(path));
        if (removed) changed.add(folder);
        return removed;
      });
      if (this.#sync && options.durable !== false) for (const folder of changed) this.#files.syncDirectory(folder);
      return outcomes;
    } catch (error) {
      throw unavailable(
        'remove',
        paths.length === 1 ? (paths[0] as string) : this.location,
        error,
        changed.size > 0 ? 'unknown' : 'none',
      );
    }
  }

  async prune(prefix: string): Promise<void> {
    const path = this.#path(prefix);
    await this.#guarded('remove', path, () => {
      if (this.#isFolder(parentOf(path))) this.#files.removeEmptyDirectory(path);
    });
  }

  async readRecord(key: string): Promise<Record | undefined> {
    const path = this.#path(key);
    return this.#guarded('read', path, () => (this.#isFolder(path) ? this.#records.read(path) : undefined));
  }

  async update(key: string, revision: string | undefined, value: Value | undefined): Promise<boolean> {
    const path = this.#path(key);
    return this.#guarded('update', path, () => {
      this.#directory.open(true);
      this.#makeFolder(parentOf(path), this.#sync);
      this.#makeFolder(this.#directory.temporary, false);
      // Refuses a link in the record's place.
      this.#isFolder(path);
      return this.#records.update(path, revision, value === undefined ? undefined : bytesOf(value));
    });
  }

  async ring(channel: string): Promise<void> {
    const segment = this.#segment(channel);
    try {
      if (this.#isFolder(join(this.location, '.bell'))) this.#bells.ring(segment);
    } catch {
      // A hint that is lost is found by polling.
    }
  }

  async watch(channel: string, hint: () => void): Promise<Watch> {
    const segment = this.#segment(channel);
    return this.#guarded('watch', join(this.location, '.bell', segment), () => {
      this.#directory.open(true);
      this.#makeFolder(join(this.location, '.bell'), false);
      return this.#bells.watch(segment, hint);
    });
  }

  async exclusively(name: string, work: () => Promise<void>): Promise<boolean> {
    const path = join(this.location, `.${this.#segment(name)}.lock`);
    const release = await this.#guarded('lock', path, () => (this.#directory.open(false) ? holdLock(path) : undefined));
    if (release === undefined) return false;
    try {
      await work();
    } finally {
      await release();
    }
    return true;
  }

  async tidy(): Promise<void> {
    await this.#guarded('tidy', this.#directory.temporary, () => {
      if (!this.#isFolder(this.#directory.temporary)) return;
      for (const name of this.#files.list(this.#directory.temporary)) {
        const path = join(this.#directory.temporary, name);
        const modifiedAt = this.#files.modifiedAt(path);
        if (modifiedAt === undefined || Date.now() - modifiedAt < LEFTOVER_AGE_MS) continue;
        if (this.#files.kindOf(path) === 'directory') {
          // A record that never got its place.
          for (const part of this.#files.list(path)) this.#files.discard(join(path, part));
          this.#files.removeEmptyDirectory(path);
        } else {
          this.#files.discard(path);
        }
      }
    });
  }

  #writeTemporary(value: Value | SharedValue, sync: boolean): string | DispatchError {
    const path = this.#temporaryPath();
    const bytes = bytesOf(typeof value === 'object' && 'shared' in value ? value.shared : value);
    try {
      this.#inTemporary(() => this.#files.writeNew(path, bytes, sync));
      return path;
    } catch (error) {
      return unavailable('write', path, error);
    }
  }

  #createEmpty(path: string): boolean {
    try {
      this.#files.writeNew(path, new Uint8Array(), false);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      // It is made in its place, so what could not be taken back is visible.
      throw unavailable('publish', path, error, this.#mayBeThere(path) ? 'unknown' : 'none');
    }
  }

  #mayBeThere(path: string): boolean {
    try {
      return this.#files.kindOf(path) !== 'missing';
    } catch {
      return true;
    }
  }

  #temporaryPath(): string {
    this.#nonce ??= newSessionId();
    return join(this.#directory.temporary, `${this.#nonce}-${this.#serial++}`);
  }

  /** Runs a creation in `.tmp/`, which is made when it is missing. */
  #inTemporary(write: () => void): void {
    this.#makeFolder(this.#directory.temporary, false);
    write();
  }

  /** Renames into a folder that may be missing; false when there is nothing to rename. */
  #renameInto(source: string, target: string): boolean {
    if (this.#isFolder(parentOf(target)) && this.#files.rename(source, target)) return true;
    if (this.#files.kindOf(source) === 'missing') return false;
    this.#makeFolder(parentOf(target), false);
    return this.#files.rename(source, target);
  }

  /**
   * True for a folder of ours, false when there is none, or no relay. A link in its place or above it is refused: it would
   * lead out of the relay.
   */
  #isFolder(path: string): boolean {
    if (path === this.location) return this.#directory.open(false);
    if (!this.#isFolder(parentOf(path))) return false;
    const kind = this.#files.kindOf(path);
    if (kind === 'missing') return false;
    if (kind === 'directory') return true;
    throw new DispatchError(
      'RELAY_UNSAFE',
      `${path} should be a folder of the relay and is ${kind === 'symlink' ? 'a symbolic link' : 'a file'}. Move it away.`,
      { path },
    );
  }

  #makeFolder(path: string, sync: boolean): void {
    if (this.#isFolder(path)) return;
    const topmost = this.#files.ensureDirectory(path);
    if (topmost === undefined || !sync) return;
    for (let made = path; made.length >= topmost.length; made = parentOf(made))
      this.#files.syncDirectory(parentOf(made));
  }

  #syncFolders(unsynced: Map<string, number[]>, outcomes: CreateOutcome[]): void {
    for (const [folder, indices] of unsynced) {
      try {
        this.#files.syncDirectory(folder);
      } catch (error) {
        const failure = failed(unavailable('sync', folder, error, 'unknown'), 'unknown');
        for (const index of indices) outcomes[index] = failure;
      }
    }
  }

  #segment(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name))
      throw new RangeError(`not a key segment: ${JSON.stringify(name)}`);
    return name;
  }

  /** The folder of a prefix; the empty prefix is the relay itself. */
  #folder(prefix: string): string {
    return prefix === '' ? this.location : this.#path(prefix);
  }

  #path(key: string): string {
    const segments = key.split('/');
    for (const segment of segments) {
      if (segment === '' || segment === '.' || segment === '..' || segment.includes('\0')) {
        throw new RangeError(`not a key: ${JSON.stringify(key)}`);
      }
    }
    return join(this.location, ...segments);
  }

  async #guarded<T>(operation: string, path: string, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw unavailable(operation, path, error);
    }
  }
}

function bytesOf(value: Value): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}

function failed(error: DispatchError, outcome: 'none' | 'unknown' = 'none'): CreateOutcome {
  return { state: 'failed', error, outcome };
}
