import * as nodeFs from 'node:fs';
import { chmodSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Files, type SystemCalls } from '../../../src/store/filesystem/files.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

function faulty(overrides: Partial<SystemCalls> = {}) {
  const system = new FaultySystem(overrides);
  return { system, files: new Files(system.system) };
}

describe('readSafely', () => {
  it.each(['EACCES', 'EIO', 'EMFILE', 'ENFILE'])(
    'passes on %s: what cannot be opened now is not thereby gone',
    (errno) => {
      const path = join(temporaryDirectory(), 'm');
      writeFileSync(path, 'x');
      const { system, files } = faulty();
      system.arm({ at: 0, errno, forGood: false });
      expect(() => files.readSafely(path, 10)).toThrow(errno);
      expect(files.readSafely(path, 10)).toMatchObject({ ok: true });
    },
  );

  // A test that reads a pipe would wait for ever when this is broken, and say nothing.
  it.runIf(posix)('opens nothing by a link and waits for nobody to open the other end of a pipe', () => {
    const path = join(temporaryDirectory(), 'm');
    writeFileSync(path, 'x');
    const flags: number[] = [];
    const openSync = ((file: string, flag: number, mode?: number) => {
      flags.push(flag);
      return nodeFs.openSync(file, flag, mode);
    }) as SystemCalls['openSync'];
    const { files } = faulty({ openSync });
    files.readSafely(path, 10);
    files.readPart(path, 0, 10);
    files.append(path, Buffer.from('y'));
    const { O_NOFOLLOW, O_NONBLOCK } = nodeFs.constants;
    expect(flags.map((flag) => [flag & O_NOFOLLOW, flag & O_NONBLOCK])).toEqual(
      Array(3).fill([O_NOFOLLOW, O_NONBLOCK]),
    );
  });

  it('tells of a file of which nothing is wanted what reading it would tell, and opens nothing', () => {
    const folder = temporaryDirectory();
    const at = (name: string) => join(folder, name);
    writeFileSync(at('empty'), '');
    writeFileSync(at('full'), 'x');
    mkdirSync(at('folder'));
    if (posix) symlinkSync(at('full'), at('link'));
    const { system, files } = faulty();
    const { mtimeMs: modifiedAt } = lstatSync(at('full'));
    expect(files.readSafely(at('missing'), 0)).toBeUndefined();
    expect(files.readSafely(at('empty/missing'), 0)).toBeUndefined();
    expect(files.readSafely(at('empty'), 0)).toMatchObject({ ok: true, bytes: new Uint8Array(), size: 0 });
    expect(files.readSafely(at('full'), 0)).toEqual({ ok: false, unsafe: 'larger than 0 bytes', modifiedAt });
    expect(files.readSafely(at('folder'), 0)).toMatchObject({ ok: false, unsafe: 'not a plain file' });
    if (posix) expect(files.readSafely(at('link'), 0)).toMatchObject({ ok: false, unsafe: 'a symbolic link' });
    expect(new Set(system.calls)).toEqual(new Set(['lstatSync']));
  });

  it('puts together what comes in pieces', () => {
    const path = join(temporaryDirectory(), 'm');
    writeFileSync(path, '0123456789'.repeat(10));
    const readSync = ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) =>
      nodeFs.readSync(fd, bytes, offset, Math.min(length, 7), position)) as SystemCalls['readSync'];
    const read = faulty({ readSync }).files.readSafely(path, 1000);
    expect(read?.ok === true && Buffer.from(read.bytes).toString()).toBe('0123456789'.repeat(10));
  });

  it('gives what is left of a file that shrinks while it is read, and does not wait for more', () => {
    const path = join(temporaryDirectory(), 'm');
    writeFileSync(path, '0123456789');
    const readSync = ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      nodeFs.truncateSync(path, 4);
      return nodeFs.readSync(fd, bytes, offset, length, position);
    }) as SystemCalls['readSync'];
    const read = faulty({ readSync }).files.readSafely(path, 1000);
    expect(read?.ok === true && Buffer.from(read.bytes).toString()).toBe('0123');
  });

  it('never reads more of a growing file than it was asked to', () => {
    const path = join(temporaryDirectory(), 'm');
    writeFileSync(path, '01234');
    const readSync = ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      nodeFs.appendFileSync(path, 'x'.repeat(1000));
      return nodeFs.readSync(fd, bytes, offset, length, position);
    }) as SystemCalls['readSync'];
    const read = faulty({ readSync }).files.readSafely(path, 5);
    expect(read?.ok === true && read.bytes.length).toBe(5);
  });

  it.runIf(posix)("refuses another user's file by what the opened file says, and closes it", () => {
    const path = join(temporaryDirectory(), 'm');
    writeFileSync(path, 'x');
    const fstatSync = ((fd: number) => {
      const stat = nodeFs.fstatSync(fd);
      stat.uid += 1;
      return stat;
    }) as unknown as SystemCalls['fstatSync'];
    const { system, files } = faulty({ fstatSync });
    expect(files.readSafely(path, 10)).toMatchObject({ ok: false, unsafe: "another user's file" });
    expect(system.calls).not.toContain('readSync');
    expect([...system.open]).toEqual([]);
  });
});

describe('writeNew', () => {
  it.runIf(posix)('makes a file for its owner alone, whatever the umask', () => {
    const path = join(temporaryDirectory(), 'm');
    const before = process.umask(0);
    try {
      new Files().writeNew(path, Buffer.from('x'), false);
    } finally {
      process.umask(before);
    }
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
  });

  it('never replaces or follows what is there, and leaves it alone', () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'm');
    writeFileSync(path, 'old');
    expect(() => new Files().writeNew(path, Buffer.from('new'), true)).toThrow('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe('old');
    if (!posix) return;
    symlinkSync('victim', join(folder, 'link'));
    expect(() => new Files().writeNew(join(folder, 'link'), Buffer.from('new'), true)).toThrow('EEXIST');
    expect(nodeFs.readdirSync(folder).sort()).toEqual(['link', 'm']);
  });

  it('syncs after the last byte and before the file is closed', () => {
    const { system, files } = faulty();
    files.writeNew(join(temporaryDirectory(), 'm'), Buffer.from('x'), true);
    expect(system.calls).toEqual(['openSync', 'writeSync', 'fsyncSync', 'closeSync']);
  });
});

describe('countUpTo', () => {
  it('counts no further than its limit, and nothing where there is nothing', () => {
    const folder = temporaryDirectory();
    for (let index = 0; index < 5; index++) writeFileSync(join(folder, `${index}`), '');
    const files = new Files();
    expect([0, 1, 4, 5, 6].map((limit) => files.countUpTo(folder, limit))).toEqual([0, 1, 4, 5, 5]);
    expect(files.countUpTo(join(folder, 'none'), 10)).toBe(0);
    expect(files.countUpTo(join(folder, '0'), 10)).toBe(0);
  });
});

describe('removeEmptyDirectory', () => {
  it('leaves a directory that holds something, a file and nothing alone', () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full', 'm'), '');
    for (const name of ['full', 'full/m', 'none']) new Files().removeEmptyDirectory(join(folder, name));
    expect(nodeFs.readdirSync(join(folder, 'full'))).toEqual(['m']);
  });
});

describe('readKernelFile', () => {
  it('gives undefined for what cannot be read', () => {
    const folder = temporaryDirectory();
    expect(new Files().readKernelFile(join(folder, 'none'))).toBeUndefined();
    expect(new Files().readKernelFile(folder)).toBeUndefined();
  });

  it('gives the text of what can', () => {
    const path = join(temporaryDirectory(), 'boot_id');
    writeFileSync(path, 'abc\n');
    chmodSync(path, 0o444);
    expect(new Files().readKernelFile(path)).toBe('abc\n');
  });
});
