/** What the file system alone can tell of a relay directory; and that looking at it leaves no trace. */
import * as nodeFs from 'node:fs';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { repairAll } from '../../../src/model/finding.js';
import type { SystemCalls } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { FilesystemInspection, type InspectionOptions } from '../../../src/store/filesystem/inspection.js';
import { asRoot, linux, posix, STRANGER, snapshot, useTemporaryDirectories } from '../../helpers/store-relay.js';

const directory = useTemporaryDirectories();

let root = '';
beforeEach(async () => {
  root = join(directory(), 'relay');
  await new FilesystemStore(root).createAll([
    { key: 'bob/1.json', value: '{}' },
    { key: '.agents/bob', value: '{"served_at":"2026-02-17T20:30:00Z"}' },
  ]);
});

async function inspect(options: InspectionOptions = {}) {
  // Without a proc, so that nothing depends on the machine's limits.
  return new FilesystemInspection(root, { proc: join(root, 'no-proc'), ...options }).find();
}

async function codes(options?: InspectionOptions): Promise<string[]> {
  return (await inspect(options)).map(({ severity, code, path }) => `${severity} ${code} ${path.replace(root, '')}`);
}

async function fix(): Promise<string[]> {
  const repaired = await repairAll(await inspect());
  expect(repaired.filter(({ fixed }) => fixed === false)).toEqual([]);
  return codes();
}

const modeOf = (...parts: string[]) => statSync(join(root, ...parts)).mode & 0o7777;

/** The system, with some calls answering something else. */
const system = (replaced: Partial<SystemCalls>): SystemCalls => ({ ...nodeFs, ...replaced });

describe('a relay directory in order', () => {
  it('gives no finding', async () => {
    expect(await codes()).toEqual([]);
  });

  it('that is not there yet is a note, and is not made', async () => {
    rmSync(root, { recursive: true });
    expect(await codes()).toEqual(['note relay-missing ']);
    expect(statSync(root, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe.skipIf(!posix)('rights', () => {
  it('of others to write the relay are an error, and --fix takes them away', async () => {
    chmodSync(root, 0o722);
    expect(await codes()).toEqual(['error relay-mode ']);
    expect(await fix()).toEqual([]);
    expect(modeOf()).toBe(0o700);
  });

  it('of others to read it are a warning, and --fix takes them away', async () => {
    chmodSync(root, 0o755);
    expect(await codes()).toEqual(['warning relay-mode ']);
    expect(await fix()).toEqual([]);
    expect(modeOf()).toBe(0o700);
  });

  it('that the owner lacks are an error for a person', async () => {
    chmodSync(join(root, 'bob'), 0o500);
    expect(await codes()).toEqual(['error folder-not-usable /bob']);
    expect(await fix()).toEqual(['error folder-not-usable /bob']);
    chmodSync(join(root, 'bob'), 0o700);
    chmodSync(root, 0o500);
    expect(await codes()).toEqual(['error relay-mode ']);
    chmodSync(root, 0o700);
  });

  it('of others to folders and files in it are found, and --fix takes exactly these away', async () => {
    chmodSync(join(root, 'bob'), 0o750);
    chmodSync(join(root, '.agents'), 0o777);
    chmodSync(join(root, 'bob', '1.json'), 0o644);
    chmodSync(join(root, '.agents', 'bob'), 0o666);
    expect((await codes()).sort()).toEqual([
      'note file-mode /bob',
      'note folder-mode /bob',
      'warning file-mode /.agents',
      'warning folder-mode /.agents',
    ]);
    expect(await fix()).toEqual([]);
    expect([modeOf('bob'), modeOf('.agents'), modeOf('bob', '1.json'), modeOf('.agents', 'bob')]).toEqual([
      0o700, 0o700, 0o600, 0o600,
    ]);
  });

  it('of a file outside are left alone when a link takes the place of what was found', async () => {
    const outside = join(dirname(root), 'outside');
    writeFileSync(outside, 'x');
    chmodSync(outside, 0o644);
    chmodSync(join(root, 'bob', '1.json'), 0o644);
    const found = await inspect();
    expect(found).toHaveLength(1);
    rmSync(join(root, 'bob', '1.json'));
    symlinkSync(outside, join(root, 'bob', '1.json'));
    await repairAll(found);
    expect(statSync(outside).mode & 0o777).toBe(0o644);
  });

  it('to a folder are not changed through a link either, and the failure is said', async () => {
    const outside = join(dirname(root), 'outside');
    mkdirSync(outside, { mode: 0o755 });
    chmodSync(join(root, 'bob'), 0o755);
    const found = await inspect();
    renameSync(join(root, 'bob'), join(root, 'was-bob'));
    symlinkSync(outside, join(root, 'bob'));
    expect(await repairAll(found)).toMatchObject([{ code: 'folder-mode', fixed: false, failure: expect.any(String) }]);
    expect(statSync(outside).mode & 0o777).toBe(0o755);
  });

  it.skipIf(!asRoot)('of other owners are found, by folder, and refused by --fix', async () => {
    chownSync(join(root, 'bob', '1.json'), STRANGER, STRANGER);
    expect(await codes()).toEqual(['warning foreign-owner /bob']);
    expect(await fix()).toEqual(['warning foreign-owner /bob']);
  });

  it('of every user to a folder above are an error, in the words of the servers', async () => {
    chmodSync(dirname(root), 0o777);
    expect(await inspect()).toMatchObject([
      { code: 'relay-unsafe', severity: 'error', message: expect.stringContaining('which every user can write') },
    ]);
  });

  it('are not looked for behind a link in the place of the relay', async () => {
    const real = `${root}-real`;
    renameSync(root, real);
    symlinkSync(real, root);
    chmodSync(join(real, 'bob'), 0o777);
    expect(await codes()).toEqual(['error relay-unsafe ']);
  });
});

describe('the format', () => {
  it('that is missing in a relay with mail is written by --fix', async () => {
    rmSync(join(root, '.format'));
    expect(await codes()).toEqual(['warning format-missing /.format']);
    expect(await fix()).toEqual([]);
    expect(nodeFs.readFileSync(join(root, '.format'), 'utf8')).toBe('1\n');
  });

  it('is not missing in a relay that is just being made', async () => {
    for (const name of ['.format', 'bob', '.agents']) rmSync(join(root, name), { recursive: true });
    expect(await codes()).toEqual([]);
  });

  it.each([
    ['newer', '2\n', 'Update mcp-dispatch'],
    ['unreadable', 'one\n', 'unreadable .format'],
  ])('that is %s is an error, and refused by --fix', async (_, text, words) => {
    writeFileSync(join(root, '.format'), text);
    expect(await inspect()).toMatchObject([{ code: 'relay-unsafe', message: expect.stringContaining(words) }]);
    expect(await fix()).toEqual(['error relay-unsafe ']);
    expect(nodeFs.readFileSync(join(root, '.format'), 'utf8')).toBe(text);
  });
});

describe('the disk', () => {
  const disk = (values: object) =>
    system({ statfsSync: ((path: string) => ({ ...nodeFs.statfsSync(path), ...values })) as typeof nodeFs.statfsSync });
  const roomy = { type: 0xef53, bsize: 4096, blocks: 1_000_000, bavail: 500_000, files: 1_000_000, ffree: 500_000 };

  it.each([
    ['roomy', {}, []],
    ['nearly full', { bavail: 16_383 }, ['warning disk-nearly-full ']],
    ['full', { bavail: 255 }, ['error disk-nearly-full ']],
    ['short of inodes', { ffree: 9_999 }, ['warning inodes-nearly-used-up ']],
    ['out of inodes', { ffree: 0 }, ['error inodes-nearly-used-up ']],
    ['without a fixed number of inodes', { files: 0, ffree: 0 }, []],
  ])('that is %s', async (_, values, expected) => {
    expect(await codes({ system: disk({ ...roomy, ...values }) })).toEqual(expected);
  });

  it.skipIf(!linux)('without hard links is an error', async () => {
    expect(await codes({ system: disk({ ...roomy, type: 0x4d44 }) })).toEqual(['error no-hard-links ']);
  });

  it.skipIf(!posix)('that is another one below a folder is an error, said once for all that is in it', async () => {
    mkdirSync(join(root, 'bob', 'read'), { mode: 0o700 });
    const elsewhere = (path: unknown) => String(path).startsWith(join(root, 'bob'));
    const lstatSync = ((path: string, options: object) => {
      const stat = nodeFs.lstatSync(path, options) as nodeFs.Stats | undefined;
      if (stat !== undefined && elsewhere(path)) stat.dev += 1;
      return stat;
    }) as unknown as typeof nodeFs.lstatSync;
    expect(await codes({ system: system({ lstatSync }) })).toEqual(['error several-file-systems /bob']);
  });
});

describe.skipIf(!linux)('watch limits', () => {
  function proc(watches: number, instances: number, used: number): string {
    const folder = join(directory(), 'proc');
    mkdirSync(join(folder, 'sys/fs/inotify'), { recursive: true });
    writeFileSync(join(folder, 'sys/fs/inotify/max_user_watches'), `${watches}\n`);
    writeFileSync(join(folder, 'sys/fs/inotify/max_user_instances'), `${instances}\n`);
    mkdirSync(join(folder, '4711/fd'), { recursive: true });
    for (let fd = 0; fd < used; fd++) symlinkSync('anon_inode:inotify', join(folder, '4711/fd', String(fd)));
    symlinkSync('socket:[1]', join(folder, '4711/fd/999'));
    return folder;
  }

  it.each([
    ['enough', [8192, 128, 120], []],
    ['few watches', [1023, 128, 0], ['max_user_watches']],
    ['instances that are nearly all in use', [8192, 128, 121], ['max_user_instances']],
  ] as const)('%s', async (_, [watches, instances, used], expected) => {
    const found = await inspect({ proc: proc(watches, instances, used) });
    expect(found.map(({ code, path }) => `${code} ${path.split('/').at(-1)}`)).toEqual(
      expected.map((name) => `watch-limits ${name}`),
    );
  });
});

describe('the build', () => {
  it('that is older than a source beside it is found, and one elsewhere is not', async () => {
    const clone = directory();
    for (const folder of ['dist', 'src/relay']) mkdirSync(join(clone, folder), { recursive: true });
    const program = join(clone, 'dist', 'program.cjs');
    const source = join(clone, 'src', 'relay', 'relay.ts');
    for (const file of [program, source]) writeFileSync(file, '');
    const at = (seconds: number, ...paths: string[]) => {
      for (const path of paths) utimesSync(path, seconds, seconds);
    };
    at(1000, source, join(clone, 'src'), join(clone, 'src/relay'));
    at(1000, program);
    expect(await inspect({ program })).toEqual([]);
    at(1001, source);
    expect(await inspect({ program })).toMatchObject([{ code: 'build-stale', severity: 'warning', path: program }]);
    expect(await inspect({ program: join(clone, 'elsewhere.cjs') })).toEqual([]);
  });
});

describe('a look', () => {
  it('writes nothing and changes no time, whatever there is to find', async () => {
    chmodSync(root, 0o755);
    chmodSync(join(root, 'bob'), 0o777);
    rmSync(join(root, '.format'));
    linkSync(join(root, 'bob', '1.json'), join(root, 'bob', '2.json'));
    const writes: string[] = [];
    const counting: Partial<SystemCalls> = {};
    for (const name of [
      'writeSync',
      'mkdirSync',
      'renameSync',
      'unlinkSync',
      'linkSync',
      'utimesSync',
      'fchmodSync',
    ] as const) {
      counting[name] = (() => {
        writes.push(name);
        throw new Error(name);
      }) as never;
    }
    const times = () =>
      nodeFs
        .readdirSync(root, { recursive: true, encoding: 'utf8' })
        .concat('.')
        .map((name) => `${name} ${statSync(join(root, name)).mtimeMs} ${statSync(join(root, name)).ctimeMs}`);
    const before = [snapshot(root), times()];
    expect((await inspect({ system: system(counting) })).length).toBeGreaterThan(2);
    expect([snapshot(root), times()]).toEqual(before);
    expect(writes).toEqual([]);
  });
});
