/** `wait_seconds` of peek and dispatch, as a client sees it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RelayClient, type ToolAnswer } from '../helpers/relay-client.js';
import { foreignMessage, RelayWorld } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];
let alice: RelayClient;
let bob: RelayClient;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  clients = [];
  alice = await client('alice');
  bob = await client('bob');
});

afterEach(async () => {
  for (const each of clients) await each.close();
  await world.close();
  vi.useRealTimers();
});

async function client(agent: string): Promise<RelayClient> {
  const made = new RelayClient(world, agent);
  clients.push(made);
  await made.connect();
  return made;
}

const pass = async (ms: number, step = 1) => {
  for (let passed = 0; passed < ms; passed += step) {
    world.clock.advance(step);
    await vi.advanceTimersByTimeAsync(step);
    // Lines go through streams, which need a turn of the event loop each.
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Begins a call; gives its answer, once there is one. */
function begin(who: RelayClient, name: string, args: unknown): { answer: ToolAnswer | undefined } {
  const state: { answer: ToolAnswer | undefined } = { answer: undefined };
  void who.call(name, args).then((answer) => {
    state.answer = answer;
  });
  return state;
}

const contents = (answer: ToolAnswer | undefined, field = 'messages') =>
  (answer?.json[field] ?? []).map(({ content }: { content: string }) => content);

describe('peek with wait_seconds', () => {
  it('answers at once with mail that is there', async () => {
    await alice.call('dispatch', { message: 'early', target: 'bob' });
    const waiting = begin(bob, 'peek', { wait_seconds: 240 });
    await pass(40);
    expect(contents(waiting.answer)).toEqual(['early']);
    expect(waiting.answer?.json).not.toHaveProperty('timed_out');
  });

  it('answers as soon as mail arrives, and the sender is told that it was shown by a wait', async () => {
    const waiting = begin(bob, 'peek', { wait_seconds: 240 });
    await pass(3000, 50);
    expect(waiting.answer).toBeUndefined();
    await alice.call('dispatch', { message: 'hello', target: 'bob' });
    await pass(60);
    expect(contents(waiting.answer)).toEqual(['hello']);
    expect((await alice.call('peek')).json.sent_receipts).toMatchObject([{ to: 'bob', state: 'read', by: 'wait' }]);
  });

  it('says timed_out after its time, and not before', async () => {
    const waiting = begin(bob, 'peek', { wait_seconds: 5 });
    await pass(4900, 50);
    expect(waiting.answer).toBeUndefined();
    await pass(200, 10);
    expect(waiting.answer?.json).toEqual({ agent_id: 'bob', messages: [], count: 0, timed_out: true });
  });

  it('of a thread waits for that thread alone, and leaves the rest', async () => {
    const waiting = begin(bob, 'peek', { wait_seconds: 240, thread_id: 'deploy' });
    await alice.call('dispatch', { message: 'other', target: 'bob', thread_id: 'lunch' });
    await alice.call('dispatch', { message: 'none', target: 'bob' });
    await pass(200);
    expect(waiting.answer).toBeUndefined();
    await alice.call('dispatch', { message: 'deployed', target: 'bob', thread_id: 'deploy' });
    await pass(60);
    expect(contents(waiting.answer)).toEqual(['deployed']);
    expect(waiting.answer?.json.elsewhere).toBe(2);
    expect(contents(await bob.call('peek'))).toEqual(['other', 'none']);
  });

  it('goes on waiting when what arrived was no message after all', async () => {
    const waiting = begin(bob, 'peek', { wait_seconds: 240 });
    await pass(100);
    await world.put('bob/odd.json', foreignMessage({ to: 'carol', id: '../x' }));
    world.clock.advance(10_000);
    await pass(12_000, 100);
    expect(waiting.answer).toBeUndefined();
    await alice.call('dispatch', { message: 'real', target: 'bob' });
    await pass(100);
    expect(contents(waiting.answer)).toEqual(['real']);
  });

  it('lets other calls of the session go before, which may well take the mail; then it waits on', async () => {
    bob.sideBySide = true;
    const waiting = begin(bob, 'peek', { wait_seconds: 240 });
    await pass(100);
    await alice.call('dispatch', { message: 'for the call that is quicker', target: 'bob' });
    const quick = begin(bob, 'who', {});
    await pass(100);
    expect(contents(quick.answer, 'new_messages')).toEqual(['for the call that is quicker']);
    expect(waiting.answer).toBeUndefined();
    await alice.call('dispatch', { message: 'next', target: 'bob' });
    await pass(100);
    expect(contents(waiting.answer)).toEqual(['next']);
  });

  it('ends at once in a session that is no longer the newest, and says so', async () => {
    const waiting = begin(bob, 'peek', { wait_seconds: 240 });
    await pass(100);
    const newer = await client('bob');
    await newer.call('who');
    await pass(50);
    expect(waiting.answer?.json).toMatchObject({ count: 0, wait_ended: 'newer_session' });
    expect(waiting.answer?.json.notices).toEqual([expect.stringContaining('Another live session serves bob too')]);
  });

  it('tells whoever gave a token every ten seconds that it still waits', async () => {
    const waiting = begin(bob, 'peek', { wait_seconds: 25 });
    await pass(10);
    expect(waiting.answer).toBeUndefined();
    const seen: unknown[] = [];
    bob.onNotification = (message) => seen.push(message);
    const withToken = bob.callRaw('peek', '{"wait_seconds":25}', '{"progressToken":"t1"}');
    await pass(26_000, 100);
    expect((await withToken).json.timed_out).toBe(true);
    expect(seen).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 't1', progress: 10, total: 25 } },
      { method: 'notifications/progress', params: { progressToken: 't1', progress: 20, total: 25 } },
    ]);
  });

  it.each([
    [-1, 'wait_seconds must be from 0 to 240 seconds'],
    [1.5, 'wait_seconds must be a whole number of seconds, 0 to 240'],
    [241, 'wait_seconds must be from 0 to 240 seconds; call again to wait longer'],
    [1e9, 'wait_seconds must be from 0 to 240 seconds; call again to wait longer'],
    ['soon', 'wait_seconds must be a whole number of seconds, 0 to 240'],
  ])('refuses %s, and says what is right', async (wait_seconds, why) => {
    for (const [name, args] of [
      ['peek', { wait_seconds }],
      ['dispatch', { message: 'x', target: 'alice', wait_seconds }],
    ] as const) {
      const { isError, text } = await bob.call(name, args);
      expect([isError, text]).toEqual([true, `INVALID_ARGUMENT: ${name}: ${why}. Nothing was done.`]);
    }
    expect((await alice.call('peek')).json.count).toBe(0);
  });

  it.each([
    ['message_id', { message_id: 'msg-x' }],
    ['cursor', { include_read: true, cursor: '0' }],
  ])('does not go with %s', async (other, args) => {
    const { isError, text } = await bob.call('peek', { wait_seconds: 1, ...args });
    expect([isError, text]).toEqual([
      true,
      `INVALID_ARGUMENT: peek: wait_seconds does not go with ${other}. Nothing was done.`,
    ]);
  });
});

describe('dispatch with wait_seconds', () => {
  it('is question and answer in one call', async () => {
    const asking = begin(alice, 'dispatch', { message: 'ready?', target: 'bob', wait_seconds: 240 });
    await pass(100);
    expect(asking.answer).toBeUndefined();
    expect(contents(await bob.call('peek'))).toEqual(['ready?']);
    await bob.call('dispatch', { message: 'yes', target: 'alice' });
    await pass(60);
    expect(asking.answer?.json).toMatchObject({ sent: true, queued_to: ['bob'], new_messages: [{ content: 'yes' }] });
    expect(asking.answer?.json).not.toHaveProperty('timed_out');
  });

  it('waits for what comes after its send; older mail does not end it, and rides along', async () => {
    await bob.call('dispatch', { message: 'older', target: 'alice' });
    const asking = begin(alice, 'dispatch', { message: 'ready?', target: 'bob', wait_seconds: 240 });
    await pass(2000, 20);
    expect(asking.answer).toBeUndefined();
    await bob.call('dispatch', { message: 'newer', target: 'alice' });
    await pass(60);
    expect(contents(asking.answer, 'new_messages')).toEqual(['older', 'newer']);
  });

  it('is not ended by one’s own copy of a message to a topic, which rides along', async () => {
    for (const each of [alice, bob]) await each.call('join', { topic: 'build' });
    const args = { message: 'ready?', target: '#build', include_self: true, wait_seconds: 240 };
    const asking = begin(alice, 'dispatch', args);
    await pass(2000, 20);
    expect(asking.answer).toBeUndefined();
    await bob.call('dispatch', { message: 'yes', target: '#build' });
    await pass(60);
    expect(contents(asking.answer, 'new_messages')).toEqual(['ready?', 'yes']);
  });

  it('says timed_out, and that it was sent', async () => {
    const asking = begin(alice, 'dispatch', { message: 'ready?', target: 'bob', wait_seconds: 3 });
    await pass(3200, 20);
    expect(asking.answer?.json).toMatchObject({ sent: true, timed_out: true });
    expect(asking.answer?.json).not.toHaveProperty('new_messages');
  });

  it('rings the recipient before it waits', async () => {
    const ring = vi.spyOn(world.memory, 'ring');
    const asking = begin(alice, 'dispatch', { message: 'ready?', target: 'bob', wait_seconds: 3 });
    await pass(50);
    expect(asking.answer).toBeUndefined();
    expect(ring).toHaveBeenCalledWith('bob');
    await pass(3200, 20);
  });
});
