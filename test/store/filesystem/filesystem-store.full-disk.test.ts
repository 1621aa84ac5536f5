/** A disk that really is full: a small file system in memory, which only root can mount. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { asRoot, leftovers, linux, useTemporaryDirectories } from '../../helpers/store-relay.js';

// Before the mounts are taken off, nothing of them can be removed: hooks run in reverse order.
const temporaryDirectory = useTemporaryDirectories();
const mounted: string[] = [];

afterEach(() => {
  for (const path of mounted.splice(0)) execFileSync('umount', [path]);
});

/** Throws where this is not allowed, in a container for instance. */
function mount(options: string): string {
  const path = join(temporaryDirectory(), 'disk');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=0700,${options}`, 'tmpfs', path], { stdio: 'pipe' });
  mounted.push(path);
  return path;
}

const FULL = { code: 'STORE_UNAVAILABLE', data: { errno: 'ENOSPC', outcome: 'none' } };

describe.skipIf(!linux || !asRoot)('a full disk', () => {
  it.for([['without bytes', 'size=256k'] as const, ['without inodes', 'size=4m,nr_inodes=40'] as const])(
    '%s takes what fits, whole, refuses the rest with nothing visible, and works again when there is room',
    async ([, options], { skip }) => {
      let disk = '';
      try {
        disk = mount(options);
      } catch {
        skip('no file system can be mounted here');
      }
      const root = join(disk, 'relay');
      const store = new FilesystemStore(root);
      await store.create('bob/first', 'x');
      await store.update('r', undefined, 'one');
      const revision = (await store.readRecord('r'))?.revision;
      const value = 'v'.repeat(3000);
      const sent: string[] = [];
      let refusal: unknown;
      for (let index = 0; refusal === undefined; index++) {
        try {
          if (await store.create(`bob/${index}`, value)) sent.push(`${index}`);
        } catch (error) {
          refusal = error;
        }
      }
      expect(refusal).toMatchObject(FULL);
      expect(sent.length).toBeGreaterThan(3);
      // Nothing is left, not even for an empty file or a short value.
      for (let index = 0; ; index++) {
        try {
          writeFileSync(join(disk, `rest-${index}`), 'x'.repeat(4096));
        } catch {
          break;
        }
      }
      expect((await store.list('bob')).sort()).toEqual(['first', ...sent].sort());
      for (const name of sent)
        expect(await store.read(`bob/${name}`, 10_000)).toMatchObject({ ok: true, bytes: { length: 3000 } });

      await expect(store.put('bob/first', value)).rejects.toMatchObject(FULL);
      await expect(store.update('r', revision, value)).rejects.toMatchObject(FULL);
      await expect(store.update('new', undefined, value)).rejects.toMatchObject(FULL);
      const outcomes = await store.createAll([
        { key: 'a/m', value },
        { key: 'b/m', value },
      ]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ state: 'failed', outcome: 'none', error: FULL });
      expect(await store.read('bob/first', 100)).toMatchObject({ ok: true, bytes: { length: 1 } });
      expect((await store.readRecord('r'))?.revision).toBe(revision);
      expect(await store.readRecord('new')).toBeUndefined();
      expect(await store.list('a')).toEqual([]);
      expect(leftovers(root)).toEqual([]);

      // Reading, moving and removing need no room.
      expect(await store.move(`bob/${sent[0]}`, `bob/${sent[0]}~r`)).toBe(true);
      expect(await store.remove(`bob/${sent[0]}~r`)).toBe(true);
      expect(await store.remove(`bob/${sent[1]}`)).toBe(true);
      expect(await store.remove(`bob/${sent[2]}`)).toBe(true);
      expect(await store.create('bob/after', 'room again')).toBe(true);
      expect(await store.update('r', revision, 'two')).toBe(true);
      expect(statfsSync(disk).blocks).toBeGreaterThan(0);
    },
  );
});
