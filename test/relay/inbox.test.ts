import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, contents, RelayWorld, read, send, type TestProcess, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let alice: Session;
let bob: Session;
let bobsProcess: TestProcess;

beforeEach(async () => {
  world = new RelayWorld();
  alice = await world.session('alice');
  bobsProcess = world.process();
  bob = await bobsProcess.session('bob');
});

afterEach(async () => world.close());

const whereabouts = async (id: string) =>
  (await world.process().relay.receipts.lookUp('alice', id)).map(({ state }) => state);

describe('a claim', () => {
  it('makes mail pending until it is committed, and read from then on', async () => {
    const id = await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    expect(contents(claim)).toEqual(['one']);
    expect(await whereabouts(id)).toEqual(['pending']);
    expect(await bob.kept.count()).toEqual({ count: 0, more: false });
    await claim.commit();
    expect(await whereabouts(id)).toEqual(['read']);
    expect(await bob.kept.count()).toEqual({ count: 1, more: false });
    expect(await read(bob)).toEqual([]);
  });

  it('released gives mail back as new, and does not call it redelivered', async () => {
    const id = await send(alice, 'bob', 'one');
    await (await claimAll(bob.inbox)).release();
    expect(await whereabouts(id)).toEqual(['pending']);
    const again = await claimAll(bob.inbox);
    expect(again.delivered.map(({ redelivered }) => redelivered)).toEqual([false]);
  });

  it('is settled once: neither a late cancel nor a second commit changes it', async () => {
    await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    await claim.commit();
    const before = await world.keys();
    await claim.release();
    await claim.commit();
    expect(await world.keys()).toEqual(before);
    await send(alice, 'bob', 'two');
    const released = await claimAll(bob.inbox);
    await released.release();
    await released.commit();
    expect(await read(bob)).toEqual(['two']);
  });

  it('shows urgent mail first, then by age', async () => {
    for (const [content, priority] of [
      ['n1', 'normal'],
      ['u1', 'urgent'],
      ['n2', 'normal'],
      ['u2', 'urgent'],
    ] as const) {
      await send(alice, 'bob', content, { priority });
      world.clock.advance(10);
    }
    expect(await read(bob)).toEqual(['u1', 'u2', 'n1', 'n2']);
  });

  it('takes one thread only, and counts the rest of that thread', async () => {
    await send(alice, 'bob', 'a1', { threadId: 'a' });
    await send(alice, 'bob', 'b1', { threadId: 'b' });
    await send(alice, 'bob', 'none');
    await send(alice, 'bob', 'a2', { threadId: 'a' });
    const claim = await claimAll(bob.inbox, { threadId: 'a', limit: 1 });
    expect([contents(claim), claim.more]).toEqual([['a1'], 1]);
    await claim.commit();
    expect(await read(bob)).toEqual(['b1', 'none', 'a2']);
  });

  it('decides the thread by the message, when two threads share a hash in the name', async () => {
    await send(alice, 'bob', 'other', { threadId: 'b' });
    const [key = ''] = await world.keys('bob');
    const { threadHash } = await import('../../src/relay/message-name.js');
    await world.memory.move(key, key.replace(threadHash('b'), threadHash('a')));
    const claim = await claimAll(bob.inbox, { threadId: 'a' });
    expect([contents(claim), claim.more]).toEqual([[], 0]);
    expect(await read(bob)).toEqual(['other']);
  });

  it('ends at the limit, and says how many more there are', async () => {
    for (let number = 0; number < 7; number++) await send(alice, 'bob', String(number));
    const claim = await claimAll(bob.inbox, { limit: 3 });
    expect([contents(claim), claim.more]).toEqual([['0', '1', '2'], 4]);
    const nothing = await claimAll(bob.inbox, { limit: 0 });
    expect([contents(nothing), nothing.more]).toEqual([[], 4]);
  });

  it('ends where the reply has no room: that message and all after it stay new', async () => {
    for (let number = 0; number < 5; number++) await send(alice, 'bob', String(number));
    const shown: string[] = [];
    const claim = await claimAll(bob.inbox, {
      offer: ({ message }) => (message.content === '2' ? undefined : () => shown.push(message.content)),
    });
    expect([shown, claim.more]).toEqual([['0', '1'], 3]);
    await claim.commit();
    expect(await read(bob)).toEqual(['2', '3', '4']);
  });

  it('gets past a first hundred of mail that is unreadable to the good mail behind it', async () => {
    for (let number = 0; number < 300; number++) await send(alice, 'bob', String(number));
    for (const key of (await world.keys('bob')).slice(0, 299)) await world.put(key, 'torn');
    expect(await read(bob)).toEqual(['299']);
  });

  it('does not show what was claimed but could not be taken: another session was faster', async () => {
    await send(alice, 'bob', 'one');
    const other = await world.session('bob');
    const slow = await claimAll(bob.inbox, {
      offer: () => {
        // Between the choice and the claim.
        void claimAll(other.inbox);
        return () => {};
      },
    });
    const both = [contents(slow), await read(other)];
    expect(both.flat().length).toBeLessThanOrEqual(1);
  });
});

describe('two sessions of one agent', () => {
  it('claim disjoint mail, and together all of it', async () => {
    for (let number = 0; number < 200; number++) await send(alice, 'bob', String(number));
    const sessions = [bob, ...(await Promise.all([1, 2, 3].map(() => world.session('bob'))))];
    const claims = await Promise.all(
      sessions.flatMap((session) => Array.from({ length: 20 }, () => claimAll(session.inbox, { limit: 5 }))),
    );
    const seen = claims.flatMap(contents);
    expect(new Set(seen).size).toBe(seen.length);
    await Promise.all(claims.map((claim) => claim.commit()));
    for (const session of sessions) seen.push(...(await read(session)));
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, number) => number));
  });

  it('leave alone what the other holds, as long as it lives', async () => {
    await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    const other = await world.session('bob');
    expect(await read(other)).toEqual([]);
    world.clock.advance(48 * 60 * 60 * 1000);
    expect(await read(other)).toEqual([]);
    await claim.commit();
    expect(await bob.kept.count()).toEqual({ count: 1, more: false });
  });
});

describe('mail that a dead session had taken', () => {
  it('is new again exactly once, as redelivered', async () => {
    await send(alice, 'bob', 'one');
    await send(alice, 'bob', 'two');
    await claimAll(bob.inbox);
    bobsProcess.kill();
    const others = await Promise.all([1, 2, 3].map(() => world.session('bob')));
    const claims = await Promise.all(others.map((other) => claimAll(other.inbox)));
    await Promise.all(claims.map((claim) => claim.commit()));
    const last = await claimAll((await world.session('bob')).inbox);
    const all = [...claims, last].flatMap(({ delivered }) => delivered);
    expect(all.map(({ message }) => message.content).sort()).toEqual(['one', 'two']);
    expect(all.every(({ redelivered }) => redelivered)).toBe(true);
  });

  it('is in the inbox again once another session has shown itself: nobody has to call', async () => {
    await send(alice, 'bob', 'one');
    await claimAll(bob.inbox);
    bobsProcess.kill();
    const next = world.process().relay.session('bob');
    await next.announce();
    const [key] = (await world.keys('bob')).filter((each) => !each.includes('read'));
    expect(key).toMatch(/^bob\/[^/]+~r\.json$/);
    await next.end();
  });

  it('stays marked as redelivered when that reply is cancelled too', async () => {
    await send(alice, 'bob', 'one');
    await claimAll(bob.inbox);
    bobsProcess.kill();
    const other = await world.session('bob');
    await (await claimAll(other.inbox)).release();
    expect((await claimAll(other.inbox)).delivered.map(({ redelivered }) => redelivered)).toEqual([true]);
  });

  it('cannot be committed any more by the session that was thought dead: it is not read twice over', async () => {
    const id = await send(alice, 'bob', 'one');
    const late = await claimAll(bob.inbox);
    bobsProcess.kill();
    const other = await world.session('bob');
    const claim = await claimAll(other.inbox);
    await late.commit();
    expect(await whereabouts(id)).toEqual(['pending']);
    expect(await world.keys('.receipts')).toEqual([]);
    await claim.commit();
    expect(await whereabouts(id)).toEqual(['read']);
    expect((await world.keys('bob')).length).toBe(1);
  });

  it('is given back by a number that was reused: the start of the process decides', async () => {
    await send(alice, 'bob', 'one');
    await claimAll(bob.inbox);
    bobsProcess.kill();
    const other = await world.process({ pid: bobsProcess.identity.pid }).session('bob');
    expect(await read(other)).toEqual(['one']);
  });
});

it('leaves alone what a session took that cannot be seen from here, until it has been silent for a day', async () => {
  await send(alice, 'bob', 'one');
  const far = world.process({ elsewhere: true });
  await claimAll((await far.session('bob')).inbox);
  far.kill();
  world.clock.advance(23 * 60 * 60 * 1000);
  expect(await read(bob)).toEqual([]);
  world.clock.advance(61 * 60 * 1000);
  expect(await read(bob)).toEqual(['one']);
});

it('ending a session gives back what it had taken, as new', async () => {
  await send(alice, 'bob', 'one');
  await claimAll(bob.inbox);
  await bob.end();
  const other = await world.session('bob');
  expect((await claimAll(other.inbox)).delivered.map(({ redelivered }) => redelivered)).toEqual([false]);
});

describe('when the store fails', () => {
  let faults: Partial<Store>;
  const failing = async () => {
    throw new Error('EIO');
  };

  beforeEach(async () => {
    faults = {};
    await world.close();
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    alice = await world.session('alice');
    bob = await world.session('bob');
  });

  it('in the middle of a claim, what is claimed already is delivered with it, and the rest stays new', async () => {
    for (let number = 0; number < 3; number++) await send(alice, 'bob', String(number));
    let moves = 0;
    faults.move = async (from, to) => (++moves === 2 ? failing() : world.memory.move(from, to));
    const claim = await claimAll(bob.inbox);
    expect([contents(claim), claim.more]).toEqual([['0'], 2]);
    await claim.commit();
    expect(await read(bob)).toEqual(['1', '2']);
  });

  it('before anything is claimed, the claim fails and nothing is consumed', async () => {
    await send(alice, 'bob', 'one');
    faults.move = failing;
    await expect(claimAll(bob.inbox)).rejects.toThrow('EIO');
    delete faults.move;
    expect(await read(bob)).toEqual(['one']);
  });

  it('at the commit, what was shown is committed before the next claim, and is not shown again', async () => {
    const id = await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    faults.move = failing;
    await expect(claim.commit()).rejects.toThrow('EIO');
    delete faults.move;
    expect(await whereabouts(id)).toEqual(['pending']);
    expect(await read(bob)).toEqual([]);
    expect(await whereabouts(id)).toEqual(['read']);
  });

  it('at the commit, a cancel that comes after it gives nothing back: it was shown', async () => {
    await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    faults.move = failing;
    await expect(claim.commit()).rejects.toThrow('EIO');
    delete faults.move;
    await claim.release();
    expect(await read(bob)).toEqual([]);
  });

  it('at the release, what was not shown is new again at the next claim, though the session lives', async () => {
    await send(alice, 'bob', 'one');
    const claim = await claimAll(bob.inbox);
    faults.move = failing;
    await expect(claim.release()).rejects.toThrow('EIO');
    delete faults.move;
    expect(await read(bob)).toEqual(['one']);
  });
});

describe('what is in the way of nobody', () => {
  it.each(['bob/taken/.DS_Store', '.receipts/.DS_Store', '.sent/.DS_Store', 'bob/read/.DS_Store'])(
    'a stray file at %s stops neither mail nor the sweep',
    async (key) => {
      await world.put(key, 'left by a file manager');
      await send(alice, 'bob', 'one', { ttl: 60 });
      expect(await read(bob)).toEqual(['one']);
      expect((await bob.kept.count()).count).toBe(1);
      expect((await bob.kept.ack(['msg-unknown'])).notFound).toEqual(['msg-unknown']);
      world.clock.advance(60_000);
      expect(await world.process().relay.sweeper.sweep()).toBe(true);
      expect((await bob.kept.count()).count).toBe(0);
    },
  );

  it('mail that this session claimed without getting to know of it is new again, as redelivered', async () => {
    await send(alice, 'bob', 'one');
    const [name = ''] = await world.memory.list('bob');
    await world.memory.move(`bob/${name}`, `bob/taken/${bob.id}/${name}`);
    const claim = await claimAll(bob.inbox);
    expect(claim.delivered.map(({ message, redelivered }) => [message.content, redelivered])).toEqual([['one', true]]);
    await claim.release();
  });

  it('what one reply is about to show, another claim of the session leaves alone', async () => {
    await send(alice, 'bob', 'one');
    const first = await claimAll(bob.inbox);
    expect(contents(await claimAll(bob.inbox))).toEqual([]);
    await first.commit();
    expect((await bob.kept.count()).count).toBe(1);
  });
});

it('what was read and has expired is no longer counted as unacknowledged, also before a sweep', async () => {
  await send(alice, 'bob', 'one', { ttl: 60 });
  await read(bob);
  expect(await bob.kept.count()).toEqual({ count: 1, more: false });
  world.clock.advance(60_000);
  expect(await bob.kept.count()).toEqual({ count: 0, more: false });
});

it('an ack follows a message that another session claims at that moment: the receipt and the mailbox agree', async () => {
  const faults: Partial<Store> = {};
  await world.close();
  world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
  [alice, bob] = [await world.session('alice'), await world.session('bob')];
  const other = await world.session('bob');
  const id = await send(alice, 'bob', 'one');
  let claimed = false;
  faults.moveAll = async (moves) => {
    if (!claimed) {
      claimed = true;
      await (await claimAll(other.inbox)).commit();
    }
    return world.memory.moveAll(moves);
  };
  expect(await bob.kept.ack([id])).toEqual({ acked: [id], notFound: [] });
  expect(await world.keys('bob')).toEqual([]);
});
