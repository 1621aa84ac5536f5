/** What went wrong elsewhere where sessions begin, end and count: see the table in docs/failure-modes.md. */
import { afterEach, expect, test, vi } from 'vitest';
import { HEARTBEAT_MS } from '../../src/relay/presence.js';
import { claimAll, RelayWorld, read, START, send } from '../helpers/relay-world.js';
import { atEveryStep, Interruption } from './scenarios-interruption.js';

afterEach(() => {
  vi.useRealTimers();
});

test('a session that starts while a dead one of its agent is cleared away is seen by all, whatever step it meets', async () => {
  vi.useFakeTimers();
  const steps = await atEveryStep(async (step) => {
    const interruption = new Interruption();
    const world = new RelayWorld({ wrap: (store) => interruption.wrap(store) });
    const dead = world.process();
    await dead.session('bob');
    dead.kill();
    // A dead process has no heartbeat any more.
    vi.clearAllTimers();
    const sweeper = world.process().relay;
    let started = '';
    interruption.arm(step, async () => {
      started = (await world.session('bob')).id;
    });
    await sweeper.presence.sweep();
    const happened = interruption.disarm();
    if (happened) {
      const observer = world.process().relay;
      expect(await observer.presence.sessions('bob'), `step ${step}`).toMatchObject([{ session: started }]);
      // The file that other programs read is back with the next heartbeat, where the sweep took it.
      await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
      expect(await world.keys('.presence')).toEqual(['.presence/bob.json', `.presence/bob/${started}`]);
      const shared = await world.memory.read('.presence/bob.json', 1000);
      expect(shared?.ok && Buffer.from(shared.bytes).toString('utf8'), `step ${step}`).toContain(started);
    }
    await world.close();
    return happened;
  });
  expect(steps).toBeGreaterThan(5);
});

test('mail that comes while its reader ends is new to the next session, whatever step of the end it meets', async () => {
  const steps = await atEveryStep(async (step) => {
    const interruption = new Interruption();
    const world = new RelayWorld({ wrap: (store) => interruption.wrap(store) });
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await send(alice, 'bob', 'held in a reply that is never written');
    await claimAll(bob.inbox);
    interruption.arm(step, async () => void (await send(alice, 'bob', 'late')));
    await bob.end();
    const happened = interruption.disarm();
    if (happened) {
      const next = await world.session('bob');
      const claim = await claimAll(next.inbox);
      expect(
        claim.delivered.map(({ message, redelivered }) => [message.content, redelivered]),
        `step ${step}`,
      ).toEqual([
        ['held in a reply that is never written', false],
        ['late', false],
      ]);
      await claim.commit();
      expect(await read(next)).toEqual([]);
    }
    await world.close();
    return happened;
  });
  expect(steps).toBeGreaterThan(5);
});

test('whatever counts or lists mail leaves a message out at the millisecond of its end, and not one before', async () => {
  const world = new RelayWorld();
  const [alice, bob] = [await world.session('alice'), await world.session('bob')];
  const { relay } = world.process();
  const shown = await send(alice, 'bob', 'shown', { ttl: 60 });
  await read(bob);
  const unread = await send(alice, 'bob', 'unread', { ttl: 60 });
  const page = { limit: 10, fits: () => true };

  const counts = async () => {
    const lines: string[] = [];
    await world.alerts('bob', relay, lines).start();
    const [attendance] = (await relay.rollCall.take()).filter(({ agent }) => agent === 'bob');
    const states = [
      ...(await relay.receipts.lookUp('alice', shown)),
      ...(await relay.receipts.lookUp('alice', unread)),
    ];
    const claim = await claimAll(bob.inbox);
    await claim.release();
    return {
      waiting: lines.length,
      unread: attendance?.unread,
      offered: claim.delivered.length,
      unacked: (await bob.kept.count()).count,
      listed: (await bob.kept.page(page)).messages.length,
      states: states.map(({ state }) => state),
    };
  };

  world.clock.set(START + 59_999);
  expect(await counts()).toEqual({
    waiting: 1,
    unread: 1,
    offered: 1,
    unacked: 1,
    listed: 1,
    states: ['read', 'pending'],
  });
  world.clock.set(START + 60_000);
  const ended = { waiting: 0, unread: 0, offered: 0, unacked: 0, listed: 0, states: ['expired', 'expired'] };
  expect(await counts()).toEqual(ended);
  expect(await bob.kept.ack([shown, unread])).toEqual({ acked: [], notFound: [shown, unread] });
  await relay.sweeper.sweep();
  expect(await counts()).toEqual(ended);
  await world.close();
});
