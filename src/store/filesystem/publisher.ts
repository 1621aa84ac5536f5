/**
 * Publishing, for one value under one or more keys:
 * 1. write all bytes to a new file in `.tmp/` and sync it;
 * 2. give it its name in each folder with link(2), which never replaces;
 * 3. remove the name in `.tmp/`;
 * 4. sync each folder once, and the relay when a folder is new.
 * Several names share one file, which is safe because no value is ever written again.
 */
import { dirname } from 'node:path';
import { DispatchError, errnoOf } from '../../model/errors.js';
import type { CreateOutcome, SharedValue, Value } from '../store.js';
import type { Files } from './files.js';
import type { Folders } from './folders.js';
import { unavailable } from './unavailable.js';

export interface Publication {
  readonly path: string;
  readonly value: Value | SharedValue;
}

export class Publisher {
  constructor(
    private readonly files: Files,
    private readonly folders: Folders,
    private readonly sync: boolean,
  ) {}

  /** Publishes each, whatever happens to the others; the outcomes stand in the order of the publications. */
  publish(publications: readonly Publication[], sync: boolean): CreateOutcome[] {
    try {
      this.folders.open();
    } catch (error) {
      return publications.map(() => failed(unavailable('open the relay', this.folders.root, error)));
    }
    const written = new Map<Value | SharedValue, string | DispatchError>();
    const created = new Map<string, number[]>();
    const noteCreated = (folder: string, index: number) => {
      const indices = created.get(folder);
      if (indices === undefined) created.set(folder, [index]);
      else indices.push(index);
    };
    const outcomes = publications.map(({ path, value }, index): CreateOutcome => {
      try {
        return this.folders.lookingAgain(() => {
          const folder = dirname(path);
          // Even for what is not synced itself: the next thing in there may be.
          this.folders.make(folder, this.sync);
          // An empty file is whole as soon as it is there, so it needs no detour.
          const outcome = value === '' ? this.#createEmpty(path) : this.#link(path, value, written, sync);
          if (outcome.state === 'created') noteCreated(folder, index);
          return outcome;
        });
      } catch (error) {
        const failure = unavailable('publish', path, error);
        return failed(failure, failure.data.outcome === 'unknown' ? 'unknown' : 'none');
      }
    });
    for (const temporary of written.values()) {
      if (typeof temporary === 'string') this.files.discard(temporary);
    }
    if (sync) this.#syncFolders(created, outcomes);
    return outcomes;
  }

  #link(
    path: string,
    value: Value | SharedValue,
    written: Map<Value | SharedValue, string | DispatchError>,
    sync: boolean,
  ): CreateOutcome {
    let temporary = written.get(value);
    if (temporary === undefined) {
      temporary = this.#writeTemporary(value, sync);
      written.set(value, temporary);
    }
    if (temporary instanceof DispatchError) return failed(temporary);
    try {
      return this.#nameIt(temporary, path);
    } catch (error) {
      // The whole relay may have gone, and the bytes with it.
      if (errnoOf(error) === 'ENOENT' && this.files.kindOf(temporary) === 'missing') written.delete(value);
      throw error;
    }
  }

  #writeTemporary(value: Value | SharedValue, sync: boolean): string | DispatchError {
    const bytes = bytesOf(typeof value === 'object' && 'shared' in value ? value.shared : value);
    let path = this.folders.temporary;
    try {
      return this.folders.lookingAgain(() => {
        path = this.folders.temporaryPath();
        this.files.writeNew(path, bytes, sync);
        return path;
      });
    } catch (error) {
      return unavailable('write', path, error);
    }
  }

  /** An answer can be lost after the deed (a network file system, an I/O error): the file itself tells whether it has the name. */
  #nameIt(temporary: string, path: string): CreateOutcome {
    try {
      if (this.files.link(temporary, path)) return { state: 'created' };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw error;
      if (this.#isSame(temporary, path)) return { state: 'created' };
      throw error;
    }
    return { state: this.#isSame(temporary, path) ? 'created' : 'exists' };
  }

  #isSame(one: string, other: string): boolean {
    const [a, b] = [this.files.lstat(one), this.files.lstat(other)];
    return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
  }

  #createEmpty(path: string): CreateOutcome {
    try {
      this.files.writeNew(path, new Uint8Array(), false);
      return { state: 'created' };
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return { state: 'exists' };
      if (errnoOf(error) === 'ENOENT') throw error;
      // It is made in its place, so what could not be taken back is visible.
      throw unavailable('publish', path, error, this.#mayBeThere(path) ? 'unknown' : 'none');
    }
  }

  #mayBeThere(path: string): boolean {
    try {
      return this.files.kindOf(path) !== 'missing';
    } catch {
      return true;
    }
  }

  #syncFolders(created: ReadonlyMap<string, readonly number[]>, outcomes: CreateOutcome[]): void {
    for (const [folder, indices] of created) {
      try {
        this.files.syncDirectory(folder);
      } catch (error) {
        const failure = failed(unavailable('sync', folder, error, 'unknown'), 'unknown');
        for (const index of indices) outcomes[index] = failure;
      }
    }
  }
}

export function bytesOf(value: Value): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}

function failed(error: DispatchError, outcome: 'none' | 'unknown' = 'none'): CreateOutcome {
  return { state: 'failed', error, outcome };
}
