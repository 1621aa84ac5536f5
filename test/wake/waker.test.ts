/** The doorbell of one server: when it begins to ring, and what it says of itself. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import type { WakeOn } from '../../src/relay/worth.js';
import type { MethodName } from '../../src/wake/method.js';
import { Waker } from '../../src/wake/waker.js';
import { logOf } from '../helpers/event-log.js';
import { claimAll, MINUTE, RelayWorld, send, type TestProcess } from '../helpers/relay-world.js';

let world: RelayWorld;
let process: TestProcess;
let alice: Session;
let bob: Session;
let said: string[];
let logged: string[];
let wakers: Waker[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  process = world.process();
  alice = await world.session('alice');
  bob = await process.session('bob');
  said = [];
  logged = [];
  wakers = [];
});

afterEach(async () => {
  for (const waker of wakers) waker.close();
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const ALL: readonly MethodName[] = ['claude-socket', 'codex-queue', 'claude-channel', 'command'];

/** Of a server whose client, if it has one by now, is reached through its channel. */
function waker(client?: string, on: WakeOn = 'direct', methods = ALL): Waker {
  const made = new Waker(process.relay, {
    on,
    methods,
    inbox: { path: undefined, token: undefined, findProblem: () => undefined },
    log: (text) => logged.push(text),
  });
  wakers.push(made);
  if (client !== undefined) made.initialized(client, notify);
  return made;
}

const notify = async (_method: string, params: Record<string, unknown>) => {
  said.push(String(params.content));
};

const pass = async (ms: number) => {
  for (let left = ms; left > 0; left -= 100) {
    world.clock.advance(Math.min(100, left));
    await vi.advanceTimersByTimeAsync(Math.min(100, left));
  }
};

const wakeOf = async () => (await process.relay.presence.sessions('bob'))[0]?.wake;

describe('a doorbell begins to ring', () => {
  it('when the process has settled, whatever was known before, for all that waits by then', async () => {
    const made = waker('claude-code');
    made.attend(bob);
    await send(alice, 'bob', 'one');
    await pass(MINUTE);
    expect(said).toEqual([]);
    made.settled();
    await pass(600);
    expect(said).toEqual([expect.stringContaining('1 message waits for you (bob), from alice')]);
  });

  it('when its session is known, should that be later', async () => {
    const made = waker('claude-code');
    made.settled();
    await send(alice, 'bob', 'one');
    await pass(MINUTE);
    expect(said).toEqual([]);
    made.attend(bob);
    await pass(600);
    expect(said).toHaveLength(1);
  });

  it('a minute later for what the reply of an earlier call left over, and at once for what came then', async () => {
    const made = waker('claude-code');
    made.callBegan();
    made.attend(bob);
    await send(alice, 'bob', 'one');
    bob.leftPending = (await claimAll(bob.inbox, { limit: 0 })).waiting;
    made.callEnded();
    made.settled();
    await pass(MINUTE - 1000);
    expect(said).toEqual([]);
    await send(alice, 'bob', 'two');
    await pass(600);
    expect(said).toEqual([expect.stringContaining('2 messages wait')]);
  });

  it('never during a call that runs since before', async () => {
    const made = waker('claude-code');
    made.callBegan();
    made.attend(bob);
    made.settled();
    await send(alice, 'bob', 'one');
    await pass(MINUTE);
    expect(said).toEqual([]);
    made.callEnded();
    await pass(600);
    expect(said).toHaveLength(1);
  });

  it('never where the operator wants none', async () => {
    for (const made of [waker('claude-code', 'none'), waker('claude-code', 'all', [])]) {
      expect(made.channel).toBe(false);
      made.attend(bob);
      made.settled();
    }
    await send(alice, 'bob', 'one', { priority: 'urgent' });
    await pass(MINUTE);
    expect(said).toEqual([]);
    expect(await wakeOf()).toEqual({ on: 'all', methods: [] });
  });
});

describe('a session says of itself', () => {
  it('what can wake it, as that becomes known', async () => {
    const made = waker();
    made.attend(bob);
    expect(await wakeOf()).toEqual({ on: 'direct', methods: [] });
    made.initialized('codex-mcp-client', notify);
    made.attend(bob, { threadId: 7 });
    expect(await wakeOf()).toEqual({ on: 'direct', methods: [] });
    made.attend(bob, { threadId: '019a9f3e-6c1f-7b00-8a52-0123456789ab' });
    await pass(100);
    expect(await wakeOf()).toEqual({ on: 'direct', methods: ['codex-queue'] });
    made.attend(bob, { threadId: 'not one' });
    await pass(100);
    expect(await wakeOf()).toEqual({ on: 'direct', methods: [] });
  });
});

describe('a ring', () => {
  it('is an event with the ids of at most twenty messages', async () => {
    const made = waker('claude-code');
    made.attend(bob);
    made.settled();
    const ids: string[] = [];
    for (let number = 0; number < 25; number++) ids.push(await send(alice, 'bob', `SECRET ${number}`));
    await pass(600);
    const rings = (await logOf(process.relay)).filter(({ event }) => event === 'rang');
    expect(rings).toEqual([
      {
        at: expect.any(String),
        event: 'rang',
        agent: 'bob',
        session: bob.id,
        method: 'claude-channel',
        outcome: 'unconfirmed',
        why: 'sent; the client confirms nothing',
        waiting: 25,
        ids: ids.slice(0, 20),
      },
    ]);
    expect(said.join()).not.toContain('SECRET');
  });

  it('that cannot be prepared is told to the operator once', async () => {
    const made = waker('claude-code');
    made.attend(bob);
    made.settled();
    await send(alice, 'bob', 'one');
    vi.spyOn(bob, 'standing').mockRejectedValue(new Error('no relay'));
    await pass(5 * MINUTE);
    expect(logged).toEqual(['The doorbell could not look for mail: Error: no relay']);
    expect(said).toEqual([]);
  });
});
