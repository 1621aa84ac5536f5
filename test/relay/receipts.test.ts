import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReceipt } from '../../src/relay/receipt-name.js';
import type { Relay } from '../../src/relay/relay.js';
import { SENT_RETENTION_MS } from '../../src/relay/sent-log.js';
import type { Session } from '../../src/relay/session.js';
import { claimAll, DAY, MINUTE, RelayWorld, read, START, send, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
let alice: Session;
let bob: Session;

beforeEach(async () => {
  world = new RelayWorld();
  relay = world.process().relay;
  [alice, bob] = [await world.session('alice'), await world.session('bob')];
});

afterEach(async () => world.close());

const changes = async () => (await relay.receipts.changes('alice', 20)).receipts.map(({ id, state }) => [id, state]);

describe('what changed for a sender', () => {
  it('is read, then acknowledged, each told once it is marked as seen, and not before', async () => {
    const id = await send(alice, 'bob', 'one');
    expect(await changes()).toEqual([]);
    await read(bob, { by: 'piggyback' });
    const first = await relay.receipts.changes('alice', 20);
    expect(first.receipts).toEqual([{ id, to: 'bob', state: 'read', how: 'piggyback', at: START }]);
    expect(await changes()).toEqual([[id, 'read']]);
    await first.markSeen(1);
    expect(await changes()).toEqual([]);
    world.clock.advance(MINUTE);
    await bob.kept.ack([id]);
    const second = await relay.receipts.changes('alice', 20);
    expect(second.receipts).toEqual([{ id, to: 'bob', state: 'acked', how: 'read', at: START + MINUTE }]);
    await second.markSeen(1);
    expect(await changes()).toEqual([]);
  });

  it('is the latest state only, and marking it does not bring back the one before', async () => {
    const id = await send(alice, 'bob', 'one');
    await read(bob);
    world.clock.advance(10);
    await bob.kept.ack([id]);
    const { receipts, markSeen } = await relay.receipts.changes('alice', 20);
    expect(receipts.map(({ state }) => state)).toEqual(['acked']);
    await markSeen(1);
    expect(await changes()).toEqual([]);
  });

  it('stays at the end of a message, though "read" was recorded after it', async () => {
    const id = await send(alice, 'bob', 'one');
    await bob.kept.ack([id]);
    world.clock.advance(10);
    await world.memory.createAll([relay.receipts.entry('alice', { id, to: 'bob', state: 'read', how: 'peek' })]);
    expect(await changes()).toEqual([[id, 'acked']]);
  });

  it('begins with the newest, holds at most so many, and counts the rest', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 25; number++) {
      ids.push(await send(alice, 'bob', String(number)));
      await read(bob);
      world.clock.advance(10);
    }
    const { receipts, rest, markSeen } = await relay.receipts.changes('alice', 20);
    expect(receipts.map(({ id }) => id)).toEqual(ids.slice(5).reverse());
    expect(rest).toBe(5);
    await markSeen(3);
    expect((await changes()).map(([id]) => id)).toEqual(ids.slice(2, 22).reverse());
  });

  it('is told for each recipient of a broadcast', async () => {
    await world.session('carol');
    const { message } = await alice.send({ target: 'all', content: 'hi' });
    await read(bob);
    const { receipts } = await relay.receipts.changes('alice', 20);
    expect(receipts.map(({ id, to }) => [id, to])).toEqual([[message.id, 'bob']]);
    expect(await relay.receipts.lookUp('alice', message.id)).toEqual(
      expect.arrayContaining([
        { to: 'bob', state: 'read', at: START, how: 'peek' },
        { to: 'carol', state: 'pending' },
      ]),
    );
  });

  it('passes over files that are no receipts', async () => {
    for (const name of ['x', '1771360200000.sold.read.msg-1.bob', '1771360200000.acked.read.msg-1.root', 'a\nb']) {
      await world.put(`.receipts/alice/${name}`, '');
    }
    expect(await changes()).toEqual([]);
  });
});

describe('looking up a message', () => {
  const lookUp = async (id: string) => relay.receipts.lookUp('alice', id);

  it('tells pending, also while a reply carries it; then read, then acked, each since when', async () => {
    const id = await send(alice, 'bob', 'one');
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'pending' }]);
    const claim = await claimAll(bob.inbox);
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'pending' }]);
    world.clock.advance(10);
    await claim.commit();
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'read', at: START + 10, how: 'peek' }]);
    world.clock.advance(10);
    await bob.kept.ack([id]);
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'acked', at: START + 20, how: 'read' }]);
  });

  it('tells the end also after it was seen', async () => {
    const id = await send(alice, 'bob', 'one');
    await bob.kept.ack([id]);
    await (await relay.receipts.changes('alice', 20)).markSeen(20);
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'acked', at: START, how: 'unread' }]);
  });

  it('tells expired at the very millisecond, before any sweep and after it, read or not', async () => {
    const unread = await send(alice, 'bob', 'unread', { ttl: 60 });
    const shown = await send(alice, 'bob', 'shown', { ttl: 60, priority: 'urgent' });
    await read(bob, { limit: 1 });
    world.clock.advance(59_999);
    expect((await lookUp(unread)).map(({ state }) => state)).toEqual(['pending']);
    expect((await lookUp(shown)).map(({ state }) => state)).toEqual(['read']);
    world.clock.advance(1);
    const both = async () => [...(await lookUp(unread)), ...(await lookUp(shown))].map(({ state }) => state);
    expect(await both()).toEqual(['expired', 'expired']);
    await relay.sweeper.sweep();
    expect(await both()).toEqual(['expired', 'expired']);
  });

  it.each(['"read"', '"r\\u0065ad"'])('tells read of what another program marked with %s', async (word) => {
    const id = await send(alice, 'bob', 'one');
    const [key = ''] = await world.keys('bob');
    const stored = await world.memory.read(key, 10_000);
    const text = stored?.ok === true ? Buffer.from(stored.bytes).toString() : '';
    await world.put(key, text.replace('"state":"pending"', `"state":${word}`));
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'read', at: START }]);
  });

  it('tells quarantined', async () => {
    const id = await send(alice, 'bob', 'one');
    const [key = ''] = await world.keys('bob');
    await world.put(key, 'torn');
    world.clock.advance(5000);
    await read(bob);
    expect((await lookUp(id)).map(({ state }) => state)).toEqual(['quarantined']);
  });

  it('claims nothing where there is no evidence: unknown when the file is gone, nothing when the note is', async () => {
    const id = await send(alice, 'bob', 'one');
    for (const key of await world.keys('bob')) await world.memory.remove(key);
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'unknown' }]);
    for (const key of await world.keys('.sent')) await world.memory.remove(key);
    expect(await lookUp(id)).toEqual([]);
  });

  it('is found without its note wherever it is: a crash that loses the note loses no answer', async () => {
    const id = await send(alice, 'bob', 'one');
    const broadcast = await send(alice, 'all', 'two');
    for (const key of await world.keys('.sent')) await world.memory.remove(key);
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'pending' }]);
    const claim = await claimAll(bob.inbox);
    expect((await lookUp(id)).map(({ state }) => state)).toEqual(['pending']);
    await claim.commit();
    expect((await lookUp(id)).map(({ state }) => state)).toEqual(['read']);
    await bob.kept.ack([id]);
    expect((await lookUp(id)).map(({ state }) => state)).toEqual(['acked']);
    expect((await lookUp(broadcast)).map(({ to, state }) => [to, state])).toContainEqual(['bob', 'read']);
  });

  it('is not believed of a note that a crash left torn: its names may be cut', async () => {
    const id = await send(alice, 'bob', 'one');
    const [log = ''] = await world.keys('.sent');
    const read = await world.memory.read(log, 1000);
    const text = read?.ok === true ? Buffer.from(read.bytes).toString() : '';
    expect(text).toMatch(/ bob \.$/);
    await world.memory.put(log, text.replace(' bob .', ' bo'));
    expect(await lookUp(id)).toEqual([{ to: 'bob', state: 'pending' }]);
  });

  it('of a message without a note still leads to its receipts: losing the note loses no message', async () => {
    const id = await send(alice, 'bob', 'one');
    for (const key of await world.keys('.sent')) await world.memory.remove(key);
    expect(await read(bob)).toEqual(['one']);
    await bob.kept.ack([id]);
    expect(await changes()).toEqual([[id, 'acked']]);
  });

  it("tells nobody of another agent's messages", async () => {
    const id = await send(alice, 'bob', 'one');
    expect(await relay.receipts.lookUp('bob', id)).toEqual([]);
    expect(await relay.receipts.lookUp('alice', 'msg-000000000000')).toEqual([]);
  });

  it('of expired mail that a dead session may have shown does not say that it was never read, before the sweep as after', async () => {
    const reader = world.process();
    const carol = await reader.session('carol');
    const id = await send(alice, 'carol', 'one', { ttl: 60 });
    await claimAll(carol.inbox);
    reader.kill();
    await claimAll((await world.session('carol')).inbox, { limit: 0 });
    world.clock.advance(60_000);
    const expired = [{ to: 'carol', state: 'expired', how: 'maybe' }];
    expect(await lookUp(id)).toEqual(expired);
    await relay.sweeper.sweep();
    expect(await lookUp(id)).toMatchObject(expired);
  });

  it('finds a message that moves while it is looked for', async () => {
    const id = await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    // It becomes read when the look at what was read is over, and that at what is claimed is not.
    const list = async (prefix: string) => {
      if (prefix === 'bob/taken') await claim.commit();
      return world.memory.list(prefix);
    };
    const { receipts } = new RelayWorld({ store: withFaults(world.memory, { list }) }).process().relay;
    expect((await receipts.lookUp('alice', id)).map(({ state }) => state)).toEqual(['read']);
  });
});

describe('the sweep', () => {
  it('keeps receipts for their retention and notes for longer, and forgets both after that', async () => {
    const id = await send(alice, 'bob', 'one');
    await bob.kept.ack([id]);
    await (await relay.receipts.changes('alice', 20)).markSeen(20);
    const other = await send(alice, 'bob', 'two');
    await bob.kept.ack([other]);
    world.clock.advance(7 * DAY);
    await relay.receipts.sweep(world.clock.now());
    expect(await world.keys('.receipts')).toHaveLength(2);
    world.clock.advance(1);
    await relay.receipts.sweep(world.clock.now());
    expect([await world.keys('.receipts'), (await world.keys('.sent')).length]).toEqual([[], 1]);
    world.clock.set(START + SENT_RETENTION_MS + DAY);
    await relay.receipts.sweep(world.clock.now());
    expect(await world.keys('.sent')).toEqual([]);
  });
});

it.each([
  ['1771360200000.acked.read.msg-1.bob', true],
  ['1771360200000.acked.read.msg-1.human', true],
  ['1771360200000.pending.read.msg-1.bob', false],
  ['1771360200000.acked.read.msg-1.all', false],
  ['1771360200000.acked.read.-1.bob', false],
  ['1771360200000.acked.read.msg-1.bob\n', false],
  ['71360200000.acked.read.msg-1.bob', false],
])('%j is a receipt: %s', (name, expected) => {
  expect(parseReceipt(name) !== undefined).toBe(expected);
});
