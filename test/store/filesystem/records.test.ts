import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { bundleHelper } from '../../helpers/store-bundle.js';
import { useRacers } from '../../helpers/store-processes.js';
import { leftovers, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();
const racers = useRacers();

const PROCESSES = 4;

function relay() {
  const around = temporaryDirectory();
  const root = join(around, 'relay');
  return { around, root, store: new FilesystemStore(root) };
}

describe('processes that race', () => {
  it('win each revision of a record exactly once, and none is skipped', async () => {
    const { around, root, store } = relay();
    const last = 2000;
    await store.update('race', undefined, '0');
    const told = await racers.race(PROCESSES, await bundleHelper(around, 'store-child.ts'), root, 'count', `${last}`);
    const won = (told as [string, number][][]).flat();
    expect(won.map(([, value]) => value).sort((a, b) => a - b)).toEqual(
      Array.from({ length: last }, (_, index) => index + 1),
    );
    expect(new Set(won.map(([revision]) => revision)).size).toBe(last);
    const record = await store.readRecord('race');
    expect(Buffer.from(record?.value ?? []).toString()).toBe(`${last}`);
    expect(readdirSync(join(root, 'race'))).toHaveLength(2);
    expect(leftovers(root)).toEqual([]);
  });

  it('leave no revision twice and never jam while the record begins and ends all the time', async () => {
    const { around, root, store } = relay();
    await store.create('other/m', 'x');
    const told = await racers.race(PROCESSES, await bundleHelper(around, 'store-child.ts'), root, 'lifecycle', '500');
    const won = (told as [string, string][][]).flat();
    const left = won.map(([revision]) => revision).filter((revision) => revision !== 'none');
    expect(new Set(left).size).toBe(left.length);
    const count = (what: string) => won.filter(([, did]) => did === what).length;
    const isThere = (await store.readRecord('race')) !== undefined;
    expect(count('start') - count('end')).toBe(isThere ? 1 : 0);
    // The state that is there now has not been left; every other one was left once.
    expect(left).toHaveLength(count('start') + count('change') - (isThere ? 1 : 0));
    expect(leftovers(root)).toEqual([]);
  });

  it('create and move each key once between them, and read no torn value', async () => {
    const { around, root, store } = relay();
    await store.create('other/m', 'x');
    const told = (await racers.race(PROCESSES, await bundleHelper(around, 'store-child.ts'), root, 'keys', '500')) as {
      pid: number;
      created: string[];
      moved: string[];
    }[];
    // A key may be created again when it was moved away; each creation is moved once.
    const created = told.flatMap((each) => each.created).sort();
    const moved = told.flatMap((each) => each.moved).sort();
    expect(moved).toEqual(created);
    expect(await store.list('in')).toEqual([]);
    const out = new Set(await store.list('out'));
    expect(out).toEqual(new Set(told.flatMap(({ pid, moved }) => moved.map((key) => `${key}~${pid}`))));
    expect(leftovers(root)).toEqual([]);
  });
});

describe('what a killed process leaves of a record', () => {
  const HEAD = /^\d+\.[a-z0-9]+$/;

  async function started() {
    const { root, store } = relay();
    await store.update('r', undefined, 'one');
    const folder = join(root, 'r');
    const head = readdirSync(folder).find((name) => HEAD.test(name)) ?? '';
    return { store, folder, head };
  }

  it('a value that no head names yet, changes nothing', async () => {
    const { store, folder, head } = await started();
    writeFileSync(join(folder, 'a'.repeat(20)), 'torn');
    expect((await store.readRecord('r'))?.revision).toBe(head);
    expect(await store.update('r', head, 'two')).toBe(true);
    expect(Buffer.from((await store.readRecord('r'))?.value ?? []).toString()).toBe('two');
  });

  it('an old value beside the new one, changes nothing', async () => {
    const { store, folder, head } = await started();
    await store.update('r', head, 'two');
    writeFileSync(join(folder, head.split('.')[1] ?? ''), 'one');
    expect(Buffer.from((await store.readRecord('r'))?.value ?? []).toString()).toBe('two');
  });

  it('a record that ended, with a value that was not removed, can begin again', async () => {
    const { store, folder, head } = await started();
    // As killed before its first change and again while ending it.
    writeFileSync(join(folder, 'b'.repeat(20)), 'never named');
    expect(await store.update('r', head, undefined)).toBe(true);
    expect(await store.readRecord('r')).toBeUndefined();
    expect(await store.update('r', head, 'late')).toBe(false);
    expect(await store.update('r', undefined, 'new')).toBe(true);
    expect(await store.update('r', undefined, 'new too')).toBe(false);
    const record = await store.readRecord('r');
    expect(Buffer.from(record?.value ?? []).toString()).toBe('new');
    expect(await store.update('r', record?.revision, undefined)).toBe(true);
    expect(await store.update('r', undefined, 'newest')).toBe(true);
  });

  it('a record that has just been ended and not cleared away, can begin again', async () => {
    const { store, folder, head } = await started();
    renameSync(join(folder, head), join(folder, '2.ended'));
    expect(await store.readRecord('r')).toBeUndefined();
    expect(await store.update('r', '2.ended', 'by a word that is no revision')).toBe(false);
    expect(await store.update('r', undefined, 'new')).toBe(true);
    expect(Buffer.from((await store.readRecord('r'))?.value ?? []).toString()).toBe('new');
  });

  it('an empty folder, can begin', async () => {
    const { store, folder } = await started();
    rmSync(folder, { recursive: true });
    mkdirSync(folder, { mode: 0o700 });
    expect(await store.readRecord('r')).toBeUndefined();
    expect(await store.update('r', undefined, 'new')).toBe(true);
  });
});

describe('a revision', () => {
  it.each(['../other/1.abc', '..', '', '1', '.', '1.abc/../../x', '1.abc\0'])(
    'that is none (%j) changes nothing and never is a path',
    async (revision) => {
      const { root, store } = relay();
      await store.update('r', undefined, 'one');
      mkdirSync(join(root, 'other'));
      writeFileSync(join(root, 'other/1.abc'), '');
      expect(await store.update('r', revision, 'two')).toBe(false);
      expect(await store.update('r', revision, undefined)).toBe(false);
      expect(readdirSync(join(root, 'other'))).toEqual(['1.abc']);
      expect(Buffer.from((await store.readRecord('r'))?.value ?? []).toString()).toBe('one');
    },
  );
});
