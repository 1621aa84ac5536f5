/** What a look at the relay leaves for the write that follows it at once. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

describe('a directory that is there before its first message', () => {
  // A look is trusted for a moment, which here never passes.
  beforeEach(() => {
    vi.spyOn(systemClock, 'steady').mockReturnValue(1);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each<[string, (store: FilesystemStore) => Promise<unknown>]>([
    ['create', (store) => store.create('bob/m', 'x')],
    ['put', (store) => store.put('bob/m', 'x')],
    ['append', (store) => store.append('bob/m', 'x')],
    ['update', (store) => store.update('bob', undefined, 'x')],
    ['watch', async (store) => (await store.watch('bob', () => {})).close()],
  ])('gets its format by %s, right behind a look', async (_, write) => {
    const root = join(temporaryDirectory(), 'relay');
    mkdirSync(root, { mode: 0o700 });
    const store = new FilesystemStore(root);
    expect(await store.list('')).toEqual([]);
    expect(readdirSync(root)).toEqual([]);
    await write(store);
    expect(readFileSync(join(root, '.format'), 'utf8')).toBe('1\n');
  });
});
