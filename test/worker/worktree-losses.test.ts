/** Ways in which the work of a program could be taken for nothing, or for nobody's, and go with its worktree. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listWorktrees, pruneWorktree } from '../../src/worker/worktree-listing.js';
import { DONE, WorktreeWorld, worktreeOf } from './worktree-world.js';

let world: WorktreeWorld;
beforeEach(() => {
  world = new WorktreeWorld();
});
afterEach(() => world.close());

const sources = () => ({ shop: world.shop(), relay: world.relay, folders: [world.repo] });

async function prune(): Promise<string[]> {
  const gone = [];
  for (const one of await listWorktrees(sources())) if (await pruneWorktree(sources(), one)) gone.push(one.branch);
  return gone;
}

describe('a worktree is kept that holds nothing but', () => {
  it('a file whose name is no UTF-8, which is counted too', async () => {
    const told = worktreeOf(
      await world.run((folder) => {
        writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), 'a\nb\n');
        return DONE;
      }),
    );
    expect(told).toMatchObject({ files_changed: 1, insertions: 2, stat: expect.stringContaining('caf\\351') });
    expect(readdirSync(told.path, 'latin1')).toContain('caf\xe9');
  });

  it('a file in the folder of a repository that was committed without being a submodule', async () => {
    world.git('update-index', '--add', '--cacheinfo', `160000,${world.git('rev-parse', 'HEAD')},lib`);
    world.git('commit', '-qm', 'a repository by mistake');
    mkdirSync(path.join(world.repo, 'lib'));
    const told = worktreeOf(
      await world.run((folder) => {
        writeFileSync(path.join(folder, 'lib/work'), 'of an hour\n');
        return DONE;
      }),
    );
    expect(told.unchanged).toBeUndefined();
    expect(existsSync(path.join(told.path, 'lib/work'))).toBe(true);
  });

  it('a commit under a ref of its own', async () => {
    const told = worktreeOf(
      await world.run((folder) => {
        const commit = world.gitIn(folder, 'commit-tree', 'HEAD^{tree}', '-m', 'kept');
        world.gitIn(folder, 'update-ref', 'refs/worktree/kept', commit);
        return DONE;
      }),
    );
    expect(told.unchanged).toBeUndefined();
    expect(existsSync(told.path)).toBe(true);
  });
});

describe('a branch stays', () => {
  it('that a worktree is on which was moved elsewhere', async () => {
    const elsewhere = path.join(world.folder, 'elsewhere');
    const told = worktreeOf(
      await world.run((folder) => {
        writeFileSync(path.join(folder, 'work'), 'of an hour\n');
        world.gitIn(folder, 'worktree', 'move', folder, elsewhere);
        return DONE;
      }),
    );
    expect(told.unchanged).toBeUndefined();
    expect(await prune()).toEqual([]);
    expect(world.gitIn(elsewhere, 'status', '--porcelain')).toBe('?? work');
    expect(world.gitIn(elsewhere, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe(told.branch);
  });

  it('of a worktree that was made where another XDG_STATE_HOME says', async () => {
    const shop = { ...world.shop(), folder: path.join(world.folder, 'other/worktrees') };
    const told = worktreeOf(
      await world.run(
        (folder) => {
          writeFileSync(path.join(folder, 'work'), 'of an hour\n');
          return DONE;
        },
        { shop },
      ),
    );
    expect(await prune()).toEqual([]);
    expect(world.gitIn(told.path, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe(told.branch);
  });

  it('that the operator is on, also when the worktree was removed by hand', async () => {
    const told = worktreeOf(
      await world.run((folder) => {
        writeFileSync(path.join(folder, 'work'), 'of an hour\n');
        return DONE;
      }),
    );
    world.git('worktree', 'remove', '--force', told.path);
    world.git('checkout', '-q', told.branch);
    expect(await prune()).toEqual([]);
    expect(world.git('rev-parse', '--abbrev-ref', 'HEAD')).toBe(told.branch);
  });
});
