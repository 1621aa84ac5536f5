/** A worker that is gone at any step of a job in a worktree: here one that never comes back from it. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/model/job.js';
import { listWorktrees, pruneWorktree } from '../../src/worker/worktree-listing.js';
import type { Step } from '../../src/worker/worktree-making.js';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { HOUR } from '../helpers/relay-world.js';
import { DONE, NOTHING_LEFT, type Work, WorktreeWorld, worktreeOf } from './worktree-world.js';

let world: WorktreeWorld;
let before: string;
beforeEach(async () => {
  world = new WorktreeWorld();
  await world.world.session('alice');
  before = world.fingerprint();
});
afterEach(() => world.close());

const CHANGE: Work = (folder) => {
  writeFileSync(path.join(folder, 'work'), 'of an hour\n');
  return DONE;
};
const NO_CHANGE: Work = () => DONE;

/** The job, claimed by a worker that dies right before `step`, and whose lease has ended since. */
async function dieBefore(step: Step, work: Work): Promise<Job> {
  const worker = world.world.process();
  const { id } = await submit(world.relay, 'alice', 'codex', { write: true, worktree: true, maxAttempts: 1 });
  const { job } = await claimNext(worker.relay, holder('codex'));
  await new Promise<void>((resolve) => {
    const shop = world.shop({
      notes: worker.relay.jobs.worktrees,
      before: async (now) => {
        if (now !== step) return;
        resolve();
        await new Promise(() => {});
      },
    });
    void world.start(work, { job, shop });
  });
  worker.kill();
  world.world.clock.advance(HOUR);
  expect(await world.relay.jobs.look(id)).toMatchObject({ state: 'needs_recovery' });
  return job;
}

const sources = () => ({ shop: world.shop(), relay: world.relay, folders: [world.repo] });

describe('a worker that dies', () => {
  const STEPS: readonly Step[] = ['note', 'folder', 'add', 'begin', 'run', 'look', 'remove', 'branch', 'forget'];

  it.each(STEPS)(
    'right before "%s", where nothing is lost, leaves what prune finds and removes once the job is over',
    async (step) => {
      const { id } = await dieBefore(step, NO_CHANGE);
      expect(world.fingerprint()).toBe(before);
      const found = await listWorktrees(sources());
      expect(found).toMatchObject(step === 'note' ? [] : [{ job: id, jobState: 'needs_recovery', inUse: false }]);
      // A person decides first.
      for (const one of found) expect(await pruneWorktree(sources(), one)).toBe(false);
      await world.relay.jobs.recover(id, 'fail', 'human');
      for (const one of await listWorktrees(sources())) expect(await pruneWorktree(sources(), one)).toBe(true);
      expect(await world.left()).toEqual(NOTHING_LEFT);
      expect(world.fingerprint()).toBe(before);
    },
  );

  it('with changes in it leaves them, where the listing says, and prune keeps them', async () => {
    const { id } = await dieBefore('look', CHANGE);
    await world.relay.jobs.recover(id, 'fail', 'human');
    const [found, ...others] = await listWorktrees(sources());
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      job: id,
      jobState: 'failed',
      removable: undefined,
      state: { files_changed: 1, insertions: 1 },
    });
    if (found === undefined) throw new Error('it is not found');
    expect(await pruneWorktree(sources(), found)).toBe(false);
    expect(existsSync(path.join(found.path, 'work'))).toBe(true);
    expect(world.fingerprint()).toBe(before);
  });
});

describe('what a later attempt has done is not removed as what', () => {
  it('a worker intended that died before it made anything', async () => {
    const first = await dieBefore('folder', CHANGE);
    await world.relay.jobs.recover(first.id, 'retry', 'human');
    const { job, token } = await claimNext(world.relay, holder('codex'));
    const told = worktreeOf(await world.run(CHANGE, { job }));
    expect(told.branch).toBe(`mcp-dispatch/${job.id}-2`);
    await world.relay.jobs.settle(job.id, token, { outcome: 'completed', result: null });
    for (const one of await listWorktrees(sources())) await pruneWorktree(sources(), one);
    expect(existsSync(path.join(told.path, 'work'))).toBe(true);
    expect(await world.relay.jobs.worktrees.list()).toMatchObject([{ path: told.path, begun: true }]);
  });

  it('an earlier worker intended that went on late, and died when it found the folder taken', async () => {
    const { id } = await dieBefore('folder', CHANGE);
    const [stale] = await world.relay.jobs.worktrees.list(id);
    await world.relay.jobs.worktrees.drop(stale as NonNullable<typeof stale>);
    await world.relay.jobs.recover(id, 'retry', 'human');
    const { job, token } = await claimNext(world.relay, holder('codex'));
    const told = worktreeOf(await world.run(CHANGE, { job }));
    await world.relay.jobs.settle(id, token, { outcome: 'completed', result: null });
    // In the name of a process that is gone.
    const worker = world.world.process();
    await worker.relay.jobs.worktrees.keep(stale as NonNullable<typeof stale>);
    worker.kill();
    expect(stale).toMatchObject({ path: told.path, begun: false });
    for (const one of await listWorktrees(sources())) await pruneWorktree(sources(), one);
    expect(existsSync(path.join(told.path, 'work'))).toBe(true);
    expect(await world.relay.jobs.worktrees.list()).toMatchObject([{ path: told.path, begun: true }]);
  });
});

describe('the listing', () => {
  it('calls a worktree in use while its run holds the job, and removes it under no circumstances', async () => {
    const worker = world.world.process();
    const { id } = await submit(world.relay, 'alice', 'codex', { write: true, worktree: true });
    const { job } = await claimNext(worker.relay, holder('codex'));
    let listed: Awaited<ReturnType<typeof listWorktrees>> = [];
    await world.run(
      async () => {
        listed = await listWorktrees(sources());
        for (const one of listed) expect(await pruneWorktree(sources(), one)).toBe(false);
        return DONE;
      },
      { job, shop: world.shop({ notes: worker.relay.jobs.worktrees }) },
    );
    expect(listed).toMatchObject([{ job: id, inUse: true, state: { unchanged: true }, removable: undefined }]);
  });

  it('finds what has no note: the folder stays, for it may be of another relay; a branch that holds nothing goes', async () => {
    const job = world.job();
    await world.run(CHANGE, { job });
    await world.world.store.remove(`.jobs/worktrees/${job.id}.1`);
    world.git('branch', 'mcp-dispatch/job-aaaaaaaaaaaa');
    world.git('branch', 'mcp-dispatch/mine');
    world.git('checkout', '-q', '-b', 'mcp-dispatch/job-bbbbbbbbbbbb');
    world.git('commit', '-q', '--allow-empty', '-m', 'only here');
    world.git('checkout', '-q', 'main');
    const found = await listWorktrees(sources());
    expect(found.map((one) => [one.job, one.isNoted, one.removable]).sort()).toEqual(
      [
        [job.id, false, undefined],
        ['job-aaaaaaaaaaaa', false, 'unchanged'],
        ['job-bbbbbbbbbbbb', false, undefined],
      ].sort(),
    );
    const gone = [];
    for (const one of found) if (await pruneWorktree(sources(), one)) gone.push(one.job);
    expect(gone).toEqual(['job-aaaaaaaaaaaa']);
    expect((await world.left()).branches.sort()).toEqual(
      [`mcp-dispatch/${job.id}`, 'mcp-dispatch/job-bbbbbbbbbbbb', 'mcp-dispatch/mine'].sort(),
    );
  });
});
