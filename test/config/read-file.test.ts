import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_CONFIG_BYTES, readConfigText } from '../../src/config/read-file.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();
const posix = process.platform !== 'win32';
const asRoot = process.getuid?.() === 0;

function file(name: string, content: string | Uint8Array = ''): string {
  const target = path.join(sandbox.home, name);
  writeFileSync(target, content, { mode: 0o600 });
  return target;
}

function complaint(target: string, message: string): unknown {
  return { problem: { path: target, message: expect.stringContaining(message) } };
}

describe('readConfigText', () => {
  it('gives the text without the byte order mark that Windows editors write', () => {
    expect(readConfigText(file('bom', '\uFEFFwatch = true\r\n'))).toEqual({ text: 'watch = true\r\n' });
  });

  it('calls a file missing only when nothing is there', () => {
    expect(readConfigText(path.join(sandbox.home, 'none'))).toEqual({ missing: true });
    expect(readConfigText(path.join(file('plain'), 'below'))).toEqual({ missing: true });
  });

  it('refuses a directory', () => {
    expect(readConfigText(sandbox.home)).toEqual(complaint(sandbox.home, 'is a directory'));
  });

  it('takes a file of 1 MiB and refuses a larger one', () => {
    const full = `#${'x'.repeat(MAX_CONFIG_BYTES - 1)}`;
    expect(readConfigText(file('full', full))).toEqual({ text: full });
    const large = file('large', `${full}x`);
    expect(readConfigText(large)).toEqual(complaint(large, 'larger than 1048576 bytes'));
  });

  it('refuses what is not UTF-8 and names the line', () => {
    const latin1 = file('latin1', Buffer.from('a = "ä"\nb = 1\nc = "ü"', 'latin1'));
    expect(readConfigText(latin1)).toMatchObject({
      problem: { line: 1, message: expect.stringContaining('not valid UTF-8') },
    });
    const late = file('late', Buffer.concat([Buffer.from('a = "ä"\nb = 1\nc = "'), Buffer.from([0xc3])]));
    expect(readConfigText(late)).toMatchObject({ problem: { line: 3 } });
    const utf16 = file('utf16', Buffer.from('\uFEFFwatch = true', 'utf16le'));
    expect(readConfigText(utf16)).toMatchObject({ problem: { line: 1 } });
  });
});

describe.runIf(posix)('readConfigText on POSIX', () => {
  it.each([0o620, 0o602, 0o666, 0o664])(
    'refuses a file that others can write (mode %o) and says what to run',
    (mode) => {
      const target = file('shared file');
      chmodSync(target, mode);
      expect(readConfigText(target)).toEqual(complaint(target, `(mode ${mode.toString(8)})`));
      expect(readConfigText(target)).toEqual(complaint(target, `chmod go-w '${target}'`));
    },
  );

  it.each([0o600, 0o644, 0o444, 0o755])('takes a file that others can only read (mode %o)', (mode) => {
    const target = file('readable', 'x');
    chmodSync(target, mode);
    expect(readConfigText(target)).toEqual({ text: 'x' });
  });

  it('follows a symlink, and looks at the rights of what it leads to', () => {
    const target = file('target', 'x');
    const link = path.join(sandbox.home, 'link');
    symlinkSync(target, link);
    expect(readConfigText(link)).toEqual({ text: 'x' });
    chmodSync(target, 0o666);
    expect(readConfigText(link)).toEqual(complaint(link, 'other users can write'));
  });

  it('does not take a link that leads nowhere for a missing file: a roster would be ignored', () => {
    const link = path.join(sandbox.home, 'link');
    symlinkSync(path.join(sandbox.home, 'gone'), link);
    expect(readConfigText(link)).toEqual(complaint(link, 'leads nowhere'));
  });

  it('reports what the system says when it cannot be opened', () => {
    const loop = path.join(sandbox.home, 'loop');
    symlinkSync(loop, loop);
    expect(readConfigText(loop)).toEqual(complaint(loop, 'ELOOP'));
  });

  it.skipIf(asRoot)('reports a missing right to read it, or its folder', () => {
    const target = file('secret');
    chmodSync(target, 0o000);
    expect(readConfigText(target)).toEqual(complaint(target, 'permission denied (EACCES)'));
    const folder = path.join(sandbox.home, 'folder');
    mkdirSync(folder);
    chmodSync(folder, 0o000);
    const hidden = path.join(folder, 'config.toml');
    expect(readConfigText(hidden)).toEqual(complaint(hidden, 'permission denied (EACCES)'));
  });

  it('refuses a FIFO without waiting for somebody to write to it', () => {
    const fifo = path.join(sandbox.home, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(readConfigText(fifo)).toEqual(complaint(fifo, 'not a regular file'));
  });

  it('refuses a device', () => {
    expect(readConfigText('/dev/null')).toEqual(complaint('/dev/null', 'not a regular file'));
  });
});
