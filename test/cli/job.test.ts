import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const NONE = 'job-000000000000';

describe('job show', () => {
  it('tells the whole life of a job: what was asked, what came of it, and each transition', async () => {
    const task = { prompt: 'Find out\nwhy.', model: 'small' };
    const { id } = await submit(desk.relay, 'alice', 'bob', { task, threadId: 't1', requestId: 'r-1' });
    await claimNext(desk.relay, holder('bob'), { leaseSeconds: 10 });
    desk.world.clock.advance(10_000);
    await desk.relay.jobs.look(id);
    desk.world.clock.advance(MINUTE);
    const { token } = await claimNext(desk.relay, holder('bob'));
    const result = { message: 'The cache\nwas stale.', exit_code: 0 };
    await desk.relay.jobs.settle(id, token, { outcome: 'completed', result });
    const { code, out, err } = await desk.run(['job', 'show', id]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`${id}  alice → bob  completed
  submitted 2026-02-17 20:30:00Z (1 min ago), ended 2026-02-17 20:31:10Z, after 1 min, read-only, attempt 2 of 3, thread t1, request r-1
  held last by bob, from 2026-02-17 20:31:10Z

Task
    Find out
    why.
    {
      "model": "small"
    }

Result
    The cache
    was stale.
    {
      "exit_code": 0
    }

History
    2026-02-17 20:30:00Z  queued     by alice
    2026-02-17 20:30:00Z  running    by bob, attempt 1
    2026-02-17 20:30:10Z  queued     by system, attempt 1: the lease of bob ended
    2026-02-17 20:31:10Z  running    by bob, attempt 2
    2026-02-17 20:31:10Z  completed  by bob, attempt 2
`);
  });

  it('says who waits for whom', async () => {
    const waits = async (id: string) => (await desk.run(['job', 'show', id, '--json'])).json.waits;
    const { id: first } = await submit(desk.relay, 'alice', 'bob', { write: true });
    const { id: second } = await submit(desk.relay, 'alice', 'bob');
    expect(await waits(second)).toBe('It waits for bob. 1 job waits before it.');
    await desk.relay.jobs.workers.enter('bob', {
      session: 's'.repeat(20),
      since: new Date(desk.world.clock.now()).toISOString(),
      writes: 'none',
      concurrency: 1,
    });
    expect(await waits(first)).toBe('It waits for bob.');
    expect(await waits(second)).toBe('It waits for bob. 1 job waits before it. 1 worker can take it.');
    const { token } = await claimNext(desk.relay, holder('bob'));
    expect(await waits(first)).toBe('bob works on it, and has to renew within 2 min.');
    await desk.relay.jobs.cancel(first, 'alice', null);
    expect(await waits(first)).toContain('It is asked to stop');
    await desk.relay.jobs.settle(first, token, { outcome: 'released' });
    expect(await waits(first)).toContain(`It waits for you: mcp-dispatch recover ${first} --retry`);
    expect(await waits((await submit(desk.relay, 'bob', 'carol')).id)).toBe('It waits for carol.');
    await desk.relay.jobs.cancel(second, 'alice', null);
    expect(await waits(second)).toBeNull();
  });

  it('prints a large outcome whole, and says when the rest of it is gone', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    const { token } = await claimNext(desk.relay, holder('bob'));
    await desk.relay.jobs.settle(id, token, { outcome: 'failed', result: 'r'.repeat(20_000), error: 'e'.repeat(5000) });
    const { json } = await desk.run(['job', 'show', id, '--json']);
    expect([json.result, json.error]).toEqual(['r'.repeat(20_000), 'e'.repeat(5000)]);
    expect((await desk.run(['job', 'show', id])).out).toContain('r'.repeat(20_000));
    for (const key of await desk.world.keys('.jobs/outcomes')) await desk.world.memory.remove(key);
    const { json: rest } = await desk.run(['job', 'show', id, '--json']);
    expect(rest).toMatchObject({ outcome_is_whole: false, error: 'e'.repeat(2000) });
    expect((await desk.run(['job', 'show', id])).out).toMatch(/\(the rest of its 25\d\d\d bytes is gone\)/);
  });

  it('never prints the nonce of the token, whatever state the job is in', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    const bob = holder('bob');
    const { token } = await claimNext(desk.relay, bob);
    const nonce = token.split('.')[1] ?? '';
    expect(nonce).toHaveLength(20);
    const shown = async () =>
      (await desk.run(['job', 'show', id])).out + (await desk.run(['job', 'show', id, '--json'])).out;
    expect(await shown()).not.toContain(nonce);
    await desk.relay.jobs.settle(id, token, { outcome: 'completed' });
    expect(await shown()).not.toContain(nonce);
  });

  it('prints the words of agents so that they cannot act on the terminal', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob', { task: { prompt: 'a\x1b[2Jb', c: '\u202e' } });
    await desk.relay.jobs.cancel(id, 'alice', 'no\x1b[1Aneed');
    const { out } = await desk.run(['job', 'show', id]);
    expect(out).toContain('a�[2Jb');
    expect(out).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    const { out: json } = await desk.run(['job', 'show', id, '--json']);
    expect(json).toContain('\\u001b[2J');
    expect(json).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
  });

  it('of a job that is not there ends with 3, and of what is no id with 2', async () => {
    expect(await desk.run(['job', 'show', NONE])).toMatchObject({ code: 3, err: expect.stringContaining('memory') });
    expect((await desk.run(['job', 'show', '../x'])).code).toBe(2);
    expect((await desk.run(['job'])).code).toBe(2);
  });
});

describe('job cancel', () => {
  it('cancels a job that waits, and asks the holder of one that runs', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    expect(await desk.run(['job', 'cancel', id])).toMatchObject({ code: 0, out: `Cancelled ${id}.\n` });
    const { id: running } = await submit(desk.relay, 'alice', 'bob');
    await claimNext(desk.relay, holder('bob'));
    const { code, out } = await desk.run(['job', 'cancel', running, '--reason', 'Fixed by hand.']);
    expect([code, out]).toEqual([0, expect.stringContaining(`bob works on ${running} and is asked to stop`)]);
    expect(out).toContain('2026-02-17 20:32:00Z');
    const { cancel } = (await desk.relay.jobs.look(running)) ?? {};
    expect(cancel).toMatchObject({ by: 'human', reason: 'Fixed by hand.' });
  });

  it('with --from is for the submitter alone: to another there is no such job', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    const script = { isTTY: false };
    expect((await desk.run(['job', 'cancel', id], script)).code).toBe(4);
    expect((await desk.run(['job', 'cancel', id, '--from', 'bob'], script)).code).toBe(3);
    expect(await desk.relay.jobs.look(id)).toMatchObject({ state: 'queued', cancel: null });
    expect((await desk.run(['job', 'cancel', id, '--from', 'alice'], script)).code).toBe(0);
  });

  it('of a job that has ended or is parked changes nothing and ends with 4', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob', { write: true });
    await claimNext(desk.relay, holder('bob'), { leaseSeconds: 10 });
    desk.world.clock.advance(10_000);
    expect(await desk.run(['job', 'cancel', id])).toMatchObject({ code: 4, err: expect.stringContaining('recover') });
    await desk.relay.jobs.recover(id, 'fail', 'human');
    const before = await desk.relay.jobs.look(id);
    expect(await desk.run(['job', 'cancel', id])).toMatchObject({
      code: 4,
      err: expect.stringContaining(`\`mcp-dispatch job show ${id}\` shows its outcome`),
    });
    expect((await desk.run(['job', 'cancel', id, '--from', 'bob'], { isTTY: false })).code).toBe(3);
    expect(await desk.relay.jobs.look(id)).toEqual(before);
    const none = await desk.run(['job', 'cancel', NONE]);
    expect([none.code, none.err]).toEqual([3, expect.stringContaining('`mcp-dispatch jobs` lists')]);
    expect((await desk.run(['job', 'cancel', id, '--reason', 'two\nlines'])).code).toBe(2);
  });
});
