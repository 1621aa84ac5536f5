import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expandPath, findHome } from '../../src/config/paths.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const home = path.resolve('/home/bob');

describe('expandPath', () => {
  it('expands "~" and "~/" and nothing else', () => {
    expect(expandPath('~', home)).toBe(home);
    expect(expandPath('~/mail', home)).toBe(path.join(home, 'mail'));
    expect(expandPath('~alice/mail', home)).toBeUndefined();
    expect(expandPath(path.join(home, '~', 'x'), home)).toBe(path.join(home, '~', 'x'));
  });

  it('drops trailing slashes, behind which a symlink would hide', () => {
    expect(expandPath('~/mail//', home)).toBe(path.join(home, 'mail'));
    expect(expandPath(`${home}/mail/./`, home)).toBe(path.join(home, 'mail'));
  });

  it.each(['', ' ', '.', 'mail', './mail', '../mail', '$HOME/mail'])('does not take %j for absolute', (text) => {
    expect(expandPath(text, home)).toBeUndefined();
  });
});

describe('findHome', () => {
  it('does not take HOME="" for a directory', () => {
    vi.spyOn(os, 'homedir').mockReturnValue('');
    expect(findHome()).toBeUndefined();
  });

  it('survives a system that knows no home directory', () => {
    vi.spyOn(os, 'homedir').mockImplementation(() => {
      throw new Error('uv_os_homedir');
    });
    expect(findHome()).toBeUndefined();
  });
});
