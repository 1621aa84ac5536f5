import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RelayClient } from '../helpers/relay-client.js';
import { MINUTE, RelayWorld } from '../helpers/relay-world.js';

let world: RelayWorld;
const clients: RelayClient[] = [];

beforeEach(() => {
  world = new RelayWorld();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await world.close();
});

async function client(agent: string): Promise<RelayClient> {
  const made = new RelayClient(world, agent);
  clients.push(made);
  await made.connect();
  return made;
}

describe('a delivered message', () => {
  it('carries its age, also when it is shown again', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await alice.call('dispatch', { message: 'hi', target: 'bob' });
    world.clock.advance(14 * MINUTE + 900);
    const { messages } = (await bob.call('peek')).json;
    expect(messages).toMatchObject([{ content: 'hi', age_seconds: 840 }]);
    world.clock.advance(MINUTE);
    expect((await bob.call('peek', { include_read: true })).json.messages).toMatchObject([{ age_seconds: 900 }]);
  });

  it('of a thread says how many newer ones of its sender wait that this reply does not show', async () => {
    const [alice, carol, bob] = [await client('alice'), await client('carol'), await client('bob')];
    const say = (from: RelayClient, message: string, thread_id?: string) =>
      from.call('dispatch', { message, target: 'bob', thread_id });
    await say(alice, 'one', 't');
    await say(carol, "another sender's", 't');
    await say(alice, 'another thread', 'u');
    await say(alice, 'two', 't');
    await say(alice, 'three', 't');
    await say(alice, 'no thread');
    const [first] = (await bob.call('peek', { limit: 1 })).json.messages;
    expect(first).toMatchObject({ content: 'one', newer_waiting: 2 });
    const rest = (await bob.call('peek')).json.messages;
    expect(rest.map(({ newer_waiting }: { newer_waiting?: number }) => newer_waiting)).toEqual(
      rest.map(() => undefined),
    );
  });
});

describe('a superseded message', () => {
  it('is told of to the reader that has it, with the new one and when it is shown again', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const old = (await alice.call('dispatch', { message: 'deploy', target: 'bob' })).json.id;
    await bob.call('peek');
    const answer = (await alice.call('dispatch', { message: 'do not', target: 'bob', supersedes: old })).json;
    expect(answer.superseded).toEqual([{ to: 'bob', outcome: 'read' }]);
    const { json } = await bob.call('peek', { include_read: true });
    expect(json.now_superseded).toEqual([{ id: old, superseded_by: answer.id }]);
    expect(json.messages).toMatchObject([
      { id: answer.id, supersedes: old },
      { id: old, state: 'read', superseded_by: answer.id },
    ]);
    expect((await bob.call('peek', { message_id: old })).json.messages).toMatchObject([{ superseded_by: answer.id }]);
  });

  it('that was withdrawn unread is never mentioned to its reader', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const old = (await alice.call('dispatch', { message: 'deploy', target: 'bob' })).json.id;
    await alice.call('dispatch', { message: 'do not', target: 'bob', supersedes: old });
    const { json } = await bob.call('peek');
    expect([json.now_superseded, json.messages.length]).toEqual([undefined, 1]);
    expect((await alice.call('peek')).json.sent_receipts).toContainEqual(
      expect.objectContaining({ id: old, state: 'superseded' }),
    );
  });

  it('is told of in the answer of any tool', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const old = (await alice.call('dispatch', { message: 'deploy', target: 'bob' })).json.id;
    await bob.call('who');
    const { id } = (await alice.call('dispatch', { message: 'do not', target: 'bob', supersedes: old })).json;
    expect((await bob.call('who')).json).toMatchObject({ now_superseded: [{ id: old, superseded_by: id }] });
  });
});

describe('a message that is withdrawn after it was shown', () => {
  it.each(['read', 'acknowledged'])('and %s is told of once, in the next answer of any tool', async (how) => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const { id } = (await alice.call('dispatch', { message: 'deploy', target: 'bob' })).json;
    await bob.call('who');
    if (how === 'acknowledged') await bob.call('ack', { message_ids: [id] });
    const { withdrawals } = world.process().relay;
    await withdrawals.withdraw('alice', await withdrawals.find('alice', id), id);
    expect((await bob.call('who')).json.now_withdrawn).toEqual([id]);
    expect((await bob.call('peek')).json.now_withdrawn).toBeUndefined();
    if (how === 'acknowledged') return;
    const [kept] = (await bob.call('peek', { message_id: id })).json.messages;
    expect([kept.withdrawn, kept.superseded_by]).toEqual([true, undefined]);
  });
});

it('what is superseded counts for the size of an answer too', async () => {
  const [alice, bob] = [await client('alice'), await client('bob')];
  const old: string[] = [];
  for (let n = 0; n < 60; n++) old.push((await alice.call('dispatch', { message: 'v1', target: 'bob' })).json.id);
  for (let page = 0; page < 3; page++) await bob.call('peek', { limit: 100 });
  for (const supersedes of old) await alice.call('dispatch', { message: 'v2', target: 'bob', supersedes });
  const told: string[] = [];
  while (told.length < old.length) {
    const { json } = await bob.call('peek', { limit: 100 });
    expect(Buffer.byteLength(JSON.stringify(json))).toBeLessThanOrEqual(10_240);
    expect(json.now_superseded.length).toBe(json.count);
    told.push(...json.now_superseded.map(({ id }: { id: string }) => id));
  }
  expect(told.sort()).toEqual(old.sort());
});

it('a repeated call with its idempotency_key gives the same answer, and says so', async () => {
  const [alice, bob] = [await client('alice'), await client('bob')];
  await bob.call('who');
  const args = { message: 'hi', target: 'bob', idempotency_key: 'k', thread_id: 't' };
  const first = (await alice.call('dispatch', args)).json;
  const { json } = await bob.call('peek');
  await bob.call('ack', { message_ids: [json.messages[0].id] });
  const again = (await alice.call('dispatch', args)).json;
  expect(again).toEqual({ ...first, deduplicated: true });
  expect((await bob.call('peek')).json.count).toBe(0);
  const other = await alice.call('dispatch', { ...args, message: 'ho' });
  expect([other.isError, other.text]).toEqual([true, expect.stringMatching(/^IDEMPOTENCY_CONFLICT: .*msg-/)]);
});
