import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Arrivals } from '../../src/relay/arrivals.js';
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import { foreignMessage, RelayWorld, send, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
let alice: Session;
let made: Arrivals[];
let warnings: string[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  relay = world.process().relay;
  alice = await world.session('alice');
  made = [];
  warnings = [];
});

afterEach(async () => {
  for (const arrivals of made) arrivals.close();
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const pass = async (ms: number, step = ms) => {
  for (let passed = 0; passed < ms; passed += step) {
    world.clock.advance(step);
    await vi.advanceTimersByTimeAsync(step);
  }
};

function arrivals({ store = world.memory, watch = true }: { store?: Store; watch?: boolean } = {}): Arrivals {
  const one = new Arrivals(
    'bob',
    { store, mail: relay.mail, clock: world.clock },
    { watch, warn: (text) => warnings.push(text) },
  );
  made.push(one);
  return one;
}

/** As a program that rings no bell, or where the system gives no event for it. */
async function withoutBell(deliver: () => Promise<unknown>): Promise<void> {
  const ring = vi.spyOn(world.memory, 'ring').mockResolvedValue();
  await deliver();
  ring.mockRestore();
}

const listener = () => {
  const seen: number[] = [];
  const failures: string[] = [];
  return {
    seen,
    failures,
    looked: (pending: readonly unknown[]) => void seen.push(pending.length),
    failed: (error: Error) => void failures.push(error.message),
  };
};

describe('a subscriber', () => {
  it('is told at once of what is there, and promptly of what a bell was rung for', async () => {
    await send(alice, 'bob', 'one');
    const bob = listener();
    arrivals().subscribe(bob);
    await pass(30, 1);
    expect(bob.seen.at(-1)).toBe(1);
    await send(alice, 'bob', 'two');
    await pass(30, 1);
    expect(bob.seen.at(-1)).toBe(2);
  });

  it('costs one look every ten seconds while hints come and nothing arrives', async () => {
    const bob = listener();
    const scan = vi.spyOn(relay.mail, 'scan');
    arrivals().subscribe(bob);
    await pass(100, 1);
    scan.mockClear();
    await pass(100_000, 100);
    expect(scan.mock.calls.length).toBeGreaterThanOrEqual(9);
    expect(scan.mock.calls.length).toBeLessThanOrEqual(11);
  });

  it('shares each look with the others: many cost no more than one', async () => {
    const scan = vi.spyOn(relay.mail, 'scan');
    const one = arrivals();
    const all = Array.from({ length: 50 }, () => listener());
    for (const each of all) one.subscribe(each);
    await pass(100, 1);
    scan.mockClear();
    await send(alice, 'bob', 'one');
    await pass(20_000, 100);
    expect(scan.mock.calls.length).toBeLessThanOrEqual(4);
    expect(all.map(({ seen }) => seen.at(-1))).toEqual(all.map(() => 1));
  });

  it('hears nothing more once it has left, and the last one takes watch and timer along', async () => {
    const bob = listener();
    let watches = 0;
    const store = withFaults(world.memory, {
      watch: async (channel, hint) => {
        watches++;
        const watch = await world.memory.watch(channel, hint);
        const close = async () => {
          watches--;
          await watch.close();
        };
        return { ...watch, active: true, close };
      },
    });
    const leave = arrivals({ store }).subscribe(bob);
    await pass(50, 1);
    expect(watches).toBe(1);
    leave();
    await pass(1);
    const heard = bob.seen.length;
    await send(alice, 'bob', 'late');
    await pass(60_000, 1000);
    // The timer that is left is the heartbeat of alice.
    expect([bob.seen.length, watches, vi.getTimerCount()]).toEqual([heard, 0, 1]);
  });

  it('that leaves while the watch is being set up leaves none behind', async () => {
    let closed = 0;
    let standing = () => {};
    const store = withFaults(world.memory, {
      watch: () =>
        new Promise((resolve) => {
          standing = () => resolve({ active: true, close: async () => void closed++ });
        }),
    });
    const leave = arrivals({ store }).subscribe(listener());
    await pass(10, 1);
    leave();
    standing();
    await pass(10, 1);
    expect(closed).toBe(1);
  });

  it.each(['a hint', 'a subscriber'])(
    'is told of what a look under way has passed over, when %s comes meanwhile',
    async (what) => {
      const bob = listener();
      const one = arrivals();
      one.subscribe(bob);
      await pass(50, 1);
      let goOn = () => {};
      const { scan } = relay.mail;
      vi.spyOn(relay.mail, 'scan').mockImplementationOnce(async (agent, own) => {
        const seen = await scan.call(relay.mail, agent, own);
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return seen;
      });
      await world.memory.ring('bob');
      await pass(30, 1);
      const late = listener();
      if (what === 'a hint') await send(alice, 'bob', 'one');
      else {
        await world.put('bob/1771360200000-alice.json', foreignMessage({}));
        one.subscribe(late);
      }
      await pass(30, 1);
      goOn();
      await pass(150, 1);
      expect(bob.seen.at(-1)).toBe(1);
      if (what === 'a subscriber') expect(late.seen.at(-1)).toBe(1);
    },
  );

  it('who comes after all had left is served anew', async () => {
    const one = arrivals();
    one.subscribe(listener())();
    const bob = listener();
    one.subscribe(bob);
    await pass(50, 1);
    await send(alice, 'bob', 'one');
    await pass(50, 1);
    expect(bob.seen.at(-1)).toBe(1);
  });

  it('of a flood looks a limited number of times, and once after its end', async () => {
    const bob = listener();
    arrivals().subscribe(bob);
    await pass(50, 1);
    const before = bob.seen.length;
    for (let number = 0; number < 100; number++) {
      await send(alice, 'bob', String(number));
      await pass(1);
    }
    await pass(50, 1);
    expect(bob.seen.at(-1)).toBe(100);
    expect(bob.seen.length - before).toBeLessThanOrEqual(12);
  });
});

describe('without a watch', () => {
  it('that the operator does not want, mail is found within two seconds, and nobody is warned', async () => {
    const bob = listener();
    arrivals({ watch: false }).subscribe(bob);
    await pass(500, 10);
    await send(alice, 'bob', 'one');
    await pass(2000, 10);
    expect(bob.seen.at(-1)).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('because its bell was removed, it polls, watches again, and hints work from then on', async () => {
    const hints: (() => void)[] = [];
    const states: { active: boolean }[] = [];
    const store = withFaults(world.memory, {
      watch: async (_channel, hint) => {
        hints.push(hint);
        const state = { active: true, close: async () => {} };
        states.push(state);
        return state;
      },
    });
    const bob = listener();
    arrivals({ store }).subscribe(bob);
    await pass(100, 1);
    const [first] = states;
    if (first === undefined) throw new Error('nothing watched');
    first.active = false;
    hints[0]?.();
    await pass(100, 1);
    expect(states).toHaveLength(2);
    await world.put('bob/1771360200000-alice.json', foreignMessage({}));
    hints[1]?.();
    await pass(100, 1);
    expect(bob.seen.at(-1)).toBe(1);
  });

  it('though one stands, it polls and says so: mail was there that nobody rang for', async () => {
    const bob = listener();
    arrivals().subscribe(bob);
    await pass(100, 1);
    await withoutBell(() => send(alice, 'bob', 'one'));
    await pass(12_000, 50);
    expect(bob.seen.at(-1)).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('this file system gives no events')]);
  });

  it.each([
    [
      'came while the process was stopped',
      async () => {
        await withoutBell(() => send(alice, 'bob', 'one'));
        world.clock.advance(60_000);
      },
    ],
    [
      'came back, since its reply was not written,',
      async () => {
        await send(alice, 'bob', 'one');
        const [key = ''] = (await world.keys('bob')).filter((each) => each.endsWith('.json'));
        await world.memory.move(key, key.replace('.json', '~r.json'));
        await pass(100, 1);
        await world.memory.move(key.replace('.json', '~r.json'), 'bob/taken/away');
        await pass(10_000, 50);
        await world.memory.move('bob/taken/away', key.replace('.json', '~r.json'));
      },
    ],
  ])('it is not taken to be for mail that %s', async (_what, arrive) => {
    const bob = listener();
    arrivals().subscribe(bob);
    await pass(100, 1);
    await arrive();
    await pass(12_000, 50);
    expect(bob.seen.at(-1)).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('a look that fails is told of, warned of once, and followed by another in two seconds', async () => {
    const bob = listener();
    const scan = vi.spyOn(relay.mail, 'scan');
    arrivals({ watch: true }).subscribe(bob);
    await pass(100, 1);
    scan.mockRejectedValueOnce(new Error('EIO')).mockRejectedValueOnce(new Error('EIO'));
    await pass(10_000, 10);
    expect(bob.failures).toEqual(['EIO']);
    await pass(2100, 10);
    expect(bob.failures).toEqual(['EIO', 'EIO']);
    expect(warnings).toEqual(['Cannot look for mail (EIO); trying again every 2 s.']);
    await send(alice, 'bob', 'one');
    await pass(100, 1);
    expect(bob.seen.at(-1)).toBe(1);
  });
});
