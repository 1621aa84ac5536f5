import { execFileSync, spawnSync } from 'node:child_process';
import * as nodeFs from 'node:fs';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Files, type SystemCalls } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { FORMAT, RelayDirectory } from '../../../src/store/filesystem/relay-directory.js';
import { bundleHelper } from '../../helpers/store-bundle.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { everyOperation } from '../../helpers/store-operations.js';
import {
  asRoot,
  posix,
  STRANGER,
  snapshot,
  useTemporaryDirectories,
  useUntrustingStores,
} from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();
useUntrustingStores();

function open(root: string, write = true, system: Partial<SystemCalls> = {}) {
  const warnings: string[] = [];
  const files = new Files(new FaultySystem(system).system, (line) => warnings.push(line));
  const directory = new RelayDirectory(root, files);
  return { answer: () => directory.open(write), warnings };
}

/** A relay that one thing is wrong with. Returns its path. */
type Spoil = (root: string) => void;

const unsafe: readonly (readonly [string, RegExp, Spoil])[] = [
  [
    'is a symbolic link',
    /symbolic link to/,
    (root) => {
      mkdirSync(`${root}-real`, { mode: 0o700 });
      symlinkSync(`${root}-real`, root);
    },
  ],
  ['is a link to nowhere', /symbolic link to/, (root) => symlinkSync('nowhere', root)],
  ['is a file', /not a directory/, (root) => writeFileSync(root, 'x', { mode: 0o600 })],
  ['is a FIFO', /not a directory/, (root) => void execFileSync('mkfifo', ['-m', '600', root])],
  ['can be written by everybody', /can be written by other users.*0707.*chmod 700/, (root) => folder(root, 0o707)],
  ['can be written by everybody, sticky or not', /can be written by other users/, (root) => folder(root, 0o1777)],
  ['can be written by its group', /can be written by other users.*0770.*chmod 700/, (root) => folder(root, 0o770)],
  ['lies in a folder that everybody can write', /lies in .*shared, which every user can write/, () => {}],
  [
    'holds a format that is no number',
    /unreadable \.format/,
    (root) => {
      folder(root, 0o700);
      writeFileSync(join(root, '.format'), 'one\n', { mode: 0o600 });
    },
  ],
];

function folder(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode);
}

function spoiled(title: string, spoil: Spoil): { root: string; around: string } {
  const around = temporaryDirectory();
  if (title === 'lies in a folder that everybody can write') {
    const shared = join(around, 'shared');
    folder(shared, 0o777);
    folder(join(shared, 'deep'), 0o700);
    folder(join(shared, 'deep', 'relay'), 0o700);
    return { root: join(shared, 'deep', 'relay'), around };
  }
  spoil(join(around, 'relay'));
  return { root: join(around, 'relay'), around };
}

describe.runIf(posix)('a relay that must not be used', () => {
  it.each(unsafe)('because it %s is refused, for reading as for writing, with what to do', (title, message, spoil) => {
    const { root, around } = spoiled(title, spoil);
    const before = snapshot(around);
    for (const write of [true, false]) {
      const { answer } = open(root, write);
      const refused = expect.objectContaining({
        code: 'RELAY_UNSAFE',
        message: expect.stringMatching(message),
        data: { path: root },
      });
      expect(errorOf(answer)).toEqual(refused);
      // Not only the first time.
      expect(errorOf(answer)).toEqual(refused);
    }
    expect(snapshot(around)).toEqual(before);
  });

  it.each(unsafe)('because it %s is refused by every operation, which changes nothing', async (title, _, spoil) => {
    const { root, around } = spoiled(title, spoil);
    const before = snapshot(around);
    for (const [name, operation] of everyOperation()) {
      await expect(operation(new FilesystemStore(root)), name).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    }
    const store = new FilesystemStore(root);
    await expect(store.watch('bob', () => {})).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    await expect(store.tidy()).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    await expect(store.exclusively('sweep', async () => {})).rejects.toMatchObject({ code: 'RELAY_UNSAFE' });
    await store.ring('bob');
    expect(snapshot(around)).toEqual(before);
  });

  it.runIf(asRoot)("because it is another user's is refused", () => {
    const root = join(temporaryDirectory(), 'relay');
    folder(root, 0o700);
    chownSync(root, STRANGER, STRANGER);
    expect(errorOf(open(root).answer)).toMatchObject({
      code: 'RELAY_UNSAFE',
      message: expect.stringContaining(`uid ${STRANGER}`),
    });
    expect(readdirSync(root)).toEqual([]);
  });

  it('because its owner is said to be another user is refused', () => {
    const root = join(temporaryDirectory(), 'relay');
    folder(root, 0o700);
    const lstatSync = ((path: string, options: object) => {
      const stat = nodeFs.lstatSync(path, options);
      if (path === root && stat !== undefined) stat.uid = (process.getuid?.() ?? 0) + 1;
      return stat;
    }) as unknown as SystemCalls['lstatSync'];
    expect(errorOf(open(root, true, { lstatSync }).answer)).toMatchObject({ code: 'RELAY_UNSAFE' });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('the format', () => {
  it('is written by the first write, and by no read', () => {
    const root = join(temporaryDirectory(), 'relay');
    mkdirSync(root, { mode: 0o700 });
    expect(open(root, false).answer()).toBe(true);
    expect(readdirSync(root)).toEqual([]);
    expect(open(root).answer()).toBe(true);
    expect(readFileSync(join(root, '.format'), 'utf8')).toBe(`${FORMAT}\n`);
    expect(readdirSync(join(root, '.tmp'))).toEqual([]);
  });

  it('of a newer version is refused by every operation, without writing anything', async () => {
    const root = join(temporaryDirectory(), 'relay');
    mkdirSync(join(root, 'bob', 'read'), { recursive: true, mode: 0o700 });
    mkdirSync(join(root, 'bob', 'hollow'));
    writeFileSync(join(root, 'bob', 'm'), 'x');
    writeFileSync(join(root, '.format'), `${FORMAT + 1}\n`, { mode: 0o600 });
    const before = snapshot(root);
    for (const [name, operation] of everyOperation()) {
      await expect(operation(new FilesystemStore(root)), name).rejects.toMatchObject({
        code: 'RELAY_TOO_NEW',
        data: { path: root, format: FORMAT + 1 },
        message: expect.stringContaining('Update mcp-dispatch'),
      });
    }
    const store = new FilesystemStore(root);
    const tooNew = { code: 'RELAY_TOO_NEW' };
    await expect(store.watch('bob', () => {})).rejects.toMatchObject(tooNew);
    await expect(store.tidy()).rejects.toMatchObject(tooNew);
    await expect(store.exclusively('sweep', async () => {})).rejects.toMatchObject(tooNew);
    await store.ring('bob');
    expect(snapshot(root)).toEqual(before);
  });

  it.each(['', 'one', '1.5', '-1', '0x1', '1 2', '9'.repeat(50), '1\n'.repeat(40)])(
    'of %j is refused and left as it is',
    (text) => {
      const root = join(temporaryDirectory(), 'relay');
      mkdirSync(root, { mode: 0o700 });
      writeFileSync(join(root, '.format'), text, { mode: 0o600 });
      expect(errorOf(open(root).answer)).toMatchObject({ code: 'RELAY_UNSAFE' });
      expect(readdirSync(root)).toEqual(['.format']);
      expect(readFileSync(join(root, '.format'), 'utf8')).toBe(text);
    },
  );

  it.runIf(posix).each<[string, (path: string) => void]>([
    ['a FIFO', (path) => void execFileSync('mkfifo', ['-m', '600', path])],
    ['a link', (path) => symlinkSync('elsewhere', path)],
    ['a folder', (path) => mkdirSync(path)],
  ])('that is %s is refused', (_, plant) => {
    const root = join(temporaryDirectory(), 'relay');
    mkdirSync(root, { mode: 0o700 });
    plant(join(root, '.format'));
    expect(errorOf(open(root).answer)).toMatchObject({ code: 'RELAY_UNSAFE' });
    expect(readdirSync(root)).toEqual(['.format']);
  });
});

describe.runIf(posix)('a relay that may be used', () => {
  it('is one that others can read, with one warning however often it is opened', () => {
    const root = join(temporaryDirectory(), 'relay');
    folder(root, 0o755);
    const { answer, warnings } = open(root);
    expect(answer()).toBe(true);
    expect(answer()).toBe(true);
    expect(warnings).toEqual([expect.stringMatching(/can be read by other users \(mode 0755\).*chmod 700/)]);
  });

  it('is one of ours alone, without a warning', () => {
    const { answer, warnings } = open(join(temporaryDirectory(), 'relay'));
    expect(answer()).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('lies in a folder that everybody can write when that is sticky, as /tmp is', () => {
    const shared = join(temporaryDirectory(), 'shared');
    folder(shared, 0o1777);
    expect(open(join(shared, 'relay')).answer()).toBe(true);
  });

  it('lies behind a link in its path, whose own mode means nothing', () => {
    const around = temporaryDirectory();
    mkdirSync(join(around, 'data'), { mode: 0o755 });
    symlinkSync(join(around, 'data'), join(around, 'home'));
    expect(open(join(around, 'home', 'relay')).answer()).toBe(true);
    expect(readdirSync(join(around, 'data'))).toEqual(['relay']);
  });

  it('does not lie behind a link into a folder that everybody can write', () => {
    const around = temporaryDirectory();
    folder(join(around, 'shared'), 0o777);
    folder(join(around, 'shared', 'deep'), 0o700);
    symlinkSync(join(around, 'shared', 'deep'), join(around, 'home'));
    expect(errorOf(open(join(around, 'home', 'relay')).answer)).toMatchObject({
      code: 'RELAY_UNSAFE',
      message: expect.stringContaining(join(around, 'shared')),
    });
  });
});

describe.runIf(posix)('a relay that we have no right to write', () => {
  it('is a typed error with nothing visible', async () => {
    const around = temporaryDirectory();
    chmodSync(around, 0o755);
    const root = join(around, 'relay');
    folder(root, 0o500);
    if (asRoot) chownSync(root, STRANGER, STRANGER);
    // Root may write everywhere, so somebody else has to try.
    const child = spawnSync(process.execPath, [await bundleHelper(around, 'store-child.ts'), root, 'create'], {
      encoding: 'utf8',
      ...(asRoot ? { uid: STRANGER, gid: STRANGER } : {}),
    });
    expect(child.stderr).toBe('');
    expect(JSON.parse(child.stdout)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      data: { errno: 'EACCES', outcome: 'none' },
    });
    expect(readdirSync(root)).toEqual([]);
  });
});

function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
