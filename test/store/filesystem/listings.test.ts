import { mkdirSync, renameSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { Listings } from '../../../src/store/filesystem/listings.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

const HOUR_MS = 3_600_000;

class Listed {
  readonly faulty = new FaultySystem();
  readonly listings = new Listings(new Files(this.faulty.system));
  readonly path = join(temporaryDirectory(), 'inbox');

  constructor(...names: string[]) {
    mkdirSync(this.path);
    for (const name of names) this.add(name);
  }

  add(name: string): void {
    writeFileSync(join(this.path, name), '');
  }

  /** Gives the folder the time of a change so long ago, instead of waiting. */
  changedAgo(ms: number): void {
    const time = new Date(Date.now() - ms);
    utimesSync(this.path, time, time);
  }

  names(): string[] {
    return [...this.listings.list(this.path)].sort();
  }

  /** Whether the folder was read again for this. */
  reads(): boolean {
    this.faulty.arm(undefined);
    this.names();
    return this.faulty.calls.includes('readdirSync');
  }
}

describe('the listing of a folder', () => {
  it('is not taken again while the folder is still', () => {
    const folder = new Listed('a', 'b');
    folder.changedAgo(HOUR_MS);
    expect(folder.names()).toEqual(['a', 'b']);
    expect(folder.reads()).toBe(false);
    expect(folder.names()).toEqual(['a', 'b']);
  });

  it.each<[string, (folder: Listed) => void, string[]]>([
    ['came', (folder) => folder.add('c'), ['a', 'b', 'c']],
    ['went', (folder) => unlinkSync(join(folder.path, 'a')), ['b']],
    ['changed', (folder) => renameSync(join(folder.path, 'a'), join(folder.path, 'z')), ['b', 'z']],
  ])('shows a name that %s since', (_, change, names) => {
    const folder = new Listed('a', 'b');
    folder.changedAgo(HOUR_MS);
    folder.names();
    change(folder);
    expect(folder.names()).toEqual(names);
  });

  it('is not kept when the folder changed within the coarsest tick: a change that follows may have the same time', () => {
    const folder = new Listed('a');
    folder.changedAgo(2000);
    expect(folder.names()).toEqual(['a']);
    expect(folder.reads()).toBe(true);
  });

  it('is not kept when the time of the folder is ahead of the clock', () => {
    const folder = new Listed('a');
    folder.changedAgo(-HOUR_MS);
    folder.names();
    expect(folder.reads()).toBe(true);
  });

  it('is taken anew after ten seconds, for folders whose time somebody set back', () => {
    const folder = new Listed('a');
    folder.changedAgo(HOUR_MS);
    folder.names();
    const { mtime } = statSync(folder.path);
    folder.add('b');
    utimesSync(folder.path, mtime, mtime);
    expect(folder.names()).toEqual(['a']);
    const later = Date.now() + 10_001;
    vi.spyOn(Date, 'now').mockReturnValue(later);
    expect(folder.names()).toEqual(['a', 'b']);
    vi.mocked(Date.now).mockRestore();
  });

  it('of another folder in its place, with the same time, is taken anew', () => {
    const folder = new Listed('a');
    folder.changedAgo(HOUR_MS);
    folder.names();
    // Asked for, because a time that is set anew is a millisecond later now and then.
    const { mtime } = statSync(folder.path);
    renameSync(folder.path, `${folder.path}-old`);
    mkdirSync(folder.path);
    utimesSync(folder.path, mtime, mtime);
    expect(folder.names()).toEqual([]);
  });

  it('of a folder that is gone is empty, and of one that came back its own', () => {
    const folder = new Listed('a');
    folder.changedAgo(HOUR_MS);
    folder.names();
    rmSync(folder.path, { recursive: true });
    expect(folder.names()).toEqual([]);
    mkdirSync(folder.path);
    folder.add('b');
    expect(folder.names()).toEqual(['b']);
  });

  it('is kept for a bounded number of folders', () => {
    const folder = new Listed('a');
    folder.changedAgo(HOUR_MS);
    folder.names();
    for (let index = 0; index < 40; index++) {
      const other = join(folder.path, '..', `other-${index}`);
      mkdirSync(other);
      const time = new Date(Date.now() - HOUR_MS);
      utimesSync(other, time, time);
      folder.listings.list(other);
    }
    expect(folder.reads()).toBe(true);
    expect(folder.names()).toEqual(['a']);
  });
});
