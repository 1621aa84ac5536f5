import { expect, it } from 'vitest';
import { BELIEVED_AFTER_MS, SteadyTime } from '../../src/relay/steady-time.js';
import { DAY, MINUTE, RelayWorld, read, START, send, TestClock } from '../helpers/relay-world.js';

it('is the wall clock as long as that goes steadily, also when it is slewed', () => {
  const clock = new TestClock();
  const time = new SteadyTime(clock);
  for (let minute = 1; minute <= 100; minute++) {
    clock.advance(MINUTE);
    clock.set(clock.now() + 30);
    expect(time.now()).toBe(clock.now());
  }
});

it('does not follow a jump forward for ten minutes, and then does', () => {
  const clock = new TestClock();
  const time = new SteadyTime(clock);
  clock.set(START + DAY);
  expect(time.now()).toBe(START);
  clock.advance(BELIEVED_AFTER_MS - 1);
  expect(time.now()).toBe(START + BELIEVED_AFTER_MS - 1);
  clock.advance(1);
  expect(time.now()).toBe(START + DAY + BELIEVED_AFTER_MS);
});

it('counts a second jump from its own beginning when the first was put right', () => {
  const clock = new TestClock();
  const time = new SteadyTime(clock);
  clock.set(START + DAY);
  expect(time.now()).toBe(START);
  clock.set(START);
  clock.advance(9 * MINUTE);
  expect(time.now()).toBe(START + 9 * MINUTE);
  clock.set(START + DAY);
  clock.advance(2 * MINUTE);
  expect(time.now()).toBe(START + 11 * MINUTE);
});

it('follows a step back at once: that ends nothing', () => {
  const clock = new TestClock();
  const time = new SteadyTime(clock);
  clock.set(START - DAY);
  expect(time.now()).toBe(START - DAY);
});

it('a clock that jumps a month forward and is put right within ten minutes ends no mail, receipt or log', async () => {
  const world = new RelayWorld();
  const reader = world.process();
  const [alice, bob] = [await world.session('alice'), await reader.session('bob')];
  const acked = await send(alice, 'bob', 'done');
  await read(bob);
  await bob.kept.ack([acked]);
  await send(alice, 'bob', 'in an hour', { ttl: 3600 });
  const logs = await world.keys('.log');
  world.clock.set(START + 31 * DAY);
  expect(await reader.relay.sweeper.sweep()).toBe(true);
  expect(await read(bob)).toEqual([]);
  world.clock.set(START + MINUTE);
  expect(await reader.relay.sweeper.sweep()).toBe(true);
  expect(await read(bob)).toEqual(['in an hour']);
  expect(await reader.relay.receipts.lookUp('alice', acked)).toMatchObject([{ state: 'acked' }]);
  expect(await world.keys('.log')).toEqual(expect.arrayContaining(logs));
  await world.close();
});
