/** Records that another process has made or changed, and was killed before it synced that: what follows on them keeps them. */
import * as nodeFs from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { Files, type SystemCalls } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { inMemory, posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories(inMemory);

/** A store, and what it does to the disk: folders by name as it syncs them, and the renaming of heads. */
function observed(root: string): { store: FilesystemStore; done: string[] } {
  const done: string[] = [];
  const paths = new Map<number, string>();
  const system = {
    ...nodeFs,
    openSync: (path: string, flags: number, mode?: number) => {
      const fd = nodeFs.openSync(path, flags, mode);
      paths.set(fd, path);
      return fd;
    },
    fsyncSync: (fd: number) =>
      void done.push(`sync ${basename(paths.get(fd) ?? '').replace(/^[a-z0-9]{20}$/, 'value')}`),
    renameSync: (from: string, to: string) => {
      nodeFs.renameSync(from, to);
      done.push('rename');
    },
  } as unknown as SystemCalls;
  return { store: new FilesystemStore(root, { files: new Files(system) }), done };
}

async function madeBySomebody(): Promise<string> {
  const root = join(temporaryDirectory(), 'relay');
  await new FilesystemStore(root, { durability: 'process' }).update('records/job', undefined, 'one');
  return root;
}

// Windows has no sync of a folder.
it.skipIf(!posix)(
  'a first revision keeps its place before anybody goes past it, and a value is there before its head',
  async () => {
    const { store, done } = observed(await madeBySomebody());
    const first = await store.readRecord('records/job');
    expect(await store.update('records/job', first?.revision, 'two')).toBe(true);
    expect(done.splice(0)).toEqual(['sync records', 'sync value', 'sync job', 'rename', 'sync job']);
    const second = await store.readRecord('records/job');
    expect(done).toEqual([]);
    expect(await store.update('records/job', second?.revision, 'three')).toBe(true);
    expect(done.splice(0)).toEqual(['sync value', 'sync job', 'rename', 'sync job']);
  },
);

it.skipIf(!posix)('what is read durably is synced, with its place', async () => {
  const { store, done } = observed(await madeBySomebody());
  expect(Buffer.from((await store.readRecord('records/job', { durable: true }))?.value ?? []).toString()).toBe('one');
  expect(done).toEqual(['sync job', 'sync records']);
});
