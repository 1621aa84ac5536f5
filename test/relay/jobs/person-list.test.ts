import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import type { Relay } from '../../../src/relay/relay.js';
import type { Store } from '../../../src/store/store.js';
import { claimNext, holder, submit } from '../../helpers/job-world.js';
import { DAY, MINUTE, RelayWorld, withFaults } from '../../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
beforeEach(() => begin());
afterEach(() => world.close());

function begin(options: ConstructorParameters<typeof RelayWorld>[0] = {}): void {
  world = new RelayWorld(options);
  ({ relay } = world.process());
}

const names = () => world.keys('.jobs/person');
const approve = (id: string) => relay.jobs.review(id, { how: 'approved', by: 'human', note: null });

async function park(): Promise<string> {
  const { id } = await submit(relay, 'alice', 'bob', { write: true });
  const { token } = await claimNext(relay, holder('bob'));
  await relay.jobs.settle(id, token, { outcome: 'released' });
  return id;
}

describe('what waits for a person', () => {
  it('is counted by kind and listed longest first, and no more once a person has decided', async () => {
    const parked = await park();
    world.clock.advance(MINUTE);
    const { id: before } = await submit(relay, 'alice', 'bob', { review: 'Look.' });
    world.clock.advance(MINUTE);
    await submit(relay, 'alice', 'bob');
    const { job, token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(job.id, token, { outcome: 'completed', review: 'Look.' });
    expect(await relay.jobs.person.count()).toEqual({ review: 2, recovery: 1, more: false });
    const { jobs } = await relay.jobs.person.waiting(100);
    expect(jobs.map(({ id }) => id)).toEqual([parked, before, job.id]);
    await relay.jobs.recover(parked, 'fail', 'human');
    await approve(job.id);
    await approve(before);
    expect(await relay.jobs.person.count()).toEqual({ review: 0, recovery: 0, more: false });
    expect(await names()).toEqual([]);
  });

  it('is counted without reading what does not', async () => {
    let reads = 0;
    const counted = (store: Store) =>
      withFaults(store, {
        readRecord: (...args) => {
          reads++;
          return store.readRecord(...args);
        },
      });
    begin({ wrap: counted });
    for (let i = 0; i < 200; i++) await submit(relay, 'alice', 'bob');
    await submit(relay, 'alice', 'bob', { review: 'Look.' });
    reads = 0;
    expect(await relay.jobs.person.count()).toEqual({ review: 1, recovery: 0, more: false });
    expect(reads).toBe(1);
  });

  it('is counted up to a hundred, and it is said that there are more', async () => {
    for (let i = 0; i < 101; i++) await submit(relay, 'alice', 'bob', { review: 'Look.' });
    expect(await relay.jobs.person.count()).toEqual({ review: 100, recovery: 0, more: true });
  });
});

describe('the names of what waits for a person', () => {
  it('are made again by a sweep where they are missing, as of jobs that an older version has parked', async () => {
    await park();
    await submit(relay, 'alice', 'bob', { review: 'Look.' });
    const made = await names();
    expect(made).toHaveLength(2);
    for (const key of made) await world.memory.remove(key);
    expect(await relay.jobs.person.count()).toMatchObject({ review: 0, recovery: 0 });
    await relay.jobs.sweep(world.clock.now());
    expect(await names()).toEqual(made);
  });

  it('that are left of what waits no more count for nothing, and a later sweep takes them away', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { review: 'Look.' });
    const [left = ''] = await names();
    world.clock.advance(DAY);
    await approve(id);
    await world.memory.create(left, '');
    const gone = `.jobs/person/${world.clock.now()}.job-000000000000`;
    await world.memory.create(gone, '');
    expect(await relay.jobs.person.count()).toMatchObject({ review: 0, recovery: 0 });
    // A name that was made a moment ago may come before its job.
    await relay.jobs.sweep(world.clock.now());
    expect(await names()).toEqual([gone]);
    world.clock.advance(10 * MINUTE);
    await relay.jobs.sweep(world.clock.now());
    expect(await names()).toEqual([]);
  });

  it('of a job whose record cannot be understood stay: it is not known whether it waits', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { review: 'Look.' });
    const made = await names();
    const key = `.jobs/records/${id}`;
    await world.memory.update(key, (await world.memory.readRecord(key))?.revision, '{}');
    world.clock.advance(DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await names()).toEqual(made);
    expect(await relay.jobs.person.count()).toMatchObject({ review: 0 });
  });

  it('cannot hold up a job: where they cannot be made it waits all the same', async () => {
    begin({
      wrap: (store) =>
        withFaults(store, {
          create: async (key, ...rest) => {
            if (key.startsWith('.jobs/person/')) throw new DispatchError('STORE_UNAVAILABLE', 'The disk is full.');
            return store.create(key, ...rest);
          },
        }),
    });
    const { id } = await submit(relay, 'alice', 'bob', { review: 'Look.' });
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'needs_review' });
    expect(await approve(id)).toMatchObject({ state: 'queued' });
  });
});

describe('a place in the queue', () => {
  it('is found among the 500 oldest of an address, however many are held there', async () => {
    let reads = 0;
    begin({
      wrap: (store) =>
        withFaults(store, {
          readRecord: (...args) => {
            reads++;
            return store.readRecord(...args);
          },
        }),
    });
    for (let i = 0; i < 510; i++) {
      const { id } = await submit(relay, 'alice', 'bob');
      await relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] });
    }
    const last = await submit(relay, 'alice', 'bob');
    reads = 0;
    expect(await relay.jobs.list.position(last)).toBe(0);
    expect(reads).toBe(500);
  });
});
