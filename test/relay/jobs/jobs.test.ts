import { afterEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/model/job.js';
import { claimNext, codeOf, holder, jobMail, submit } from '../../helpers/job-world.js';
import { claimAll, DAY, RelayWorld, withFaults } from '../../helpers/relay-world.js';

let world = new RelayWorld();
afterEach(async () => {
  await world.close();
  world = new RelayWorld();
});

describe('a job', () => {
  it('is queued, claimed, renewed and completed, and its submitter is told once, in the thread', async () => {
    const { relay } = world.process();
    const alice = await world.session('alice');
    const job = await submit(relay, 'alice', 'bob', { threadId: 'build' });
    expect(job).toMatchObject({ state: 'queued', from: 'alice', to: 'bob', attempts: 0, write: false });

    const bob = holder('bob');
    const { job: taken, token } = await claimNext(relay, bob);
    expect(taken).toMatchObject({ id: job.id, state: 'running', attempts: 1, lease: { agent: 'bob', seconds: 120 } });
    world.clock.advance(60_000);
    expect((await relay.jobs.renew(job.id, token, bob)).lease?.until).toBe(world.clock.now() + 120_000);

    const done = await relay.jobs.settle(job.id, token, { outcome: 'completed', result: { answer: 42 } });
    expect(done).toMatchObject({ state: 'completed', result: { answer: 42 }, lease: null, owed: [] });
    const [message, ...others] = (await claimAll(alice.inbox)).delivered;
    expect(others).toEqual([]);
    expect(message?.message).toMatchObject({
      from: 'bob',
      thread_id: 'build',
      payload: { type: 'job', job_id: job.id, state: 'completed' },
    });
    expect(await relay.jobs.look(job.id)).toEqual(done);
    expect(await world.keys('.jobs/open')).toEqual([]);
  });

  it('is offered to its assignee by mail from its submitter', async () => {
    const { relay } = world.process();
    const bob = await world.session('bob');
    const { id } = await submit(relay, 'alice', 'bob');
    const [offer, ...others] = await jobMail(bob);
    expect(others).toEqual([]);
    expect(offer).toMatchObject({ from: 'alice', state: 'queued' });
    expect(offer?.content).toContain(`claim(job_id="${id}")`);
  });

  it('for an executor is offered to workers, and to nobody by mail', async () => {
    world = new RelayWorld({ executors: ['codex'] });
    const { relay } = world.process();
    await submit(relay, 'alice', 'codex');
    expect(await world.keys('codex')).toEqual([]);
    expect(await claimNext(relay, holder('codex'))).toMatchObject({ job: { to: 'codex' } });
  });

  it('of a topic goes to the member that claims it first, and not to its submitter', async () => {
    const { relay } = world.process();
    for (const agent of ['alice', 'bob', 'carol']) await relay.topics.join(agent, 'build');
    const { id } = await submit(relay, 'alice', '#build');
    expect(await relay.jobs.addressesOf('alice')).toEqual(['alice', '#build']);
    expect(await relay.jobs.claimNext(holder('alice'), { addresses: ['alice', '#build'] })).not.toHaveProperty('job');
    const { token } = await claimNext(relay, holder('carol'), { addresses: ['carol', '#build'] });
    expect(await codeOf(relay.jobs.claim(id, holder('bob'), { addresses: ['bob', '#build'] }))).toBe('HELD_BY_ANOTHER');
    const alice = await world.session('alice');
    await relay.jobs.settle(id, token, { outcome: 'completed', result: 'Done.' });
    expect(await jobMail(alice)).toMatchObject([{ from: 'carol', state: 'completed' }]);
  });

  it('is taken in the order of submitting, also of those of one millisecond', async () => {
    const { relay } = world.process();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await submit(relay, 'alice', 'bob')).id);
    world.clock.advance(5);
    const claimed: string[] = [];
    for (let i = 0; i < 5; i++) claimed.push((await claimNext(relay, holder('bob'))).job.id);
    expect(claimed).toEqual(ids);
  });
});

describe('a job that waits again', () => {
  it('is offered again where it was offered by mail: after a lost lease, and when a person has it tried again', async () => {
    const { relay } = world.process();
    const bob = await world.session('bob');
    const { id } = await submit(relay, 'alice', 'bob');
    expect(await jobMail(bob)).toHaveLength(1);
    await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
    world.clock.advance(10_000);
    await relay.jobs.look(id);
    const [offer, ...others] = await jobMail(bob);
    expect([offer, others]).toMatchObject([{ from: 'alice', state: 'queued' }, []]);
    expect(offer?.content).toContain('taken up before: the lease of bob ended');

    const { id: write } = await submit(relay, 'alice', 'bob', { write: true });
    expect(await jobMail(bob)).toHaveLength(1);
    const { token } = await relay.jobs.claim(write, holder('bob'), { addresses: ['bob'] });
    await relay.jobs.settle(write, token, { outcome: 'released' });
    expect(await jobMail(bob)).toEqual([]);
    await relay.jobs.recover(write, 'retry', 'human');
    expect(await jobMail(bob)).toMatchObject([{ from: 'alice', state: 'queued' }]);
  });
});

describe('mail about a job', () => {
  it('comes also where the limits let nothing else through', async () => {
    world = new RelayWorld({ limits: { inboxMessages: 1, sendsPerMinute: 3, threadMessagesPerHour: 2 } });
    const { relay } = world.process();
    const alice = await world.session('alice');
    const ids: string[] = [];
    for (const agent of ['bob', 'carol', 'dave']) {
      const { id } = await submit(relay, 'alice', agent);
      ids.push(id);
      const { token } = await claimNext(relay, holder(agent));
      await relay.jobs.settle(id, token, { outcome: 'completed' });
    }
    expect((await jobMail(alice)).map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
    expect(await codeOf(submit(relay, 'alice', 'erin'))).toBe('RATE_LIMITED');
  });
});

describe('a submit that was killed before it made the job', () => {
  it('leaves its request id to a retry, and nothing after a week', async () => {
    const left = async () => (await world.keys('.jobs')).filter((key) => key.includes('requests'));
    const draft = { to: 'bob', task: { prompt: 'Do it.' }, requestId: 'r-1' };
    world = new RelayWorld({ wrap: (store) => withFaults(store, { update: () => new Promise(() => {}) }) });
    void world.process().relay.jobs.submit('alice', draft);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await left()).toHaveLength(1);
    const { relay } = world.process();
    world.clock.advance(7 * DAY - 1);
    await relay.jobs.sweep(world.clock.now());
    expect(await left()).toHaveLength(1);
    world.clock.advance(1);
    await relay.jobs.sweep(world.clock.now());
    expect(await world.keys('.jobs')).toEqual([]);
  });
});

describe('the audit of a job', () => {
  it('is named line by line: its record keeps the newest of each process that changed it', async () => {
    world = new RelayWorld({ executors: ['codex'] });
    const [alices, codexs] = [world.process().relay, world.process().relay];
    const { id } = await submit(alices, 'alice', 'codex');
    expect((await alices.jobs.look(id))?.audit).toEqual([alices.events.head]);
    const { token } = await claimNext(codexs, holder('codex'));
    await codexs.jobs.settle(id, token, { outcome: 'completed' });
    expect((await alices.jobs.look(id))?.audit).toEqual([alices.events.head, codexs.events.head]);
    expect(codexs.events.head?.seq).toBe(2);
  });
});

describe('a lease that ends', () => {
  it('queues a read-only job again, after a pause that doubles, and tells the submitter each time', async () => {
    const { relay } = world.process();
    const alice = await world.session('alice');
    const { id } = await submit(relay, 'alice', 'bob');
    for (const pause of [1000, 2000]) {
      await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
      world.clock.advance(10_000);
      expect(await relay.jobs.look(id)).toMatchObject({ state: 'queued', not_before: world.clock.now() + pause });
      expect(await jobMail(alice)).toMatchObject([{ state: 'queued', from: 'bob' }]);
      expect(await relay.jobs.claimNext(holder('bob'), { addresses: ['bob'] })).toEqual({
        againAt: world.clock.now() + pause,
      });
      world.clock.advance(pause);
    }
    await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
    world.clock.advance(10_000);
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'failed', attempts: 3 });
    expect((await relay.jobs.look(id))?.error).toContain('3 of 3 attempts');
    expect(await jobMail(alice)).toMatchObject([{ state: 'failed' }]);
  });

  it('does not hold the job back for hours when the clock is set back behind its pause', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
    world.clock.advance(10_000);
    await relay.jobs.look(id);
    expect(await codeOf(relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] }))).toBe('NOT_CLAIMABLE');
    world.clock.set(world.clock.now() - 3_600_000);
    expect((await claimNext(relay, holder('bob'))).job.id).toBe(id);
  });

  it('parks a job that may write, for a person, who has it tried again or fails it', async () => {
    const { relay } = world.process();
    const alice = await world.session('alice');
    const { id } = await submit(relay, 'alice', 'bob', { write: true, maxAttempts: 1 });
    await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
    world.clock.advance(10_000);
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'needs_recovery' });
    expect(await jobMail(alice)).toMatchObject([{ state: 'needs_recovery' }]);
    expect(await codeOf(relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] }))).toBe('NOT_CLAIMABLE');
    expect(await codeOf(relay.jobs.cancel(id, 'alice', null))).toBe('NOT_ALLOWED');
    world.clock.advance(30 * DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await relay.jobs.recover(id, 'retry', 'human')).toMatchObject({ state: 'queued' });
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, { outcome: 'released' });
    expect(await relay.jobs.recover(id, 'fail', 'human')).toMatchObject({ state: 'failed' });
    expect(await codeOf(relay.jobs.recover(id, 'fail', 'human'))).toBe('ALREADY_FINISHED');
  });

  it('leaves its old holder nothing: each call is refused by its own error, and changes nothing', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    const first = holder('bob');
    const { token: old } = await claimNext(relay, first, { leaseSeconds: 10 });
    const tries = (token: string) => [
      relay.jobs.renew(id, token, first),
      relay.jobs.settle(id, token, { outcome: 'completed', result: 'x'.repeat(20_000) }),
      relay.jobs.settle(id, token, { outcome: 'failed', error: 'no' }),
      relay.jobs.settle(id, token, { outcome: 'released' }),
    ];
    const refusals = async (token: string) => new Set(await Promise.all(tries(token).map(codeOf)));
    world.clock.advance(10_000);
    expect(await refusals(old)).toEqual(new Set(['LEASE_ENDED']));
    await relay.jobs.look(id);
    expect(await refusals(old)).toEqual(new Set(['LEASE_ENDED']));
    world.clock.advance(1000);
    const { token } = await claimNext(relay, holder('bob'));
    const before = await relay.jobs.look(id);
    expect(await refusals(old)).toEqual(new Set(['HELD_BY_ANOTHER']));
    expect(await refusals(token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')))).toEqual(new Set(['NOT_ALLOWED']));
    expect(await refusals(`9.${'a'.repeat(20)}`)).toEqual(new Set(['NOT_ALLOWED']));
    expect(await refusals('nonsense')).toEqual(new Set(['INVALID_ARGUMENT']));
    expect(await relay.jobs.look(id)).toEqual(before);
    expect(await world.keys('.jobs/outcomes')).toEqual([]);
    await relay.jobs.settle(id, token, { outcome: 'completed' });
    expect(await refusals(token)).toEqual(new Set(['ALREADY_FINISHED']));
    expect(await refusals(old)).toEqual(new Set(['ALREADY_FINISHED']));
  });
});

describe('a request id', () => {
  it('stands for one job, from any process, while that is kept', async () => {
    const draft = { to: 'bob', task: { prompt: 'Do it.', a: 1, b: 2 }, requestId: 'r-1' };
    const all = await Promise.all(
      Array.from({ length: 6 }, async () => world.process().relay.jobs.submit('alice', draft)),
    );
    expect(new Set(all.map(({ job }) => job.id)).size).toBe(1);
    expect(all.filter(({ deduped }) => !deduped)).toHaveLength(1);
    const { relay } = world.process();
    const again = { ...draft, task: { b: 2, a: 1, prompt: 'Do it.' } };
    expect(await relay.jobs.submit('alice', again)).toMatchObject({ deduped: true });
    expect(await codeOf(relay.jobs.submit('alice', { ...draft, task: { prompt: 'Else.' } }))).toBe('REQUEST_CONFLICT');
    expect(await codeOf(relay.jobs.submit('alice', { ...draft, to: 'carol' }))).toBe('REQUEST_CONFLICT');
    expect(await relay.jobs.submit('carol', { ...draft, task: { prompt: 'Else.' } })).toMatchObject({ deduped: false });
    const { token, job } = await relay.jobs.claim(all[0]?.job.id ?? '', holder('bob'), { addresses: ['bob'] });
    await relay.jobs.settle(job.id, token, { outcome: 'completed' });
    world.clock.advance(7 * DAY - 1);
    await relay.jobs.sweep(world.clock.now());
    expect(await relay.jobs.submit('alice', draft)).toMatchObject({ deduped: true, job: { state: 'completed' } });
  });

  it('stands for nothing once its job is forgotten, and nothing is left of that', async () => {
    const { relay } = world.process();
    const draft = { to: 'bob', task: { prompt: 'Do it.' }, requestId: 'r-1' };
    const { job } = await relay.jobs.submit('alice', draft);
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(job.id, token, { outcome: 'completed', result: 'x'.repeat(20_000) });
    expect((await relay.jobs.wholeOutcome((await relay.jobs.look(job.id)) as Job))?.result).toHaveLength(20_000);
    world.clock.advance(7 * DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await world.keys('.jobs')).toEqual([]);
    const next = await relay.jobs.submit('alice', draft);
    expect(next.deduped).toBe(false);
    expect(next.job.id).not.toBe(job.id);
  });
});

describe('cancelling', () => {
  it('ends a job that waits at once, and one that runs when its holder gives up', async () => {
    const { relay } = world.process();
    const alice = await world.session('alice');
    const waiting = await submit(relay, 'alice', 'bob');
    expect(await relay.jobs.cancel(waiting.id, 'alice', 'not needed')).toMatchObject({ state: 'cancelled' });
    expect(await codeOf(relay.jobs.cancel(waiting.id, 'alice', null))).toBe('ALREADY_FINISHED');

    const running = await submit(relay, 'alice', 'bob');
    const bob = holder('bob');
    const { token } = await claimNext(relay, bob);
    expect(await relay.jobs.cancel(running.id, 'alice', 'too late')).toMatchObject({ state: 'running' });
    expect((await relay.jobs.renew(running.id, token, bob)).cancel).toMatchObject({ by: 'alice', reason: 'too late' });
    expect(await relay.jobs.settle(running.id, token, { outcome: 'released' })).toMatchObject({ state: 'cancelled' });
    expect((await jobMail(alice)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });
});
