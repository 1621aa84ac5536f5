import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Files } from '../../src/store/filesystem/files.js';
import { resolveProgram } from '../../src/worker/program.js';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-program-')));
  for (const name of ['first', 'second']) mkdirSync(path.join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(folder, ...parts);
const make = (mode: number, ...parts: string[]) => {
  writeFileSync(at(...parts), '#!/bin/true\n');
  chmodSync(at(...parts), mode);
};
const resolve = (name: string, ...folders: string[]) =>
  resolveProgram(name, { PATH: folders.join(path.delimiter) }, new Files());

it('is the first on the PATH that can be run: no folder, no plain text', () => {
  mkdirSync(at('first', 'codex'));
  make(0o755, 'second', 'codex');
  expect(resolve('codex', at('first'), at('second'))).toBe(at('second', 'codex'));
  rmSync(at('first', 'codex'), { recursive: true });
  make(0o644, 'first', 'codex');
  expect(resolve('codex', at('first'), at('second'))).toBe(at('second', 'codex'));
  chmodSync(at('first', 'codex'), 0o755);
  expect(resolve('codex', at('first'), at('second'))).toBe(at('first', 'codex'));
});

it('may be a link, which stays one: a program can go by its name', () => {
  make(0o755, 'first', 'busybox');
  symlinkSync(at('first', 'busybox'), at('second', 'codex'));
  expect(resolve('codex', at('second'))).toBe(at('second', 'codex'));
});

it('is never looked for where the worker happens to stand', () => {
  make(0o755, 'first', 'codex');
  const before = process.cwd();
  process.chdir(at('first'));
  try {
    for (const folders of [[''], ['.'], ['../first'], []])
      expect(() => resolve('codex', ...folders)).toThrow('no folder of the PATH has such a program');
    expect(() => resolve('./codex')).toThrow('relative path');
  } finally {
    process.chdir(before);
  }
});

it('that is an absolute path is that file, or an error that says what is wrong', () => {
  make(0o755, 'first', 'codex');
  expect(resolve(at('first', 'codex'))).toBe(at('first', 'codex'));
  make(0o644, 'second', 'codex');
  for (const name of [at('second', 'codex'), at('none'), folder])
    expect(() => resolve(name)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
