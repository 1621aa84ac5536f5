import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { findProject } from '../../../src/store/filesystem/project-folder.js';
import { systemCalls } from '../../../src/store/filesystem/system-calls.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

let home: string;

beforeEach(() => {
  home = temporaryDirectory();
});

const folder = (...parts: string[]) => {
  const path = join(home, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
};
const repository = (...parts: string[]) => {
  folder(...parts, '.git');
  return join(home, ...parts);
};
/** A worktree as `git worktree add` leaves it: a file that names its folder in the repository's administration. */
const worktree = (path: string, gitdir: string) => {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, '.git'), `gitdir: ${gitdir}\n`);
  return path;
};
const find = (cwd: string | undefined, files = new Files()) => findProject(cwd, home, files);

describe('the project of a folder', () => {
  it('is the nearest folder above with a .git, and named after it', () => {
    const path = repository('code', 'WebApp');
    expect(find(folder('code', 'WebApp', 'src', 'deep'))).toEqual({
      path,
      name: 'webapp',
      repository: { path, name: 'webapp' },
    });
    expect(find(path)).toEqual(find(join(path, 'src')));
  });

  it('is the folder itself where there is none', () => {
    expect(find(folder('notes', 'today'))).toMatchObject({ path: join(home, 'notes', 'today'), name: 'today' });
  });

  it('is not a home under version control, but for who works right there', () => {
    folder('.git');
    expect(find(folder('notes'))).toMatchObject({ path: join(home, 'notes'), name: 'notes' });
    expect(find(home)).toMatchObject({ path: home, name: 'home' });
  });

  it('has the name "home" in the home directory, whatever that is called', () => {
    expect(find(home)).toMatchObject({ path: home, name: 'home' });
  });

  it('has the name "agent" at the root of the file system, and where the folder is gone', () => {
    expect(find('/')).toMatchObject({ path: '/', name: 'agent' });
    expect(find(undefined)).toEqual({ path: '', name: 'agent', repository: { path: '', name: 'agent' } });
  });

  it('is found where a folder above cannot be looked at', () => {
    const forbidden = () => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    };
    const files = new Files({ ...systemCalls, lstatSync: forbidden as never, openSync: forbidden });
    expect(find(folder('notes'), files)).toMatchObject({ name: 'notes' });
  });
});

describe('a worktree', () => {
  it('is a project of its own, named after its repository and its folder', () => {
    const main = repository('webapp');
    const path = worktree(join(home, 'trees', 'fix'), join(main, '.git', 'worktrees', 'fix'));
    expect(find(path)).toEqual({ path, name: 'webapp-fix', repository: { path: main, name: 'webapp' } });
  });

  it('is not named twice after its repository', () => {
    const main = repository('webapp');
    const path = worktree(join(home, 'webapp-fix'), join(main, '.git', 'worktrees', 'webapp-fix'));
    expect(find(path).name).toBe('webapp-fix');
  });

  it('is recognized by a relative path, as newer versions of git write it', () => {
    const main = repository('webapp');
    const path = worktree(join(home, 'webapp', 'trees', 'fix'), '../../.git/worktrees/fix');
    expect(find(path)).toMatchObject({ name: 'webapp-fix', repository: { path: main } });
  });

  it.each([
    ['webapp.git', 'webapp.git', 'webapp-fix'],
    [join('webapp', '.bare'), 'webapp', 'webapp-fix'],
  ])('of the bare repository %s shares %s', (bare, shared, name) => {
    const path = worktree(join(home, 'trees', 'fix'), join(home, bare, 'worktrees', 'fix'));
    expect(find(path)).toEqual({ path, name, repository: { path: join(home, shared), name: 'webapp' } });
  });

  it('is what the real git makes', () => {
    const main = folder('webapp');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: main, stdio: 'pipe' });
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'x');
    const path = join(home, 'trees', 'fix');
    git('worktree', 'add', '-q', path);
    expect(find(path)).toEqual({ path, name: 'webapp-fix', repository: { path: main, name: 'webapp' } });
  });

  it('is not what a submodule is', () => {
    repository('webapp');
    const path = worktree(join(home, 'webapp', 'vendor', 'lib'), '../../.git/modules/lib');
    expect(find(path)).toEqual({ path, name: 'lib', repository: { path, name: 'lib' } });
  });

  it.each([
    ['empty', ''],
    ['text', 'hello'],
    ['bytes', Buffer.from([0xff, 0xfe, 0])],
    ['a path with a NUL', 'gitdir: /x\0/.git/worktrees/y\n'],
    ['two lines', 'gitdir: /x/.git/worktrees/y\ngitdir: /z\n'],
    ['huge', `gitdir: /${'x'.repeat(100_000)}/.git/worktrees/y\n`],
  ])('is not what a .git is that is %s', (_, content) => {
    const path = folder('odd');
    writeFileSync(join(path, '.git'), content);
    expect(find(path)).toEqual({ path, name: 'odd', repository: { path, name: 'odd' } });
  });

  it.runIf(posix)('is not what a .git is that is a link or a pipe', () => {
    const linked = folder('linked');
    symlinkSync('/nowhere', join(linked, '.git'));
    const piped = folder('piped');
    execFileSync('mkfifo', [join(piped, '.git')]);
    expect([find(linked).name, find(piped).name]).toEqual(['linked', 'piped']);
  });
});
