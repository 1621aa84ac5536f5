/** Jobs in worktrees of a real repository; what the program of an executor would do, the test does. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DONE, NOTHING_LEFT, WorktreeWorld, worktreeOf } from './worktree-world.js';

let world: WorktreeWorld;
let before: string;
let base: string;
beforeEach(() => {
  world = new WorktreeWorld();
  before = world.fingerprint();
  base = world.git('rev-parse', 'HEAD');
});
afterEach(async () => {
  expect(world.fingerprint()).toBe(before);
  await world.close();
});

describe('a job in a worktree', () => {
  it('works on a branch of its own from HEAD; its result tells where that is and what changed, and it stays', async () => {
    const job = world.job();
    const work = (folder: string) => {
      expect(folder).not.toContain(world.repo);
      writeFileSync(path.join(folder, 'README'), 'one\n2\n');
      writeFileSync(path.join(folder, 'new.txt'), 'a\nb\nc\n');
      world.gitIn(folder, 'add', 'README');
      world.gitIn(folder, 'commit', '-qm', 'second');
      return DONE;
    };
    const verdict = await world.run(work, { job });
    expect(verdict).toMatchObject({ as: 'completed', result: { exit_code: 0, message: 'Done.' } });
    const told = worktreeOf(verdict);
    expect(told).toEqual({
      path: expect.stringMatching(/\/state\/mcp-dispatch\/worktrees\/webapp-[0-9a-f]{8}\/job-[a-z0-9]{12}$/),
      branch: `mcp-dispatch/${job.id}`,
      base,
      files_changed: 2,
      insertions: 4,
      deletions: 1,
      commits: 1,
      stat: expect.stringMatching(/ README +\| +2 \+-\n new\.txt +\| +3 \+\+\+\n 2 files changed/),
    });
    expect(readFileSync(path.join(told.path, 'new.txt'), 'utf8')).toBe('a\nb\nc\n');
    expect(world.git('log', '--format=%s', told.branch)).toBe('second\nfirst');
    expect(await world.relay.jobs.worktrees.list(job.id)).toMatchObject([
      { path: told.path, branch: told.branch, base, begun: true },
    ]);
    // Nobody else looks in.
    expect(statSync(path.dirname(told.path)).mode & 0o077).toBe(0);
  });

  it('that changes nothing leaves nothing: no folder, no entry, no branch, no note', async () => {
    const work = (folder: string) => {
      // What the rules of the repository ignore counts as nothing.
      mkdirSync(path.join(folder, 'build'));
      writeFileSync(path.join(folder, 'build/out.js'), '1');
      return DONE;
    };
    expect(worktreeOf(await world.run(work))).toEqual({ unchanged: true, base });
    expect(await world.left()).toEqual(NOTHING_LEFT);
  });

  it('that fails with changes says in its error where they are', async () => {
    const work = (folder: string) => {
      writeFileSync(path.join(folder, 'half'), 'x\n');
      return { as: 'failed', error: 'codex ended with exit code 1.', exitCode: 1 } as const;
    };
    const verdict = await world.run(work);
    const { path: folder, branch, ...told } = worktreeOf(verdict);
    expect(verdict).toMatchObject({ as: 'failed', exitCode: 1 });
    expect(verdict.as === 'failed' && verdict.error).toBe(
      `codex ended with exit code 1.\nWhat it changed is kept in ${folder}, on the branch ${branch}, from ${base.slice(0, 12)}.`,
    );
    expect(told).toMatchObject({ files_changed: 1, insertions: 1 });
    expect(existsSync(path.join(folder, 'half'))).toBe(true);
  });

  it('that fails without changes says nothing of a worktree that is gone', async () => {
    const failure = { as: 'failed', error: 'It failed.' } as const;
    expect(await world.run(() => failure)).toEqual({ ...failure, result: { worktree: { unchanged: true, base } } });
    expect(await world.left()).toEqual(NOTHING_LEFT);
  });

  it('runs in the folder of the worktree that stands for the one of the executor', async () => {
    let seen = '';
    const work = (folder: string) => {
      seen = folder;
      writeFileSync(path.join(folder, 'app.js'), 'stop();\n');
      return DONE;
    };
    const told = worktreeOf(await world.run(work, { cwd: path.join(world.repo, 'src') }));
    expect(seen).toBe(path.join(told.path, 'src'));
    expect(told.stat).toContain('src/app.js');
  });

  it('is told that edits of the operator are not in it, and how many', async () => {
    writeFileSync(path.join(world.repo, 'README'), 'edited\n');
    writeFileSync(path.join(world.repo, 'untracked'), 'new\n');
    before = world.fingerprint();
    const work = (folder: string) => {
      expect(readFileSync(path.join(folder, 'README'), 'utf8')).toBe('one\ntwo\n');
      return DONE;
    };
    expect(worktreeOf(await world.run(work))).toEqual({ unchanged: true, base, uncommitted: 2 });
  });

  it('that is tried again gets another one, and the first stays as it is', async () => {
    const job = world.job();
    const work = (folder: string) => {
      writeFileSync(path.join(folder, 'try'), 'x');
      return DONE;
    };
    const first = worktreeOf(await world.run(work, { job }));
    const second = worktreeOf(await world.run(work, { job: { ...job, token: { number: 2, nonce: '' } } }));
    expect(second.branch).toBe(`${first.branch}-2`);
    expect(second.path).toBe(`${first.path}-2`);
    expect(await world.relay.jobs.worktrees.list(job.id)).toHaveLength(2);
  });

  it('makes files with the rights that the operator makes them with', async () => {
    let mode = 0;
    await world.run((folder) => {
      mode = statSync(path.join(folder, 'README')).mode & 0o777;
      return DONE;
    });
    expect(mode).toBe(0o644);
  });
});

describe('what a program leaves is never taken for nothing:', () => {
  it.each<[string, (folder: string) => void]>([
    [
      'a file that its index was told to skip',
      (folder) => {
        writeFileSync(path.join(folder, 'README'), 'hidden\n');
        world.gitIn(folder, 'update-index', '--skip-worktree', 'README');
      },
    ],
    [
      'a file that its index was told to assume unchanged',
      (folder) => {
        world.gitIn(folder, 'update-index', '--assume-unchanged', 'README');
        writeFileSync(path.join(folder, 'README'), 'hidden\n');
      },
    ],
    [
      'what is only staged',
      (folder) => {
        writeFileSync(path.join(folder, 'README'), 'staged\n');
        world.gitIn(folder, 'add', 'README');
        writeFileSync(path.join(folder, 'README'), 'one\ntwo\n');
      },
    ],
    [
      'a commit on a detached HEAD',
      (folder) => {
        world.gitIn(folder, 'checkout', '-q', '--detach');
        world.gitIn(folder, 'commit', '-q', '--allow-empty', '-m', 'lost');
      },
    ],
    [
      'a branch of its own',
      (folder) => {
        world.gitIn(folder, 'checkout', '-q', '-b', 'mcp-dispatch/other');
      },
    ],
    [
      'a commit that was taken back',
      (folder) => {
        world.gitIn(folder, 'commit', '-q', '--allow-empty', '-m', 'lost');
        world.gitIn(folder, 'reset', '-q', '--hard', 'HEAD~1');
      },
    ],
    [
      'a repository within it',
      (folder) => {
        mkdirSync(path.join(folder, 'nested'));
        world.gitIn(path.join(folder, 'nested'), 'init', '-q');
      },
    ],
    ['a link that leads nowhere', (folder) => symlinkSync('/nowhere', path.join(folder, 'link'))],
    ['a file with a line feed in its name', (folder) => writeFileSync(path.join(folder, 'a\nb'), 'x')],
    ['a file that it removed', (folder) => rmSync(path.join(folder, 'README'))],
    ['another .git', (folder) => writeFileSync(path.join(folder, '.git'), 'gitdir: /nowhere\n')],
  ])('%s', async (_, work) => {
    const told = worktreeOf(
      await world.run((folder) => {
        work(folder);
        return DONE;
      }),
    );
    expect(told.unchanged).toBeUndefined();
    expect(existsSync(told.path)).toBe(true);
    expect(world.git('rev-parse', told.branch)).toMatch(/^[0-9a-f]{40}$/);
    expect((await world.left()).notes).toHaveLength(1);
  });

  it('commits, where it removed its folder: the branch stays', async () => {
    const told = worktreeOf(
      await world.run((folder) => {
        world.gitIn(folder, 'commit', '-q', '--allow-empty', '-m', 'kept');
        rmSync(folder, { recursive: true });
        return DONE;
      }),
    );
    expect(told).toMatchObject({ commits: 1, folder_removed: true });
    expect(world.git('log', '-1', '--format=%s', told.branch)).toBe('kept');
  });

  it('but where it removed its folder without a commit, the rest goes too', async () => {
    const work = (folder: string) => {
      rmSync(folder, { recursive: true });
      return DONE;
    };
    expect(worktreeOf(await world.run(work))).toEqual({ unchanged: true, base });
    expect(await world.left()).toEqual(NOTHING_LEFT);
  });
});

describe('a run in a worktree', () => {
  it.each(['stopped', 'lost', 'lease'] as const)(
    'that is %s leaves it as it is, and its note tells where',
    async (why) => {
      const job = world.job();
      const running = await world.start(
        async (folder, ended) => {
          writeFileSync(path.join(folder, 'half'), 'x');
          running.end(why);
          return { as: 'ended', why: (await ended) as typeof why };
        },
        { job },
      );
      expect(await running.verdict).toEqual({ as: 'ended', why });
      const [note] = await world.relay.jobs.worktrees.list(job.id);
      expect(existsSync(path.join(note?.path ?? '', 'half'))).toBe(true);
    },
  );

  it('that was cancelled tells what it holds', async () => {
    const running = await world.start(async (folder, ended) => {
      writeFileSync(path.join(folder, 'half'), 'x\n');
      running.end('cancelled');
      return { as: 'ended', why: (await ended) as 'cancelled', result: { message: null } };
    });
    const verdict = await running.verdict;
    expect(verdict).toMatchObject({ as: 'ended', why: 'cancelled', result: { message: null } });
    expect(worktreeOf(verdict)).toMatchObject({ files_changed: 1 });
  });

  it('that is to end before there is one makes none, and gives the job back untouched', async () => {
    let isRun = false;
    const work = () => {
      isRun = true;
      return DONE;
    };
    for (const step of ['note', 'folder', 'add', 'begin'] as const) {
      const shop = world.shop({
        before: (now) => {
          if (now === step) running.then((one) => one.end('stopped'));
        },
      });
      const running = world.start(work, { shop });
      expect(await (await running).verdict).toEqual({ as: 'unbegun', why: 'the worker ends' });
    }
    expect([isRun, await world.left()]).toEqual([false, NOTHING_LEFT]);
  });

  it('whose lease is over while its worktree is made is ended then', async () => {
    const { clock } = world.relay;
    const work = () => DONE;
    const running = await world.start(work, { terms: { leaseEndsAt: clock.steady() } });
    expect(await running.verdict).toEqual({ as: 'ended', why: 'lease' });
    expect(await world.left()).toEqual(NOTHING_LEFT);
  });
});
