/** Which mail wakes a session, by what the operator asked for. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import { judgeWorth, MOST_OPENED, type WakeOn } from '../../src/relay/worth.js';
import { foreignMessage, RelayWorld, send } from '../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
let alice: Session;

beforeEach(async () => {
  world = new RelayWorld();
  relay = world.process().relay;
  alice = await world.session('alice');
  await world.session('bob');
});

afterEach(() => world.close());

/** How many of bob's messages are passed over, of how many, and whether there was more to judge. */
async function judged(on: WakeOn): Promise<[number, number, boolean]> {
  const { pending } = await relay.mail.scan('bob', false);
  const { passedOver, unfinished } = await judgeWorth(on, pending, (one) => relay.mail.open('bob', one));
  return [passedOver.size, pending.length, unfinished];
}

describe('direct mail', () => {
  it('is what is addressed to the agent, and not what is addressed to all', async () => {
    await send(alice, 'all', 'to all');
    expect(await judged('direct')).toEqual([1, 1, false]);
    await send(alice, 'bob', 'to bob');
    expect(await judged('direct')).toEqual([0, 2, false]);
    expect(await judged('urgent')).toEqual([2, 2, false]);
    expect(await judged('all')).toEqual([0, 2, false]);
  });

  it('is what is addressed to a topic of the agent', async () => {
    await world.put('bob/1771360200000-a.json', foreignMessage({ to: '#build' }));
    expect(await judged('direct')).toEqual([0, 1, false]);
  });

  it('is told from mail to all also where another program wrote it in capitals', async () => {
    await world.put('bob/1771360200000-a.json', foreignMessage({ to: 'ALL' }));
    expect(await judged('direct')).toEqual([1, 1, false]);
  });

  it('is looked for in no more than fifty messages at a time, the newest first', async () => {
    for (let number = 0; number <= MOST_OPENED; number++) await send(alice, 'all', String(number));
    expect(await judged('direct')).toEqual([MOST_OPENED, MOST_OPENED + 1, true]);
    await send(alice, 'bob', 'to bob');
    expect(await judged('direct')).toEqual([0, MOST_OPENED + 2, false]);
  });
});

describe('urgent mail', () => {
  it('is worth it to all who want any, and is found without opening a file', async () => {
    await send(alice, 'all', 'fire', { priority: 'urgent' });
    await send(alice, 'bob', 'calm');
    const { pending } = await relay.mail.scan('bob', false);
    const noReading = () => Promise.reject(new Error('opened'));
    expect((await judgeWorth('direct', pending, noReading)).passedOver.size).toBe(0);
    expect((await judgeWorth('urgent', pending, noReading)).passedOver.size).toBe(1);
    expect((await judgeWorth('all', pending, noReading)).passedOver.size).toBe(0);
  });
});
