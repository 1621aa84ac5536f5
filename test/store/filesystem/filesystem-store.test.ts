import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { describeStore } from '../../conformance/store.js';
import { everyOperation } from '../../helpers/store-operations.js';
import {
  asRoot,
  leftovers,
  posix,
  STRANGER,
  snapshot,
  useTemporaryDirectories,
  useUntrustingStores,
} from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

describeStore('the filesystem store', () => {
  const root = join(temporaryDirectory(), 'relay');
  return { connect: () => new FilesystemStore(root), dispose: () => {} };
});

describeStore('the filesystem store without syncs', () => {
  const root = join(temporaryDirectory(), 'relay');
  return { connect: () => new FilesystemStore(root, { durability: 'process' }), dispose: () => {} };
});

function relay() {
  const root = join(temporaryDirectory(), 'relay');
  return { root, store: new FilesystemStore(root) };
}

/** Uses every operation that writes. */
async function writeEverything(store: FilesystemStore): Promise<void> {
  await store.create('bob/m', 'x');
  await store.create('bob/empty', '');
  const value = { shared: 'y' };
  await store.createAll(['a', 'b'].map((agent) => ({ key: `${agent}/m`, value })));
  await store.put('.presence/bob.json', 'z');
  await store.put('.presence/bob.json', 'zz');
  await store.move('bob/m', 'bob/read/m');
  await store.update('.roster/bob', undefined, '1');
  await store.update('.roster/bob', (await store.readRecord('.roster/bob'))?.revision, '2');
  await store.update('.roster/alice', undefined, '1');
  await store.update('.roster/alice', (await store.readRecord('.roster/alice'))?.revision, undefined);
  await store.remove('a/m');
}

describe.runIf(posix)('what stands in the directory', () => {
  it('is readable by its owner alone, whatever the umask', async () => {
    const { root, store } = relay();
    const before = process.umask(0);
    try {
      await writeEverything(store);
      const watch = await store.watch('bob', () => {});
      await watch.close();
      await store.exclusively('sweep', async () => {});
    } finally {
      process.umask(before);
    }
    const kinds = Object.entries(snapshot(root)).map(([path, what]) => [path, what.split(' ', 2).join(' ')]);
    expect(kinds.length).toBeGreaterThan(10);
    for (const [path, kind] of kinds) expect(['file 600', 'folder 700'], path).toContain(kind);
  });

  it('is a file a key, at the path of the key, holding the value and nothing else', async () => {
    const { root, store } = relay();
    await store.create('bob/m', '{"id":"x"}');
    await store.create('.receipts/bob/r', '');
    await store.put('.presence/bob.json', '{}');
    expect(readFileSync(join(root, 'bob/m'), 'utf8')).toBe('{"id":"x"}');
    expect(readFileSync(join(root, '.receipts/bob/r'), 'utf8')).toBe('');
    expect(readFileSync(join(root, '.presence/bob.json'), 'utf8')).toBe('{}');
    expect(readFileSync(join(root, '.format'), 'utf8')).toBe('1\n');
  });

  it('is what moveAll moves: a folder in the place of a file stays', async () => {
    const { root, store } = relay();
    await store.create('bob/m/inside', 'x');
    await store.create('bob/n', 'x');
    const moves = ['m', 'n'].map((name) => ({ from: `bob/${name}`, to: `bob/ended/${name}` }));
    expect(await store.moveAll(moves)).toEqual([false, true]);
    expect(readFileSync(join(root, 'bob/m/inside'), 'utf8')).toBe('x');
  });

  it('is written once for all entries that share a value', async () => {
    const { root, store } = relay();
    const value = { shared: 'y' };
    await store.createAll(['a', 'b', 'c'].map((agent) => ({ key: `${agent}/m`, value })));
    expect(lstatSync(join(root, 'a/m')).nlink).toBe(3);
  });

  it('holds no temporary file after any success, nor after a key that exists', async () => {
    const { root, store } = relay();
    await writeEverything(store);
    expect(await store.create('bob/read/m', 'again')).toBe(false);
    expect(await store.update('.roster/bob', undefined, 'again')).toBe(false);
    expect(await store.update('.roster/bob', '1.old', 'again')).toBe(false);
    expect(leftovers(root)).toEqual([]);
    // Of a record that ended its head stays, so that it can begin again.
    expect(readdirSync(join(root, '.roster/alice'))).toEqual(['2.ended']);
    expect(readdirSync(join(root, '.roster/bob'))).toHaveLength(2);
  });

  it('holds no temporary file after failures, and an entry that fails does not stop the others', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    symlinkSync(join(root, 'bob'), join(root, 'carol'));
    writeFileSync(join(root, 'dora'), 'a file');
    const long = 'n'.repeat(300);
    const value = { shared: 'y' };
    const outcomes = await store.createAll([
      { key: 'alice/m', value },
      { key: 'carol/n', value },
      { key: 'dora/n', value },
      { key: `bob/${long}`, value },
      { key: 'bob/n', value },
    ]);
    expect(outcomes).toMatchObject([
      { state: 'created' },
      { state: 'failed', outcome: 'none', error: { code: 'RELAY_UNSAFE' } },
      { state: 'failed', outcome: 'none', error: { code: 'RELAY_UNSAFE' } },
      { state: 'failed', outcome: 'none', error: { code: 'STORE_UNAVAILABLE', data: { errno: 'ENAMETOOLONG' } } },
      { state: 'created' },
    ]);
    await expect(store.create(`bob/${long}`, 'x')).rejects.toMatchObject({ data: { outcome: 'none' } });
    await expect(store.put(`bob/${long}`, 'x')).rejects.toMatchObject({ data: { outcome: 'none' } });
    await expect(store.update(`bob/${long}`, undefined, 'x')).rejects.toMatchObject({ data: { outcome: 'none' } });
    expect(readdirSync(join(root, 'bob')).sort()).toEqual(['m', 'n']);
    expect(leftovers(root)).toEqual([]);
  });
});

describe('a relay that is not there yet', () => {
  it('is not made by looking', async () => {
    const { root, store } = relay();
    expect(await store.read('bob/m', 10)).toBeUndefined();
    expect(await store.list('bob')).toEqual([]);
    expect(await store.count('bob', 10)).toBe(0);
    expect(await store.readRecord('r')).toBeUndefined();
    expect(await store.remove('bob/m')).toBe(false);
    expect(await store.move('bob/m', 'bob/n')).toBe(false);
    await store.prune('bob');
    await store.tidy();
    await store.ring('bob');
    expect(await store.exclusively('sweep', async () => {})).toBe(false);
    expect(lstatSync(root, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is made with all the folders above it by the first write', async () => {
    const root = join(temporaryDirectory(), 'not', 'yet', 'there');
    expect(await new FilesystemStore(root).create('bob/m', 'x')).toBe(true);
    expect(readFileSync(join(root, 'bob/m'), 'utf8')).toBe('x');
  });
});

describe('a relay that is removed while we run', () => {
  useUntrustingStores();

  it.each(everyOperation())('is made again or found empty by %s', async (_, operation) => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    await store.count('bob', 10);
    rmSync(root, { recursive: true });
    await operation(store);
    expect(await store.create('bob/after', 'y')).toBe(true);
    expect(readFileSync(join(root, 'bob/after'), 'utf8')).toBe('y');
    expect(readFileSync(join(root, '.format'), 'utf8')).toBe('1\n');
  });

  it('is checked again when another directory takes its place', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    renameSync(root, `${root}-aside`);
    mkdirSync(root, { mode: 0o700 });
    writeFileSync(join(root, '.format'), '2\n', { mode: 0o600 });
    await expect(store.create('bob/n', 'x')).rejects.toMatchObject({ code: 'RELAY_TOO_NEW' });
    await expect(store.list('bob')).rejects.toMatchObject({ code: 'RELAY_TOO_NEW' });
    expect(readdirSync(root)).toEqual(['.format']);
  });

  it('can lose its folder for temporary files alone', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    for (const write of [
      () => store.create('bob/n', 'x'),
      () => store.put('bob/o', 'x'),
      () => store.update('r', undefined, 'x'),
    ]) {
      rmSync(join(root, '.tmp'), { recursive: true });
      await write();
    }
    expect(await store.list('bob')).toEqual(expect.arrayContaining(['m', 'n', 'o']));
  });
});

describe('a relay that was removed a moment ago', () => {
  it('is made again by the next write, and gets its format by the one after', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    rmSync(root, { recursive: true });
    expect(await store.create('bob/n', 'y')).toBe(true);
    expect(await new FilesystemStore(root).create('bob/o', 'z')).toBe(true);
    expect((await store.list('bob')).sort()).toEqual(['n', 'o']);
    expect(readFileSync(join(root, '.format'), 'utf8')).toBe('1\n');
  });
});

describe.runIf(posix)('a folder that is a symbolic link', () => {
  // A link that takes a folder's place is refused by the next look, and a look is trusted for a moment.
  useUntrustingStores();

  // What is only read or moved must be refused as much as what is written: mail would leak out, or come in.
  it.each(everyOperation())('is refused by %s, and nothing outside changes', async (_, operation) => {
    const { root, store } = relay();
    await store.create('alice/m', 'x');
    const outside = temporaryDirectory();
    mkdirSync(join(outside, 'read'));
    mkdirSync(join(outside, 'hollow'));
    mkdirSync(join(outside, 'record'));
    for (const name of ['m', 'read/m', 'record/1.abc', 'record/abc']) writeFileSync(join(outside, name), 'secret');
    symlinkSync(outside, join(root, 'bob'));
    const before = snapshot(outside);
    await expect(operation(store)).rejects.toMatchObject({ code: 'RELAY_UNSAFE', data: { path: join(root, 'bob') } });
    expect(snapshot(outside)).toEqual(before);
    expect(leftovers(root)).toEqual([]);
  });

  it('is refused as the folder for temporary files', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    const outside = temporaryDirectory();
    rmSync(join(root, '.tmp'), { recursive: true });
    symlinkSync(outside, join(root, '.tmp'));
    await expect(store.create('bob/n', 'x')).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    await expect(store.put('bob/n', 'x')).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    await expect(store.update('r', undefined, 'x')).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('a link at the place of a new key is never followed or replaced', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    const victim = join(temporaryDirectory(), 'victim');
    symlinkSync(victim, join(root, 'bob/n'));
    expect(await store.create('bob/n', 'x')).toBe(false);
    expect(await store.create('bob/n', '')).toBe(false);
    expect(lstatSync(victim, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe.runIf(posix)('a planted thing in an inbox', () => {
  async function planted(plant: (path: string) => void | Promise<void>) {
    const { root, store } = relay();
    await store.create('bob/good', 'x');
    const path = join(root, 'bob/planted');
    await plant(path);
    return { store, path };
  }

  it.each<[string, (path: string) => void]>([
    ['FIFO', (path) => void execFileSync('mkfifo', ['-m', '600', path])],
    ['symlink to a file', (path) => symlinkSync('good', path)],
    ['symlink to /dev/zero', (path) => symlinkSync('/dev/zero', path)],
    ['symlink to nowhere', (path) => symlinkSync('nowhere', path)],
    ['symlink to itself', (path) => symlinkSync('planted', path)],
    ['directory', (path) => mkdirSync(path)],
  ])('that is a %s is unsafe to read, and reading never waits for it', async (_, plant) => {
    const { store } = await planted(plant);
    expect(await store.read('bob/planted', 1000)).toMatchObject({ ok: false, unsafe: expect.any(String) });
    expect(await store.read('bob/good', 1000)).toMatchObject({ ok: true });
  });

  it('that is a socket is unsafe to read', async () => {
    const server = createServer();
    try {
      const { store } = await planted((path) => new Promise((resolve) => server.listen(path, resolve)));
      expect(await store.read('bob/planted', 1000)).toMatchObject({ ok: false, unsafe: 'not a plain file' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('that is huge is refused by its size, without reading it', async () => {
    const { store } = await planted((path) => {
      writeFileSync(path, '', { mode: 0o600 });
      truncateSync(path, 8 * 1024 ** 3);
    });
    expect(await store.read('bob/planted', 1000)).toMatchObject({ ok: false, unsafe: 'larger than 1000 bytes' });
  });

  it.runIf(asRoot)("that is another user's file is unsafe to read", async () => {
    const { store } = await planted((path) => {
      writeFileSync(path, '{}');
      chownSync(path, STRANGER, STRANGER);
    });
    expect(await store.read('bob/planted', 1000)).toMatchObject({ ok: false, unsafe: "another user's file" });
  });

  it('can be moved away, whatever it is', async () => {
    const { store, path } = await planted((where) => {
      execFileSync('mkfifo', [where]);
    });
    expect(await store.move('bob/planted', '.quarantine/p')).toBe(true);
    symlinkSync('/dev/zero', path);
    expect(await store.move('bob/planted', '.quarantine/q')).toBe(true);
    mkdirSync(path);
    expect(await store.move('bob/planted', '.quarantine/r')).toBe(true);
    expect((await store.list('.quarantine')).sort()).toEqual(['p', 'q', 'r']);
    expect(await store.list('bob')).toEqual(['good']);
  });
});

describe('tidy', () => {
  it('removes what is older than an hour from .tmp, files and folders, and leaves younger ones', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    const temporary = join(root, '.tmp');
    writeFileSync(join(temporary, 'old'), 'x');
    writeFileSync(join(temporary, 'young'), 'x');
    mkdirSync(join(temporary, 'old-folder'));
    const longAgo = new Date(Date.now() - 61 * 60 * 1000);
    for (const name of ['old', 'old-folder']) utimesSync(join(temporary, name), longAgo, longAgo);
    await store.tidy();
    expect(leftovers(root)).toEqual(['young']);
  });

  it('removes the folder of a record that was never put in its place', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    const folder = join(root, '.tmp/abc-1');
    mkdirSync(folder);
    writeFileSync(join(folder, '1.abc'), '');
    writeFileSync(join(folder, 'abc'), 'x');
    const longAgo = new Date(Date.now() - 61 * 60 * 1000);
    utimesSync(folder, longAgo, longAgo);
    await store.tidy();
    await store.tidy();
    expect(leftovers(root)).toEqual([]);
  });
});

describe('names of channels and locks', () => {
  it.each(['', '.', '..', 'a/b', '../a', 'a\\b', 'a\0'])('%j is refused', async (name) => {
    const { store } = relay();
    await store.create('bob/m', 'x');
    await expect(store.watch(name, () => {})).rejects.toThrow(RangeError);
    await expect(store.ring(name)).rejects.toThrow(RangeError);
    await expect(store.exclusively(name, async () => {})).rejects.toThrow(RangeError);
  });
});

describe.runIf(posix && !asRoot)('a missing right', () => {
  it('is a typed error with nothing visible', async () => {
    const { root, store } = relay();
    await store.create('bob/m', 'x');
    chmodSync(join(root, 'bob'), 0o500);
    try {
      const refused = { code: 'STORE_UNAVAILABLE', data: { errno: 'EACCES', outcome: 'none' } };
      await expect(store.create('bob/n', 'x')).rejects.toMatchObject(refused);
      await expect(store.put('bob/m', 'x')).rejects.toMatchObject(refused);
      await expect(store.remove('bob/m')).rejects.toMatchObject(refused);
      expect(leftovers(root)).toEqual([]);
    } finally {
      chmodSync(join(root, 'bob'), 0o700);
    }
  });
});
