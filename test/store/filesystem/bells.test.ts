import { lstatSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Bells } from '../../../src/store/filesystem/bells.js';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import type { Watch } from '../../../src/store/store.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();
const watches: Watch[] = [];

afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.close();
});

function bells() {
  const folder = join(temporaryDirectory(), '.bell');
  const faulty = new FaultySystem();
  return { folder, faulty, bells: new Bells(new Files(faulty.system), folder) };
}

describe('a bell', () => {
  it('is made by who watches it, not by who rings: most agents are watched by nobody', async () => {
    const { folder, bells: bell } = bells();
    bell.ring('bob');
    expect(lstatSync(folder, { throwIfNoEntry: false })).toBeUndefined();
    watches.push(await bell.watch('bob', () => {}));
    expect(lstatSync(join(folder, 'bob')).size).toBe(0);
  });

  it('gets a new time with every ring and never any content', async () => {
    const { folder, bells: bell } = bells();
    watches.push(await bell.watch('bob', () => {}));
    utimesSync(join(folder, 'bob'), new Date(0), new Date(0));
    bell.ring('bob');
    expect(lstatSync(join(folder, 'bob')).mtimeMs).toBeGreaterThan(0);
    expect(lstatSync(join(folder, 'bob')).size).toBe(0);
  });

  it('that is rung right behind another ring is hinted at too, since the first hint may have been looked into by then', async () => {
    const { bells: bell } = bells();
    let hints = 0;
    const watch = await bell.watch('bob', () => hints++);
    watches.push(watch);
    if (!watch.active) return;
    for (let round = 0; round < 3; round++) {
      const before = hints;
      bell.ring('bob');
      await vi.waitFor(() => expect(hints).toBeGreaterThan(before), { timeout: 20_000, interval: 1 });
      const looked = hints;
      bell.ring('bob');
      await vi.waitFor(() => expect(hints).toBeGreaterThan(looked), { timeout: 5000, interval: 1 });
    }
  });

  it.each(['EACCES', 'EROFS', 'EIO', 'EMFILE'])('that cannot be rung for %s is not an error', async (errno) => {
    const { bells: bell, faulty } = bells();
    watches.push(await bell.watch('bob', () => {}));
    faulty.arm({ at: 0, errno, forGood: true });
    bell.ring('bob');
    expect(faulty.struck).toBeDefined();
  });

  it('that is removed makes its watch inactive, with a reason, and another watch can be made', async () => {
    const { folder, bells: bell } = bells();
    const watch = await bell.watch('bob', () => {});
    watches.push(watch);
    // Where no watch is to be had, there is none to lose.
    if (!watch.active) return;
    rmSync(folder, { recursive: true });
    await vi.waitFor(() => expect(watch.active).toBe(false), { timeout: 20_000 });
    expect(watch.reason).toEqual(expect.any(String));
    let hints = 0;
    watches.push(await bell.watch('bob', () => hints++));
    await vi.waitFor(
      () => {
        bell.ring('bob');
        expect(hints).toBeGreaterThan(0);
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  it.runIf(posix)('in a folder that is a link is not rung, and not watched', async () => {
    const root = join(temporaryDirectory(), 'relay');
    const store = new FilesystemStore(root);
    await store.create('bob/m', 'x');
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'bob'), '');
    utimesSync(join(outside, 'bob'), new Date(0), new Date(0));
    symlinkSync(outside, join(root, '.bell'));
    await store.ring('bob');
    await expect(store.watch('bob', () => {})).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    expect(lstatSync(join(outside, 'bob')).mtimeMs).toBe(0);
  });

  it.runIf(posix)('is not rung through a link in its place', () => {
    const { folder, bells: bell } = bells();
    const outside = join(temporaryDirectory(), 'file');
    writeFileSync(outside, '');
    utimesSync(outside, new Date(0), new Date(0));
    mkdirSync(folder);
    symlinkSync(outside, join(folder, 'bob'));
    bell.ring('bob');
    expect(lstatSync(outside).mtimeMs).toBe(0);
  });
});
