/** The wall clock steps: by an hour, a day, a month, to 1970 and to 2038, forward and back, and is put right again. */
import { randomInt } from 'node:crypto';
import { mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { STALE_MS } from '../../src/store/filesystem/lock.js';
import { RelayClient } from '../helpers/relay-client.js';
import { claimAll, contents, DAY, HOUR, MINUTE, RelayWorld, read, START, send } from '../helpers/relay-world.js';
import { useTemporaryDirectories } from '../helpers/store-relay.js';

const BACK: [string, number][] = [
  ['an hour back', START - HOUR],
  ['a day back', START - DAY],
  ['30 days back', START - 30 * DAY],
  ['to 1970', 0],
];
const FORWARD: [string, number][] = [
  ['an hour forward', START + HOUR],
  ['a day forward', START + DAY],
  ['30 days forward', START + 30 * DAY],
  // The last second that fits into 32 bits, and the one behind it.
  ['to 2038', (2 ** 31 - 1) * 1000],
  ['past 2038', 2 ** 31 * 1000],
];
const STEPS = [...BACK, ...FORWARD];

const temporaryDirectory = useTemporaryDirectories();
let world: RelayWorld;
let alice: Session;
let bob: Session;

beforeEach(async () => {
  world = new RelayWorld();
  [alice, bob] = [await world.session('alice'), await world.session('bob')];
});

afterEach(async () => world.close());

const sweep = async () => expect(await world.process().relay.sweeper.sweep()).toBe(true);

const receiptsOfAlice = async () =>
  (await world.process().relay.receipts.changes('alice', 100)).receipts.map(({ id, state }) => `${state} ${id}`).sort();

const whereabouts = async (id: string) =>
  (await world.process().relay.receipts.lookUp('alice', id)).map(({ state }) => state);

describe.each(STEPS)('a step %s', (_, stepped) => {
  it('loses no mail and keeps its order, there and when the clock is put right', async () => {
    const ids = [await send(alice, 'bob', 'kept')];
    await read(bob);
    ids.push(await send(alice, 'bob', 'before'), await send(alice, 'bob', 'held', { ttl: 60, mustRead: true }));
    world.clock.set(stepped);
    await sweep();
    ids.push(await send(alice, 'bob', 'after'));
    for (const id of ids.slice(1)) expect(await whereabouts(id)).toEqual(['pending']);
    expect(await read(bob)).toEqual(['before', 'held', 'after']);

    world.clock.set(START + MINUTE);
    await sweep();
    ids.push(await send(alice, 'bob', 'right again'));
    expect(await read(bob)).toEqual(['right again']);
    expect(await bob.kept.count()).toEqual({ count: 5, more: false });
    for (const id of ids) expect(await whereabouts(id)).toEqual(['read']);
    const page = await bob.kept.page({ limit: 10, fits: () => true });
    expect(page.messages.map(({ content }) => content)).toEqual(['kept', 'before', 'held', 'after', 'right again']);
    expect((await bob.kept.ack(ids)).acked).toEqual(ids);
    expect(await world.keys('bob')).toEqual([]);
    expect(await receiptsOfAlice()).toEqual(ids.map((id) => `acked ${id}`).sort());
  });

  it('has mail with a ttl pending or expired as the clock says, and pending again when it is put right unswept', async () => {
    const id = await send(alice, 'bob', 'short', { ttl: 60 });
    world.clock.set(stepped);
    const isPast = stepped >= START + MINUTE;
    expect(await whereabouts(id)).toEqual([isPast ? 'expired' : 'pending']);
    expect(await world.process().relay.rollCall.unread('bob')).toBe(isPast ? 0 : 1);
    const claim = await claimAll(bob.inbox);
    expect([contents(claim), claim.sawExpired]).toEqual(isPast ? [[], true] : [['short'], false]);
    await claim.release();
    world.clock.set(START + MINUTE - 1);
    expect(await whereabouts(id)).toEqual(['pending']);
    expect(await read(bob)).toEqual(['short']);
  });

  it('tells of mail that it expired, in the words of the truth: never read', async () => {
    const id = await send(alice, 'bob', 'short', { ttl: 60 });
    world.clock.set(stepped);
    await sweep();
    const { receipts } = await world.process().relay.receipts.changes('alice', 10);
    const expired = { id, to: 'bob', state: 'expired', how: 'unread' };
    expect(receipts).toMatchObject(stepped >= START + MINUTE ? [expired] : []);
  });

  it('leaves who runs present and what they claimed theirs; what the dead had claimed comes back', async () => {
    const doomed = world.process();
    const carol = await doomed.session('carol');
    await send(alice, 'all', 'to all');
    const held = [await claimAll(bob.inbox), await claimAll(carol.inbox)];
    expect(held.map((claim) => contents(claim))).toEqual([['to all'], ['to all']]);
    world.clock.set(stepped);
    await sweep();
    const live = (await world.process().relay.rollCall.take()).filter(({ sessions }) => sessions.length > 0);
    expect(live.map(({ agent }) => agent)).toEqual(['alice', 'bob', 'carol']);
    expect((await alice.send({ target: 'all', content: 'again' })).queuedTo).toEqual(['bob', 'carol']);
    expect(await read(await world.session('bob'))).toEqual(['again']);
    await held[0]?.commit();
    expect(await bob.kept.count()).toEqual({ count: 2, more: false });

    doomed.kill();
    const returned = await claimAll((await world.session('carol')).inbox);
    expect(returned.delivered.map(({ message, redelivered }) => [message.content, redelivered])).toEqual([
      ['to all', true],
      ['again', false],
    ]);
    await returned.release();
  });

  it('does not stop the sweeping, neither there nor when the clock is put right', async () => {
    const sweepers = [1, 2, 3, 4].map(() => world.process().relay.sweeper);
    expect(await sweepers[0]?.sweepIfDue(false)).toBe(true);
    for (const [index, now] of [stepped, START + 2 * MINUTE].entries()) {
      world.clock.set(now);
      // The one that swept before, and one that only finds its stamp.
      expect(await sweepers[index]?.sweepIfDue(false)).toBe(true);
      expect(await sweepers[index + 1]?.sweepIfDue(false)).toBe(false);
    }
  });

  it('shows a receipt that was not shown yet', async () => {
    const id = await send(alice, 'bob', 'one');
    await bob.kept.ack([id]);
    world.clock.set(stepped);
    expect(await receiptsOfAlice()).toEqual([`acked ${id}`]);
    expect(await whereabouts(id)).toEqual(['acked']);
  });
});

it.each([...BACK, ...FORWARD.slice(0, 2)])(
  'a step %s sweeps no receipt away, nor the notes of what was sent',
  async (_, stepped) => {
    const [one, two] = [await send(alice, 'bob', 'one'), await send(alice, 'bob', 'two')];
    await bob.kept.ack([one]);
    world.clock.set(stepped);
    await sweep();
    world.clock.set(START + MINUTE);
    await sweep();
    expect(await receiptsOfAlice()).toEqual([`acked ${one}`]);
    expect(await world.keys('.sent/alice')).toHaveLength(1);
    expect(await whereabouts(two)).toEqual(['pending']);
  },
);

it.each([...BACK, ['an hour forward', START + HOUR] as const])(
  'a step %s does not give up a session that cannot be seen from here',
  async (_, stepped) => {
    const away = await world.process({ elsewhere: true }).session('dave');
    await send(alice, 'dave', 'one');
    const claim = await claimAll(away.inbox);
    world.clock.set(stepped);
    await sweep();
    expect(await read(await world.session('dave'))).toEqual([]);
    await claim.commit();
    expect(await away.kept.count()).toEqual({ count: 1, more: false });
  },
);

it('a conversation goes on over any number of steps: each message arrives once, in order, and is acknowledged', async () => {
  const seed = Number(process.env.CLOCK_SEED ?? randomInt(2 ** 31));
  console.log(`CLOCK_SEED=${seed}`);
  const clients = ['alice', 'bob'].map((agent) => new RelayClient(world, agent));
  for (const client of clients) await client.connect();
  let state = seed;
  for (let n = 0; n < 60; n++) {
    // The generator of Numerical Recipes, enough to shuffle by.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const [, instant] = STEPS[state % STEPS.length] as [string, number];
    world.clock.set(instant + n);
    const [from, to] = n % 3 === 0 ? [...clients].reverse() : clients;
    const sent = await from?.call('dispatch', { message: `n=${n}`, target: n % 3 === 0 ? 'alice' : 'bob' });
    expect(sent?.json, `n=${n}`).toMatchObject({ sent: true });
    const peeked = await to?.call('peek');
    expect(peeked?.json.messages, `n=${n}`).toMatchObject([{ content: `n=${n}`, id: sent?.json.id }]);
    expect(peeked?.json.unacked).toBeUndefined();
    expect((await to?.call('ack', { message_ids: [sent?.json.id] }))?.json.acked).toBe(1);
    expect((await to?.call('who'))?.json.agents).toHaveLength(2);
  }
  for (const client of clients) await client.close();
});

it.each(BACK)('the lock of a sweep that was killed before a step %s is not held for ever', async (_, stepped) => {
  const root = join(temporaryDirectory(), 'relay');
  const store = new FilesystemStore(root);
  await store.create('bob/m', 'x');
  const lock = join(root, '.sweep.lock');
  mkdirSync(lock);
  setAge(lock, stepped - START);
  const run = () => store.exclusively('sweep', async () => {});
  expect(await run()).toBe(false);
  // Nothing is known of its age but that it grows from now on.
  expect(statSync(lock).mtimeMs - Date.now()).toBeLessThan(STALE_MS);
  expect(await run()).toBe(false);
  setAge(lock, STALE_MS + 1000);
  expect(await run()).toBe(true);
});

function setAge(path: string, ms: number): void {
  const time = new Date(Date.now() - ms);
  utimesSync(path, time, time);
}
