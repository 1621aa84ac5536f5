/** The life of a job, and the tools of one who does it, as a client sees them: what they answer, and what they refuse. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reply } from '../../src/mcp/reply.js';
import { claim as claimTool } from '../../src/mcp/tools/claim.js';
import { DispatchError } from '../../src/model/errors.js';
import type { Store } from '../../src/store/store.js';
import { answer, JobDesk, refusal, submitted } from '../helpers/job-desk.js';
import type { RelayClient } from '../helpers/relay-client.js';
import { RelayWorld, withFaults } from '../helpers/relay-world.js';

let desk: JobDesk;
let alice: RelayClient;
let bob: RelayClient;
let carol: RelayClient;

beforeEach(async () => {
  desk = new JobDesk(new RelayWorld());
  [alice, bob, carol] = [await desk.client('alice'), await desk.client('bob'), await desk.client('carol')];
});
afterEach(() => desk.close());

const submit = (args: object = {}) => submitted(alice, args);
const claim = (id: string) => answer(bob, 'claim', { job_id: id });
const isoIn = (seconds: number) => desk.isoIn(seconds);

describe('a job between two agents', () => {
  it('is submitted, claimed, settled, and its end is in the answer of poll and in the mail of its thread', async () => {
    await answer(bob, 'who');
    const submitted = await answer(alice, 'submit', { to: 'Bob ', task: '{"prompt": "Do it."}', thread_id: 'build' });
    const { job_id } = submitted;
    expect(submitted).toEqual({ job_id, state: 'queued', to: 'bob', deduped: false });

    const claimed = await answer(bob, 'claim');
    expect(claimed).toMatchObject({ new_messages: [{ from: 'alice', payload: { type: 'job', job_id } }] });
    const { new_messages: _, token, ...rest } = claimed;
    expect(rest).toEqual({
      found: true,
      job_id,
      from: 'alice',
      to: 'bob',
      thread_id: 'build',
      attempt: 1,
      max_attempts: 3,
      lease_until: isoIn(120),
      lease_seconds: 120,
      task: { prompt: 'Do it.' },
    });

    expect(await answer(alice, 'poll', { job_id })).toEqual({
      found: true,
      job_id,
      state: 'running',
      from: 'alice',
      to: 'bob',
      thread_id: 'build',
      attempts: 1,
      created_at: isoIn(0),
      held_by: 'bob',
      lease_until: isoIn(120),
    });
    const outcome = { outcome: 'completed', result: { cause: 'a typo' } };
    expect(await answer(bob, 'settle', { job_id, token, ...outcome })).toEqual({
      job_id,
      state: 'completed',
      unacked: 1,
    });

    const polled = await answer(alice, 'poll', { job_id });
    expect(polled).toMatchObject({ found: true, state: 'completed', result: { cause: 'a typo' }, attempts: 1 });
    expect(polled.new_messages).toMatchObject([
      { from: 'bob', thread_id: 'build', payload: { type: 'job', job_id, state: 'completed' } },
    ]);
  });

  it('that failed has its error, and one that is given back waits for the next without an attempt', async () => {
    const failing = await submit();
    const { token } = await claim(failing);
    await answer(bob, 'settle', { job_id: failing, token, outcome: 'failed', error: 'no such branch' });
    const failed = await answer(alice, 'poll', { job_id: failing });
    expect(failed).toMatchObject({ state: 'failed', error: 'no such branch' });
    expect(failed).not.toHaveProperty('result');

    const id = await submit();
    const released = { job_id: id, token: (await claim(id)).token, outcome: 'released' };
    expect(await answer(bob, 'settle', released)).toMatchObject({ state: 'queued' });
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ attempts: 0, queue_position: 1 });
  });

  it('that may write tells so in the words of the server, and waits for a person once its lease has ended', async () => {
    const id = await submit({ write: true });
    const claimed = await claim(id);
    expect(claimed).toMatchObject({ write: true, note: expect.stringMatching(/never run again unattended/) });
    desk.world.clock.advance(121_000);
    const parked = await answer(alice, 'poll', { job_id: id });
    expect(parked).toMatchObject({ state: 'needs_recovery', note: expect.stringContaining(`recover ${id} --retry`) });
    const late = { job_id: id, token: claimed.token, outcome: 'completed', result: 'done' };
    expect(await refusal(bob, 'settle', late)).toMatch(/^LEASE_ENDED/);
    expect(await answer(alice, 'poll', { job_id: id })).not.toHaveProperty('result');
  });

  it('that may write and is given back is parked, and the answer says so', async () => {
    const id = await submit({ write: true });
    const { token } = await claim(id);
    expect(await answer(bob, 'settle', { job_id: id, token, outcome: 'released' })).toMatchObject({
      state: 'needs_recovery',
      note: expect.stringContaining('waits for a person'),
    });
  });

  it('is offered to the assignee as mail is, and never to the one who submitted it', async () => {
    for (const each of [alice, bob, carol]) await answer(each, 'join', { topic: 'build' });
    const id = await submit({ to: '#build' });
    expect((await answer(alice, 'peek')).count).toBe(0);
    for (const each of [bob, carol]) {
      expect((await answer(each, 'peek')).messages).toMatchObject([{ to: '#build', payload: { job_id: id } }]);
    }
    expect(await answer(alice, 'claim')).toMatchObject({ found: false });
    expect(await answer(carol, 'claim')).toMatchObject({ job_id: id });
    expect(await refusal(bob, 'claim', { job_id: id })).toMatch(/^HELD_BY_ANOTHER/);
  });
});

describe('claim', () => {
  it('without anything to claim says so, and when to look again', async () => {
    expect(await answer(bob, 'claim')).toEqual({ found: false, note: expect.stringContaining('No job is free') });
    const id = await submit();
    await claim(id);
    const other = await desk.client('bob');
    expect(await answer(other, 'claim')).toMatchObject({ found: false, again_at: isoIn(120) });
  });

  it('takes the oldest first, for as long as was asked for', async () => {
    const first = await submit();
    await submit();
    expect(await answer(bob, 'claim', { lease_seconds: 7 })).toMatchObject({
      job_id: first,
      lease_until: isoIn(7),
      lease_seconds: 7,
    });
  });

  it('with the token renews, from another session of the agent too, without the task, and hears of a cancellation', async () => {
    const id = await submit();
    const { token } = await claim(id);
    desk.world.clock.advance(100_000);
    const respawned = await desk.client('bob');
    const renewed = await answer(respawned, 'claim', { job_id: id, token: ` ${token}\n`, lease_seconds: 30 });
    expect(renewed).toMatchObject({ found: true, renewed: true, lease_until: isoIn(30), attempt: 1, token });
    expect(renewed).not.toHaveProperty('task');
    await answer(alice, 'cancel', { job_id: id, reason: 'not needed' });
    expect(await answer(respawned, 'claim', { job_id: id, token })).toMatchObject({
      cancel_requested: true,
      cancel_reason: 'not needed',
    });
    await answer(respawned, 'settle', { job_id: id, token, outcome: 'failed', error: 'stopped' });
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ state: 'cancelled', attempts: 1 });
  });

  it('whose answer is not written gives the job back as it was; one that was renewed stays held', async () => {
    const id = await submit({ write: true });
    const { relay } = desk.world.process();
    const session = relay.session('bob');
    const lost = async (args: Parameters<typeof claimTool.handle>[0]) => {
      const reply = new Reply(10_240);
      const wait = () => Promise.reject(new Error('it does not wait'));
      await claimTool.handle(args, { relay, session, reply, wait, startOver: wait });
      await reply.dropped();
      return reply.toJson();
    };
    for (const args of [{}, { job_id: id }]) {
      expect(await lost(args)).toMatchObject({ found: true, job_id: id });
      expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ state: 'queued', attempts: 0 });
    }
    const { job, token } = await relay.jobs.claim(id, { agent: 'bob', session: session.id }, { addresses: ['bob'] });
    for (const args of [{ job_id: id }, { job_id: id, token }]) {
      expect(await lost(args)).toMatchObject({ token, attempt: job.attempts });
      expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ state: 'running' });
    }
  });

  it('again by the session that holds it gives task and token again', async () => {
    const id = await submit();
    const { token, task } = await claim(id);
    expect(await claim(id)).toMatchObject({ token, task, attempt: 1 });
  });

  it('that only asks again keeps the length of the lease', async () => {
    const id = await submit();
    const { token } = await answer(bob, 'claim', { lease_seconds: 3600 });
    for (const args of [{}, { token }]) {
      expect(await answer(bob, 'claim', { job_id: id, ...args })).toMatchObject({ lease_until: isoIn(3600) });
    }
  });

  it('is refused to another agent, also with the token of the holder', async () => {
    const id = await submit();
    const { token } = await claim(id);
    for (const args of [{}, { token }]) {
      expect(await refusal(carol, 'claim', { job_id: id, ...args })).toMatch(/^NOT_FOUND: There is no job/);
    }
    for (const tool of ['claim', 'settle']) {
      const outcome = tool === 'settle' ? { outcome: 'completed' } : {};
      expect(await refusal(alice, tool, { job_id: id, token, ...outcome })).toMatch(
        /^NOT_ALLOWED: Another agent holds/,
      );
    }
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ state: 'running', held_by: 'bob' });
  });

  it.each([
    ['a token without a job', { token: '1.k3j9x0q2m4abc5d6e7f8' }, 'claim: token goes with job_id. Nothing was done.'],
    ['an offset without a token', { job_id: 'job-000000000000', offset: 5 }, 'claim: offset goes with token.'],
    ['a lease of no time', { lease_seconds: 0 }, 'lease_seconds must be from 1 to 3600 seconds'],
    ['a lease of a day', { lease_seconds: 86_400 }, 'lease_seconds must be from 1 to 3600 seconds'],
    ['a job that is not there', { job_id: 'job-000000000000' }, 'NOT_FOUND'],
  ])('refuses %s', async (_, args, why) => {
    expect(await refusal(bob, 'claim', args)).toContain(why);
  });
});

describe('settle', () => {
  it('is refused with a forged, an old and a missing token, and twice, and changes nothing then', async () => {
    const id = await submit();
    const { token: old } = await claim(id);
    desk.world.clock.advance(130_000);
    expect((await answer(alice, 'poll', { job_id: id })).state).toBe('queued');
    desk.world.clock.advance(2000);
    const { token } = await claim(id);
    const settle = { job_id: id, outcome: 'completed', result: 'wrong' };
    const forged = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
    expect(await refusal(bob, 'settle', { ...settle, token: forged })).toMatch(/^NOT_ALLOWED: That token was never/);
    expect(await refusal(bob, 'settle', { ...settle, token: old })).toMatch(/^HELD_BY_ANOTHER/);
    expect(await refusal(bob, 'settle', settle)).toContain('settle: token is required');
    expect(await refusal(bob, 'settle', { ...settle, token: 'x' })).toMatch(
      /^INVALID_ARGUMENT: token: this is no token/,
    );
    expect((await answer(alice, 'poll', { job_id: id })).state).toBe('running');
    await answer(bob, 'settle', { ...settle, token, result: 'right' });
    expect(await refusal(bob, 'settle', { ...settle, token })).toMatch(/^ALREADY_FINISHED/);
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ result: 'right', attempts: 2 });
  });

  it.each([
    ['text', 'plain text', 'plain text'],
    ['a list', [1, 'two'], [1, 'two']],
    ['a number', 42, 42],
    ['false', false, false],
    ['the JSON text of an object', '{"a": 1}', { a: 1 }],
    ['text that only looks like JSON', '{a}', '{a}'],
  ])('keeps %s as a result', async (_, given, kept) => {
    const id = await submit();
    const { token } = await claim(id);
    await answer(bob, 'settle', { job_id: id, token, outcome: 'completed', result: given });
    expect((await answer(alice, 'poll', { job_id: id })).result).toEqual(kept);
  });

  it('refuses an outcome of a job that is given back, one that is too large or too deep, and the job stays held', async () => {
    const id = await submit();
    const { token } = await claim(id);
    const settle = { job_id: id, token, outcome: 'completed' };
    const refused = [
      [{ outcome: 'released', error: 'x' }, 'settle: error goes with completed or failed'],
      [{ outcome: 'done' }, 'outcome must be one of completed, failed, released'],
      [{ result: 'x'.repeat(1024 * 1024) }, 'the limit is 1048576. Nothing was changed, and you still hold'],
      [{ result: JSON.parse('['.repeat(65) + ']'.repeat(65)) }, 'result may nest at most 64 levels deep'],
    ] as const;
    for (const [args, why] of refused) expect(await refusal(bob, 'settle', { ...settle, ...args })).toContain(why);
    expect(await answer(bob, 'poll', { job_id: id })).toMatchObject({ state: 'running', held_by: 'bob' });
  });
});

describe('a disk that is full', () => {
  it('makes each change an error that changes nothing, and the same call works once there is room', async () => {
    await desk.close();
    let full = false;
    const update: Store['update'] = async (...args) => {
      if (full) throw new DispatchError('STORE_UNAVAILABLE', 'The disk is full.', { outcome: 'none' });
      return desk.world.memory.update(...args);
    };
    desk = new JobDesk(new RelayWorld({ wrap: (store) => withFaults(store, { update }) }));
    [alice, bob] = [await desk.client('alice'), await desk.client('bob')];
    const tried = async (who: RelayClient, tool: string, args: object) => {
      full = true;
      expect(await refusal(who, tool, args), tool).toBe('STORE_UNAVAILABLE: The disk is full.');
      full = false;
      return answer(who, tool, args);
    };
    const { job_id } = await tried(alice, 'submit', { to: 'bob', task: { prompt: 'x' }, request_id: 'r' });
    const { token, attempt } = await tried(bob, 'claim', { job_id });
    expect(attempt).toBe(1);
    await tried(bob, 'claim', { job_id, token });
    expect(await tried(alice, 'cancel', { job_id })).toMatchObject({ cancel_requested: true });
    const settle = { job_id, token, outcome: 'completed', result: 'done' };
    expect(await tried(bob, 'settle', settle)).toMatchObject({ state: 'completed' });
    expect(await answer(alice, 'poll', { job_id })).toMatchObject({ state: 'completed', result: 'done', attempts: 1 });
  });
});
