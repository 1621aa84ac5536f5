/** What agents do with the four tools, over real servers: mail waits, arrives once, and its sender learns what became of it. */
import { expect } from 'vitest';
import type { Json } from '../helpers/server-client.js';
import { eventually, filesIn, test } from '../helpers/server-sandbox.js';

const contents = (answer: Json, field = 'messages'): string[] => (answer[field] ?? []).map((one: Json) => one.content);

const range = (count: number, name = (n: number) => `n=${n}`) => Array.from({ length: count }, (_, n) => name(n));

test.concurrent('mail to an agent that is offline waits, across restarts of both ends', async ({ sandbox, expect }) => {
  for (const message of ['one', 'two']) {
    const alice = await sandbox.start('alice');
    expect(await alice.call('dispatch', { message, target: 'bob' })).toMatchObject({ not_listening: ['bob'] });
    alice.endInput();
    await alice.ending('end of input');
  }
  const probe = await sandbox.start('bob');
  await probe.request('tools/list');
  probe.kill('SIGKILL');
  await probe.ending('SIGKILL');
  const bob = await sandbox.agent('bob');
  expect(contents(await bob.call('peek'))).toEqual(['one', 'two']);
  await bob.close();
  const again = await sandbox.agent('bob');
  expect(await again.call('peek')).toMatchObject({ count: 0, unacked: 2 });
});

test.concurrent('new mail rides on every answer but that of peek, and is new exactly once', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const bob = await sandbox.agent('bob');
  const calls: [string, object, string][] = [
    ['who', {}, 'new_messages'],
    ['ack', { message_ids: ['msg-x'] }, 'new_messages'],
    ['dispatch', { message: 'hello', target: 'carol' }, 'new_messages'],
    ['peek', {}, 'messages'],
  ];
  for (const [index, [tool, args, field]] of calls.entries()) {
    await alice.call('dispatch', { message: `by ${tool}`, target: 'bob' });
    const answer = await bob.call(tool, args);
    expect(contents(answer, field), tool).toEqual([`by ${tool}`]);
    expect(answer.unacked, tool).toBe(index === 0 ? undefined : index);
    for (const [other, otherArgs, otherField] of calls) {
      expect(contents(await bob.call(other, otherArgs), otherField), `${other} after ${tool}`).toEqual([]);
    }
  }
});

test.concurrent('urgent mail is shown first, then the oldest', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  for (const message of ['one', 'two', 'URGENT three', 'four', 'URGENT five']) {
    const priority = message.startsWith('URGENT') ? 'urgent' : 'normal';
    await alice.call('dispatch', { message, target: 'bob', priority });
  }
  const bob = await sandbox.agent('bob');
  const first = await bob.call('peek', { limit: 3 });
  expect(contents(first)).toEqual(['URGENT three', 'URGENT five', 'one']);
  expect(first.more).toBe(2);
  expect(contents(await bob.call('who'), 'new_messages')).toEqual(['two', 'four']);
});

test.concurrent('a thread is read by itself, and the rest is still new', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  for (const [message, thread_id] of [
    ['a1', 'a'],
    ['b1', 'b'],
    ['none', null],
    ['a2', 'a'],
  ] as const) {
    await alice.call('dispatch', { message, target: 'bob', thread_id });
  }
  const bob = await sandbox.agent('bob');
  const thread = await bob.call('peek', { thread_id: ' a ' });
  expect(contents(thread)).toEqual(['a1', 'a2']);
  expect(thread.more).toBeUndefined();
  expect(contents(await bob.call('peek', { thread_id: 'c' }))).toEqual([]);
  expect(contents(await bob.call('peek'))).toEqual(['b1', 'none']);
  expect(contents(await bob.call('peek', { thread_id: 'a', include_read: true }))).toEqual(['a1', 'a2']);
});

test.concurrent('kept mail is paged through by cursor, each message once and in order', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice', { config: 'durability = "process"\n' });
  const sends = range(130).map((message) => alice.call('dispatch', { message, target: 'bob' }));
  await Promise.all(sends);
  const bob = await sandbox.agent('bob');
  while ((await bob.call('peek', { limit: 100 })).count > 0);
  const paged: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const page = await bob.call('peek', { include_read: true, limit: 40, cursor });
    expect(page.messages.every((one: Json) => one.state === 'read')).toBe(true);
    paged.push(...contents(page));
    cursor = page.next_cursor;
    pages++;
    // What is new meanwhile keeps for an answer of its own.
    if (pages === 1) await alice.call('dispatch', { message: 'in between', target: 'bob' });
  } while (cursor !== undefined && pages < 50);
  expect(paged).toEqual(range(130));
  expect(contents(await bob.call('peek'))).toEqual(['in between']);
});

test.concurrent('a message larger than a reply comes in parts that make it up again, byte for byte', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  // All lengths of UTF-8, things that JSON escapes, and line ends of every kind.
  const unit = 'plain äöü € 𝄞 👩‍👩‍👧 "quoted" \\ \u0001 \r\n \u2028 ';
  const content = unit.repeat(Math.floor(25_000 / Buffer.byteLength(unit)));
  const payload = { note: '€'.repeat(4000), list: [1, 2, { three: null }], '': 'empty key' };
  const { id } = await alice.call('dispatch', { message: content, target: 'bob', payload });
  const bob = await sandbox.agent('bob');
  const first = await bob.call('peek');
  expect(first).toMatchObject({ count: 1, messages: [{ id, content_bytes: Buffer.byteLength(content) }] });
  let [part] = first.messages;
  let text: string = part.content;
  let payloadText = '';
  for (let parts = 1; part.next_offset !== undefined; parts++) {
    expect(part.next_offset).toBe(Buffer.byteLength(text) + Buffer.byteLength(payloadText));
    const answer = await bob.call('peek', { message_id: id, offset: part.next_offset });
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(10_240);
    [part] = answer.messages;
    text += part.content ?? '';
    payloadText += part.payload_part ?? '';
    expect(parts).toBeLessThan(50);
  }
  expect(text).toBe(content);
  expect(part.payload ?? JSON.parse(payloadText)).toEqual(payload);
  // And once more from the start, now that it is read.
  const [again] = (await bob.call('peek', { message_id: id })).messages;
  expect(again).toMatchObject({ state: 'read', content: content.slice(0, again.content.length) });
  const another = (await alice.call('dispatch', { message: text, target: 'bob' })).id;
  const middle = await bob.call('peek', { message_id: another, offset: 3 });
  expect(middle.messages[0]).toMatchObject({ id: another, content: expect.stringContaining(text.slice(3, 40)) });
  expect((await bob.call('peek')).count).toBe(0);
  expect(await bob.refusal('peek', { message_id: id, offset: 10_000_000 })).toMatch(/offset 10000000.*next_offset/);
  expect(await bob.call('ack', { message_ids: [id] })).toMatchObject({ acked: 1 });
  expect(await bob.refusal('peek', { message_id: id, offset: 10 })).toMatch(/NOT_FOUND/);
});

test.concurrent('the sender is told when a message is read and when it is done with', async ({ sandbox, expect }) => {
  const alice = await sandbox.agent('alice');
  const bob = await sandbox.local('bob');
  const { id } = await alice.call('dispatch', { message: 'please look', target: 'bob' });
  const state = async () => (await alice.call('peek', { message_id: id })).sent_receipts;
  expect(await state()).toMatchObject([{ id, to: 'bob', state: 'pending' }]);
  expect((await alice.call('peek')).sent_receipts).toBeUndefined();

  await bob.call('who');
  // The reader moves the message first and writes the receipt then, both behind its answer.
  const told = await eventually('the receipt', async () => (await alice.call('peek')).sent_receipts);
  expect(told).toMatchObject([{ id, to: 'bob', state: 'read' }]);
  expect(await state()).toMatchObject([{ id, to: 'bob', state: 'read' }]);
  expect((await alice.call('peek')).sent_receipts).toBeUndefined();

  await bob.call('ack', { message_ids: [id] });
  expect(await state()).toMatchObject([{ id, to: 'bob', state: 'acked' }]);
  expect((await alice.call('peek')).sent_receipts).toMatchObject([{ id, to: 'bob', state: 'acked' }]);
  expect((await alice.call('peek')).sent_receipts).toBeUndefined();
  expect(await state()).toMatchObject([{ id, to: 'bob', state: 'acked' }]);
});

test.concurrent('mail that expires unread says so to its sender, and must_read mail does not expire', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.agent('alice');
  const plain = await alice.call('dispatch', { message: 'soon stale', target: 'bob', ttl: 1 });
  const must = await alice.call('dispatch', { message: 'never stale', target: 'bob', ttl: 1, must_read: true });
  await eventually('the expiry', async () => {
    const { sent_receipts: receipts } = await alice.call('peek', { message_id: plain.id });
    return receipts[0].state === 'expired';
  });
  const bob = await sandbox.local('bob');
  expect(contents(await bob.call('peek'))).toEqual(['never stale']);
  const told = await eventually('the receipt', async () => {
    const { sent_receipts: receipts = [] } = await alice.call('peek');
    return receipts.find((one: Json) => one.id === plain.id);
  });
  expect(told).toMatchObject({ to: 'bob', state: 'expired', never_read: true });
  expect((await bob.call('ack', { message_ids: [plain.id, must.id] })).not_found).toEqual([plain.id]);
  expect((await alice.call('peek', { message_id: plain.id })).sent_receipts).toMatchObject([{ state: 'expired' }]);
});

test.concurrent('a broadcast reaches every other agent that is known, and says who does not listen', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.agent('alice');
  const bob = await sandbox.local('bob');
  const carol = await sandbox.local('carol');
  for (const one of [alice, bob, carol]) await one.call('who');
  await carol.close();
  const answer = await alice.call('dispatch', { message: 'to you all', target: 'ALL' });
  expect(answer).toMatchObject({ to: 'all', queued_to: ['bob', 'carol'], not_listening: ['carol'] });
  expect(answer.refused).toBeUndefined();
  expect((await bob.call('peek')).messages).toMatchObject([{ id: answer.id, to: 'all', from: 'alice' }]);
  expect(await alice.call('peek')).toMatchObject({ count: 0 });
  const again = await sandbox.local('carol');
  expect((await again.call('peek')).messages).toMatchObject([{ id: answer.id, to: 'all' }]);
  await again.call('ack', { message_ids: [answer.id] });
  const { sent_receipts: receipts } = await alice.call('peek', { message_id: answer.id });
  expect(receipts.map(({ to, state }: Json) => [to, state]).sort()).toEqual([
    ['bob', 'read'],
    ['carol', 'acked'],
  ]);
});

test.concurrent('with a roster "all" is the roster, seen or not', async ({ sandbox, expect }) => {
  const config = 'agents = ["alice", "bob", "carol"]\n';
  const alice = await sandbox.agent('alice', { config });
  expect(await alice.call('dispatch', { message: 'hi', target: 'all' })).toMatchObject({
    queued_to: ['bob', 'carol'],
    not_listening: ['bob', 'carol'],
  });
});

test.concurrent('mail to the human waits for the human', async ({ sandbox, expect }) => {
  const alice = await sandbox.agent('alice');
  const answer = await alice.call('dispatch', { message: 'may I?', target: 'human' });
  expect(answer).toMatchObject({ to: 'human', queued_to: ['human'] });
  expect(answer.not_listening).toBeUndefined();
  expect(filesIn(sandbox.relay, 'human')).toHaveLength(1);
  expect((await alice.call('peek', { message_id: answer.id })).sent_receipts).toMatchObject([{ state: 'pending' }]);
});

test.concurrent('an agent can leave a note for itself', async ({ sandbox, expect }) => {
  const alice = await sandbox.agent('alice');
  const { new_messages: own } = await alice.call('dispatch', { message: 'remember the tests', target: 'alice' });
  const note = own?.[0] ?? (await alice.call('peek')).messages[0];
  expect(note).toMatchObject({ content: 'remember the tests', from: 'alice' });
  await alice.close();
  const again = await sandbox.local('alice');
  expect(contents(await again.call('peek', { include_read: true }))).toEqual(['remember the tests']);
});

test.concurrent('a send to a name that nobody has ever served says so, and waits all the same', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.agent('alice');
  expect((await alice.call('dispatch', { message: 'hi', target: 'bbo' })).note).toMatch(
    /No session has ever served "bbo"/,
  );
  const bob = await sandbox.local('bob');
  await bob.call('who');
  expect((await alice.call('dispatch', { message: 'hi', target: 'bob' })).note).toBeUndefined();
});

test('1,000 messages of one sender are read in the order they were sent', async ({ sandbox }) => {
  const config = 'durability = "process"\n';
  const alice = await sandbox.start('alice', { config });
  const sends = range(1000).map((message) => alice.call('dispatch', { message, target: 'bob' }));
  await Promise.all(sends);
  const bob = await sandbox.local('bob', { config });
  const read: string[] = [];
  for (;;) {
    const page = await bob.call('peek', { limit: 100 });
    if (page.count === 0) break;
    read.push(...contents(page));
  }
  expect(read).toEqual(range(1000));
});

test('replies stay within 10 KiB with 200 messages waiting, and everything arrives exactly once', async ({
  sandbox,
}) => {
  const config = 'durability = "process"\n';
  const alice = await sandbox.local('alice', { config });
  const carol = await sandbox.local('carol', { config });
  // From a word to more than a reply holds, with a payload now and then.
  const body = (n: number) => `${n}:${'ü'.repeat(n % 25 === 0 ? 9000 : n * 7)}`;
  for (let n = 0; n < 200; n++) {
    const payload = n % 7 === 0 ? { n, filler: 'p'.repeat(n * 11) } : null;
    await (n % 2 === 0 ? alice : carol).call('dispatch', { message: body(n), target: 'bob', payload });
  }
  const bob = await sandbox.agent('bob', { config });
  const seen: number[] = [];
  let more = 200;
  for (let round = 0; more > 0; round++) {
    expect(round).toBeLessThan(200);
    const [tool, field] = round % 3 === 2 ? (['who', 'new_messages'] as const) : (['peek', 'messages'] as const);
    const result = await bob.result(tool);
    expect(Buffer.byteLength(result.content[0]?.text ?? '')).toBeLessThanOrEqual(10_240);
    const answer: Json = result.structuredContent;
    const messages: Json[] = answer[field] ?? [];
    expect(messages.length, 'an answer that makes no headway').toBeGreaterThan(0);
    for (const message of messages) {
      const n = Number(message.content.split(':')[0]);
      seen.push(n);
      expect(message.redelivered).toBeUndefined();
      expect(message.next_offset === undefined ? message.content : body(n).startsWith(message.content)).toEqual(
        message.next_offset === undefined ? body(n) : true,
      );
    }
    expect(answer.more ?? 0).toBe(200 - seen.length);
    more = answer.more ?? 0;
  }
  expect([...seen].sort((a, b) => a - b)).toEqual(range(200).map((_, n) => n));
  expect(await bob.call('peek')).toMatchObject({ count: 0, unacked: 200 });
});
