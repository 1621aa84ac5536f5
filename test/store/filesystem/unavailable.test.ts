import { describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import { unavailable } from '../../../src/store/filesystem/unavailable.js';

const systemError = (code: string) => Object.assign(new Error(`${code}: raw`), { code });

describe('unavailable', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE', 'ENAMETOOLONG', 'EXDEV'])(
    '%s says what failed, where, what it means, and keeps the cause',
    (errno) => {
      const cause = systemError(errno);
      const error = unavailable('publish', '/r/bob/m', cause);
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', data: { errno, outcome: 'none' }, cause });
      expect(error.message).toMatch(new RegExp(`^Could not publish /r/bob/m: .* \\(${errno}\\)\\.$`));
      expect(error.message).not.toContain('the system refused');
    },
  );

  it('names an errno that it has no words for', () => {
    expect(unavailable('read', '/r', systemError('EWEIRD'), 'unknown')).toMatchObject({
      message: 'Could not read /r: the system refused (EWEIRD).',
      data: { errno: 'EWEIRD', outcome: 'unknown' },
    });
  });

  it('gives an error of ours back as it is', () => {
    const error = new DispatchError('RELAY_UNSAFE', 'x');
    expect(unavailable('read', '/r', error)).toBe(error);
  });

  it('does not dress up a bug as a broken disk', () => {
    const bug = new TypeError('undefined is not a function');
    expect(() => unavailable('read', '/r', bug)).toThrow(bug);
  });
});
