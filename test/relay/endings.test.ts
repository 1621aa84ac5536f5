import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetAgent } from '../../src/relay/forget.js';
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, MINUTE, RelayWorld, read, send, type TestProcess, withFaults } from '../helpers/relay-world.js';

let faults: Partial<Store>;
let world: RelayWorld;
let dying: TestProcess;
let alice: Session;
let id: string;

beforeEach(async () => {
  faults = {};
  world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
  alice = await world.session('alice');
  dying = world.process();
  id = await send(alice, 'bob', 'hello', { ttl: 60 });
});
afterEach(async () => world.close());

const ends = async (relay: Relay) =>
  (await relay.receipts.changes('alice', 20)).receipts.filter(({ state }) => state !== 'read');
const isEndReceipt = (key: string) => /^\.receipts\/.*\/\d+\.(?!read\.)/.test(key);
const tear = async () => {
  const [key = ''] = await world.keys('bob');
  await world.put(key, '{ no');
  world.clock.advance(10_000);
};

const WAYS: readonly (readonly [state: string, how: string, end: () => Promise<unknown>])[] = [
  ['acked', 'unread', async () => (await dying.session('bob')).kept.ack([id])],
  [
    'acked',
    'read',
    async () => {
      const bob = await dying.session('bob');
      await read(bob);
      return bob.kept.ack([id]);
    },
  ],
  [
    'expired',
    'unread',
    async () => {
      world.clock.advance(MINUTE);
      await dying.relay.sweeper.sweep();
    },
  ],
  ['refused', 'unread', async () => forgetAgent(dying.relay, 'bob', { drop: true })],
  [
    'superseded',
    'unread',
    async () => {
      const { withdrawals } = dying.relay;
      await withdrawals.withdraw('alice', await withdrawals.find('alice', id), id);
    },
  ],
  [
    'quarantined',
    'unread',
    async () => {
      await tear();
      await claimAll((await dying.session('bob')).inbox);
    },
  ],
];

describe.each(WAYS)('a message that ends as %s, %s', (state, how, end) => {
  it('whoever ends it dies before the receipt: its sender can ask, and a sweep writes the receipt with the same time', async () => {
    faults.createAll = async (entries) => {
      if (entries.some(({ key }) => isEndReceipt(key))) throw new Error('kill -9');
      return world.memory.createAll(entries);
    };
    await expect(end()).rejects.toThrow('kill -9');
    dying.kill();
    const at = world.clock.now();
    const { relay } = world.process();
    delete faults.createAll;
    expect(await relay.receipts.lookUp('alice', id)).toEqual([{ to: 'bob', state, how, at }]);
    expect(await ends(relay)).toEqual([]);
    expect(await read(await world.session('bob'))).toEqual([]);
    world.clock.advance(MINUTE);
    await relay.sweeper.sweep();
    expect(await ends(relay)).toEqual([{ id, to: 'bob', state, how, at }]);
    expect(await world.keys('bob')).toEqual([]);
    const kept = (await world.keys('.quarantine')).filter((key) => !key.endsWith('.reason'));
    expect(kept).toHaveLength(state === 'quarantined' ? 1 : 0);
  });

  it('whoever ends it dies behind the receipt: its sender, who has seen it, is not told again', async () => {
    const dies = () => Promise.reject(new Error('kill -9'));
    faults.removeAll = dies;
    faults.move = async (from, to) => (to.startsWith('.quarantine/') ? dies() : world.memory.move(from, to));
    await expect(end()).rejects.toThrow('kill -9');
    dying.kill();
    faults = Object.assign(faults, { removeAll: undefined, move: undefined });
    const { relay } = world.process();
    await (await relay.receipts.changes('alice', 20)).markSeen(20);
    expect(await relay.receipts.lookUp('alice', id)).toMatchObject([{ to: 'bob', state, how }]);
    world.clock.advance(MINUTE);
    await relay.sweeper.sweep();
    expect(await ends(relay)).toEqual([]);
    expect(await world.keys('bob')).toEqual([]);
    expect(await relay.receipts.lookUp('alice', id)).toMatchObject([{ to: 'bob', state, how }]);
  });

  it('a receipt that cannot be written is no error of the end, which is told to who asks', async () => {
    faults.createAll = async (entries) => {
      const full = entries.some(({ key }) => isEndReceipt(key));
      const error = new Error('ENOSPC');
      return full
        ? entries.map(() => ({ state: 'failed' as const, error, outcome: 'none' as const }))
        : world.memory.createAll(entries);
    };
    // Who forgets an agent is told, because its name has to stay until then.
    const ending = end();
    if (state === 'refused') await expect(ending).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    else await ending;
    expect(await dying.relay.receipts.lookUp('alice', id)).toMatchObject([{ to: 'bob', state, how }]);
    delete faults.createAll;
    await dying.relay.sweeper.sweep();
    expect(await ends(dying.relay)).toMatchObject([{ id, to: 'bob', state, how }]);
  });
});

it('who has lost its note finds out of a message that has ended and has no receipt yet', async () => {
  const bob = await dying.session('bob');
  faults.createAll = () => Promise.reject(new Error('kill -9'));
  await expect(bob.kept.ack([id])).rejects.toThrow('kill -9');
  delete faults.createAll;
  for (const key of await world.keys('.sent')) await world.memory.remove(key);
  expect(await world.process().relay.receipts.lookUp('alice', id)).toMatchObject([{ to: 'bob', state: 'acked' }]);
});
