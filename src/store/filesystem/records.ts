/**
 * Records changed by compare-and-set, on nothing but rename(2).
 *
 * A record is a folder with exactly one *head*, an empty file whose name is the revision: `<number>.<nonce>`. The value of
 * that revision is the file `<nonce>` beside it, written and synced before. To change a record:
 * 1. write the new value as `<nonce2>` and sync it;
 * 2. rename the head from `<n>.<nonce>` to `<n+1>.<nonce2>`. The old name exists once, so one of several racing callers
 *    succeeds; the others find it gone. No later revision can be mistaken for an earlier one, for nonces never recur;
 * 3. sync the folder, then remove the old value, which no head can name again.
 * A first revision is a folder made aside and renamed into place, which fails when a record is there (a folder with a head is not
 * empty). Linking `<n+1>` instead, and deleting older heads, has had two winners: a slow caller links a number that was
 * already used and cleaned up.
 */
import { join } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import type { Record } from '../store.js';
import { type Files, parentOf } from './files.js';

const MAX_RECORD_BYTES = 1024 * 1024;
const HEAD = /^([0-9]{1,15})\.([a-z0-9]+)$/;

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
    if (value === undefined) return this.#end(folder, revision);
    const nonce = newSessionId();
    const prepared = join(folder, nonce);
    try {
      this.files.writeNew(prepared, value, this.sync);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    const next = `${Number(HEAD.exec(revision)?.[1] ?? 0) + 1}.${nonce}`;
    if (!this.files.rename(join(folder, revision), join(folder, next))) {
      this.files.discard(prepared);
      return false;
    }
    if (this.sync) this.files.syncDirectory(folder);
    this.files.discard(join(folder, nonceOf(revision)));
    return true;
  }

  #start(folder: string, value: Uint8Array): boolean {
    const nonce = newSessionId();
    const aside = this.temporaryPath();
    this.files.makeDirectory(aside);
    const head = join(aside, `1.${nonce}`);
    const prepared = join(aside, nonce);
    try {
      this.files.writeNew(prepared, value, this.sync);
      this.files.writeNew(head, new Uint8Array(), false);
      if (this.sync) this.files.syncDirectory(aside);
      this.files.rename(aside, folder);
      if (this.sync) this.files.syncDirectory(parentOf(folder));
      return true;
    } catch (error) {
      this.files.discard(head);
      this.files.discard(prepared);
      this.files.removeEmptyDirectory(aside);
      const code = errnoOf(error);
      // EPERM is what Windows answers for a folder that is there.
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false;
      throw error;
    }
  }

  #end(folder: string, revision: string): boolean {
    const gone = this.temporaryPath();
    if (!this.files.rename(join(folder, revision), gone)) return false;
    this.files.discard(gone);
    this.files.discard(join(folder, nonceOf(revision)));
    this.files.removeEmptyDirectory(folder);
    if (this.sync) this.files.syncDirectory(parentOf(folder));
    return true;
  }
}

function nonceOf(head: string): string {
  return HEAD.exec(head)?.[2] ?? head;
}
