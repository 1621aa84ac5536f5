/** What was refused on behalf of an agent: counted in names, told once, and only when the reply was written. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { describeRefusal, Refusals } from '../../src/relay/refusals.js';
import { DAY, RelayWorld, withFaults } from '../helpers/relay-world.js';

const FULL = { limit: 'inbox_messages', max: 10_000 } as const;
const FAST = { limit: 'sends_per_minute', max: 120 } as const;

let world: RelayWorld;
let refusals: Refusals;

/** As another process over the same relay. */
const another = (store = world.memory) => new Refusals(store, 7 * DAY);

const counts = async (from: Refusals, agent = 'bob') =>
  (await from.untold(agent)).refusals.map(({ from, limit, count }) => [from, limit, count]);

async function mark(times: number, from = 'alice', met: typeof FULL | typeof FAST = FULL, by = refusals) {
  for (let n = 0; n < times; n++) await by.mark(from, met, ['bob']);
}

beforeEach(() => {
  world = new RelayWorld();
  refusals = another();
});

afterEach(async () => world.close());

it('are one file for a sender and limit, whose name counts, also over processes', async () => {
  await mark(5);
  await mark(6, 'alice', FULL, another());
  await mark(2, 'alice', FAST);
  await mark(1, 'carol');
  expect(await world.keys('.refused')).toEqual([
    '.refused/bob/alice.inbox_messages.10000.11',
    '.refused/bob/alice.sends_per_minute.120.2',
    '.refused/bob/carol.inbox_messages.10000.1',
  ]);
});

it('are counted exactly by callers side by side', async () => {
  await mark(1);
  await Promise.all([mark(4), mark(4, 'alice', FULL, another())]);
  expect(await counts(another())).toEqual([['alice', 'inbox_messages', 9]]);
});

it('are told once, the most refused first, and gone when the reply was written', async () => {
  await mark(1, 'carol');
  await mark(12);
  const { refusals: told, told: written } = await refusals.untold('bob');
  expect(told.map(describeRefusal)).toEqual([
    '12 refused from alice: your inbox is full; acknowledged mail makes room (limits.inbox_messages = 10000).',
    '1 refused from carol: your inbox is full; acknowledged mail makes room (limits.inbox_messages = 10000).',
  ]);
  expect(await counts(refusals)).toEqual([]);
  await written();
  expect(await world.keys('.refused')).toEqual([]);
});

it('are told again when the reply was not written, also by a process that starts then', async () => {
  await mark(3);
  const first = await refusals.untold('bob');
  first.untold();
  expect(await counts(refusals)).toEqual([['alice', 'inbox_messages', 3]]);
  expect(await counts(another())).toEqual([['alice', 'inbox_messages', 3]]);
});

describe('what is refused while a reply is being written', () => {
  it('is told by the next as the difference', async () => {
    await mark(3);
    const first = await refusals.untold('bob');
    await mark(2);
    const second = await refusals.untold('bob');
    expect(second.refusals.map(({ count }) => count)).toEqual([2]);
    await second.told();
    await first.told();
    expect(await world.keys('.refused')).toEqual([]);
  });

  it('stays when that reply was written', async () => {
    await mark(3);
    const first = await refusals.untold('bob');
    await mark(2);
    await first.told();
    expect(await counts(another())).toEqual([['alice', 'inbox_messages', 2]]);
  });

  it('is not taken away by a second session that told the same', async () => {
    await mark(3);
    const [one, two] = [await refusals.untold('bob'), await another().untold('bob')];
    await one.told();
    await mark(1);
    await two.told();
    expect(await counts(another())).toEqual([['alice', 'inbox_messages', 1]]);
  });
});

it('of two processes that made the first mark at the same moment add up', async () => {
  await world.put('.refused/bob/alice.inbox_messages.10000.2', '');
  await world.put('.refused/bob/alice.inbox_messages.10000.1', '');
  const { refusals: told, told: written } = await refusals.untold('bob');
  expect(told.map(({ count }) => count)).toEqual([3]);
  await written();
  expect(await world.keys('.refused')).toEqual([]);
});

it('leave no more than 256 files, whatever names send', async () => {
  for (let n = 0; n < 300; n++) await mark(1, `script-${n}`);
  expect((await world.keys('.refused')).length).toBe(256);
  await mark(1, 'script-0');
  expect((await counts(refusals))[0]).toEqual(['script-0', 'inbox_messages', 2]);
});

it('of a broadcast are marked for the first 100 it did not reach', async () => {
  await refusals.mark(
    'alice',
    FAST,
    Array.from({ length: 150 }, (_, n) => `agent-${n}`),
  );
  expect((await world.keys('.refused')).length).toBe(100);
});

it('that nobody came to hear of are swept after their retention, and what is no mark stays', async () => {
  await mark(1);
  await world.put('.refused/bob/notes.txt', 'mine');
  world.clock.advance(7 * DAY);
  await mark(1, 'carol');
  await refusals.sweep(world.clock.now());
  expect((await counts(refusals)).length).toBe(2);
  world.clock.advance(1);
  await refusals.sweep(world.clock.now());
  expect(await world.keys('.refused')).toEqual(['.refused/bob/carol.inbox_messages.10000.1', '.refused/bob/notes.txt']);
});

it('that cannot be marked change nothing of the answer to the sender', async () => {
  const broken = withFaults(world.memory, {
    create: async () => {
      throw new DispatchError('STORE_UNAVAILABLE', 'No space left.', { errno: 'ENOSPC' });
    },
  });
  await mark(1, 'alice', FULL, new Refusals(broken, 7 * DAY));
  expect(await world.keys('.refused')).toEqual([]);
});

it('with names that are none of ours are passed over', async () => {
  for (const name of [
    'alice.inbox_messages.10000.x',
    'all.inbox_messages.1.1',
    'a.lice.inbox_bytes.1.1',
    'alice.other.1.1',
  ])
    await world.put(`.refused/bob/${name}`, '');
  expect(await counts(refusals)).toEqual([]);
});
