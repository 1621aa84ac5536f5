import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, DAY, RelayWorld, read, send, sent, type TestProcess, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let process: TestProcess;
let alice: Session;
let bob: Session;

beforeEach(async () => {
  world = new RelayWorld();
  process = world.process();
  alice = await world.session('alice');
  bob = await process.session('bob');
});
afterEach(async () => {
  await world.close();
});

const stateOf = async (id: string) => (await process.relay.receipts.lookUp('alice', id)).map(({ state }) => state);
const marks = async () => [...(await process.relay.withdrawals.marksFor('bob')).superseded];
const withdraw = async (id: string) => {
  const { withdrawals } = process.relay;
  return withdrawals.withdraw('alice', await withdrawals.find('alice', id), id);
};

describe('a message that supersedes another', () => {
  it('takes its place where that is unread: the reader is shown the new one alone', async () => {
    const old = await send(alice, 'bob', 'deploy');
    const answer = await sent(alice, 'bob', 'do not deploy', { supersedes: old });
    expect(answer.superseded).toEqual([{ to: 'bob', outcome: 'withdrawn' }]);
    expect(await read(bob)).toEqual(['do not deploy']);
    expect(await stateOf(old)).toEqual(['superseded']);
    expect(await marks()).toEqual([]);
  });

  it('is there before the old one goes', async () => {
    const old = await send(alice, 'bob', 'deploy');
    const order: string[] = [];
    const { store } = process.relay;
    const watched = new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const result = await value.apply(target, args);
          const inbox = (await store.list('bob')).filter((each) => each.endsWith('.json')).length;
          if (inbox !== Number(order.at(-1))) order.push(String(inbox));
          return result;
        };
      },
    });
    const other = new RelayWorld({ store: watched });
    await sent(await other.session('alice'), 'bob', 'no', { supersedes: old });
    expect(order).toEqual(['1', '2', '1']);
    await other.close();
  });

  it('leaves one that was read, whose reader is told with the new one', async () => {
    const old = await send(alice, 'bob', 'deploy');
    await read(bob);
    const answer = await sent(alice, 'bob', 'no', { supersedes: old });
    expect(answer.superseded).toEqual([{ to: 'bob', outcome: 'read' }]);
    expect(await marks()).toEqual([[old, answer.message.id]]);
    const claim = await claimAll(bob.inbox);
    expect(claim.delivered).toMatchObject([{ message: { supersedes: old }, replacesSeen: [old] }]);
    expect(await stateOf(old)).toEqual(['read']);
  });

  it('tells a reader that has acknowledged the old one too: it may have acted on it', async () => {
    const old = await send(alice, 'bob', 'deploy');
    await bob.kept.ack([old]);
    expect((await sent(alice, 'bob', 'no', { supersedes: old })).superseded).toEqual([{ to: 'bob', outcome: 'acked' }]);
    expect((await claimAll(bob.inbox)).delivered).toMatchObject([{ replacesSeen: [old] }]);
  });

  it('withdraws one whose reply was never written as soon as that is known', async () => {
    const old = await send(alice, 'bob', 'deploy');
    const cancelled = await claimAll(bob.inbox);
    const { superseded } = await sent(alice, 'bob', 'no', { supersedes: old });
    expect(superseded).toEqual([{ to: 'bob', outcome: 'pending' }]);
    await cancelled.release();
    expect(await read(bob)).toEqual(['no']);
    expect(await stateOf(old)).toEqual(['superseded']);
  });

  it('says of one that came back from a dead session that it may have been shown', async () => {
    const old = await send(alice, 'bob', 'deploy');
    const dying = world.process();
    await claimAll((await dying.session('bob')).inbox);
    dying.kill();
    await process.relay.sweeper.sweep();
    await send(alice, 'bob', 'no', { supersedes: old });
    expect(await process.relay.receipts.lookUp('alice', old)).toMatchObject([{ state: 'superseded', how: 'maybe' }]);
    expect((await claimAll(bob.inbox)).delivered).toMatchObject([{ replacesSeen: [old] }]);
  });

  it('leaves the old one where the new one was refused: nobody is left with neither', async () => {
    const full = new RelayWorld({ limits: { inboxMessages: 2 } });
    const [from, to, other] = [await full.session('alice'), await full.session('bob'), await full.session('dave')];
    await send(other, 'bob', 'filler');
    const old = await send(from, 'all', 'v1');
    const next = await sent(from, 'all', 'v2', { supersedes: old });
    expect(next.refused).toEqual([{ to: 'bob', code: 'INBOX_FULL', limit: 'limits.inbox_messages = 2' }]);
    expect(next.superseded).toContainEqual({ to: 'bob', outcome: 'kept' });
    expect((await read(to)).sort()).toEqual(['filler', 'v1']);
    expect(await read(other)).toEqual(['v2']);
    await full.close();
  });

  it('and does not go to the reader of the old one takes that back, and points nobody to what they cannot see', async () => {
    const [unread, seen] = [await send(alice, 'bob', 'one'), await send(alice, 'carol', 'two')];
    const carol = await world.session('carol');
    await read(carol);
    await sent(alice, 'dave', 'instead', { supersedes: unread });
    await sent(alice, 'dave', 'instead', { supersedes: seen });
    expect(await read(bob)).toEqual([]);
    expect((await claimAll(carol.inbox)).superseded).toEqual(new Map([[seen, undefined]]));
  });

  it('tells the reader of the first of a chain of the last', async () => {
    const first = await send(alice, 'bob', 'A');
    await read(bob);
    const second = await send(alice, 'bob', 'B', { supersedes: first });
    const third = await send(alice, 'bob', 'C', { supersedes: second });
    const claim = await claimAll(bob.inbox);
    expect(claim.superseded).toEqual(new Map([[first, third]]));
    expect(claim.delivered).toMatchObject([{ message: { id: third }, replacesSeen: [first] }]);
  });

  it('withdraws each copy of a broadcast that is unread', async () => {
    const carol = await world.session('carol');
    const { message } = await alice.send({ target: 'all', content: 'deploy' });
    await read(carol);
    const { superseded } = await sent(alice, 'all', 'no', { supersedes: message.id });
    expect(superseded).toEqual([
      { to: 'bob', outcome: 'withdrawn' },
      { to: 'carol', outcome: 'read' },
    ]);
    expect([await read(bob), await read(carol)]).toEqual([['no'], ['no']]);
  });

  it.each([
    ["another sender's", async () => send(bob, 'alice', 'mine')],
    ['an unknown', async () => 'msg-000000000000'],
  ])('cannot supersede %s message, and is not sent', async (_, make) => {
    const id = await make();
    await expect(sent(alice, 'bob', 'no', { supersedes: id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      data: { id },
    });
    expect(await read(bob)).toEqual([]);
  });

  it('finds its old one also when the note of it was lost in a crash', async () => {
    const old = await send(alice, 'bob', 'deploy');
    for (const key of await world.keys('.sent')) await world.memory.remove(key);
    expect((await sent(alice, 'bob', 'no', { supersedes: old })).superseded).toEqual([
      { to: 'bob', outcome: 'withdrawn' },
    ]);
  });

  it('says what the old one came to when that had ended before', async () => {
    const old = await send(alice, 'bob', 'deploy', { ttl: 60 });
    world.clock.advance(60_000);
    expect((await sent(alice, 'bob', 'no', { supersedes: old })).superseded).toEqual([
      { to: 'bob', outcome: 'expired' },
    ]);
  });
});

describe('withdrawing', () => {
  it('takes back what is unread, and nothing the second time', async () => {
    const id = await send(alice, 'bob', 'oops');
    expect(await withdraw(id)).toEqual([{ to: 'bob', outcome: 'withdrawn' }]);
    expect(await withdraw(id)).toEqual([{ to: 'bob', outcome: 'superseded' }]);
    expect(await read(bob)).toEqual([]);
    expect((await process.relay.receipts.changes('alice', 20)).receipts).toMatchObject([{ id, state: 'superseded' }]);
  });

  it('marks what was read as withdrawn, without a successor', async () => {
    const id = await send(alice, 'bob', 'oops');
    await read(bob);
    await withdraw(id);
    expect(await marks()).toEqual([[id, undefined]]);
  });

  it('that cannot end the message takes nothing back', async () => {
    const id = await send(alice, 'bob', 'oops');
    const full = new DispatchError('STORE_UNAVAILABLE', 'full', { outcome: 'none' });
    const moveAll: Store['moveAll'] = () => Promise.reject(full);
    const { withdrawals } = new RelayWorld({ store: withFaults(world.memory, { moveAll }) }).process().relay;
    await expect(withdrawals.withdraw('alice', await withdrawals.find('alice', id), id)).rejects.toBe(full);
    expect(await stateOf(id)).toEqual(['pending']);
    expect(await world.keys('bob')).toHaveLength(1);
  });

  it('loses to a reader that claims at the same moment, and leaves no receipt that says otherwise', async () => {
    const id = await send(alice, 'bob', 'oops');
    // As a session does that had looked before the mark was there.
    const moveAll: Store['moveAll'] = async (moves) => {
      for (const { from } of moves) await world.memory.move(from, from.replace('bob/', `bob/taken/${bob.id}/`));
      return world.memory.moveAll(moves);
    };
    const { withdrawals } = new RelayWorld({ store: withFaults(world.memory, { moveAll }) }).process().relay;
    expect(await withdrawals.withdraw('alice', await withdrawals.find('alice', id), id)).toEqual([
      { to: 'bob', outcome: 'pending' },
    ]);
    expect(await stateOf(id)).toEqual(['pending']);
    expect(await world.keys('.receipts')).toEqual([]);
    expect(await marks()).toEqual([[id, undefined]]);
  });

  it('what was read keeps the successor that it has, and is noted once', async () => {
    const id = await send(alice, 'bob', 'one');
    await read(bob);
    const next = await send(alice, 'bob', 'two', { supersedes: id });
    await withdraw(id);
    expect(await marks()).toEqual([[id, next]]);
    await withdraw(next);
    await read(bob);
    const other = await send(alice, 'bob', 'three');
    await read(bob);
    for (let time = 0; time < 2; time++) await withdraw(other);
    expect((await world.keys('.superseded')).filter((key) => key.includes(other))).toHaveLength(1);
  });

  it('that is cut short behind its mark is done by the reader: what was withdrawn is never shown', async () => {
    const id = await send(alice, 'bob', 'oops');
    const moveAll: Store['moveAll'] = () => Promise.reject(new Error('kill -9'));
    const { withdrawals } = new RelayWorld({ store: withFaults(world.memory, { moveAll }) }).process().relay;
    const note = await withdrawals.find('alice', id);
    await expect(withdrawals.withdraw('alice', note, id)).rejects.toThrow('kill -9');
    expect(await stateOf(id)).toEqual(['pending']);
    expect(await read(bob)).toEqual([]);
    expect(await stateOf(id)).toEqual(['superseded']);
    expect(await world.keys('bob')).toEqual([]);
  });
});

it('a withdrawal that comes too late is logged as that, and once; never that an acknowledged message had been shown', async () => {
  const [shown, acked] = [await send(alice, 'bob', 'one'), await send(alice, 'bob', 'two')];
  await bob.kept.ack([acked]);
  await read(bob);
  for (const id of [shown, acked, shown, acked]) await withdraw(id);
  const events = [];
  for await (const batch of process.relay.log.newestFirst(await process.relay.log.end())) events.push(...batch);
  const late = events.filter(({ event }) => event === 'withdrawn');
  expect(late.map((event) => ({ id: 'id' in event && event.id, was: 'was' in event && event.was }))).toEqual(
    expect.arrayContaining([
      { id: shown, was: 'read' },
      { id: acked, was: 'maybe' },
    ]),
  );
  expect(late).toHaveLength(2);
});

it('marks are forgotten after their retention, once the reader does not have the message any more', async () => {
  const [kept, acked] = [await send(alice, 'bob', 'one'), await send(alice, 'bob', 'two')];
  await read(bob);
  await withdraw(kept);
  await withdraw(acked);
  await bob.kept.ack([acked]);
  await process.relay.withdrawals.sweep(world.clock.now() + 7 * DAY - 1);
  expect(await marks()).toHaveLength(2);
  await process.relay.withdrawals.sweep(world.clock.now() + 7 * DAY);
  expect(await marks()).toEqual([[kept, undefined]]);
});
