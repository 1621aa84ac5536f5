import { once } from 'node:events';
import { lstatSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { holdLock } from '../../../src/store/filesystem/lock.js';
import { bundleHelper } from '../../helpers/store-bundle.js';
import { useRacers } from '../../helpers/store-processes.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();
const racers = useRacers();
const files = new Files();

describe('a lock', () => {
  it('is refused while it is held, and leaves nothing behind when it is released', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, '.sweep.lock');
    const release = await holdLock(path, files);
    expect(release).toBeTypeOf('function');
    if (posix) expect(lstatSync(path).mode & 0o777).toBe(0o700);
    expect(await holdLock(path, files)).toBeUndefined();
    await release?.();
    expect(readdirSync(folder)).toEqual([]);
    const again = await holdLock(path, files);
    expect(again).toBeTypeOf('function');
    await again?.();
  });

  it.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, '')],
    ['a link', (path) => symlinkSync('/', path)],
  ])('is had although %s of its name was in its place', async (_, plant) => {
    const folder = temporaryDirectory();
    const path = join(folder, '.sweep.lock');
    plant(path);
    const release = await holdLock(path, files);
    expect(release).toBeTypeOf('function');
    await release?.();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that was lost meanwhile is released without an error', async () => {
    const path = join(temporaryDirectory(), '.sweep.lock');
    const release = await holdLock(path, files);
    await release?.();
    await release?.();
  });

  it('whose folder is missing is an error of the system, not "held by another"', async () => {
    await expect(holdLock(join(temporaryDirectory(), 'none', 'lock'), files)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('of another process is respected; after kill -9 nobody waits for it, and it is taken over when it is stale', async () => {
    const around = temporaryDirectory();
    const root = join(around, 'relay');
    const store = new FilesystemStore(root);
    await store.create('bob/m', 'x');
    const holder = await racers.start(await bundleHelper(around, 'store-child.ts'), root, 'hold');
    let runs = 0;
    const work = async () => {
      runs++;
    };
    expect(await store.exclusively('sweep', work)).toBe(false);
    const exit = once(holder, 'exit');
    holder.kill('SIGKILL');
    await exit;
    // Fresh still: the work is left out, not waited for.
    expect(await store.exclusively('sweep', work)).toBe(false);
    expect(runs).toBe(0);
    const longAgo = new Date(Date.now() - 31_000);
    utimesSync(join(root, '.sweep.lock'), longAgo, longAgo);
    expect(await store.exclusively('sweep', work)).toBe(true);
    expect(runs).toBe(1);
    expect(readdirSync(root)).not.toContain('.sweep.lock');
  });
});
