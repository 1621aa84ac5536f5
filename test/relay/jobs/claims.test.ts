/** What becomes of a claim: one that nobody was told of, one whose holder leaves the topic, one among many that are not free. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/store.js';
import { claimNext, codeOf, holder, submit } from '../../helpers/job-world.js';
import { DAY, RelayWorld, withFaults } from '../../helpers/relay-world.js';

let world = new RelayWorld();
afterEach(async () => {
  await world.close();
  world = new RelayWorld();
});

describe('a claim that nobody was told of', () => {
  it('is undone: the job waits as before, also one that may write, and the attempt does not count', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob', { write: true });
    await relay.jobs.giveBack(await claimNext(relay, holder('bob')));
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'queued', attempts: 0, lease: null });
    expect(await claimNext(relay, holder('bob'))).toMatchObject({ job: { id, attempts: 1 } });
  });

  it('stays where its session was told of it by another call', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob', { write: true });
    const bob = holder('bob');
    const claimed = await claimNext(relay, bob);
    const again = await relay.jobs.claim(id, bob, { addresses: ['bob'] });
    await relay.jobs.giveBack(claimed);
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'running', lease: { session: bob.session } });
    expect(await relay.jobs.settle(id, again.token, { outcome: 'completed' })).toMatchObject({ state: 'completed' });
  });

  it('stays where that other call comes in between', async () => {
    let between: (() => Promise<unknown>) | undefined;
    world = new RelayWorld({
      wrap: (store: Store) =>
        withFaults(store, {
          async update(key, revision, value) {
            const now = between;
            between = undefined;
            await now?.();
            return store.update(key, revision, value);
          },
        }),
    });
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob', { write: true });
    const bob = holder('bob');
    const claimed = await claimNext(relay, bob);
    between = () => relay.jobs.claim(id, bob, { addresses: ['bob'] });
    await relay.jobs.giveBack(claimed);
    expect(between).toBeUndefined();
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'running', lease: { session: bob.session } });
  });

  it('is not undone once its lease has ended', async () => {
    const { relay } = world.process();
    await submit(relay, 'alice', 'bob');
    const claimed = await claimNext(relay, holder('bob'));
    world.clock.advance(DAY);
    expect(await codeOf(relay.jobs.giveBack(claimed))).toBe('LEASE_ENDED');
  });
});

describe('a job of a topic', () => {
  it('stays with the member that holds it and leaves the topic, and is not there for one that left before', async () => {
    const { relay } = world.process();
    for (const agent of ['bob', 'carol']) await relay.topics.join(agent, 'build');
    const { id } = await submit(relay, 'alice', '#build');
    const bob = holder('bob');
    const { token } = await claimNext(relay, bob, { addresses: ['bob', '#build'] });
    await relay.topics.leave('bob', 'build');
    expect(await relay.jobs.claim(id, bob, { addresses: ['bob'] })).toMatchObject({ token });
    expect(await codeOf(relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] }))).toBe('NOT_FOUND');
    expect(await relay.jobs.settle(id, token, { outcome: 'completed' })).toMatchObject({ state: 'completed' });
  });
});

describe('a submitter', () => {
  it('is told that it cannot claim its own job, and not that there is none', async () => {
    const { relay } = world.process();
    const { id } = await submit(relay, 'alice', 'bob');
    expect(await codeOf(relay.jobs.claim(id, holder('alice'), { addresses: ['alice'] }))).toBe('NOT_ALLOWED');
  });
});

describe('many jobs', () => {
  it('hold back no other call while they are looked at, by a claim, a list and a sweep', async () => {
    const { relay } = world.process();
    for (let i = 0; i < 100; i++) await submit(relay, 'alice', 'bob', { write: true });
    const claiming = () => relay.jobs.claimNext(holder('bob'), { addresses: ['bob'], writes: 'none' });
    const listing = () => relay.jobs.list.page({ state: 'failed', limit: 20 });
    for (const work of [claiming, listing, () => relay.jobs.sweep(world.clock.now())]) {
      let others = 0;
      let timer: NodeJS.Immediate;
      const other = () => {
        others++;
        timer = setImmediate(other);
      };
      timer = setImmediate(other);
      await work();
      clearImmediate(timer);
      expect(others).toBeGreaterThanOrEqual(4);
    }
  });
});
