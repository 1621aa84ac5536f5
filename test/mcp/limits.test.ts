/** Both sides of a limit through the tools: what the sender is answered, and what the recipient's next reply says. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RelayClient } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];

beforeEach(() => {
  world = new RelayWorld({ limits: { inboxMessages: 2, sendsPerMinute: 20 } });
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

async function client(agent: string, maxReplyBytes = 10_240): Promise<RelayClient> {
  const made = new RelayClient(world, agent, { maxReplyBytes });
  clients.push(made);
  await made.connect();
  return made;
}

async function overfill(alice: RelayClient): Promise<void> {
  for (let n = 0; n < 14; n++) {
    const answer = await alice.call('dispatch', { target: 'bob', message: `n=${n}`, priority: 'urgent' });
    expect(answer.isError).toBe(n >= 2);
    if (n >= 2) expect(answer.text).toMatch(/^INBOX_FULL: Not sent.*bob.*limits\.inbox_messages = 2/);
  }
}

const NOTICE = '12 refused from alice: your inbox is full; acknowledged mail makes room (limits.inbox_messages = 2).';

it.each([
  ['peek', {}],
  ['who', {}],
  ['ack', { message_ids: ['msg-none'] }],
  ['dispatch', { target: 'carol', message: 'hi' }],
])("the recipient's next reply, of %s, says how many were refused, and the one after does not", async (tool, args) => {
  const [alice, bob] = [await client('alice'), await client('bob')];
  await overfill(alice);
  const { json } = await bob.call(tool, args);
  expect(json.notices).toEqual([NOTICE]);
  expect((json.messages ?? json.new_messages).length).toBe(2);
  for (const next of ['who', 'peek']) expect((await bob.call(next)).json.notices).toBeUndefined();
});

it('a call that fails tells nothing, and the next one does', async () => {
  const [alice, bob] = [await client('alice'), await client('bob')];
  await overfill(alice);
  expect((await bob.call('peek', { message_id: 'msg-unknown' })).isError).toBe(true);
  expect((await bob.call('peek')).json.notices).toEqual([NOTICE]);
});

it('a broadcast that some inboxes have no room for names them beside those it reached', async () => {
  const [alice, bob, carol] = [await client('alice'), await client('bob'), await client('carol')];
  await bob.call('who');
  await carol.call('who');
  for (let n = 0; n < 2; n++) await alice.call('dispatch', { target: 'bob', message: 'hi' });
  const { json } = await alice.call('dispatch', { target: 'all', message: 'to all' });
  expect(json).toMatchObject({ sent: true, queued_to: ['carol'], refused: [{ to: 'bob', code: 'INBOX_FULL' }] });
});

it('a sender that is too fast is told until when, and its recipient that it was', async () => {
  const [alice, bob] = [await client('alice'), await client('bob')];
  for (let n = 0; n < 20; n++) await alice.call('dispatch', { target: `agent-${n}`, message: 'hi' });
  const refused = await alice.call('dispatch', { target: 'bob', message: 'hi' });
  expect(refused.text).toMatch(/^RATE_LIMITED: .*limits\.sends_per_minute = 20.*2026-02-17T20:31:00\.000Z/);
  expect((await bob.call('peek')).json.notices).toEqual([
    '1 refused from alice: alice sends too fast (limits.sends_per_minute = 20).',
  ]);
});

it('refusals of many senders leave room for the mail', async () => {
  const bob = await client('bob', 2048);
  for (let n = 0; n < 40; n++) {
    for (let k = 0; k <= n; k++) {
      await world.process().relay.refusals.mark(`script-${n}`, { limit: 'inbox_messages', max: 2 }, ['bob']);
    }
  }
  const alice = await client('alice');
  await alice.call('dispatch', { target: 'bob', message: 'hi' });
  const { json, text } = await bob.call('peek');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
  expect(json.messages.length).toBe(1);
  expect(json.notices.length).toBe(4);
  expect(json.notices[3]).toBe(`${(37 * 38) / 2} more refused from others, for the like reasons.`);
  expect((await bob.call('peek')).json.notices).toBeUndefined();
});
