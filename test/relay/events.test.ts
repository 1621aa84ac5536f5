import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { forgetAgent } from '../../src/relay/forget.js';
import type { Store } from '../../src/store/store.js';
import { logOf } from '../helpers/event-log.js';
import { claimAll, DAY, HOUR, MINUTE, RelayWorld, read, START, send, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let faults: Partial<Store>;
beforeEach(() => {
  faults = {};
  world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
});
afterEach(() => world.close());

/** What is in the log of one kind, without the time. */
const noted = async (...kinds: string[]) =>
  (await logOf(world.process().relay)).flatMap(({ at: _, ...event }) => (kinds.includes(event.event) ? [event] : []));

describe('the log', () => {
  it('has a session coming and going', async () => {
    const session = world.process().relay.session('alice');
    session.client = { name: 'codex', version: '1' };
    await session.begin();
    await session.begin();
    await session.end();
    expect(await noted('session_started', 'session_ended')).toEqual([
      {
        event: 'session_started',
        agent: 'alice',
        session: session.id,
        pid: process.pid,
        cwd: process.cwd(),
        client: 'codex',
      },
      { event: 'session_ended', agent: 'alice', session: session.id },
    ]);
  });

  it('has a session whose process died, once a sweep has found it', async () => {
    const alice = world.process();
    const { id } = await alice.session('alice');
    alice.kill();
    await world.process().relay.sweeper.sweep();
    expect(await noted('session_lost')).toEqual([{ event: 'session_lost', agent: 'alice', session: id }]);
  });

  it('has what was sent and to whom, without the content', async () => {
    const alice = await world.session('alice');
    for (const name of ['bob', 'carol']) await world.session(name);
    const one = await send(alice, 'bob', 'secret', { threadId: 'deploys', replyTo: 'msg-x', priority: 'urgent' });
    const all = await send(alice, 'all', 'secret');
    const bytes = expect.any(Number);
    expect(await noted('sent')).toEqual([
      {
        event: 'sent',
        id: one,
        from: 'alice',
        to: ['bob'],
        bytes,
        thread_id: 'deploys',
        reply_to: 'msg-x',
        priority: 'urgent',
      },
      { event: 'sent', id: all, from: 'alice', to: ['bob', 'carol'], target: 'all', bytes },
    ]);
    for (const key of await world.keys('.log')) {
      const held = await world.memory.read(key, 100_000);
      expect(held?.ok === true && Buffer.from(held.bytes).toString()).not.toContain('secret');
    }
  });

  it('has the content with log_content', async () => {
    const talking = new RelayWorld({ logContent: true });
    await send(await talking.session('alice'), 'bob', 'two\nlines');
    const [sent] = (await logOf(talking.process().relay)).filter(({ event }) => event === 'sent');
    expect(sent).toMatchObject({ content: 'two\nlines' });
    await talking.close();
  });

  it('has nothing of a send that nobody got', async () => {
    const alice = await world.session('alice');
    faults.createAll = async (entries) =>
      entries.map(() => ({ state: 'failed', error: new DispatchError('STORE_UNAVAILABLE', 'full'), outcome: 'none' }));
    await expect(send(alice, 'bob', 'x')).rejects.toThrow('Not sent');
    expect(await noted('sent')).toEqual([]);
  });

  it('has what was shown once the reply is written, and not before', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    const id = await send(alice, 'bob', 'x');
    const claim = await claimAll(bob.inbox, { by: 'piggyback' });
    expect(await noted('shown')).toEqual([]);
    await claim.commit();
    expect(await noted('shown')).toEqual([{ event: 'shown', id, from: 'alice', to: 'bob', by: 'piggyback' }]);
  });

  it('has what was given back: by a reply that was not written, and by a session that died', async () => {
    const alice = await world.session('alice');
    const reader = world.process();
    const bob = await reader.session('bob');
    const id = await send(alice, 'bob', 'x');
    await (await claimAll(bob.inbox)).release();
    await claimAll(bob.inbox);
    reader.kill();
    // Events of two writers in one millisecond have no order.
    world.clock.advance(1);
    await read(await world.session('bob'));
    const of = { id, from: 'alice', to: 'bob' };
    expect(await noted('returned', 'shown')).toEqual([
      { event: 'returned', ...of, why: 'not written' },
      { event: 'returned', ...of, why: 'session over' },
      { event: 'shown', ...of, by: 'peek', redelivered: true },
    ]);
  });

  it('has what was acknowledged and what expired, and whether it had been shown', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    const [shown, unshown] = [await send(alice, 'bob', '1'), await send(alice, 'bob', '2')];
    await read(bob, { limit: 1 });
    await bob.kept.ack([shown, unshown, 'msg-nosuch']);
    const [read1, unread] = [await send(alice, 'bob', '3', { ttl: 60 }), await send(alice, 'bob', '4', { ttl: 60 })];
    await read(bob, { limit: 1 });
    world.clock.advance(MINUTE);
    await world.process().relay.sweeper.sweep();
    const of = { from: 'alice', to: 'bob' };
    expect(await noted('acked')).toEqual([
      { event: 'acked', id: shown, ...of, was: 'read' },
      { event: 'acked', id: unshown, ...of, was: 'unread' },
    ]);
    expect(await noted('expired')).toEqual(
      expect.arrayContaining([
        { event: 'expired', id: read1, ...of, was: 'read' },
        { event: 'expired', id: unread, ...of, was: 'unread' },
      ]),
    );
    expect(await noted('expired')).toHaveLength(2);
  });

  it('has what its sender took back, and for which message', async () => {
    const alice = await world.session('alice');
    const old = await send(alice, 'bob', 'x');
    const id = await send(alice, 'bob', 'y', { supersedes: old });
    const of = { from: 'alice', to: 'bob' };
    expect(await noted('withdrawn')).toEqual([{ event: 'withdrawn', id: old, ...of, superseded_by: id }]);
    expect((await noted('sent')).at(-1)).toMatchObject({ id, supersedes: old });
  });

  it('has what was dropped with an agent', async () => {
    const id = await send(await world.session('alice'), 'bob', 'x');
    await forgetAgent(world.process().relay, 'bob', { drop: true });
    expect(await noted('dropped')).toEqual([{ event: 'dropped', id, from: 'alice', to: 'bob', was: 'unread' }]);
  });

  it('has what was set aside, with id and sender where the name says them', async () => {
    const bob = await world.session('bob');
    const id = await send(await world.session('alice'), 'bob', 'x');
    const [key = ''] = (await world.keys('bob')).filter((name) => name.includes(id));
    await world.put(key, 'not JSON');
    await world.put('bob/planted.json', 'not JSON either');
    world.clock.advance(MINUTE);
    await read(bob);
    const quarantined = await noted('quarantined');
    expect(quarantined).toHaveLength(2);
    expect(quarantined).toEqual(
      expect.arrayContaining([
        { event: 'quarantined', to: 'bob', reason: expect.any(String), id, from: 'alice' },
        { event: 'quarantined', to: 'bob', reason: expect.any(String) },
      ]),
    );
  });
});

describe('the files of the log', () => {
  it('are one a process and day', async () => {
    const process = world.process();
    const [alice, bob] = [await process.session('alice'), await world.session('bob')];
    await send(alice, 'bob', '1');
    world.clock.set(Date.UTC(2026, 1, 18, 0, 0, 1));
    await send(alice, 'bob', '2');
    await send(bob, 'alice', '3');
    const files = (await world.keys('.log')).map((key) => key.split('/'));
    expect(files.map(([, day]) => day)).toEqual(['2026-02-17', '2026-02-17', '2026-02-18', '2026-02-18']);
    const writers = [...new Set(files.map(([, , writer]) => writer))];
    expect(writers).toHaveLength(2);
    for (const writer of writers) expect(writer).toMatch(/^[a-z0-9]{20}$/);
  });

  it('go after their retention, whole days, and no sooner', async () => {
    const alice = await world.session('alice');
    await send(alice, 'bob', 'old');
    world.clock.advance(30 * DAY);
    await world.process().relay.events.sweep(world.clock.now());
    expect(await world.keys('.log')).toHaveLength(1);
    world.clock.advance(4 * HOUR);
    await send(alice, 'bob', 'new');
    await world.process().relay.events.sweep(world.clock.now());
    expect((await world.keys('.log')).map((key) => key.split('/')[1])).toEqual(['2026-03-20']);
  });

  it('that are none are left alone, and do not hold up the sweep', async () => {
    await world.put('.log/2026-01-01/notes.txt', 'mine');
    await world.put('.log/README', 'mine');
    await world.put(`.log/2026-01-02/${'a'.repeat(20)}`, '\n{}');
    await world.put(`.log/2026-01-03/${'a'.repeat(20)}`, '\n{}');
    faults.removeAll = async (keys) => {
      if (keys[0]?.startsWith('.log/2026-01-02')) throw new DispatchError('STORE_UNAVAILABLE', 'a folder');
      return world.memory.removeAll(keys);
    };
    await world.process().relay.events.sweep(world.clock.now());
    expect(await world.keys('.log')).toEqual([
      `.log/2026-01-01/notes.txt`,
      `.log/2026-01-02/${'a'.repeat(20)}`,
      '.log/README',
    ]);
  });
});

describe('a log that cannot be written', () => {
  it('fails no call, and what was done stays done', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    faults.append = async (log) => {
      throw new DispatchError('STORE_UNAVAILABLE', `cannot write ${log}`);
    };
    const id = await send(alice, 'bob', 'x');
    expect(await read(bob)).toEqual(['x']);
    expect(await bob.kept.ack([id])).toEqual({ acked: [id], notFound: [] });
    await send(alice, 'bob', 'y', { ttl: 1 });
    world.clock.advance(MINUTE);
    expect(await world.process().relay.sweeper.sweep()).toBe(true);
    await bob.end();
    expect((await world.process().relay.receipts.lookUp('alice', id))[0]?.state).not.toBe('pending');
  });

  it('nor does a time that no date can hold', async () => {
    world.clock.set(Number.MAX_SAFE_INTEGER);
    await expect(
      world.process().relay.events.note({ event: 'session_ended', agent: 'a', session: 'b' }),
    ).resolves.toBeUndefined();
    world.clock.set(START);
  });
});
