/** The relay as a directory. A key is a path below the root, a value a file, a prefix a folder. */
import { dirname, join, resolve, sep } from 'node:path';
import { linesOf } from '../log-record.js';
import type {
  CreateOutcome,
  Entry,
  LogPart,
  Move,
  ReadOutcome,
  Record,
  Store,
  Value,
  Watch,
  WriteOptions,
} from '../store.js';
import { Bells } from './bells.js';
import { ChildCounter } from './child-counter.js';
import { Files } from './files.js';
import { Folders } from './folders.js';
import { Listings } from './listings.js';
import { holdLock } from './lock.js';
import { Mover } from './mover.js';
import { bytesOf, Publisher } from './publisher.js';
import { Records } from './records.js';
import { unavailable } from './unavailable.js';

export interface FilesystemStoreOptions {
  readonly files?: Files;
  /** `process` leaves out every sync: what was sent survives a crash of any process, but not a power cut. @default full */
  readonly durability?: 'full' | 'process';
}

// Longer than any write takes, so that a file this old in .tmp/ belongs to nobody.
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

// An empty segment, one of dots that lead elsewhere, or a NUL.
const NO_KEY = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

export class FilesystemStore implements Store {
  readonly location: string;
  readonly #files: Files;
  readonly #folders: Folders;
  readonly #publisher: Publisher;
  readonly #counter: ChildCounter;
  readonly #mover: Mover;
  readonly #listings: Listings;
  readonly #records: Records;
  readonly #bells: Bells;
  readonly #sync: boolean;

  constructor(root: string, options: FilesystemStoreOptions = {}) {
    this.location = resolve(root);
    this.#files = options.files ?? new Files();
    this.#sync = options.durability !== 'process';
    this.#folders = new Folders(this.location, this.#files);
    this.#publisher = new Publisher(this.#files, this.#folders, this.#sync);
    this.#counter = new ChildCounter(this.#files);
    this.#mover = new Mover(this.#files, this.#folders, this.#counter);
    this.#listings = new Listings(this.#files);
    this.#records = new Records(this.#files, () => this.#folders.temporaryPath(), this.#sync);
    this.#bells = new Bells(this.#files, join(this.location, '.bell'));
  }

  async create(key: string, value: Value, options: WriteOptions = {}): Promise<boolean> {
    const [outcome] = await this.createAll([{ key, value }], options);
    if (outcome?.state === 'failed') throw outcome.error;
    return outcome?.state === 'created';
  }

  async createAll(entries: readonly Entry[], options: WriteOptions = {}): Promise<CreateOutcome[]> {
    // A key that is none is a mistake of the caller, not the outcome of an entry.
    const publications = entries.map(({ key, value }) => ({ path: this.#path(key), value }));
    return this.#publisher.publish(publications, this.#sync && options.durable !== false);
  }

  async put(key: string, value: Value, options: WriteOptions = {}): Promise<void> {
    const path = this.#path(key);
    const sync = this.#sync && options.durable === true;
    this.#guarded('write', path, () => {
      this.#folders.open();
      const temporary = this.#folders.temporaryPath();
      this.#files.writeNew(temporary, bytesOf(value), sync);
      try {
        this.#mover.renameInto(temporary, path, sync);
      } catch (error) {
        this.#files.discard(temporary);
        throw error;
      }
    });
    if (sync) this.#syncNamed(path);
  }

  async append(log: string, ...records: readonly string[]): Promise<void> {
    const path = this.#path(log);
    const lines = linesOf(records);
    this.#guarded('append to', path, () => {
      this.#folders.open();
      this.#folders.make(dirname(path), false);
      this.#files.append(path, Buffer.from(lines, 'utf8'));
    });
  }

  async readLog(log: string, after: number, maxBytes: number): Promise<LogPart | undefined> {
    const path = this.#path(log);
    const read = this.#guarded('read', path, () =>
      this.#folders.has(dirname(path)) ? this.#files.readPart(path, after, maxBytes) : undefined,
    );
    if (read?.ok !== true) return undefined;
    return { bytes: read.bytes, next: after + read.bytes.length, end: read.size };
  }

  async read(key: string, maxBytes: number): Promise<ReadOutcome | undefined> {
    const path = this.#path(key);
    return this.#guarded('read', path, () =>
      this.#folders.has(dirname(path)) ? this.#files.readSafely(path, maxBytes) : undefined,
    );
  }

  async list(prefix: string): Promise<string[]> {
    const path = this.#folder(prefix);
    return this.#guarded('list', path, () => (this.#folders.has(path) ? this.#listings.list(path) : []));
  }

  async count(prefix: string, limit: number): Promise<number> {
    const path = this.#folder(prefix);
    return this.#guarded('list', path, () => (this.#folders.has(path) ? this.#counter.count(path, limit) : 0));
  }

  async move(from: string, to: string, options: WriteOptions = {}): Promise<boolean> {
    const source = this.#path(from);
    const target = this.#path(to);
    const sync = this.#sync && options.durable === true;
    const moved = this.#guarded('move', source, () => this.#mover.move(source, target, sync));
    if (moved && sync) this.#syncNamed(target);
    return moved;
  }

  async moveAll(moves: readonly Move[], options: WriteOptions = {}): Promise<boolean[]> {
    const paths = moves.map(({ from, to }) => ({ source: this.#path(from), target: this.#path(to) }));
    return this.#mover.moveAll(paths, this.#sync && options.durable === true);
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
        const folder = dirname(path);
        if (!this.#folders.has(folder)) return false;
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
    this.#guarded('remove', path, () => {
      if (this.#folders.has(dirname(path))) this.#files.removeEmptyDirectory(path);
    });
  }

  async readRecord(key: string, options: WriteOptions = {}): Promise<Record | undefined> {
    const path = this.#path(key);
    return this.#guarded('read', path, () => {
      const record = this.#folders.has(path) ? this.#records.read(path) : undefined;
      if (record !== undefined && options.durable === true) this.#records.keep(path);
      return record;
    });
  }

  async update(key: string, revision: string | undefined, value: Value | undefined): Promise<boolean> {
    const path = this.#path(key);
    return this.#guarded('update', path, () => {
      this.#folders.open();
      this.#folders.make(dirname(path), this.#sync);
      this.#folders.make(this.#folders.temporary, false);
      // Refuses a link in the record's place.
      this.#folders.has(path);
      return this.#records.update(path, revision, value === undefined ? undefined : bytesOf(value));
    });
  }

  async forget(key: string): Promise<void> {
    const path = this.#path(key);
    this.#guarded('remove', path, () => {
      if (!this.#folders.has(path)) return;
      this.#folders.make(this.#folders.temporary, false);
      this.#records.forget(path);
    });
  }

  async ring(channel: string): Promise<void> {
    const segment = this.#segment(channel);
    try {
      if (this.#folders.has(join(this.location, '.bell'))) this.#bells.ring(segment);
    } catch {
      // A hint that is lost is found by polling.
    }
  }

  async watch(channel: string, hint: () => void): Promise<Watch> {
    const segment = this.#segment(channel);
    return this.#guardedThroughout('watch', join(this.location, '.bell', segment), () => {
      this.#folders.open();
      this.#folders.make(join(this.location, '.bell'), false);
      return this.#bells.watch(segment, hint);
    });
  }

  async exclusively(name: string, work: () => Promise<void>): Promise<boolean> {
    const path = join(this.location, `.${this.#segment(name)}.lock`);
    const release = await this.#guardedThroughout('lock', path, async () =>
      this.#folders.has(this.location) ? holdLock(path, this.#files) : undefined,
    );
    if (release === undefined) return false;
    try {
      await work();
    } finally {
      await release();
    }
    return true;
  }

  async tidy(): Promise<void> {
    this.#guarded('tidy', this.#folders.temporary, () => {
      if (!this.#folders.has(this.#folders.temporary)) return;
      for (const name of this.#files.list(this.#folders.temporary)) {
        const path = join(this.#folders.temporary, name);
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

  /** Makes a name that is already visible survive a power cut. */
  #syncNamed(path: string): void {
    try {
      this.#files.syncDirectory(dirname(path));
    } catch (error) {
      throw unavailable('sync', dirname(path), error, 'unknown');
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
    if (NO_KEY.test(key)) throw new RangeError(`not a key: ${JSON.stringify(key)}`);
    return `${this.location}${sep}${sep === '/' ? key : key.replaceAll('/', sep)}`;
  }

  #guarded<T>(operation: string, path: string, work: () => T): T {
    try {
      return this.#folders.lookingAgain(work);
    } catch (error) {
      throw unavailable(operation, path, error);
    }
  }

  /** The same for work that goes on after it has returned. */
  async #guardedThroughout<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#folders.lookingAgain(work);
    } catch (error) {
      throw unavailable(operation, path, error);
    }
  }
}
