/** What of jobs another process, a clock or a full disk cuts across. */
import { afterEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import type { Job } from '../../../src/model/job.js';
import type { Store } from '../../../src/store/store.js';
import { claimNext, holder, jobMail, submit } from '../../helpers/job-world.js';
import { DAY, HOUR, RelayWorld, withFaults } from '../../helpers/relay-world.js';

let world = new RelayWorld();
afterEach(async () => {
  await world.close();
  world = new RelayWorld();
});

describe('a clock that is set back', () => {
  it('does not leave a job to a lost holder for longer than its lease', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    const { token } = await claimNext(relay, holder('bob'), { leaseSeconds: 60 });
    world.clock.set(world.clock.now() - 30 * DAY);
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'running', lease: { until: world.clock.now() + 60_000 } });
    expect((await relay.jobs.renew(id, token, holder('bob'), 60)).lease?.until).toBe(world.clock.now() + 60_000);
    world.clock.advance(60_000);
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'queued' });
  });

  it('does not keep a job from being claimed for longer than any pause', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    await claimNext(relay, holder('bob'), { leaseSeconds: 60 });
    world.clock.advance(30 * DAY);
    await relay.jobs.look(id);
    world.clock.set(world.clock.now() - 30 * DAY);
    expect((await relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] })).job.id).toBe(id);
  });
});

describe('a request that is repeated', () => {
  it('just as its job is forgotten makes a new one, and does not bring back the old', async () => {
    let meanwhile = async () => {};
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          readRecord: async (key, options) => {
            await meanwhile();
            return store.readRecord(key, options);
          },
        }),
    });
    const { relay } = world.process();
    const draft = { requestId: 'r-1' };
    const { id } = await submit(relay, 'alice', 'bob', draft);
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, { outcome: 'completed' });
    world.clock.advance(7 * DAY);
    meanwhile = async () => {
      meanwhile = async () => {};
      await world.process().relay.jobs.sweep(world.clock.now());
    };
    const again = await relay.jobs.submit('alice', { to: 'bob', task: { prompt: 'Do it.' }, ...draft });
    expect(again).toMatchObject({ deduped: false, job: { state: 'queued' } });
    expect(again.job.id).not.toBe(id);
    expect((await submit(relay, 'alice', 'bob', draft)).id).toBe(again.job.id);
  });

  it('a week after its submit was cut short is a new job of now, and the old reservation is swept away', async () => {
    let isCut = true;
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          update: async (key, revision, value) => {
            if (isCut) throw new Error('kill -9');
            return store.update(key, revision, value);
          },
        }),
    });
    for (const requestId of ['r-1', 'r-2'])
      await expect(submit(world.process().relay, 'alice', 'bob', { requestId })).rejects.toThrow('kill -9');
    isCut = false;
    world.clock.advance(7 * DAY);
    const { relay } = world.process();
    const job = await submit(relay, 'alice', 'bob', { requestId: 'r-1', ttl: 60 });
    expect(Date.parse(job.created_at)).toBe(world.clock.now());
    world.clock.advance(DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await world.keys('.jobs/requests')).toHaveLength(1);
    expect((await submit(relay, 'alice', 'bob', { requestId: 'r-1', ttl: 60 })).id).toBe(job.id);
  });
});

describe('two settlements under one token', () => {
  it('leave the result of the one that was accepted, whole, whichever was written last', async () => {
    let meanwhile = async () => {};
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          put: async (key, value, options) => {
            if (key.startsWith('.jobs/outcomes/')) await meanwhile();
            await store.put(key, value, options);
          },
        }),
    });
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    const { token } = await claimNext(relay, holder('bob'));
    const settle = (letter: string) =>
      relay.jobs.settle(id, token, { outcome: 'completed', result: letter.repeat(20_000) });
    meanwhile = async () => {
      meanwhile = async () => {};
      await settle('a');
    };
    await expect(settle('b')).rejects.toMatchObject({ code: 'ALREADY_FINISHED' });
    const job = (await relay.jobs.look(id)) as Job;
    expect(job.result).toMatch(/^a+$/);
    expect((await relay.jobs.wholeOutcome(job))?.result).toBe('a'.repeat(20_000));
  });
});

describe('a disk that is full', () => {
  it('does not hide a job that has ended: its name is moved when there is room', async () => {
    let isFull = false;
    const full = new DispatchError('STORE_UNAVAILABLE', 'the disk is full', { errno: 'ENOSPC', outcome: 'none' });
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          move: async (from, to, options) => {
            if (isFull && to.startsWith('.jobs/done/')) throw full;
            return store.move(from, to, options);
          },
        }),
    });
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    const { token } = await claimNext(relay, holder('bob'));
    isFull = true;
    await relay.jobs.settle(id, token, { outcome: 'completed', result: 'Done.' });
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'completed', result: 'Done.' });
    expect((await relay.jobs.list.page({ limit: 10 })).jobs).toHaveLength(1);
    isFull = false;
    world.clock.advance(HOUR);
    await relay.jobs.sweep(world.clock.now());
    expect(await jobMail(await world.session('alice'))).toMatchObject([{ state: 'completed' }]);
    expect(await world.keys('.jobs/open')).toEqual([]);
  });
});
