import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import {
  claimAll,
  foreignMessage,
  HOUR,
  MINUTE,
  RelayWorld,
  read,
  START,
  send,
  withFaults,
} from '../helpers/relay-world.js';

let world: RelayWorld;
let faults: Partial<Store>;
let alice: Session;
let bob: Session;

beforeEach(async () => {
  faults = {};
  world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
  [alice, bob] = [await world.session('alice'), await world.session('bob')];
});

afterEach(async () => world.close());

const receipts = async () =>
  (await world.process().relay.receipts.changes('alice', 100)).receipts.map(({ id, state, how }) => [id, state, how]);

describe('a sweep', () => {
  it('removes what has expired and nothing else, and tells unread from read', async () => {
    const unread = await send(alice, 'bob', 'unread', { ttl: 60 });
    const shown = await send(alice, 'bob', 'shown', { ttl: 60, priority: 'urgent' });
    await read(bob, { limit: 1 });
    await send(alice, 'bob', 'later', { ttl: 61 });
    await send(alice, 'bob', 'forever');
    await send(alice, 'bob', 'must', { ttl: 60, mustRead: true });
    await send(alice, 'human', 'for a person', { ttl: 60 });
    world.clock.advance(MINUTE);
    await world.process().relay.sweeper.sweep();
    expect(await receipts()).toEqual(
      expect.arrayContaining([
        [unread, 'expired', 'unread'],
        [shown, 'expired', 'read'],
      ]),
    );
    expect(await receipts()).toHaveLength(3);
    expect(await world.keys('human')).toEqual([]);
    expect(await read(bob)).toEqual(['later', 'forever', 'must']);
  });

  it('expires files of other programs too, and leaves a receipt for them', async () => {
    const message = { id: 'msg-py1', from: 'alice', to: 'bob', timestamp: new Date(START).toISOString(), content: 'x' };
    await world.put(`bob/${START}-alice.json`, { ...message, ttl: 60 });
    world.clock.advance(MINUTE);
    await world.process().relay.sweeper.sweep();
    expect(await receipts()).toEqual([['msg-py1', 'expired', 'unread']]);
    expect(await world.keys('bob')).toEqual([]);
  });

  it('says that mail was read which another program has marked so in the inbox', async () => {
    const id = await send(alice, 'bob', 'shown by Python', { ttl: 60 });
    const [key = ''] = await world.keys('bob');
    await world.put(key, foreignMessage({ id, ttl: 60, state: 'read' }));
    const { receipts: lookUp, sweeper } = world.process().relay;
    expect(await lookUp.lookUp('alice', id)).toEqual([{ to: 'bob', state: 'read', at: START }]);
    world.clock.advance(MINUTE);
    expect(await lookUp.lookUp('alice', id)).toEqual([{ to: 'bob', state: 'expired', how: 'read' }]);
    await sweeper.sweep();
    expect(await receipts()).toEqual([[id, 'expired', 'read']]);
  });

  it('gives back what a dead session had claimed, though its agent is not there: it can expire, and is counted', async () => {
    const reader = world.process();
    const carol = await reader.session('carol');
    await send(alice, 'carol', 'waits');
    const short = await send(alice, 'carol', 'expires', { ttl: 60 });
    await claimAll(carol.inbox);
    reader.kill();
    const { relay } = world.process();
    await relay.sweeper.sweep();
    expect(await relay.rollCall.unread('carol')).toBe(2);
    world.clock.advance(MINUTE);
    await relay.sweeper.sweep();
    // Its reply may have been written, so nobody can say that it was never read.
    expect(await receipts()).toEqual([[short, 'expired', 'maybe']]);
    const again = await claimAll((await world.session('carol')).inbox);
    expect(again.delivered.map(({ message, redelivered }) => [message.content, redelivered])).toEqual([
      ['waits', true],
    ]);
    await again.release();
  });

  it('of mail whose receipt cannot be written keeps the message, and tells who asks; the next sweep writes it', async () => {
    const [one, two] = [await send(alice, 'bob', 'one', { ttl: 60 }), await send(alice, 'bob', 'two', { ttl: 60 })];
    world.clock.advance(MINUTE);
    const { sweeper, receipts: lookUp } = world.process().relay;
    faults.createAll = async (entries) =>
      Promise.all(
        entries.map(async (entry) => {
          if (entry.key.includes(one)) return { state: 'failed', error: new Error('ENOSPC'), outcome: 'none' } as const;
          const [outcome] = await world.memory.createAll([entry]);
          return outcome ?? ({ state: 'exists' } as const);
        }),
      );
    await sweeper.sweep();
    expect(await world.keys('bob')).toEqual([expect.stringMatching(`^bob/ended/.*${one}`)]);
    expect(await receipts()).toEqual([[two, 'expired', 'unread']]);
    const at = world.clock.now();
    expect(await lookUp.lookUp('alice', one)).toEqual([{ to: 'bob', state: 'expired', how: 'unread', at }]);
    delete faults.createAll;
    await sweeper.sweep();
    expect(await world.keys('bob')).toEqual([]);
    expect(await receipts()).toHaveLength(2);
  });

  it('removes mail that has an end and was put back, and tells nothing more of it', async () => {
    const id = await send(alice, 'bob', 'one', { ttl: 60 });
    await read(bob);
    const [key = ''] = await world.keys('bob');
    const file = await world.memory.read(key, 1000);
    await bob.kept.ack([id]);
    await world.memory.put(key, file?.ok === true ? file.bytes : '');
    world.clock.advance(MINUTE);
    await world.process().relay.sweeper.sweep();
    expect(await world.keys('bob')).toEqual([]);
    expect((await world.keys('.receipts')).filter((each) => !each.includes('.read.peek.'))).toEqual([
      expect.stringContaining(`.acked.read.${id}.bob`),
    ]);
  });

  it('takes more than one batch', async () => {
    for (let number = 0; number < 1203; number++) await send(alice, 'bob', String(number), { ttl: 1 });
    world.clock.advance(MINUTE);
    await world.process().relay.sweeper.sweep();
    expect([await world.keys('bob'), await receipts()]).toEqual([[], expect.objectContaining({ length: 100 })]);
  });

  it('does not touch what a session has just claimed', async () => {
    await send(alice, 'bob', 'one', { ttl: 60 });
    const claim = await claimAll(bob.inbox);
    world.clock.advance(MINUTE);
    await world.process().relay.sweeper.sweep();
    expect(await receipts()).toEqual([]);
    await claim.commit();
    expect((await world.keys('bob')).length).toBe(1);
  });
});

describe('sweeping now and then', () => {
  it('is done by one at a time', async () => {
    await send(alice, 'bob', 'one', { ttl: 60 });
    world.clock.advance(MINUTE);
    const sweepers = [1, 2, 3].map(() => world.process().relay.sweeper);
    const done = await Promise.all(sweepers.map((sweeper) => sweeper.sweep()));
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await receipts()).toHaveLength(1);
  });

  it('is due once a minute for all processes together, by the stamp on the relay', async () => {
    const [first, second] = [world.process().relay.sweeper, world.process().relay.sweeper];
    expect(await first.sweepIfDue(false)).toBe(true);
    expect(await second.sweepIfDue(false)).toBe(false);
    world.clock.advance(MINUTE - 1);
    expect([await first.sweepIfDue(false), await second.sweepIfDue(false)]).toEqual([false, false]);
    world.clock.advance(MINUTE);
    expect([await second.sweepIfDue(false), await first.sweepIfDue(false)]).toEqual([true, false]);
  });

  it('is due at once when somebody saw expired mail', async () => {
    const { sweeper } = world.process().relay;
    expect(await sweeper.sweepIfDue(false)).toBe(true);
    expect(await sweeper.sweepIfDue(true)).toBe(true);
  });

  it('does not stop when the clock steps back by months', async () => {
    const sweepers = [world.process().relay.sweeper, world.process().relay.sweeper];
    expect(await sweepers[0]?.sweepIfDue(false)).toBe(true);
    world.clock.advance(-90 * 24 * HOUR);
    expect(await sweepers[0]?.sweepIfDue(false)).toBe(true);
    world.clock.advance(-90 * 24 * HOUR);
    expect(await sweepers[1]?.sweepIfDue(false)).toBe(true);
  });
});

it('a sweep gives way to what is more urgent: timers and signals have their turn between its steps', async () => {
  for (let index = 0; index < 250; index++) await send(alice, 'bob', `${index}`, { ttl: 60 });
  world.clock.advance(MINUTE);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const counting = (async () => {
    while (turns >= 0) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
  })();
  await world.process().relay.sweeper.sweep();
  clearInterval(timer);
  const seen = turns;
  turns = Number.NEGATIVE_INFINITY;
  await counting;
  // A turn for each inbox and each hundred messages.
  expect(seen).toBeGreaterThanOrEqual(3);
});

it('a reader that was faster than the sweep leaves no receipt that says otherwise', async () => {
  const id = await send(alice, 'bob', 'one', { ttl: 60 });
  world.clock.advance(MINUTE);
  const [name = ''] = (await world.memory.list('bob')).filter((each) => each.endsWith('.json'));
  faults.moveAll = async (moves) => {
    await world.memory.move(`bob/${name}`, `bob/taken/${bob.id}/${name}`);
    return world.memory.moveAll(moves);
  };
  await world.process().relay.sweeper.sweep();
  expect((await receipts()).filter(([each]) => each === id)).toEqual([]);
});
