import { describe, expect, it } from 'vitest';
import { coreName } from '../../src/relay/message-name.js';
import { NameClock } from '../../src/relay/name-clock.js';
import { RelayWorld, read, START, send, TestClock } from '../helpers/relay-world.js';

const write = ({ time, counter }: { time: number; counter: number }) =>
  `${String(time).padStart(13, '0')}-${String(counter).padStart(5, '0')}`;

function isStrictlyGrowing(names: readonly string[]): boolean {
  return names.every((name, index) => index === 0 || (names[index - 1] as string) < name);
}

describe('NameClock', () => {
  it('grows strictly within a frozen millisecond, past the last counter too', () => {
    const order = new NameClock(new TestClock());
    const names = Array.from({ length: 250_000 }, () => write(order.next()));
    expect(isStrictlyGrowing(names)).toBe(true);
    expect(names[99_999]).toBe(`${START}-99999`);
    expect(names[100_000]).toBe(`${START + 1}-00000`);
    expect(new Set(names.map((name) => name.length))).toEqual(new Set([19]));
  });

  it('grows strictly when the wall clock steps back, and takes up its time when it has caught up', () => {
    const clock = new TestClock();
    const order = new NameClock(clock);
    const names: string[] = [];
    for (const step of [0, 5, -1000, -1, 3, -3_600_000, 10_000_000]) {
      clock.advance(step);
      for (let count = 0; count < 50; count++) names.push(write(order.next()));
    }
    expect(isStrictlyGrowing(names)).toBe(true);
    expect(names.at(-50)).toBe(`${clock.now()}-00000`);
  });
});

describe('a session', () => {
  it('sends 5,000 messages within one millisecond, and all are kept, and read in the order they were sent', async () => {
    const world = new RelayWorld();
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    for (let number = 0; number < 5000; number++) await send(alice, 'bob', String(number));
    expect((await world.keys('bob')).length).toBe(5000);
    const order = await read(bob);
    expect(order).toHaveLength(5000);
    expect(order.every((content, index) => content === String(index))).toBe(true);
    await world.close();
  });

  it('is read in the order of sending though the clock steps back in between', async () => {
    const world = new RelayWorld();
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    for (let number = 0; number < 100; number++) {
      await send(alice, 'bob', String(number));
      world.clock.advance(number % 3 === 0 ? -5000 : 700);
    }
    expect(await read(bob)).toEqual(Array.from({ length: 100 }, (_, number) => String(number)));
    await world.close();
  });

  it('never writes a name that another session of the same agent wrote in the same millisecond', async () => {
    const world = new RelayWorld();
    const sessions = await Promise.all([1, 2, 3, 4].map(() => world.session('alice')));
    await Promise.all(sessions.flatMap((alice) => Array.from({ length: 250 }, () => send(alice, 'bob', 'x'))));
    expect((await world.keys('bob')).length).toBe(1000);
    await world.close();
  });
});

it('a core name stays within a file name of 255 bytes, with every mark that is put behind it', () => {
  const core = coreName(
    {
      id: 'x'.repeat(64),
      from: 'f'.repeat(64),
      to: 'bob',
      timestamp: new Date(START).toISOString(),
      priority: 'urgent',
      content: '',
      payload: null,
      thread_id: 't'.repeat(128),
      reply_to: null,
      ttl: 60,
      must_read: true,
      state: 'pending',
    },
    START,
    99_999,
    8_388_608,
  );
  expect(`${core}~${'t'.repeat(64)}`.length).toBeLessThanOrEqual(255);
  expect(`${core}~p${START}.json`.length).toBeLessThanOrEqual(255);
});
