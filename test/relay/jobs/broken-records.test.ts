/** What is wrong with one job costs only that one; and nothing is left of a job that is forgotten. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DispatchError } from '../../../src/model/errors.js';
import type { Relay } from '../../../src/relay/relay.js';
import type { Store } from '../../../src/store/store.js';
import { claimNext, holder, jobMail, submit } from '../../helpers/job-world.js';
import { DAY, HOUR, RelayWorld, withFaults } from '../../helpers/relay-world.js';

let world = new RelayWorld();
afterEach(async () => {
  await world.close();
  world = new RelayWorld();
});

/** Puts something else in the place of the job. */
async function spoil(id: string): Promise<void> {
  const key = `.jobs/records/${id}`;
  const record = await world.memory.readRecord(key);
  expect(await world.memory.update(key, record?.revision, '{"id":"no job"}')).toBe(true);
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: DispatchError) => error.code ?? String(error),
  );

const idsOf = async (relay: Relay) => (await relay.jobs.list.page({ limit: 10 })).jobs.map(({ id }) => id);

describe('a record that cannot be understood', () => {
  it('does not keep the jobs behind it from being claimed, counted or listed', async () => {
    const { relay } = world.process();
    const broken = await submit(relay, 'alice', 'bob');
    const sound = await submit(relay, 'alice', 'bob');
    await spoil(broken.id);
    expect(await relay.jobs.list.position(sound)).toBe(0);
    expect(await idsOf(relay)).toEqual([sound.id]);
    expect((await claimNext(relay, holder('bob'))).job.id).toBe(sound.id);
    expect(await codeOf(relay.jobs.look(broken.id))).toBe('STORE_UNAVAILABLE');
  });

  it('of a request id does not stop the sweep from forgetting other jobs', async () => {
    const { relay } = world.process();
    for (const requestId of ['r-1', 'r-2']) {
      await submit(relay, 'alice', 'bob', { requestId });
      const { job, token } = await claimNext(relay, holder('bob'));
      await relay.jobs.settle(job.id, token, { outcome: 'completed' });
    }
    const [spoiled = ''] = await world.keys('.jobs/requests/alice');
    await world.put(spoiled, '{');
    world.clock.advance(7 * DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await world.keys('.jobs/records')).toHaveLength(1);
    expect(await world.keys('.jobs/requests')).toEqual([spoiled]);
  });
});

describe('forgetting a job', () => {
  it('takes away the outcome that a holder wrote just as it lost its lease', async () => {
    let meanwhile = async () => {};
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          put: async (key, value, options) => {
            await store.put(key, value, options);
            if (key.startsWith('.jobs/outcomes/')) await meanwhile();
          },
        }),
    });
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    const { token: late } = await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
    meanwhile = async () => {
      world.clock.advance(10_000);
    };
    const large = { outcome: 'completed', result: 'x'.repeat(20_000) } as const;
    expect(await codeOf(relay.jobs.settle(id, late, large))).toBe('LEASE_ENDED');
    meanwhile = async () => {};
    await relay.jobs.look(id);
    world.clock.advance(1000);
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, large);
    expect(await world.keys('.jobs/outcomes')).toHaveLength(2);
    world.clock.advance(7 * DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await world.keys('.jobs')).toEqual([]);
  });

  it('that is cut short anywhere leaves nothing that a later sweep does not take', async () => {
    for (let operation = 1; ; operation++) {
      let left = Number.POSITIVE_INFINITY;
      const dying = new RelayWorld({
        wrap: (store: Store) =>
          new Proxy(store, {
            get(target, property) {
              const value = Reflect.get(target, property, target);
              if (typeof value !== 'function') return value;
              return async (...args: unknown[]) => {
                if (--left < 0) throw new Error('kill -9');
                return Reflect.apply(value, target, args);
              };
            },
          }),
      });
      const { relay } = dying.process();
      const { id } = await submit(relay, 'alice', 'bob', { requestId: 'r-1' });
      const { token } = await claimNext(relay, holder('bob'));
      await relay.jobs.settle(id, token, { outcome: 'completed', result: 'x'.repeat(20_000) });
      dying.clock.advance(7 * DAY);
      left = operation;
      const wasCut = await relay.jobs.sweep(dying.clock.now()).then(
        () => false,
        () => true,
      );
      left = Number.POSITIVE_INFINITY;
      await relay.jobs.sweep(dying.clock.now());
      // What was moved aside just then is taken a day later.
      dying.clock.advance(2 * DAY);
      await relay.jobs.sweep(dying.clock.now());
      expect(await dying.keys('.jobs'), `cut after ${operation} operations`).toEqual([]);
      await dying.close();
      if (!wasCut) break;
    }
  });
});

describe('names of a submit that was cut short', () => {
  it('stay when the submit is repeated just as they are swept away', async () => {
    let meanwhile: (key: string) => Promise<void> = async () => {};
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          remove: async (key, options) => {
            await meanwhile(key);
            return store.remove(key, options);
          },
          update: async (key, revision, value) => {
            if (isCut) throw new Error('kill -9');
            return store.update(key, revision, value);
          },
        }),
    });
    let isCut = true;
    const draft = { requestId: 'r-1' };
    await expect(submit(world.process().relay, 'alice', 'bob', draft)).rejects.toThrow('kill -9');
    isCut = false;
    world.clock.advance(HOUR);
    let id = '';
    meanwhile = async (key) => {
      if (!key.startsWith('.jobs/by/') || id !== '') return;
      id = (await submit(world.process().relay, 'alice', 'bob', draft)).id;
    };
    const { relay } = world.process();
    await relay.jobs.sweep(world.clock.now());
    expect(id).not.toBe('');
    expect(await idsOf(relay)).toEqual([id]);
    expect(await world.keys('.jobs/by/alice')).toHaveLength(1);
    expect((await claimNext(relay, holder('bob'))).job.id).toBe(id);
  });
});

describe('cancelling', () => {
  it('is for the submitter and the human: to others there is no such job', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    for (const other of ['bob', 'carol']) expect(await codeOf(relay.jobs.cancel(id, other, null))).toBe('NOT_FOUND');
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'queued', cancel: null });
    expect(await relay.jobs.cancel(id, 'human', null)).toMatchObject({ state: 'cancelled' });
  });

  it('of a job of a topic by the human is told in the name of the system, not in that of the human', async () => {
    const { relay } = world.process();
    const alice = await world.session('alice');
    await relay.topics.join('bob', 'build');
    const { id } = await submit(relay, 'alice', '#build');
    await relay.jobs.cancel(id, 'human', null);
    expect(await jobMail(alice)).toMatchObject([{ from: 'system', state: 'cancelled' }]);
  });
});

describe('a task', () => {
  it('is at most 512 KiB, whatever a message may be, so that its record can be read again', async () => {
    world = new RelayWorld({ maxMessageBytes: 8 * 1024 * 1024 });
    const { relay } = world.process();
    const prompt = (bytes: number) => ({ task: { prompt: 'x'.repeat(bytes) } });
    expect(await codeOf(submit(relay, 'alice', 'bob', prompt(512 * 1024)))).toBe('MESSAGE_TOO_LARGE');
    expect(await world.keys('.jobs')).toEqual([]);
    await submit(relay, 'alice', 'bob', prompt(500 * 1024));
  });
});
