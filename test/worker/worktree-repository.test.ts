/** Repositories that no worktree can be made of, and those of which one can all the same. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workshop } from '../../src/worker/compose.js';
import { Git } from '../../src/worker/git.js';
import { discardWorktree, listWorktrees, pruneWorktree } from '../../src/worker/worktree-listing.js';
import { WorktreeRunner } from '../../src/worker/worktree-runner.js';
import { DONE, NOTHING_LEFT, type Work, WorktreeWorld, worktreeOf } from './worktree-world.js';

let world: WorktreeWorld;
beforeEach(() => {
  world = new WorktreeWorld();
});
afterEach(() => world.close());

const CHANGE: Work = (folder) => {
  writeFileSync(path.join(folder, 'new'), 'x\n');
  return DONE;
};
const other = () => path.join(world.folder, 'other');

describe('a job that can never run in a worktree fails with the reason, where its folder is', () => {
  it.each<[string, () => string, RegExp]>([
    [
      'in no repository',
      () => {
        mkdirSync(other());
        return other();
      },
      /other, where its executor runs, is in no git repository that can be used: git says "not a git repository/,
    ],
    [
      'in a repository without commits',
      () => {
        mkdirSync(other());
        world.gitIn(other(), 'init', '-q');
        return other();
      },
      /has no commit to start from/,
    ],
    ['within .git', () => path.join(world.repo, '.git'), /is in the folder of a git repository, not in its tree/],
    [
      'in no commit',
      () => {
        mkdirSync(path.join(world.repo, 'fresh'));
        return path.join(world.repo, 'fresh');
      },
      /fresh is in no commit, so that a worktree does not have it/,
    ],
  ])('%s', async (_, make, reason) => {
    const cwd = make();
    const verdict = await world.run(CHANGE, { cwd });
    expect(verdict).toMatchObject({ as: 'failed', error: expect.stringMatching(reason) });
    expect(verdict.as === 'failed' && verdict.error).toMatch(/^It was not begun: /);
    expect(await world.left()).toEqual(NOTHING_LEFT);
  });

  it('or in a tree beside a branch that takes all names of ours', async () => {
    world.git('branch', 'mcp-dispatch');
    const verdict = await world.run(CHANGE);
    expect(verdict).toMatchObject({
      as: 'failed',
      error: expect.stringContaining('the worktree cannot be made: git says'),
    });
    expect({ ...(await world.left()), branches: [] }).toEqual(NOTHING_LEFT);
    expect(world.git('branch', '--list', 'mcp-dispatch')).not.toBe('');
  });
});

describe('a worktree is made of HEAD', () => {
  it('of a bare repository', async () => {
    world.gitIn(world.folder, 'clone', '-q', '--bare', world.repo, other());
    const told = worktreeOf(await world.run(CHANGE, { cwd: other() }));
    expect(told).toMatchObject({ files_changed: 1, base: world.git('rev-parse', 'HEAD') });
    expect(world.gitIn(other(), 'branch', '--list', told.branch)).not.toBe('');
  });

  it('of a shallow clone', async () => {
    world.git('commit', '-q', '--allow-empty', '-m', 'second');
    world.gitIn(world.folder, 'clone', '-q', '--depth=1', `file://${world.repo}`, other());
    expect(worktreeOf(await world.run(CHANGE, { cwd: other() }))).toMatchObject({ files_changed: 1, commits: 0 });
  });

  it('of a repository whose ids are SHA-256', async () => {
    world.init(other(), '--object-format=sha256');
    const told = worktreeOf(await world.run(CHANGE, { cwd: other() }));
    expect(told).toMatchObject({ files_changed: 1, insertions: 1, base: world.gitIn(other(), 'rev-parse', 'HEAD') });
    expect(told.base).toHaveLength(64);
  });

  it('that is detached', async () => {
    world.git('checkout', '-q', '--detach');
    expect(worktreeOf(await world.run(CHANGE))).toMatchObject({
      files_changed: 1,
      base: world.git('rev-parse', 'HEAD'),
    });
  });

  it('of another worktree, which the folder is in', async () => {
    world.git('worktree', 'add', '-q', '-b', 'feature', other());
    world.gitIn(other(), 'commit', '-q', '--allow-empty', '-m', 'on the feature');
    const told = worktreeOf(await world.run(CHANGE, { cwd: other() }));
    expect(told.base).toBe(world.git('rev-parse', 'feature'));
    expect(existsSync(path.join(other(), 'new'))).toBe(false);
  });

  it.each<[string, string, () => void]>([
    ['a merge', 'a merge', () => void tryGit('merge', 'side')],
    ['a rebase', 'a rebase', () => void tryGit('rebase', 'side')],
  ])('in the middle of %s, and the result says so', async (_, underway, begin) => {
    world.git('checkout', '-q', '-b', 'side');
    writeFileSync(path.join(world.repo, 'README'), 'theirs\n');
    world.git('commit', '-qam', 'theirs');
    world.git('checkout', '-q', 'main');
    writeFileSync(path.join(world.repo, 'README'), 'ours\n');
    world.git('commit', '-qam', 'ours');
    begin();
    const before = world.fingerprint();
    const told = worktreeOf(await world.run(CHANGE));
    expect(told).toMatchObject({ underway, uncommitted: 1, base: world.git('rev-parse', 'HEAD') });
    expect(world.fingerprint()).toBe(before);
  });

  it('on a branch of another name, where that of the job is somebody’s already', async () => {
    const job = world.job();
    world.git('branch', `mcp-dispatch/${job.id}`);
    const told = worktreeOf(await world.run(CHANGE, { job }));
    expect(told.branch).toBe(`mcp-dispatch/${job.id}-2`);
    expect(await world.run(() => DONE, { job: { ...job, token: { number: 2, nonce: '' } } })).toMatchObject({
      as: 'completed',
    });
    expect((await world.left()).branches.sort()).toEqual([`mcp-dispatch/${job.id}`, told.branch]);
  });
});

describe('what may go by itself gives the job back, with nothing left:', () => {
  it('a folder that is gone', async () => {
    expect(await world.run(CHANGE, { cwd: other() })).toEqual({
      as: 'unbegun',
      why: `there is no worktree for it: the folder ${other()} is gone`,
    });
  });

  it('git that is gone', async () => {
    const git = new Git({ program: path.join(world.folder, 'git'), env: world.env, umask: 0o022 });
    const verdict = await world.run(CHANGE, { shop: world.shop({ git }) });
    expect(verdict).toEqual({ as: 'unbegun', why: 'there is no worktree for it: git could not be started (ENOENT)' });
  });

  it.each([
    ['takes too long', 'exec sleep 600', 'git took too long'],
    [
      'finds the disk full',
      '"$GIT" "$@" || exit; echo "fatal: sha1 file write error: No space left on device" >&2; exit 128',
      'the worktree cannot be made: git says "sha1 file write error: No space left on device"',
    ],
  ])('git that %s while it makes the worktree', async (_, does, why) => {
    const program = path.join(world.folder, 'slow-git');
    const real = world.gitIn(world.folder, '--exec-path');
    const script = `#!/bin/sh\nGIT="${real}/git"\ncase "$*" in *"worktree add"*) ${does};; esac\nexec "$GIT" "$@"\n`;
    writeFileSync(program, script);
    chmodSync(program, 0o755);
    const git = new Git({ program, env: world.env, umask: 0o022 });
    const before = world.fingerprint();
    const verdict = await world.run(CHANGE, { shop: world.shop({ git }), makeMs: 300 });
    expect(verdict).toEqual({ as: 'unbegun', why: `there is no worktree for it: ${why}` });
    expect(await world.left()).toEqual(NOTHING_LEFT);
    expect(world.fingerprint()).toBe(before);
  });
});

describe('on another file system than the repository', () => {
  /** A small one in memory, which only root can mount; undefined where that is not allowed. */
  async function withDisk(options: string, work: () => Promise<void>): Promise<boolean> {
    const disk = world.env.XDG_STATE_HOME;
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `mode=0700,${options}`, 'tmpfs', disk]).status !== 0) return false;
    try {
      await work();
    } finally {
      spawnSync('umount', [disk]);
    }
    return true;
  }

  it('a worktree is made and removed as on the same', async ({ skip }) => {
    const isDone = await withDisk('size=1m', async () => {
      expect(statSync(world.env.XDG_STATE_HOME).dev).not.toBe(statSync(world.repo).dev);
      expect(worktreeOf(await world.run(CHANGE))).toMatchObject({ files_changed: 1 });
      expect(worktreeOf(await world.run(() => DONE))).toMatchObject({ unchanged: true });
    });
    if (!isDone) skip('no file system can be mounted here');
  });

  it('that is full, nothing is left by half, and the job is given back', async ({ skip }) => {
    writeFileSync(path.join(world.repo, 'large'), 'x'.repeat(500_000));
    world.git('add', 'large');
    world.git('commit', '-qm', 'large');
    const isDone = await withDisk('size=100k', async () => {
      const verdict = await world.run(CHANGE);
      expect(verdict).toMatchObject({ as: 'unbegun', why: expect.stringContaining('cannot be made') });
      expect(await world.left()).toEqual(NOTHING_LEFT);
    });
    if (!isDone) skip('no file system can be mounted here');
  });
});

describe('without git', () => {
  it('a job in a worktree is refused, and any other is done', async () => {
    const inner = {
      prepare: async () => ({ about: { executor: '', argv: [], filled: [] }, start: () => ({}) as never }),
      close: async () => {},
    };
    const runner = new WorktreeRunner(inner, { shop: undefined, cwd: world.repo, clock: world.relay.clock });
    await expect(runner.prepare(world.job())).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await runner.prepare({ ...world.job(), worktree: false })).toHaveProperty('start');
  });

  it('there is nothing to make worktrees with', () => {
    const env = { ...world.env, PATH: world.folder };
    expect(() => workshop(world.relay.jobs.worktrees, { env, umask: 0o022 })).toThrow(/"git"/);
  });
});

it('a worktree whose folder was removed by hand is listed, and pruned where no commit is lost with it', async () => {
  const told = worktreeOf(await world.run(CHANGE));
  rmSync(told.path, { recursive: true });
  const sources = { shop: world.shop(), relay: world.relay, folders: [] };
  const [listed] = await listWorktrees(sources);
  expect(listed).toMatchObject({ path: told.path, state: { there: false }, removable: 'unchanged' });
  if (listed === undefined) throw new Error('it is not listed');
  expect(await pruneWorktree(sources, listed)).toBe(true);
  expect(await world.left()).toEqual(NOTHING_LEFT);
});

it('a worktree whose repository is gone is kept by prune, and can be discarded', async () => {
  const told = worktreeOf(await world.run(CHANGE));
  rmSync(world.repo, { recursive: true });
  const sources = { shop: world.shop(), relay: world.relay, folders: [world.repo] };
  const [listed] = await listWorktrees(sources);
  expect(listed).toMatchObject({ path: told.path, state: { measured: false }, removable: undefined });
  if (listed === undefined) throw new Error('it is not listed');
  expect(await pruneWorktree(sources, listed)).toBe(false);
  expect(await discardWorktree(sources, listed)).toBe(true);
  expect([existsSync(told.path), await world.relay.jobs.worktrees.list()]).toEqual([false, []]);
});

/** It stops at a conflict. */
function tryGit(...args: readonly string[]): void {
  expect(() => world.git(...args)).toThrow();
}
