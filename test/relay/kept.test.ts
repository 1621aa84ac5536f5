import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { UNACKED_LIMIT } from '../../src/relay/kept.js';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, contents, HOUR, MINUTE, RelayWorld, read, send, withFaults } from '../helpers/relay-world.js';

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

const sendMany = async (count: number, to = 'bob') => {
  const ids: string[] = [];
  for (let number = 0; number < count; number++) ids.push(await send(alice, to, String(number)));
  return ids;
};

const states = async (id: string) =>
  (await world.process().relay.receipts.lookUp('alice', id)).map(({ state }) => state);

describe('ack', () => {
  it('removes read mail and leaves its sender a receipt', async () => {
    const [id = ''] = await sendMany(1);
    await read(bob);
    expect(await bob.kept.ack([id])).toEqual({ acked: [id], notFound: [] });
    expect(await world.keys('bob')).toEqual([]);
    expect(await states(id)).toEqual(['acked']);
  });

  it('does so for another session of the agent, which has not shown it itself', async () => {
    const [id = ''] = await sendMany(1);
    await read(bob);
    const other = await world.session('bob');
    expect((await other.kept.ack([id])).acked).toEqual([id]);
    expect((await bob.kept.ack([id])).notFound).toEqual([id]);
  });

  it('of mail that was never shown is allowed, and the receipt says that it was not read', async () => {
    const [id = ''] = await sendMany(1);
    expect((await bob.kept.ack([id])).acked).toEqual([id]);
    expect(await read(bob)).toEqual([]);
    const { receipts } = await world.process().relay.receipts.changes('alice', 20);
    expect(receipts).toMatchObject([{ id, to: 'bob', state: 'acked', how: 'unread' }]);
  });

  it.each(['in its hands', 'back in the inbox'])(
    'of mail that a dead session may have shown, %s, does not say that it was not read',
    async (place) => {
      const [id = ''] = await sendMany(1);
      const dead = world.process();
      await (await dead.session('bob')).inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} });
      dead.kill();
      if (place === 'back in the inbox') await world.process().relay.sweeper.sweep();
      expect((await bob.kept.ack([id])).acked).toEqual([id]);
      const { receipts } = await world.process().relay.receipts.changes('alice', 20);
      expect(receipts).toMatchObject([{ id, state: 'acked', how: 'maybe' }]);
    },
  );

  it('of nothing in particular acknowledges nothing', async () => {
    await sendMany(3);
    await read(bob);
    expect(await bob.kept.ack([])).toEqual({ acked: [], notFound: [] });
    expect((await bob.kept.count()).count).toBe(3);
  });

  it("finds neither what is not there nor what is another agent's, nor what is no id", async () => {
    const [hers = ''] = await sendMany(1, 'carol');
    const ids = [hers, 'msg-000000000000', '../bob', '', '__proto__', 'x'.repeat(10_000)];
    expect(await bob.kept.ack(ids)).toEqual({ acked: [], notFound: ids });
    expect(await states(hers)).toEqual(['pending']);
  });

  it('counts an id once, though it is named twice, and finds it no more the second time', async () => {
    const [id = ''] = await sendMany(1);
    await read(bob);
    expect(await bob.kept.ack([id, id])).toEqual({ acked: [id], notFound: [] });
    expect(await bob.kept.ack([id])).toEqual({ acked: [], notFound: [id] });
  });

  it('takes 1,000 ids at once, read, pending and taken ones mixed', async () => {
    const ids = await sendMany(1000);
    await read(bob, { limit: 400 });
    const claim = await claimAll((await world.session('bob')).inbox, { limit: 300 });
    const { acked, notFound } = await bob.kept.ack(ids);
    expect([acked.length, notFound.length]).toEqual([1000, 0]);
    await claim.commit();
    expect(await world.keys('bob')).toEqual([]);
  });

  it('of mail that another session is just showing ends it: neither commit nor release bring it back', async () => {
    const ids = await sendMany(2);
    const other = await world.session('bob');
    const first = await claimAll(other.inbox, { limit: 1 });
    const second = await claimAll(other.inbox, { limit: 1 });
    expect((await bob.kept.ack(ids)).acked).toEqual(ids);
    await first.commit();
    await second.release();
    expect(await world.keys('bob')).toEqual([]);
    for (const id of ids) expect(await states(id)).toEqual(['acked']);
  });

  it('by two sessions at once is counted by one of them', async () => {
    const ids = await sendMany(50);
    await read(bob);
    const other = await world.session('bob');
    const results = await Promise.all([bob.kept.ack(ids), other.kept.ack(ids)]);
    expect(results.flatMap(({ acked }) => acked).sort()).toEqual([...ids].sort());
  });

  it('of mail that a sweep expires at that moment is not told as acknowledged too', async () => {
    const id = await send(alice, 'bob', 'one', { ttl: 60 });
    await read(bob);
    faults.moveAll = async (moves) => {
      delete faults.moveAll;
      world.clock.advance(MINUTE);
      await world.process().relay.sweeper.sweep();
      return world.memory.moveAll(moves);
    };
    expect(await bob.kept.ack([id])).toEqual({ acked: [], notFound: [id] });
    expect(await states(id)).toEqual(['expired']);
    expect((await world.keys('.receipts')).filter((key) => key.includes('.acked.'))).toEqual([]);
  });

  describe('that fails', () => {
    let ids: string[];
    beforeEach(async () => {
      ids = await sendMany(3);
      await read(bob);
    });

    const failing = (outcome: string, moved: number) => {
      faults.moveAll = async (moves) => {
        await world.memory.moveAll(moves.slice(0, moved));
        throw new DispatchError('STORE_UNAVAILABLE', 'the disk.', { outcome });
      };
    };

    it('before anything has ended says so, tells no sender otherwise, and can be repeated', async () => {
      failing('none', 0);
      const refusal = { code: 'STORE_UNAVAILABLE', data: { outcome: 'none' } };
      await expect(bob.kept.ack(ids)).rejects.toMatchObject(refusal);
      expect((await bob.kept.count()).count).toBe(3);
      for (const id of ids) expect(await states(id)).toEqual(['read']);
      delete faults.moveAll;
      expect((await bob.kept.ack(ids)).acked).toEqual(ids);
    });

    it('when some have ended leaves that open, and tells the senders of those', async () => {
      failing('unknown', 2);
      const refusal = { code: 'STORE_UNAVAILABLE', data: { outcome: 'unknown' } };
      await expect(bob.kept.ack(ids)).rejects.toMatchObject(refusal);
      expect((await Promise.all(ids.map(states))).flat()).toEqual(['acked', 'acked', 'read']);
      delete faults.moveAll;
      expect(await bob.kept.ack(ids)).toEqual({ acked: ids.slice(2), notFound: ids.slice(0, 2) });
      await world.process().relay.sweeper.sweep();
      expect(await world.keys('bob')).toEqual([]);
    });
  });

  it('does not find what has expired, whether this session has shown it or another', async () => {
    const id = await send(alice, 'bob', 'brief', { ttl: 60 });
    await read(bob);
    world.clock.advance(60_000);
    expect((await bob.kept.ack([id])).notFound).toEqual([id]);
    expect((await (await world.session('bob')).kept.ack([id])).notFound).toEqual([id]);
  });
});

describe('the count of kept mail', () => {
  it(`is exact to ${UNACKED_LIMIT}, and says when there is more`, async () => {
    await sendMany(UNACKED_LIMIT);
    await read(bob);
    expect(await bob.kept.count()).toEqual({ count: UNACKED_LIMIT, more: false });
    await sendMany(1);
    await read(bob);
    expect(await bob.kept.count()).toEqual({ count: UNACKED_LIMIT, more: true });
  });
});

describe('a page of kept mail', () => {
  it('goes by age, and its cursor leads through all of it once', async () => {
    await sendMany(300);
    await read(bob);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await bob.kept.page({ limit: 7, fits: () => true, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.messages.map(({ content }) => content));
      cursor = page.cursor;
      pages++;
    } while (cursor !== undefined && pages < 100);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, number) => String(number)));
  });

  it('ends at what does not fit, and goes on with that', async () => {
    await sendMany(5);
    await read(bob);
    const page = await bob.kept.page({ limit: 10, fits: ({ content }) => content !== '2' });
    expect(page.messages.map(({ content }) => content)).toEqual(['0', '1']);
    const next = await bob.kept.page({ limit: 10, fits: () => true, cursor: page.cursor ?? '' });
    expect(next.messages.map(({ content }) => content)).toEqual(['2', '3', '4']);
    expect(next.cursor).toBeUndefined();
  });

  it('without room for anything has a cursor that begins at the first', async () => {
    await sendMany(2);
    await read(bob);
    const page = await bob.kept.page({ limit: 0, fits: () => true });
    expect(page.cursor).toMatch(/^[A-Za-z0-9._-]+$/);
    const next = await bob.kept.page({ limit: 5, fits: () => true, cursor: page.cursor ?? '' });
    expect(next.messages).toHaveLength(2);
  });

  it('holds one thread, and nothing that has expired', async () => {
    await send(alice, 'bob', 'a', { threadId: 'a' });
    await send(alice, 'bob', 'brief', { threadId: 'a', ttl: 60 });
    await send(alice, 'bob', 'b', { threadId: 'b' });
    await read(bob);
    world.clock.advance(HOUR);
    const page = await bob.kept.page({ limit: 9, threadId: 'a', fits: () => true });
    expect(page.messages.map(({ content }) => content)).toEqual(['a']);
  });
});

describe('find', () => {
  it('gives what was shown and is not acknowledged, and nothing else', async () => {
    const [id = '', other = ''] = await sendMany(2);
    await read(bob, { limit: 1 });
    expect((await bob.kept.find(id))?.content).toBe('0');
    expect(await bob.kept.find(other)).toBeUndefined();
    await bob.kept.ack([id]);
    expect(await bob.kept.find(id)).toBeUndefined();
  });
});

it('a message that must be read is kept past its time, read or not, until it is acknowledged', async () => {
  const draft = { ttl: 1, mustRead: true };
  const [id, unread] = [await send(alice, 'bob', 'x', draft), await send(alice, 'bob', 'y', draft)];
  await read(bob, { limit: 1 });
  world.clock.advance(1000 * HOUR);
  await world.process().relay.sweeper.sweep();
  expect((await bob.kept.find(id))?.content).toBe('x');
  expect(contents(await claimAll(bob.inbox))).toEqual(['y']);
  expect((await bob.kept.ack([id, unread])).acked).toHaveLength(2);
});
