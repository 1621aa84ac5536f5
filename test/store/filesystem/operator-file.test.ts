import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { findOthers } from '../../../src/store/filesystem/operator-file.js';

const asRoot = process.getuid?.() === 0;
const SOMEBODY = 65_534;

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-operator-')));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(home, ...parts);
const look = (file: string) => findOthers(new Files(), file);

function write(file: string, mode = 0o600): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, 'x');
  chmodSync(file, mode);
  return file;
}

describe.skipIf(process.platform === 'win32')('what decides what is run', () => {
  it.each([0o600, 0o644, 0o400, 0o755])('may be readable by all (mode %o)', (mode) => {
    expect(look(write(at('config', 'file'), mode))).toBeUndefined();
  });

  it.each([
    [0o620, '0620'],
    [0o602, '0602'],
    [0o666, '0666'],
    // Of a file, the sticky bit says nothing.
    [0o1666, '1666'],
  ])('may not be writable by others (mode %o)', (mode, shown) => {
    const file = write(at('config', 'file'), mode);
    expect(look(file)).toBe(`${file} can be written by other users (mode ${shown}; chmod go-w)`);
  });

  it.each([0o770, 0o707, 0o777])('may not lie in a folder that others can write (mode %o), at any height', (mode) => {
    const file = write(at('a', 'b', 'c', 'file'));
    for (const folder of ['a/b/c', 'a/b', 'a']) {
      chmodSync(at(folder), mode);
      expect(look(file)).toBe(`${at(folder)} can be written by other users (mode 0${mode.toString(8)}; chmod go-w)`);
      chmodSync(at(folder), 0o700);
    }
    expect(look(file)).toBeUndefined();
  });

  it('may lie in a folder in which all can write and nobody can replace what is not his', () => {
    const file = write(at('tmp', 'file'));
    chmodSync(at('tmp'), 0o1777);
    expect(look(file)).toBeUndefined();
  });

  it('may be reached through links, each folder on the way being looked at', () => {
    const file = write(at('dotfiles', 'config.toml'));
    mkdirSync(at('between'));
    mkdirSync(at('home'));
    symlinkSync('../dotfiles/config.toml', at('between', 'link'));
    symlinkSync(at('between', 'link'), at('home', 'config.toml'));
    symlinkSync('home', at('there'));
    const link = at('there', 'config.toml');
    expect(look(link)).toBeUndefined();
    for (const folder of ['dotfiles', 'between', 'home']) {
      chmodSync(at(folder), 0o777);
      expect(look(link)).toContain(`${at(folder)} can be written by other users`);
      chmodSync(at(folder), 0o700);
    }
    chmodSync(file, 0o606);
    expect(look(link)).toContain(`${file} can be written by other users`);
  });

  it('that is not there, leads nowhere or in a circle is not to be used', () => {
    symlinkSync('gone', at('link'));
    symlinkSync('circle', at('circle'));
    expect(look(at('none'))).toBe(`${at('none')} is not there`);
    expect(look(at('link'))).toBe(`${at('gone')} is not there`);
    expect(look(at('circle'))).toContain('more than 40 links');
    expect(look(path.join(write(at('plain')), 'below'))).toMatch(/below is not there|cannot be looked at \(ENOTDIR\)/);
  });

  it.skipIf(!asRoot)('may not be of another user, nor lie in a folder or behind a link of one', () => {
    const file = write(at('a', 'file'));
    chownSync(file, SOMEBODY, SOMEBODY);
    expect(look(file)).toBe(`${file} belongs to another user (uid ${SOMEBODY})`);
    chownSync(file, 0, 0);
    chownSync(at('a'), SOMEBODY, SOMEBODY);
    expect(look(file)).toBe(`${at('a')} belongs to another user (uid ${SOMEBODY})`);
    chownSync(at('a'), 0, 0);
    symlinkSync('file', at('a', 'link'));
    lchownSync(at('a', 'link'), SOMEBODY, SOMEBODY);
    expect(look(at('a', 'link'))).toBe(`${at('a', 'link')} is a link of another user (uid ${SOMEBODY})`);
  });

  it.skipIf(!asRoot)('may be of root, who can write anything', () => {
    expect(findOthers(new Files(), write(at('file')), SOMEBODY)).toBeUndefined();
  });

  it('that cannot be looked at is not to be used', () => {
    const failing = {
      lstat: () => {
        throw Object.assign(new Error('no'), { code: 'EACCES' });
      },
      readLink: () => '',
    };
    expect(findOthers(failing, at('file'))).toBe(`${at('file')} cannot be looked at (EACCES)`);
  });
});
