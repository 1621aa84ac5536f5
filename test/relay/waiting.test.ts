import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import { type Waited, type WaitOptions, waitForMail } from '../../src/relay/waiting.js';
import { RelayWorld, read, send, type TestProcess } from '../helpers/relay-world.js';

let world: RelayWorld;
let alice: Session;
let bobs: TestProcess;
let bob: Session;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  alice = await world.session('alice');
  bobs = world.process();
  bob = await bobs.session('bob');
});

afterEach(async () => {
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const pass = async (ms: number, step = 1) => {
  for (let passed = 0; passed < ms; passed += step) {
    world.clock.advance(step);
    await vi.advanceTimersByTimeAsync(step);
  }
};

/** Begins a wait; gives how it ended, once it has. */
function begin(options: Partial<WaitOptions> = {}): { outcome: Waited | Error | undefined } {
  const state: { outcome: Waited | Error | undefined } = { outcome: undefined };
  const never = new AbortController().signal;
  waitForMail({
    session: bob,
    timeoutMs: 240_000,
    isThere: (pending) => pending.length > 0,
    cancelled: never,
    ending: never,
    ...options,
  }).then(
    (outcome) => {
      state.outcome = outcome;
    },
    (error) => {
      state.outcome = error;
    },
  );
  return state;
}

describe('a wait', () => {
  it('ends at once when the mail is there already, and when it arrives', async () => {
    await send(alice, 'bob', 'early');
    const early = begin();
    await pass(30);
    expect(early.outcome).toBe('arrived');
    await read(bob);
    const late = begin();
    await pass(5000, 50);
    expect(late.outcome).toBeUndefined();
    await send(alice, 'bob', 'late');
    await pass(50);
    expect(late.outcome).toBe('arrived');
  });

  it('claims nothing: the mail is as new as before', async () => {
    await send(alice, 'bob', 'one');
    const keys = await world.keys();
    const wait = begin();
    await pass(30);
    expect(wait.outcome).toBe('arrived');
    expect(await world.keys()).toEqual(keys);
  });

  it('ends with its time, and no earlier', async () => {
    const wait = begin({ timeoutMs: 60_000 });
    await pass(59_900, 100);
    expect(wait.outcome).toBeUndefined();
    await pass(200);
    expect(wait.outcome).toBe('timed_out');
  });

  it('goes on over mail that it does not wait for', async () => {
    const wait = begin({ isThere: (pending) => pending.length > 1 });
    await send(alice, 'bob', 'one');
    await pass(100);
    expect(wait.outcome).toBeUndefined();
    await send(alice, 'bob', 'two');
    await pass(100);
    expect(wait.outcome).toBe('arrived');
  });

  it('judges the look that came last, however long the one before is judged', async () => {
    let release = () => {};
    let asked = 0;
    const wait = begin({
      isThere: async (pending) => {
        if (asked++ === 0) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return false;
        }
        return pending.length > 0;
      },
    });
    await pass(50);
    await send(alice, 'bob', 'one');
    await pass(50);
    release();
    await pass(5);
    expect(wait.outcome).toBe('arrived');
  });

  it('ends promptly when it is cancelled, and when the server ends, before and while it waits', async () => {
    for (const name of ['cancelled', 'ending'] as const) {
      const controller = new AbortController();
      const wait = begin({ [name]: controller.signal });
      await pass(100);
      controller.abort();
      await pass(1);
      expect(wait.outcome).toBe(name);
      const late = begin({ [name]: controller.signal });
      await pass(1);
      expect(late.outcome).toBe(name);
    }
  });

  it('ends at once when a newer session of the agent begins, and says so also to the wait after it', async () => {
    const wait = begin();
    await pass(1000, 10);
    expect(wait.outcome).toBeUndefined();
    const newer = await world.session('bob');
    await pass(50);
    expect(wait.outcome).toBe('newer_session');
    const again = begin();
    await pass(50);
    expect(again.outcome).toBe('newer_session');
    const newest = begin({ session: newer });
    await pass(1000, 10);
    expect(newest.outcome).toBeUndefined();
    await send(alice, 'bob', 'for the newest');
    await pass(50);
    expect(newest.outcome).toBe('arrived');
  });

  it('is for the session that began last, also where the clock was set back before that', async () => {
    world.clock.set(world.clock.now() - 3_600_000);
    const newer = await world.session('bob');
    const [older, newest] = [begin(), begin({ session: newer })];
    await pass(1000, 10);
    expect([older.outcome, newest.outcome]).toEqual(['newer_session', undefined]);
    const again = await world.session('bob');
    await pass(100, 10);
    expect(newest.outcome).toBe('newer_session');
    expect(await again.standing()).toBe('newest');
  });

  it('is not ended by a session that has died, nor by one that is stopped', async () => {
    await pass(1);
    const dead = world.process();
    await dead.session('bob');
    dead.kill();
    const stopped = world.process();
    await stopped.session('bob');
    world.processes.stop(stopped.identity.pid);
    const wait = begin({ timeoutMs: 15_000 });
    await pass(15_100, 100);
    expect(wait.outcome).toBe('timed_out');
  });

  it('ends when the relay is gone', async () => {
    const wait = begin();
    await pass(100);
    for (const key of await world.keys()) await world.memory.remove(key);
    await pass(10_000, 100);
    expect(wait.outcome).toBe('relay_gone');
  });

  it('ends with the error when the relay cannot be looked at', async () => {
    const wait = begin();
    await pass(100);
    vi.spyOn(bobs.relay.mail, 'scan').mockRejectedValueOnce(new Error('EIO'));
    await pass(10_000, 100);
    expect(wait.outcome).toEqual(new Error('EIO'));
  });
});
