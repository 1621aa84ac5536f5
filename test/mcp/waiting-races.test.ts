/** Calls that wait, where something comes between what they saw and what they show. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RelayClient, type ToolAnswer } from '../helpers/relay-client.js';
import { RelayWorld, type TestProcess } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];
let alice: RelayClient;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  clients = [];
  alice = await client('alice');
});

afterEach(async () => {
  for (const each of clients) await each.close();
  await world.close();
  vi.useRealTimers();
});

async function client(agent: string, process?: TestProcess): Promise<RelayClient> {
  const made = new RelayClient(world, agent, process === undefined ? {} : { process });
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
function begin(who: RelayClient, name: string, args: unknown, meta = '{}'): { answer: ToolAnswer | undefined } {
  const state: { answer: ToolAnswer | undefined } = { answer: undefined };
  void who.callRaw(name, JSON.stringify(args), meta).then((answer) => {
    state.answer = answer;
  });
  return state;
}

const contents = (answer: ToolAnswer | undefined, field = 'messages') =>
  (answer?.json[field] ?? []).map(({ content }: { content: string }) => content);

/** A session of bob with a message of alice in hand, whose reply is not written yet. */
async function bobWithMail(): Promise<TestProcess> {
  // Or else the sweep behind this call would find it.
  await alice.call('who');
  await pass(10);
  const process = world.process();
  const bob = await process.session('bob');
  await alice.call('dispatch', { message: 'held', target: 'bob' });
  await bob.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} });
  await pass(10);
  return process;
}

/** Has the form of mail of ours for bob, and is none. */
const putJunk = (number: number) =>
  world.put(
    `bob/${world.clock.now()}-0000${number}.nm.0000000000000.--------.0000004.alice.msg-junk${number}.json`,
    'junk',
  );

describe('mail that a session had claimed when it died', () => {
  it('is there for a peek of the next session that would wait', async () => {
    (await bobWithMail()).kill();
    const waiting = begin(await client('bob'), 'peek', { wait_seconds: 240 });
    await pass(200);
    expect(contents(waiting.answer)).toEqual(['held']);
  });

  it('does not end the wait of a dispatch, which it is older than', async () => {
    (await bobWithMail()).kill();
    const waiting = begin(await client('bob'), 'dispatch', { message: 'ready?', target: 'alice', wait_seconds: 240 });
    await pass(2000, 20);
    expect(waiting.answer).toBeUndefined();
    await alice.call('dispatch', { message: 'yes', target: 'bob' });
    await pass(200);
    expect(contents(waiting.answer, 'new_messages')).toEqual(expect.arrayContaining(['held', 'yes']));
  });

  it('ends a wait that began before', async () => {
    const dying = await bobWithMail();
    const waiting = begin(await client('bob'), 'peek', { wait_seconds: 240 });
    await pass(1000, 10);
    expect(waiting.answer).toBeUndefined();
    dying.kill();
    await pass(11_000, 50);
    expect(contents(waiting.answer)).toEqual(['held']);
  });
});

describe('what arrives and cannot be shown', () => {
  it('of two dispatches, ends the one whose turn is first, and the other waits on', async () => {
    const bob = await client('bob');
    alice.sideBySide = true;
    const waiting = ['bob', 'carol'].map((target) =>
      begin(alice, 'dispatch', { message: 'ready?', target, wait_seconds: 240 }),
    );
    await pass(200);
    const answers = () => waiting.map(({ answer }) => answer && contents(answer, 'new_messages'));
    await bob.call('dispatch', { message: 'yes', target: 'alice' });
    await pass(200);
    expect(answers()).toEqual([['yes'], undefined]);
    await bob.call('dispatch', { message: 'again', target: 'alice' });
    await pass(200);
    expect(answers()).toEqual([['yes'], ['again']]);
  });

  it('does not end a dispatch when a call whose turn is before takes it', async () => {
    const process = world.process();
    const bob = await client('bob', process);
    bob.sideBySide = true;
    const waiting = begin(bob, 'dispatch', { message: 'ready?', target: 'alice', wait_seconds: 240 });
    await pass(100);
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    vi.spyOn(process.relay.rollCall, 'take').mockImplementationOnce(async () => {
      await held;
      return [];
    });
    const quick = begin(bob, 'who', {});
    await pass(10);
    await alice.call('dispatch', { message: 'yes', target: 'bob' });
    await pass(200);
    goOn();
    await pass(200);
    expect(contents(quick.answer, 'new_messages')).toEqual(['yes']);
    expect(waiting.answer).toBeUndefined();
    await alice.call('dispatch', { message: 'again', target: 'bob' });
    await pass(200);
    expect(contents(waiting.answer, 'new_messages')).toEqual(['again']);
  });

  it('is waited for again when it comes back, as the reply that had it was not written', async () => {
    const bob = await client('bob');
    bob.sideBySide = true;
    const other = await world.process().session('bob');
    await pass(10);
    const waiting = begin(bob, 'peek', { wait_seconds: 240 });
    await pass(100);
    const move = world.memory.move.bind(world.memory);
    let release: (() => Promise<void>) | undefined;
    // The other session is quicker by a hair: it takes the mail between the look and the claim.
    vi.spyOn(world.memory, 'move').mockImplementationOnce(async (...args) => {
      ({ release } = await other.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} }));
      return move(...args);
    });
    await alice.call('dispatch', { message: 'hello', target: 'bob' });
    await pass(200);
    expect([waiting.answer, release]).toEqual([undefined, expect.any(Function)]);
    await release?.();
    await pass(11_000, 50);
    expect(contents(waiting.answer)).toEqual(['hello']);
  });

  it('does not end a dispatch when it is no message', async () => {
    const bob = await client('bob');
    const waiting = begin(bob, 'dispatch', { message: 'ready?', target: 'alice', wait_seconds: 240 });
    await pass(200);
    await putJunk(1);
    await pass(12_000, 50);
    expect(waiting.answer).toBeUndefined();
  });
});

it('a message of one’s own to a topic does not end a dispatch that waits beside it', async () => {
  for (const each of [alice, await client('bob')]) await each.call('join', { topic: 'build' });
  const waiting = begin(alice, 'dispatch', { message: 'ready?', target: 'bob', wait_seconds: 240 });
  await pass(200);
  await world.process().relay.send('alice', { target: '#build', content: 'note', includeSelf: true });
  await pass(12_000, 50);
  expect(waiting.answer).toBeUndefined();
});

it('a dispatch that is repeated with its key returns the answer that came since it was sent first', async () => {
  const bob = await client('bob');
  await bob.call('dispatch', { message: 'older', target: 'alice' });
  await pass(5);
  const question = { message: 'ready?', target: 'bob', idempotency_key: 'k1', wait_seconds: 1 };
  const first = begin(alice, 'dispatch', question);
  await pass(1100, 10);
  expect(contents(first.answer, 'new_messages')).toEqual(['older']);
  await bob.call('dispatch', { message: 'yes', target: 'alice' });
  await pass(5);
  const again = begin(alice, 'dispatch', question);
  await pass(200);
  expect(again.answer?.json.deduplicated).toBe(true);
  expect(again.answer?.json.timed_out).toBeUndefined();
  expect(contents(again.answer, 'new_messages')).toEqual(['yes']);
});

it('tells of progress every ten seconds, however often the wait begins anew', async () => {
  const bob = await client('bob');
  const seen: unknown[] = [];
  bob.onNotification = ({ params }) => seen.push([params.progress, params.total]);
  const waiting = begin(bob, 'peek', { wait_seconds: 55 }, '{"progressToken":"t1"}');
  for (let number = 0; number < 6; number++) {
    await pass(7000, 50);
    await putJunk(number);
  }
  await pass(1000, 50);
  expect(waiting.answer).toBeUndefined();
  expect(seen).toEqual([10, 20, 30, 40].map((progress) => [progress, 55]));
  await pass(60_000, 100);
  expect(waiting.answer?.json.timed_out).toBe(true);
  expect(seen).toHaveLength(5);
});

it('a call that still waits when its client leaves takes none of the mail that is there', async () => {
  const bob = await client('bob');
  await alice.call('dispatch', { message: 'older', target: 'bob' });
  const waiting = begin(bob, 'dispatch', { message: 'ready?', target: 'alice', wait_seconds: 240 });
  await pass(200);
  bob.leave();
  await pass(50);
  expect(waiting.answer?.json).toMatchObject({ sent: true, wait_ended: 'ending' });
  expect(waiting.answer?.json).not.toHaveProperty('new_messages');
  expect(contents(await (await client('bob')).call('peek'))).toEqual(['older']);
});

it('a reply of one thread, or of one message, has announced nothing of the mail beside it', async () => {
  const process = world.process();
  const made = vi.spyOn(process.relay, 'session');
  const bob = await client('bob', process);
  const sent = async (thread_id?: string) =>
    (await alice.call('dispatch', { message: 'hello', target: 'bob', thread_id })).json.id as string;
  const [beside, first, second] = [await sent(), await sent('deploy'), await sent('deploy')];
  const announced = async (args: object) => {
    const { json } = await bob.call('peek', args);
    return [json.more, made.mock.results[0]?.value.leftPending.map(({ id }: { id: string }) => id)];
  };
  expect(await announced({ thread_id: 'deploy', limit: 1 })).toEqual([1, [second]]);
  expect(await announced({ message_id: first })).toEqual([undefined, []]);
  expect(await announced({ thread_id: 'other', wait_seconds: 0 })).toEqual([undefined, []]);
  expect((await bob.call('peek')).json.messages.map(({ id }: { id: string }) => id)).toEqual([beside, second]);
});
