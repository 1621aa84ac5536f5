import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

it.each(['EIO', 'EEXIST'])('a link that was made and answered %s is a message that was published', async (code) => {
  const root = join(temporaryDirectory(), 'relay');
  const { system } = new FaultySystem({
    linkSync: (from, to) => {
      nodeFs.linkSync(from, to);
      if (String(to).includes('bob')) throw Object.assign(new Error(code), { code });
    },
  });
  const store = new FilesystemStore(root, { files: new Files(system) });
  expect(await store.createAll([{ key: 'bob/m', value: 'x' }])).toEqual([{ state: 'created' }]);
  expect(nodeFs.readFileSync(join(root, 'bob/m'), 'utf8')).toBe('x');
});

it('a key that another took is not taken for our own', async () => {
  const store = new FilesystemStore(join(temporaryDirectory(), 'relay'));
  await store.create('bob/m', 'theirs');
  expect(await store.create('bob/m', 'ours')).toBe(false);
});
