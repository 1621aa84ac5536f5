/**
 * What ran in a worktree may have set a trap for the git that looks at it afterwards: each plants programs that git would run,
 * and none of them is run.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discardWorktree, listWorktrees, pruneWorktree } from '../../src/worker/worktree-listing.js';
import { DONE, NOTHING_LEFT, WorktreeWorld, worktreeOf } from './worktree-world.js';

let world: WorktreeWorld;
let trap: string;
beforeEach(() => {
  world = new WorktreeWorld();
  trap = path.join(world.folder, 'trap');
  writeFileSync(trap, `#!/bin/sh\necho "$0 $@" >> ${world.folder}/sprung\ncat\n`);
  chmodSync(trap, 0o755);
});
afterEach(() => world.close());

const sprung = () => existsSync(path.join(world.folder, 'sprung'));

/** A repository at the operator's first commit, whose settings run the trap, whatever git does there. */
function plantRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  world.gitIn(folder, 'init', '-q');
  // It knows all commits of the operator's, so that nothing that is asked of it fails before the trap.
  writeFileSync(path.join(folder, '.git/objects/info/alternates'), `${world.repo}/.git/objects\n`);
  world.gitIn(folder, 'reset', '-q', '--mixed', world.git('rev-list', '--max-parents=0', 'HEAD'));
  writeFileSync(path.join(folder, 'README'), 'changed\n');
  for (const key of [
    'core.fsmonitor',
    'diff.external',
    'filter.t.clean',
    'filter.t.smudge',
    'filter.t.process',
    'diff.t.textconv',
    'diff.t.command',
    'core.pager',
    'core.sshCommand',
  ]) {
    world.gitIn(folder, 'config', key, trap);
  }
  writeFileSync(path.join(folder, '.git/info/attributes'), '* filter=t diff=t\n');
  mkdirSync(path.join(folder, '.git/hooks'), { recursive: true });
  for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction', 'pre-auto-gc'])
    symlinkSync(trap, path.join(folder, '.git/hooks', hook));
}

describe('nothing that a program has planted runs, when the worktree is looked at, listed and removed:', () => {
  it.each<[string, (folder: string) => void]>([
    [
      'a .git file that names a repository of its own',
      (folder) => {
        plantRepository(path.join(world.folder, 'evil'));
        writeFileSync(path.join(folder, '.git'), `gitdir: ${world.folder}/evil/.git\n`);
      },
    ],
    [
      'a .git folder in the place of the file',
      (folder) => {
        unlinkSync(path.join(folder, '.git'));
        plantRepository(folder);
      },
    ],
    [
      'a common folder that the entry of the repository is told to have',
      (folder) => {
        plantRepository(path.join(world.folder, 'evil'));
        const entry = world.gitIn(folder, 'rev-parse', '--absolute-git-dir');
        writeFileSync(path.join(entry, 'commondir'), `${world.folder}/evil/.git\n`);
        writeFileSync(path.join(folder, '.gitattributes'), '* filter=t diff=t\n');
        writeFileSync(path.join(folder, 'README'), 'changed\n');
      },
    ],
    [
      'settings of its own, where the repository lets worktrees have some',
      (folder) => {
        for (const key of ['filter.t.clean', 'filter.t.process', 'diff.t.textconv', 'core.fsmonitor'])
          world.gitIn(folder, 'config', '--worktree', key, trap);
        writeFileSync(path.join(folder, '.gitattributes'), '* filter=t diff=t\n');
        writeFileSync(path.join(folder, 'README'), 'changed\n');
      },
    ],
    ['a repository within it', (folder) => plantRepository(path.join(folder, 'nested/deep'))],
    ['a repository in the folder of a submodule', (folder) => plantRepository(path.join(folder, 'lib'))],
    [
      'attributes that name filters and drivers which nobody has set up',
      (folder) => {
        writeFileSync(path.join(folder, '.gitattributes'), '* filter=t diff=t merge=t\n');
        writeFileSync(path.join(folder, 'README'), 'changed\n');
        writeFileSync(path.join(folder, '.gitconfig'), `[filter "t"]\nclean = ${trap}\n`);
      },
    ],
  ])('%s', async (_, plant) => {
    // A submodule that nobody has filled: an entry in the tree, and a folder that is empty.
    const { repo } = world;
    writeFileSync(path.join(repo, '.gitmodules'), '[submodule "lib"]\npath = lib\nurl = ../lib\n');
    world.git('add', '.gitmodules');
    world.git('update-index', '--add', '--cacheinfo', `160000,${world.git('rev-parse', 'HEAD')},lib`);
    world.git('commit', '-qm', 'with a submodule');
    world.git('config', 'extensions.worktreeConfig', 'true');
    const before = world.fingerprint();
    const told = worktreeOf(
      await world.run((folder) => {
        plant(folder);
        // What git did for the planting itself.
        writeFileSync(path.join(world.folder, 'sprung'), '');
        unlinkSync(path.join(world.folder, 'sprung'));
        return DONE;
      }),
    );
    expect(told.unchanged).toBeUndefined();
    const sources = { shop: world.shop(), relay: world.relay, folders: [repo] };
    const [listed] = await listWorktrees(sources);
    if (listed === undefined) throw new Error('it is not listed');
    expect(listed).toMatchObject({ path: told.path, removable: undefined, state: { unchanged: false } });
    expect(await discardWorktree(sources, listed)).toBe(true);
    expect(sprung()).toBe(false);
    expect(await world.left()).toEqual(NOTHING_LEFT);
    expect(world.fingerprint()).toBe(before);
  });

  it('the trap is one: git that is told less runs it', async () => {
    plantRepository(path.join(world.folder, 'evil'));
    unlinkSafely(path.join(world.folder, 'sprung'));
    world.gitIn(path.join(world.folder, 'evil'), 'status');
    expect(sprung()).toBe(true);
  });
});

it('hooks of the operator do not run for a worktree that a worker makes', async () => {
  symlinkSync(trap, path.join(world.repo, '.git/hooks/post-checkout'));
  symlinkSync(trap, path.join(world.repo, '.git/hooks/reference-transaction'));
  await world.run(() => DONE);
  expect(sprung()).toBe(false);
});

it('links in a worktree are neither followed nor measured when it is discarded', async () => {
  const outside = path.join(world.folder, 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'precious'), 'a\nb\n');
  const told = worktreeOf(
    await world.run((folder) => {
      symlinkSync(outside, path.join(folder, 'link'));
      // Then it is not git that removes it.
      writeFileSync(path.join(folder, '.git'), 'gitdir: /nowhere\n');
      return DONE;
    }),
  );
  expect(told).toMatchObject({ files_changed: 1, insertions: 1 });
  const sources = { shop: world.shop(), relay: world.relay, folders: [] };
  const [listed] = await listWorktrees(sources);
  if (listed === undefined) throw new Error('it is not listed');
  expect(await discardWorktree(sources, listed)).toBe(true);
  expect(readFileSync(path.join(outside, 'precious'), 'utf8')).toBe('a\nb\n');
  expect(await world.left()).toEqual(NOTHING_LEFT);
});

describe('a link in the place of', () => {
  it('a worktree is not followed, when that is looked at, pruned and discarded', async () => {
    const elsewhere = path.join(world.folder, 'elsewhere');
    const told = worktreeOf(
      await world.run((folder) => {
        writeFileSync(path.join(folder, 'work'), 'of an hour\n');
        renameSync(folder, elsewhere);
        symlinkSync(elsewhere, folder);
        return DONE;
      }),
    );
    expect(told.unchanged).toBeUndefined();
    await expectNothingRemoved(path.join(elsewhere, 'work'));
    expect(await world.left()).toEqual(NOTHING_LEFT);
  });

  it('the folder of a repository’s worktrees is not followed, and hinders no look at others', async () => {
    const elsewhere = path.join(world.folder, 'elsewhere');
    await world.run((folder) => {
      writeFileSync(path.join(folder, 'work'), 'of an hour\n');
      unlinkSync(path.join(folder, '.git'));
      renameSync(path.dirname(folder), elsewhere);
      symlinkSync(elsewhere, path.dirname(folder));
      return DONE;
    });
    const [name = ''] = readdirSync(elsewhere);
    await expectNothingRemoved(path.join(elsewhere, name, 'work'));
    const link = path.join(world.shop().folder, readdirSync(world.shop().folder)[0] ?? '');
    unlinkSync(link);
    symlinkSync(link, link);
    const sources = { shop: world.shop(), relay: world.relay, folders: [world.repo] };
    expect(await listWorktrees(sources)).toMatchObject([{ state: { unchanged: false, measured: false } }]);
  });

  async function expectNothingRemoved(file: string): Promise<void> {
    const sources = { shop: world.shop(), relay: world.relay, folders: [world.repo] };
    for (const listed of await listWorktrees(sources)) {
      expect(await pruneWorktree(sources, listed)).toBe(false);
      await discardWorktree(sources, listed);
    }
    expect(readFileSync(file, 'utf8')).toBe('of an hour\n');
  }
});

it('a note that names a folder elsewhere, or another branch, is nobody’s worktree', async () => {
  const job = world.job();
  const told = worktreeOf(
    await world.run(
      (folder) => {
        writeFileSync(path.join(folder, 'x'), '');
        return DONE;
      },
      { job },
    ),
  );
  const [note] = await world.relay.jobs.worktrees.list();
  if (note === undefined) throw new Error('there is no note');
  for (const forged of [
    { path: world.repo },
    { branch: 'main' },
    { path: path.join(world.folder, job.id) },
    { path: `${told.path}/../../../..` },
  ]) {
    await world.relay.jobs.worktrees.keep({ ...note, ...forged });
    const sources = { shop: world.shop(), relay: world.relay, folders: [] };
    expect(await listWorktrees(sources)).toEqual([]);
    const listed = { ...note, ...forged } as never;
    expect(await discardWorktree(sources, listed)).toBe(false);
  }
  expect(existsSync(path.join(world.repo, 'README'))).toBe(true);
});

function unlinkSafely(file: string): void {
  if (existsSync(file)) unlinkSync(file);
}
