import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/model/job.js';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { DONE, NOTHING_LEFT, WorktreeWorld } from '../worker/worktree-world.js';
import { Desk } from './desk.js';

let desk: Desk;
let git: WorktreeWorld;
beforeEach(async () => {
  desk = new Desk({ executors: ['codex'] });
  git = new WorktreeWorld(desk.world);
  await desk.world.session('alice');
});
afterEach(() => git.close());

const run = (argv: readonly string[], isTTY = true) => desk.run(argv, { env: git.env, isTTY });

/** A job that has ended and left its worktree, with a change in it or none. */
async function ended(isChanged: boolean): Promise<Job> {
  const { id } = await submit(desk.relay, 'alice', 'codex', { write: true, worktree: true });
  const { job, token } = await claimNext(desk.relay, holder('codex'));
  const running = await git.start(
    async (folder, end) => {
      if (isChanged) writeFileSync(path.join(folder, 'new'), 'x\n');
      running.end('stopped');
      return { as: 'ended', why: (await end) as 'stopped' };
    },
    { job, shop: git.shop({ notes: desk.relay.jobs.worktrees }) },
  );
  await running.verdict;
  return desk.relay.jobs.settle(id, token, { outcome: 'completed', result: DONE });
}

describe('worktrees', () => {
  it('says that there are none, and exits with 3', async () => {
    expect(await run(['worktrees'])).toMatchObject({ code: 3, out: '', err: 'There are no worktrees of jobs.\n' });
  });

  it('lists each with its job, branch, folder and what it changed, and prune removes those without changes', async () => {
    const changed = await ended(true);
    desk.world.clock.advance(1000);
    const unchanged = await ended(false);
    const { code, out } = await run(['worktrees']);
    expect(code).toBe(0);
    expect(out.replace(/^.*\/state\//gm, '    /state/').replace(/webapp-[0-9a-f]{8}/g, 'webapp-#')).toBe(
      [
        `${changed.id}  completed  made just now`,
        '    1 file changed, +1 -0, 0 commits',
        `    branch mcp-dispatch/${changed.id}`,
        `    /state/mcp-dispatch/worktrees/webapp-#/${changed.id}`,
        `${unchanged.id}  completed  made just now`,
        '    no changes: prune removes it',
        `    branch mcp-dispatch/${unchanged.id}`,
        `    /state/mcp-dispatch/worktrees/webapp-#/${unchanged.id}`,
        '',
      ].join('\n'),
    );
    const dry = await run(['worktrees', 'prune', '--dry-run', '--json']);
    expect(dry.json).toMatchObject({ dry_run: true, removed: [{ job: unchanged.id, prunable: true }], kept: 1 });
    expect((await git.left()).folders).toHaveLength(2);
    const pruned = await run(['worktrees', 'prune', '--json']);
    expect(pruned.json).toMatchObject({ dry_run: false, removed: [{ job: unchanged.id }], kept: 1 });
    expect((await run(['worktrees', '--json'])).json).toMatchObject({
      count: 1,
      worktrees: [{ job: changed.id, job_state: 'completed', changed: true, files_changed: 1, prunable: false }],
    });
  });

  it('remove gives up changes for a person who says so at a terminal, and for nobody else', async () => {
    const { id } = await ended(true);
    const refused = await run(['worktrees', 'remove', id]);
    expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('--discard gives them up') });
    expect((await run(['worktrees', 'remove', id, '--discard'], false)).code).toBe(4);
    const agent = await desk.run(['worktrees', 'remove', id, '--discard'], { env: { ...git.env, CLAUDECODE: '1' } });
    expect(agent.code).toBe(4);
    const [note] = await desk.relay.jobs.worktrees.list(id);
    expect(existsSync(path.join(note?.path ?? '', 'new'))).toBe(true);
    expect(await run(['worktrees', 'remove', id, '--discard'])).toMatchObject({ code: 0 });
    expect(await git.left()).toEqual(NOTHING_LEFT);
    expect((await run(['worktrees', 'remove', id, '--discard'])).code).toBe(3);
  });

  it('says what is to be done where not all can be removed, as while the operator is on the branch', async () => {
    const { id } = await ended(true);
    git.git('checkout', '-q', '--ignore-other-worktrees', `mcp-dispatch/${id}`);
    const { code, out } = await run(['worktrees', 'remove', id, '--discard']);
    expect([code, out]).toEqual([1, expect.stringMatching(/^Could not remove all of .*\n.*`git worktree list`/)]);
    expect(git.git('rev-parse', '--abbrev-ref', 'HEAD')).toBe(`mcp-dispatch/${id}`);
    git.git('checkout', '-q', 'main');
    expect(await run(['worktrees', 'remove', id, '--discard'])).toMatchObject({ code: 0 });
    expect(await git.left()).toEqual(NOTHING_LEFT);
  });

  it('refuses to remove one that somebody works in', async () => {
    const { id } = await submit(desk.relay, 'alice', 'codex', { write: true, worktree: true });
    const { job } = await claimNext(desk.relay, holder('codex'));
    let refused: Awaited<ReturnType<typeof run>> | undefined;
    await git.run(
      async () => {
        refused = await run(['worktrees', 'remove', id, '--discard']);
        return DONE;
      },
      { job, shop: git.shop({ notes: desk.relay.jobs.worktrees }) },
    );
    expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('Somebody works on') });
  });
});

describe('where the changes of a job are', () => {
  it('is said by job show, and by recover when it was parked', async () => {
    const { id } = await ended(true);
    const [note] = await desk.relay.jobs.worktrees.list(id);
    expect((await run(['job', 'show', id])).out).toContain(`Its worktree: ${note?.path}, branch mcp-dispatch/${id}`);
    expect((await run(['job', 'show', id, '--json'])).json).toMatchObject({
      worktrees: [{ path: note?.path, branch: note?.branch, base: note?.base }],
    });
    const second = await submit(desk.relay, 'alice', 'codex', { write: true, worktree: true });
    const { token, job } = await claimNext(desk.relay, holder('codex'));
    await desk.relay.jobs.worktrees.keep({ ...(note as NonNullable<typeof note>), job: job.id });
    await desk.relay.jobs.settle(second.id, token, { outcome: 'released' });
    const { code, out } = await run(['recover', second.id, '--retry']);
    expect([code, out]).toEqual([0, expect.stringContaining(`Its worktree: ${note?.path}, branch`)]);
  });
});
