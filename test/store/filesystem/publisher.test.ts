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

// A look at a folder is good for 20 ms. Within them the relay may go at any step.
it.each(['openSync', 'linkSync'] as const)(
  'a relay that goes away before %s is made anew, whole and synced',
  async (call) => {
    const root = join(temporaryDirectory(), 'relay');
    const synced: string[] = [];
    let pull = false;
    const opened = new Map<number, string>();
    const goAway = () => {
      if (pull) nodeFs.rmSync(root, { recursive: true });
      pull = false;
    };
    const { system } = new FaultySystem({
      openSync: (path, ...rest) => {
        if (call === 'openSync' && String(path).includes('.tmp')) goAway();
        const fd = nodeFs.openSync(path, ...rest);
        opened.set(fd, String(path));
        return fd;
      },
      linkSync: (from, to) => {
        if (call === 'linkSync') goAway();
        nodeFs.linkSync(from, to);
      },
      fsyncSync: (fd) => {
        synced.push(opened.get(fd) ?? '');
        nodeFs.fsyncSync(fd);
      },
    });
    const store = new FilesystemStore(root, { files: new Files(system) });
    await store.create('bob/before', 'x');
    pull = true;
    synced.length = 0;
    expect(await store.createAll([{ key: 'bob/m', value: 'x' }])).toEqual([{ state: 'created' }]);
    expect(nodeFs.readFileSync(join(root, '.format'), 'utf8')).toBe('1\n');
    expect(synced).toEqual(expect.arrayContaining([join(root, '..'), root, join(root, 'bob')]));
  },
);
