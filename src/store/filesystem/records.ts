/**
 * Records changed by compare-and-set, on nothing but rename(2).
 *
 * A record is a folder with exactly one *head*, an empty file whose name is the revision: `<number>.<nonce>`. The value of
 * that revision is the file `<nonce>` beside it, written and synced before. To change a record:
 * 1. write the new value as `<nonce2>`, sync it, and sync the folder: a power cut must not keep a head and take its value;
 * 2. rename the head from `<n>.<nonce>` to `<n+1>.<nonce2>`. The old name exists once, so one of several racing callers
 *    succeeds; the others find it gone. No later revision can be mistaken for an earlier one, for nonces never recur;
 * 3. sync the folder, then remove the old value, which no head can name again.
 * A first revision is a folder made aside and renamed into place, which fails when a record is there (a folder with a head is not
 * empty). To end a record, its head is renamed to `<n+1>.ended`, which has no value, and stays: the next first
 * revision is a rename of that head. A folder without a head could not be told from one whose head is just being renamed. Linking `<n+1>` instead, and deleting older heads, has had two winners: a slow caller links a number that was
 * already used and cleaned up.
 */
import { dirname, join } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import type { Record } from '../store.js';
import type { Files } from './files.js';
import { unavailable } from './unavailable.js';

const MAX_RECORD_BYTES = 1024 * 1024;
const HEAD = /^([0-9]{1,15})\.([a-z0-9]+)$/;
// Shorter than any nonce, so that it is none.
const ENDED = 'ended';
// Each time somebody else has made progress meanwhile.
const START_ATTEMPTS = 10;

export class Records {
  constructor(
    private readonly files: Files,
    private readonly temporaryPath: () => string,
    private readonly sync: boolean,
  ) {}

  read(folder: string): Record | undefined {
    // A listing taken while the head is renamed can miss both of its names, and a value can go between listing and
    // reading; each time somebody else has made progress, so looking again ends.
    for (let empty = 0; empty < 3; ) {
      const head = this.files.list(folder).find((name) => HEAD.test(name));
      if (head === undefined) {
        empty++;
        continue;
      }
      if (nonceOf(head) === ENDED) return undefined;
      const value = this.files.readSafely(join(folder, nonceOf(head)), MAX_RECORD_BYTES);
      if (value?.ok === true) return { revision: head, value: value.bytes };
      if (value !== undefined) throw Object.assign(new Error(value.unsafe), { code: 'EACCES' });
      if (this.files.kindOf(join(folder, head)) !== 'missing') {
        throw Object.assign(new Error('a record without its value'), { code: 'EIO' });
      }
    }
    return undefined;
  }

  update(folder: string, revision: string | undefined, value: Uint8Array | undefined): boolean {
    if (revision === undefined) return value === undefined ? false : this.#start(folder, value);
    // A revision of another making is nobody's, and must not be taken for a path.
    if (!HEAD.test(revision) || nonceOf(revision) === ENDED) return false;
    if (value === undefined) return this.#end(folder, revision);
    return this.#replace(folder, revision, value);
  }

  /**
   * Removes the folder of an ended record. It leaves its place in one step, whole: a folder that has lost its head and not
   * yet its other files would be in the way of every later record.
   */
  forget(folder: string): void {
    const head = this.files.list(folder).find((name) => HEAD.test(name));
    if (head === undefined || nonceOf(head) !== ENDED) return;
    const aside = this.temporaryPath();
    if (!this.files.rename(folder, aside)) return;
    // What else tells of the record is removed next, and must not be gone while a cut can bring this back.
    if (this.sync) this.files.syncDirectory(dirname(folder));
    for (const name of this.files.list(aside)) this.files.discard(join(aside, name));
    this.files.removeEmptyDirectory(aside);
  }

  #replace(folder: string, revision: string, value: Uint8Array): boolean {
    const nonce = newSessionId();
    const prepared = join(folder, nonce);
    try {
      this.#keepPlace(folder, revision);
      this.files.writeNew(prepared, value, this.sync);
      if (this.sync) this.files.syncDirectory(folder);
    } catch (error) {
      this.files.discard(prepared);
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    let won = false;
    try {
      won = this.files.rename(join(folder, revision), join(folder, successor(revision, nonce)));
    } finally {
      if (!won) this.files.discard(prepared);
    }
    if (!won) return false;
    this.#syncDecided(folder);
    if (nonceOf(revision) !== ENDED) this.files.discard(join(folder, nonceOf(revision)));
    return true;
  }

  #start(folder: string, value: Uint8Array): boolean {
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
      if (this.#startAside(folder, value)) return true;
      const head = this.files.list(folder).find((name) => HEAD.test(name));
      // Without a head it is just being removed.
      if (head === undefined) continue;
      return nonceOf(head) === ENDED && this.#replace(folder, head, value);
    }
    return false;
  }

  #startAside(folder: string, value: Uint8Array): boolean {
    const nonce = newSessionId();
    const aside = this.temporaryPath();
    this.files.makeDirectory(aside);
    const head = join(aside, `1.${nonce}`);
    const prepared = join(aside, nonce);
    try {
      this.files.writeNew(prepared, value, this.sync);
      this.files.writeNew(head, new Uint8Array(), false);
      if (this.sync) this.files.syncDirectory(aside);
      if (!this.files.rename(aside, folder)) {
        throw Object.assign(new Error(`${dirname(folder)} was removed`), { code: 'ENOENT' });
      }
    } catch (error) {
      this.files.discard(head);
      this.files.discard(prepared);
      this.files.removeEmptyDirectory(aside);
      const code = errnoOf(error);
      // EPERM is what Windows answers for a folder that is there.
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false;
      throw error;
    }
    this.#syncDecided(dirname(folder));
    return true;
  }

  #end(folder: string, revision: string): boolean {
    const ended = successor(revision, ENDED);
    this.#keepPlace(folder, revision);
    if (!this.files.rename(join(folder, revision), join(folder, ended))) return false;
    this.#syncDecided(folder);
    this.files.discard(join(folder, nonceOf(revision)));
    return true;
  }

  /**
   * Whoever made the record may not have synced its place yet, or was killed before it could. So nobody goes past the first
   * revision before that: a later one in a folder that a power cut takes away would be lost with it.
   */
  #keepPlace(folder: string, revision: string): void {
    if (this.sync && revision.startsWith('1.')) this.files.syncDirectory(dirname(folder));
  }

  /** Makes what is there survive a power cut, whoever wrote it. */
  keep(folder: string): void {
    if (!this.sync) return;
    this.files.syncDirectory(folder);
    this.files.syncDirectory(dirname(folder));
  }

  /** Makes what is decided durable. An error here does not undo it. */
  #syncDecided(folder: string): void {
    try {
      if (this.sync) this.files.syncDirectory(folder);
    } catch (error) {
      throw unavailable('sync', folder, error, 'unknown');
    }
  }
}

function successor(revision: string, nonce: string): string {
  return `${Number(HEAD.exec(revision)?.[1] ?? 0) + 1}.${nonce}`;
}

function nonceOf(head: string): string {
  return HEAD.exec(head)?.[2] ?? head;
}
