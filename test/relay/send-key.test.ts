import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { KEY_LIFETIME_MS } from '../../src/relay/send-key.js';
import type { Session } from '../../src/relay/session.js';
import { takeStats } from '../../src/relay/stats.js';
import { traceMessage } from '../../src/relay/trace.js';
import type { Store } from '../../src/store/store.js';
import { HOUR, RelayWorld, read, sent, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let alice: Session;
let bob: Session;

beforeEach(async () => {
  world = new RelayWorld();
  alice = await world.session('alice');
  bob = await world.session('bob');
});
afterEach(async () => {
  await world.close();
});

const KEYED = { idempotencyKey: 'deploy-1' };
const full = new DispatchError('STORE_UNAVAILABLE', 'no space', { outcome: 'none' });

/** The store of a process that dies, or is stopped, before the call of `method` that `stops` picks. */
function interrupted(
  store: Store,
  method: keyof Store,
  stops: (...args: string[]) => boolean,
  at: () => Promise<void>,
) {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (name === method && stops(...(args as string[]))) await at();
        return value.apply(target, args);
      };
    },
  });
}

describe('a send that is tried again under its key', () => {
  it('gives the first answer again and sends nothing', async () => {
    const first = await sent(alice, 'bob', 'hi', KEYED);
    const again = await sent(alice, 'bob', 'hi', KEYED);
    expect([first.deduplicated, again.deduplicated]).toEqual([false, true]);
    expect(again.message).toEqual(first.message);
    expect(again.queuedTo).toEqual(['bob']);
    expect(await read(bob)).toEqual(['hi']);
  });

  it.each([
    ['was read', async () => void (await read(bob))],
    ['was acknowledged', async (id: string) => void (await bob.kept.ack([id]))],
    [
      'was acknowledged and its receipt seen',
      async (id: string) => {
        await bob.kept.ack([id]);
        await (await world.process().relay.receipts.changes('alice', 20)).markSeen(20);
      },
    ],
  ])('sends nothing after the message %s, from a new process', async (_, end) => {
    const first = await sent(alice, 'bob', 'hi', KEYED);
    await end(first.message.id);
    await alice.end();
    const again = await sent(await world.session('alice'), 'bob', 'hi', KEYED);
    expect([again.message.id, again.deduplicated]).toEqual([first.message.id, true]);
    expect(await read(bob)).toEqual([]);
  });

  it('is the same however the target is spelled and the payload ordered', async () => {
    const first = await sent(alice, 'bob', 'hi', { ...KEYED, payload: { a: 1, b: { c: 2, d: 3 } } });
    const again = await sent(alice, ' BOB ', 'hi', { ...KEYED, payload: { b: { d: 3, c: 2 }, a: 1 } });
    expect(again.message.id).toBe(first.message.id);
  });

  it.each([
    ['content', { content: 'other' }],
    ['target', { target: 'carol' }],
    ['payload', { payload: { a: 1 } }],
    ['priority', { priority: 'urgent' }],
    ['thread', { threadId: 't' }],
    ['ttl', { ttl: 5 }],
    ['must_read', { mustRead: true }],
  ] as const)('with another %s is an error that names the first message, and sends nothing', async (_, change) => {
    const first = await sent(alice, 'bob', 'hi', KEYED);
    await read(bob);
    await expect(alice.send({ target: 'bob', content: 'hi', ...KEYED, ...change })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      message: expect.stringContaining(first.message.id),
    });
    expect(await read(bob)).toEqual([]);
  });

  it('is another send for another sender, and after 24 hours', async () => {
    const ids = [(await sent(alice, 'bob', 'hi', KEYED)).message.id];
    ids.push((await sent(bob, 'bob', 'hi', KEYED)).message.id);
    world.clock.advance(KEY_LIFETIME_MS - 1);
    expect((await sent(alice, 'bob', 'hi', KEYED)).deduplicated).toBe(true);
    world.clock.advance(1);
    const later = await sent(alice, 'bob', 'hi', KEYED);
    expect(later.deduplicated).toBe(false);
    expect(new Set([...ids, later.message.id]).size).toBe(3);
  });

  it('publishes what the first try did not get to, under the same name', async () => {
    const dying = new RelayWorld({
      store: interrupted(
        world.memory,
        'move',
        (_, to) => to.startsWith('carol/'),
        async () => {
          throw new Error('kill -9');
        },
      ),
    });
    const carol = await world.session('carol');
    await expect(sent(await dying.session('alice'), 'all', 'hi', KEYED)).rejects.toThrow('kill -9');
    expect([await read(bob), await read(carol)]).toEqual([['hi'], []]);
    const again = await sent(alice, 'all', 'hi', KEYED);
    expect([again.queuedTo, again.deduplicated]).toEqual([['bob', 'carol'], true]);
    expect([await read(bob), await read(carol)]).toEqual([[], ['hi']]);
    await dying.close();
  });

  it('sends nothing after a Python server acknowledged the message, which leaves no receipt', async () => {
    await sent(alice, 'bob', 'hi', KEYED);
    const [key = ''] = (await world.keys('bob')).filter((each) => each.endsWith('.json'));
    await world.memory.remove(key);
    expect((await sent(alice, 'bob', 'hi', KEYED)).deduplicated).toBe(true);
    expect(await read(bob)).toEqual([]);
  });

  it.each([
    ['noted whom it reached', [full]],
    ['was killed before it could note whom it reached', [new Error('kill -9')]],
  ])(
    'is one message for peek(message_id), trace, stats and supersedes, where the first try %s',
    async (_, [failure]) => {
      const carol = await world.session('carol');
      const move: Store['move'] = async (from, to) => {
        if (to.startsWith('carol/')) throw failure;
        return world.memory.move(from, to);
      };
      const failing = new RelayWorld({ store: withFaults(world.memory, { move }) });
      await sent(await failing.session('alice'), 'all', 'stop', KEYED).catch(() => {});
      const again = await sent(alice, 'all', 'stop', KEYED);
      await sent(alice, 'all', 'stop', KEYED);
      const { relay } = world.process();
      const { id } = again.message;
      expect((await relay.receipts.lookUp('alice', id)).map(({ to }) => to)).toEqual(['bob', 'carol']);
      expect(await traceMessage(relay, id)).toMatchObject([
        { sent: { to: ['bob', 'carol'] }, copies: [{ to: 'bob' }, { to: 'carol' }] },
      ]);
      const stats = (await takeStats(relay)).agents.map(({ agent, sent, received }) => [agent, sent, received]);
      expect(stats.slice(0, 3)).toEqual([
        ['alice', 1, 0],
        ['bob', 0, 1],
        ['carol', 0, 1],
      ]);
      await sent(alice, 'all', 'go on', { supersedes: id });
      expect([await read(bob), await read(carol)]).toEqual([['go on'], ['go on']]);
      await failing.close();
    },
  );

  it('is noted once, also by a first try that it overtook', async () => {
    const move: Store['move'] = async (from, to) => {
      if (to.startsWith('bob/')) await sent(alice, 'bob', 'hi', KEYED);
      return world.memory.move(from, to);
    };
    const slow = new RelayWorld({ store: withFaults(world.memory, { move }) });
    await sent(await slow.session('alice'), 'bob', 'hi', KEYED);
    const { agents } = await takeStats(world.process().relay);
    expect(agents).toMatchObject([{ sent: 1 }, { received: 1 }, { agent: 'human' }]);
    await slow.close();
  });

  it('makes anew a copy that a first try noted as uncertain and a power cut took', async () => {
    const unsynced = new DispatchError('STORE_UNAVAILABLE', 'not synced', { outcome: 'unknown' });
    const move: Store['move'] = async (from, to) => {
      const moved = await world.memory.move(from, to);
      if (to.startsWith('bob/')) throw unsynced;
      return moved;
    };
    const failing = new RelayWorld({ store: withFaults(world.memory, { move }) });
    await expect(sent(await failing.session('alice'), 'bob', 'hi', KEYED)).rejects.toThrow('not synced');
    const [key = ''] = (await world.keys('bob')).filter((each) => each.endsWith('.json'));
    await world.memory.remove(key);
    expect(await world.keys('.sent')).toHaveLength(1);
    expect((await sent(alice, 'bob', 'hi', KEYED)).queuedTo).toEqual(['bob']);
    expect(await read(bob)).toEqual(['hi']);
    await failing.close();
  });

  it('publishes once when it overtakes a first try that was stopped, also after the message was acknowledged', async () => {
    let resume = () => {};
    const stopped = new Promise<void>((resolve) => {
      resume = resolve;
    });
    let reached = () => {};
    const atMove = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const slow = new RelayWorld({
      store: interrupted(
        world.memory,
        'move',
        (_, to) => to.startsWith('bob/'),
        () => {
          reached();
          return stopped;
        },
      ),
    });
    const first = sent(await slow.session('alice'), 'bob', 'hi', KEYED);
    await atMove;
    const retry = await sent(alice, 'bob', 'hi', KEYED);
    await bob.kept.ack([retry.message.id]);
    resume();
    expect((await first).message.id).toBe(retry.message.id);
    expect(await read(bob)).toEqual([]);
    await slow.close();
  });

  it('makes anew, byte for byte, a copy that a power cut took with its staging and its note', async () => {
    const draft = { ...KEYED, payload: { a: 1 }, threadId: 't', replyTo: 'msg-1', mustRead: true };
    await sent(alice, 'bob', 'hi', draft);
    const [key = ''] = (await world.keys('bob')).filter((each) => each.endsWith('.json'));
    const before = await world.memory.read(key, 10_000);
    for (const lost of [key, ...(await world.keys('.sent'))]) await world.memory.remove(lost);
    await sent(alice, 'bob', 'hi', draft);
    expect(await world.memory.read(key, 10_000)).toEqual(before);
  });

  it('of several at once makes one message', async () => {
    const senders = await Promise.all(Array.from({ length: 8 }, () => world.session('alice')));
    const answers = await Promise.all(senders.map((each) => sent(each, 'bob', 'hi', KEYED)));
    expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1);
    expect(await read(bob)).toEqual(['hi']);
    expect((await world.keys('.keys')).length).toBe(1);
  });

  it('publishes nothing when its record cannot be understood, and says which file that is', async () => {
    await sent(alice, 'bob', 'hi', KEYED);
    await read(bob);
    const [record = ''] = await world.keys('.keys');
    await world.put(record, '{"at":');
    await expect(sent(alice, 'bob', 'hi', KEYED)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(record),
    });
    expect(await read(bob)).toEqual([]);
  });

  it('that superseded another withdraws it, where the first try did not get to that', async () => {
    const old = await sent(alice, 'bob', 'old');
    const dying = new RelayWorld({
      store: interrupted(
        world.memory,
        'remove',
        (key) => key.startsWith('bob/'),
        async () => {
          throw new Error('kill -9');
        },
      ),
    });
    const draft = { ...KEYED, supersedes: old.message.id };
    await sent(await dying.session('alice'), 'bob', 'new', draft);
    expect((await sent(alice, 'bob', 'new', draft)).superseded).toEqual([{ to: 'bob', outcome: 'superseded' }]);
    expect(await read(bob)).toEqual(['new']);
    await dying.close();
  });
});

it('keys and copies that were never published are swept a while after their time', async () => {
  await sent(alice, 'bob', 'hi', KEYED);
  await world.put(`.keys/alice/${'0'.repeat(32)}.msg-000000000000.bob`, 'never published');
  const { sweeper } = world.process().relay;
  world.clock.advance(KEY_LIFETIME_MS);
  await sweeper.sweep();
  expect(await world.keys('.keys')).toHaveLength(2);
  world.clock.advance(HOUR);
  await sweeper.sweep();
  expect(await world.keys('.keys')).toEqual([]);
});
