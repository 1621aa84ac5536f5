import { execFileSync } from 'node:child_process';
import * as nodeFs from 'node:fs';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { readOperatorFile } from '../../../src/store/filesystem/operator-file.js';

const asRoot = process.getuid?.() === 0;
const posix = process.platform !== 'win32';
const SOMEBODY = 65_534;

let home: string;
let file: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-list-')));
  file = path.join(home, '.repos.json');
  writeFileSync(file, '{}', { mode: 0o600 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const read = (files = new Files()) => readOperatorFile(files, file);

/** Puts something else in the place of the file. */
const replace = (make: () => void) => () => {
  rmSync(file);
  make();
};

describe('the text of a file that the operator alone can have written', () => {
  it('is read as it is at that moment', () => {
    expect(read()).toEqual({ text: '{}' });
    writeFileSync(file, '{"a": "ä"}');
    expect(read()).toEqual({ text: '{"a": "ä"}' });
    writeFileSync(file, '');
    expect(read()).toEqual({ text: '' });
  });

  it('may have 1 MiB and no more', () => {
    truncateSync(file, 1_048_576);
    expect(read()).toMatchObject({ text: expect.stringMatching(/^\{\}\0/) });
    truncateSync(file, 1_048_577);
    expect(read()).toEqual({ problem: 'is larger than 1048576 bytes' });
    truncateSync(file, 2 ** 40);
    expect(read()).toEqual({ problem: 'is larger than 1048576 bytes' });
  });

  it.skipIf(!posix).each<readonly [string, string, () => void]>([
    ['is not there', 'is not there', () => rmSync(file)],
    ['is a folder', 'is not a plain file', replace(() => mkdirSync(file))],
    ['is a pipe that nobody writes to', 'is not a plain file', replace(() => execFileSync('mkfifo', [file]))],
    [
      'is a link to a good file',
      'is a symbolic link',
      () => {
        renameSync(file, `${file}.real`);
        symlinkSync(`${file}.real`, file);
      },
    ],
    ['is a link that leads nowhere', 'is a symbolic link', replace(() => symlinkSync('gone', file))],
    ['is a link to itself', 'is a symbolic link', replace(() => symlinkSync(file, file))],
    ['can be written by all', '(mode 0602; chmod go-w)', () => chmodSync(file, 0o602)],
    ['can be written by its group', '(mode 0660; chmod go-w)', () => chmodSync(file, 0o660)],
    ['lies where all can write', '(mode 0777; chmod go-w)', () => chmodSync(home, 0o777)],
    ['is not UTF-8', 'is not valid UTF-8', () => writeFileSync(file, Buffer.from([0x22, 0xff, 0x22]))],
  ])('is refused when it %s', (_, said, spoil) => {
    expect(read()).toEqual({ text: '{}' });
    spoil();
    expect(read()).toEqual({ problem: expect.stringContaining(said) });
  });

  it.skipIf(!asRoot)('is refused when it, or its folder, is of another user', () => {
    chownSync(file, SOMEBODY, SOMEBODY);
    expect(read()).toEqual({ problem: "is another user's file" });
    chownSync(file, 0, 0);
    chownSync(home, SOMEBODY, SOMEBODY);
    expect(read()).toEqual({ problem: `is not to be trusted: ${home} belongs to another user (uid ${SOMEBODY})` });
  });

  it.each(['EACCES', 'EIO', 'EMFILE'])('is refused when the system answers %s', (code) => {
    const fail = () => {
      throw Object.assign(new Error('no'), { code });
    };
    expect(read(new Files({ ...nodeFs, openSync: fail }))).toEqual({ problem: `cannot be read (${code})` });
    expect(read(new Files({ ...nodeFs, readSync: fail as never }))).toEqual({ problem: `cannot be read (${code})` });
  });
});
