/**
 * The one door to the file system: every open of the relay goes through here, so that every open is a safe one and
 * tests can make any call fail. Synchronous on purpose: on the development machine a write and rename takes 35 us this
 * way and 207 us through promises, and a whole durable publish 0.3 ms, so a reply never waits long for it.
 *
 * May be imported by the adapter beside it only.
 */
import type { Dir, Stats, StatsFs } from 'node:fs';
import { errnoOf } from '../../model/errors.js';
import { readKernelFile } from './kernel-file.js';
import { lockingCalls } from './locking-calls.js';
import { readPlainFile, type SafeRead } from './plain-file.js';
import { retryBusy } from './retry-busy.js';
import { OPEN, type SystemCalls, systemCalls } from './system-calls.js';

export type { SafeRead } from './plain-file.js';
export type { SystemCalls } from './system-calls.js';

export type PathKind = 'missing' | 'directory' | 'symlink' | 'other';

export class Files {
  readonly #sys: SystemCalls;
  readonly #uid: number | undefined = process.getuid?.();
  #warnedNoDirectorySync = false;
  /** For the library that makes locks, which keeps with it how exact the times of files are. */
  readonly locking: ReturnType<typeof lockingCalls>;

  constructor(
    system: SystemCalls = systemCalls,
    readonly warn: (text: string) => void = () => {},
  ) {
    this.#sys = system;
    this.locking = lockingCalls(system);
  }

  /** The bytes of a plain file of ours, whole; see `readPlainFile`. One over `maxBytes` is unsafe, and not read. */
  readSafely(path: string, maxBytes: number): SafeRead | undefined {
    return readPlainFile(this.#sys, this.#uid, path, { maxBytes });
  }

  /** At most `maxBytes` of it from `offset` on; none at its end and behind it. */
  readPart(path: string, offset: number, maxBytes: number): SafeRead | undefined {
    return readPlainFile(this.#sys, this.#uid, path, { offset, maxBytes });
  }

  /** Runs `work` with a plain file of ours open for reading, for another process to inherit. */
  withOpen<T>(path: string, work: (fd: number) => T): T {
    const fd = this.#sys.openSync(path, OPEN.rdonly | OPEN.nofollow | OPEN.nonblock);
    try {
      return work(fd);
    } finally {
      this.#sys.closeSync(fd);
    }
  }

  /**
   * Runs `work` with a plain file of ours open for adding to its end, for another process to inherit; makes the file, 0600, when
   * it is missing.
   */
  withAppend<T>(path: string, work: (fd: number) => T): T {
    if (OPEN.nofollow === 0 && this.kindOf(path) === 'symlink') throw Object.assign(new Error(path), { code: 'ELOOP' });
    const fd = this.#sys.openSync(path, OPEN.wronly | OPEN.append | OPEN.creat | OPEN.nofollow | OPEN.nonblock, 0o600);
    try {
      const stat = this.#sys.fstatSync(fd);
      const isOurs = stat.isFile() && (this.#uid === undefined || stat.uid === this.#uid) && stat.nlink === 1;
      if (!isOurs) throw Object.assign(new Error(`${path} is not a plain file of this user`), { code: 'EACCES' });
      return work(fd);
    } finally {
      this.#sys.closeSync(fd);
    }
  }

  /** Creates a file that must not exist, 0600, and writes all of `bytes`; after a failure there is no such file. */
  writeNew(path: string, bytes: Uint8Array, sync: boolean): void {
    const fd = this.#sys.openSync(path, OPEN.wronly | OPEN.creat | OPEN.excl | OPEN.nofollow, 0o600);
    try {
      try {
        let written = 0;
        while (written < bytes.length) {
          const count = this.#sys.writeSync(fd, bytes, written, bytes.length - written);
          if (count === 0) throw Object.assign(new Error(`write to ${path} made no progress`), { code: 'EIO' });
          written += count;
        }
        if (sync && bytes.length > 0) this.#sys.fsyncSync(fd);
      } finally {
        this.#sys.closeSync(fd);
      }
    } catch (error) {
      this.discard(path);
      throw error;
    }
  }

  /** Adds `bytes` to the end of a plain file of ours, in one write; makes the file, 0600, when it is missing. */
  append(path: string, bytes: Uint8Array): void {
    if (OPEN.nofollow === 0 && this.kindOf(path) === 'symlink') throw Object.assign(new Error(path), { code: 'ELOOP' });
    const fd = this.#sys.openSync(path, OPEN.wronly | OPEN.append | OPEN.creat | OPEN.nofollow | OPEN.nonblock, 0o600);
    try {
      const stat = this.#sys.fstatSync(fd);
      if (!stat.isFile()) throw Object.assign(new Error(`${path} is not a plain file`), { code: 'EACCES' });
      const count = this.#sys.writeSync(fd, bytes, 0, bytes.length);
      if (count < bytes.length) throw Object.assign(new Error(`short write to ${path}`), { code: 'EIO' });
    } finally {
      this.#sys.closeSync(fd);
    }
  }

  /** Makes the names in a directory survive a power cut. Where the system has no such thing, warns once. */
  syncDirectory(path: string): void {
    // Windows refuses to sync a directory and journals its names by itself.
    if (process.platform === 'win32') return;
    const fd = this.#sys.openSync(path, OPEN.rdonly | OPEN.directory | OPEN.nofollow);
    try {
      this.#sys.fsyncSync(fd);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
      if (!this.#warnedNoDirectorySync) {
        this.#warnedNoDirectorySync = true;
        this.warn(`${path}: this file system cannot sync a directory (${code}); a power cut may undo the last sends.`);
      }
    } finally {
      this.#sys.closeSync(fd);
    }
  }

  /** Gives a file a second name that must not exist. False when it does. */
  link(from: string, to: string): boolean {
    try {
      this.#sys.linkSync(from, to);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Renames; false when there is nothing at `from`. ENOENT also means a missing parent of `to`: see `ensureDirectory`. */
  rename(from: string, to: string): boolean {
    try {
      retryBusy(() => this.#sys.renameSync(from, to));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** Removes a file; false when there is none, or a folder in its place. */
  unlink(path: string): boolean {
    try {
      retryBusy(() => this.#sys.unlinkSync(path));
      return true;
    } catch (error) {
      // What unlink says of a folder differs: EISDIR on Linux, EPERM on macOS.
      if (errnoOf(error) === 'ENOENT' || this.kindOf(path) === 'directory') return false;
      throw error;
    }
  }

  /** Removes a leftover of our own, if it is there and can be removed: for clean-up after an error that matters more. */
  discard(path: string): void {
    try {
      this.#sys.unlinkSync(path);
    } catch {
      // The error that led here is the one to report; a temporary file that stays is swept later.
    }
  }

  /** Makes a directory and what is missing above it, 0700. Returns the topmost directory made, undefined when all were there. */
  ensureDirectory(path: string): string | undefined {
    return this.#sys.mkdirSync(path, { recursive: true, mode: 0o700 });
  }

  /** Makes one directory, 0700. False when something of that name is there. */
  makeDirectory(path: string): boolean {
    try {
      this.#sys.mkdirSync(path, { mode: 0o700 });
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Removes a directory if it is empty. */
  removeEmptyDirectory(path: string): void {
    try {
      this.#sys.rmdirSync(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    }
  }

  /** The names in a directory, in no order; none when it is not there. */
  list(path: string): string[] {
    try {
      return this.#sys.readdirSync(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return [];
      throw error;
    }
  }

  /** How many names a directory holds, counted up to `limit`. */
  countUpTo(path: string, limit: number): number {
    if (limit <= 0) return 0;
    let directory: Dir;
    try {
      directory = this.#sys.opendirSync(path, { bufferSize: Math.min(limit, 1024) });
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return 0;
      throw error;
    }
    try {
      let count = 0;
      while (count < limit && directory.readSync() !== null) count++;
      return count;
    } finally {
      directory.closeSync();
    }
  }

  kindOf(path: string): PathKind {
    const stat = this.lstat(path);
    if (stat === undefined) return 'missing';
    if (stat.isSymbolicLink()) return 'symlink';
    return stat.isDirectory() ? 'directory' : 'other';
  }

  /** Undefined when nothing is there. */
  lstat(path: string): Stats | undefined {
    return this.#sys.lstatSync(path, { throwIfNoEntry: false });
  }

  /** Modification time in milliseconds, undefined when nothing is there. */
  modifiedAt(path: string): number | undefined {
    return this.lstat(path)?.mtimeMs;
  }

  /** Sets the times of a file to now; false when there is none. */
  touch(path: string): boolean {
    const now = new Date();
    try {
      this.#sys.utimesSync(path, now, now);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Takes the rights of group and others from a plain file or folder of ours. Nothing is done to anything else, and nothing
   * is followed.
   */
  keepToOwner(path: string): void {
    const fd = this.#sys.openSync(path, OPEN.rdonly | OPEN.nofollow | OPEN.nonblock);
    try {
      const stat = this.#sys.fstatSync(fd);
      if (stat.uid === this.#uid && (stat.isFile() || stat.isDirectory())) this.#sys.fchmodSync(fd, stat.mode & 0o700);
    } finally {
      this.#sys.closeSync(fd);
    }
  }

  /** How full the file system of `path` is, and of what kind. Undefined where the system does not tell. */
  statFileSystem(path: string): StatsFs | undefined {
    try {
      return this.#sys.statfsSync(path);
    } catch {
      return undefined;
    }
  }

  readLink(path: string): string {
    return this.#sys.readlinkSync(path);
  }

  /** The path without links in it, all of which must be there. */
  realPath(path: string): string {
    return this.#sys.realpathSync(path);
  }

  /** See `kernel-file.ts`. */
  readKernelFile(path: string): string | undefined {
    return readKernelFile(this.#sys, path);
  }
}
