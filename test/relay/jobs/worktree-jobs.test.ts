/** Jobs that are to write in a git worktree of their own, as the relay keeps and hands them out. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJob, serializeJob, type Writes } from '../../../src/model/job.js';
import { workerKey } from '../../../src/relay/keys.js';
import type { Relay } from '../../../src/relay/relay.js';
import { claimNext, holder, jobMail, submit } from '../../helpers/job-world.js';
import { RelayWorld } from '../../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
beforeEach(async () => {
  world = new RelayWorld({ executors: ['codex'] });
  ({ relay } = world.process());
  await world.session('alice');
});
afterEach(() => world.close());

describe('a job in a worktree', () => {
  it('is refused where it is not to write, since it needs none then', async () => {
    const submitting = submit(relay, 'alice', 'codex', { worktree: true });
    await expect(submitting).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      data: { argument: 'worktree' },
      message: expect.stringContaining('it goes with write'),
    });
    expect((await relay.jobs.list.page({ limit: 10 })).jobs).toEqual([]);
  });

  it('is another job than the same without, under one request id', async () => {
    const draft = { write: true, requestId: 'fix-1' };
    const { id } = await submit(relay, 'alice', 'codex', { ...draft, worktree: true });
    expect((await submit(relay, 'alice', 'codex', { ...draft, worktree: true })).id).toBe(id);
    await expect(submit(relay, 'alice', 'codex', draft)).rejects.toMatchObject({ code: 'REQUEST_CONFLICT' });
  });

  it('is not, where a record of before does not say so', async () => {
    const { worktree, ...old } = await submit(relay, 'alice', 'codex', { write: true, worktree: true });
    expect(worktree).toBe(true);
    expect(parseJob(Buffer.from(serializeJob(old as never)))).toMatchObject({ id: old.id, worktree: false });
  });

  it('is written so that a program that knows of no worktrees cannot read it, and write where a person works', async () => {
    const job = await submit(relay, 'alice', 'codex', { write: true, worktree: true });
    const text = serializeJob(job);
    // What such a program takes for a job has true or false there.
    expect(JSON.parse(text).write).toBe('worktree');
    expect(parseJob(Buffer.from(text))).toEqual(job);
    const early = JSON.stringify({ ...job, write: true });
    expect(parseJob(Buffer.from(early))).toEqual(job);
  });
});

describe('the mail about it', () => {
  it('says where the changes are, however long the words of the one who made them; and where to look when it is parked', async () => {
    const alice = await world.session('alice');
    const draft = { write: true, worktree: true };
    const worktree = { branch: 'mcp-dispatch/job-x', path: '/state/job-x' };
    for (const settlement of [
      { outcome: 'completed', result: { message: 'word '.repeat(1000), worktree } },
      { outcome: 'failed', error: 'word '.repeat(1000), result: { worktree } },
      { outcome: 'completed', result: { message: 'Nothing to do.', worktree: { unchanged: true } } },
      { outcome: 'released' },
      { outcome: 'completed', result: { message: 'Done.', worktree: { ...worktree, commits: 0 } } },
      { outcome: 'failed', error: 'What it changed is kept in /state/job-x.', result: { worktree } },
    ] as const) {
      const { id } = await submit(relay, 'alice', 'codex', draft);
      const { token } = await claimNext(relay, holder('codex'));
      await relay.jobs.settle(id, token, settlement);
    }
    const told = (await jobMail(alice)).map(({ content }) => content);
    const where = 'Its changes are on the branch mcp-dispatch/job-x, in /state/job-x.';
    expect(told.map((text) => text.includes(where))).toEqual([true, true, false, false, false, false]);
    expect(told[3]).toContain('`mcp-dispatch worktrees` shows where it wrote.');
    // A branch on which nothing was committed has nothing to merge.
    expect(told[4]).toContain(
      'Its changes are in /state/job-x, not committed; the branch there is mcp-dispatch/job-x.',
    );
    // Once is enough.
    expect(told[5]?.split('/state/job-x')).toHaveLength(2);
  });
});

describe('who takes writes', () => {
  it.each<[Writes, string[]]>([
    ['none', ['reads']],
    ['worktrees', ['reads', 'in a worktree']],
    ['all', ['reads', 'in a worktree', 'anywhere']],
  ])('%s is given %j, in whatever order they came', async (writes, expected) => {
    await submit(relay, 'alice', 'codex', { task: { prompt: 'anywhere' }, write: true });
    await submit(relay, 'alice', 'codex', { task: { prompt: 'in a worktree' }, write: true, worktree: true });
    await submit(relay, 'alice', 'codex', { task: { prompt: 'reads' } });
    const taken: string[] = [];
    for (const _ of expected) taken.push((await claimNext(relay, holder('codex'), { writes })).job.task.prompt);
    expect(taken.sort()).toEqual([...expected].sort());
    expect(await relay.jobs.claimNext(holder('codex'), { addresses: ['codex'], writes })).not.toHaveProperty('job');
  });

  it('worktrees is refused a job that may write anywhere, by its id', async () => {
    const { id } = await submit(relay, 'alice', 'codex', { write: true });
    const claiming = relay.jobs.claim(id, holder('codex'), { addresses: ['codex'], writes: 'worktrees' });
    await expect(claiming).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'queued', attempts: 0 });
  });

  it('is read from the record of a worker, also as versions before wrote it', async () => {
    const worker = { session: 'a'.repeat(20), since: '', writes: 'worktrees' as const, concurrency: 1 };
    await relay.jobs.workers.enter('codex', worker);
    expect(await relay.jobs.workers.serving('codex')).toMatchObject([{ writes: 'worktrees' }]);
    const key = workerKey('codex', worker.session);
    const read = await world.store.read(key, 4096);
    const record = JSON.parse(Buffer.from(read?.ok ? read.bytes : []).toString());
    for (const [before, now] of [
      [true, 'all'],
      [false, 'none'],
    ]) {
      await world.store.put(key, JSON.stringify({ ...record, writes: before }));
      expect(await relay.jobs.workers.serving('codex')).toMatchObject([{ writes: now }]);
    }
  });
});
