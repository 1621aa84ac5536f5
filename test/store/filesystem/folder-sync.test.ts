/** A folder that the disk refuses to sync: a power cut may undo what changed in it, so nobody may call that done. */
import { fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

const REFUSED = { code: 'STORE_UNAVAILABLE', data: { errno: 'EIO', outcome: 'unknown' } };

/** A store with a message for bob and one for carol, on a disk that no longer syncs bob's folder. */
async function storeWithBobUnsynced(): Promise<FilesystemStore> {
  const root = join(temporaryDirectory(), 'relay');
  const whole = new FilesystemStore(root);
  for (const key of ['bob/m', 'carol/m']) await whole.create(key, 'x');
  const { ino } = statSync(join(root, 'bob'));
  const { system } = new FaultySystem({
    fsyncSync: (fd) => {
      if (fstatSync(fd).ino === ino) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
    },
  });
  return new FilesystemStore(root, { files: new Files(system) });
}

// Windows syncs no folders.
it.runIf(posix).each<[string, (store: FilesystemStore) => Promise<unknown>]>([
  ['a message', (store) => store.create('bob/new', 'y')],
  ['an empty message', (store) => store.create('bob/new', '')],
  ['a durable move', (store) => store.move('carol/m', 'bob/new', { durable: true })],
  ['a durable put', (store) => store.put('bob/m', 'y', { durable: true })],
  ['a removal', (store) => store.remove('bob/m')],
])('%s in a folder that cannot be synced is not told as done', async (_, run) => {
  await expect(run(await storeWithBobUnsynced())).rejects.toMatchObject(REFUSED);
});

it.runIf(posix)('a folder that cannot be synced fails no entry of another', async () => {
  const store = await storeWithBobUnsynced();
  const outcomes = await store.createAll(['bob/1', 'carol/1', 'bob/2'].map((key) => ({ key, value: 'y' })));
  const failed = { state: 'failed', outcome: 'unknown', error: expect.objectContaining(REFUSED) };
  expect(outcomes).toEqual([failed, { state: 'created' }, failed]);
});
