/** Renames, within the relay and into folders that may be missing: of several racing callers one succeeds. */
import { dirname } from 'node:path';
import type { ChildCounter } from './child-counter.js';
import type { Files } from './files.js';
import type { Folders } from './folders.js';
import { unavailable } from './unavailable.js';

interface Paths {
  readonly source: string;
  readonly target: string;
}

export class Mover {
  constructor(
    private readonly files: Files,
    private readonly folders: Folders,
    private readonly counter: ChildCounter,
  ) {}

  /** As the port's `move`. With `sync` a folder that has to be made survives a power cut; the new name is the caller's to sync. */
  move(source: string, target: string, sync: boolean): boolean {
    if (!this.folders.has(dirname(source))) return false;
    const replaced = this.files.lstat(target);
    if (replaced !== undefined) {
      if (source === target) return true;
      // Two names of one file: rename(2) succeeds and leaves both, so the source is taken away instead.
      const moved = this.files.lstat(source);
      if (moved?.ino === replaced.ino && moved.dev === replaced.dev) {
        return this.counter.changing(dirname(source), -1, () => this.files.unlink(source));
      }
    }
    return this.counter.changing(dirname(source), -1, () =>
      this.counter.changing(dirname(target), replaced === undefined ? 1 : 0, () =>
        this.renameInto(source, target, sync),
      ),
    );
  }

  /**
   * As the port's `moveAll`, each folder synced once. A rename is one change to both folders, and never there without the one
   * that it goes to (docs/adr/0006): syncing that one, once something has moved there, does for all.
   */
  moveAll(paths: readonly Paths[], sync: boolean): boolean[] {
    const changed = new Set<string>();
    let doing = '';
    try {
      const outcomes = paths.map(({ source, target }) => {
        doing = source;
        const moved = this.folders.lookingAgain(() => this.#isValue(source) && this.move(source, target, false));
        if (moved) changed.add(dirname(target));
        return moved;
      });
      if (sync) {
        for (const folder of changed) {
          doing = folder;
          this.files.syncDirectory(folder);
        }
      }
      return outcomes;
    } catch (error) {
      throw unavailable('move', doing, error, changed.size > 0 ? 'unknown' : 'none');
    }
  }

  /** Renames into a folder that may be missing; false when there is nothing to rename. */
  renameInto(source: string, target: string, sync: boolean): boolean {
    if (this.folders.has(dirname(target)) && this.files.rename(source, target)) return true;
    if (this.files.kindOf(source) === 'missing') return false;
    this.folders.forget();
    this.folders.make(dirname(target), sync);
    return this.files.rename(source, target);
  }

  #isValue(path: string): boolean {
    return this.folders.has(dirname(path)) && this.files.kindOf(path) !== 'directory';
  }
}
