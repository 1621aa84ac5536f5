/** An existing relay of the Python mcp-dispatch, served on by our server: its mail is read, counted and acknowledged. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { growingClock, PythonServer, pythonJson, pythonTime } from '../helpers/python-relay.js';
import type { Json } from '../helpers/server-client.js';
import { filesIn, listTree, type Sandbox, test } from '../helpers/server-sandbox.js';

const contents = (messages: Json): string[] => (messages ?? []).map(({ content }: Json) => content);

/** What is left of the mail of an agent, wherever it is. */
const mailOf = ({ relay }: Sandbox, agent: string) =>
  listTree(path.join(relay, agent)).filter((name) => name.endsWith('.json'));

test.concurrent('mail of a Python server is shown in order with all its fields, counted, and acknowledged', async ({
  sandbox,
  expect,
}) => {
  const now = growingClock();
  const [alice, carol] = [new PythonServer(sandbox.relay, 'alice', now), new PythonServer(sandbox.relay, 'carol', now)];
  const full = {
    priority: 'urgent',
    payload: { commit: 'abc', files: ['ä.ts', '日本'], nested: { empty: {}, none: null, yes: true } },
    thread_id: 'deploy-123',
    reply_to: 'msg-00c0ffee',
    ttl: 3600,
    must_read: true,
  };
  const { sent: first } = alice.dispatch('plain', 'bob');
  const { sent: second } = carol.dispatch('Grüße 👋\n"quoted" \u0007\u007f\u2028 end', 'bob');
  const { sent: third } = alice.dispatch('with everything', 'bob', full);
  const { sent: fourth } = alice.dispatch('to all');
  const bob = await sandbox.start('bob');
  const { messages, unacked } = await bob.call('peek');
  const shown = ({ id, from, content, timestamp }: Json) => ({
    ...{ id, from, content, timestamp },
    age_seconds: expect.any(Number),
  });
  expect(messages).toEqual([
    { ...shown(third), ...full },
    shown(first),
    shown(second),
    { ...shown(fourth), to: 'all' },
  ]);
  expect(unacked).toBeUndefined();
  expect((await bob.call('peek')).unacked).toBe(4);
  expect(contents((await bob.call('peek', { include_read: true, thread_id: 'deploy-123' })).messages)).toEqual([
    'with everything',
  ]);
  const ids = [first, second, third, fourth].map(({ id }) => id);
  expect(await bob.call('ack', { message_ids: ids })).toMatchObject({ acked: 4 });
  expect(mailOf(sandbox, 'bob')).toEqual([]);
  expect(await bob.call('peek')).toMatchObject({ messages: [], count: 0 });
  // Receipts lie where no Python server looks: its own way of asking finds what still exists, and nothing else.
  expect(alice.peek()).toEqual({
    messages: [],
    receipts: [expect.objectContaining({ id: fourth.id, to: 'carol', state: 'pending' })],
  });
});

test.concurrent('what the Python server had shown is not new: it is counted as unacknowledged, and kept', async ({
  sandbox,
  expect,
}) => {
  const now = growingClock();
  const [alice, before] = [new PythonServer(sandbox.relay, 'alice', now), new PythonServer(sandbox.relay, 'bob', now)];
  const { sent: read } = alice.dispatch('shown by Python', 'bob');
  expect(contents(before.peek().messages)).toEqual(['shown by Python']);
  before.exit();
  alice.dispatch('not shown yet', 'bob');
  const bob = await sandbox.start('bob');
  expect((await bob.call('who')).new_messages).toMatchObject([{ content: 'not shown yet' }]);
  const all = await bob.call('peek', { include_read: true });
  expect(contents(all.messages)).toEqual(['shown by Python', 'not shown yet']);
  expect(all.messages.map((one: Json) => one.state)).toEqual(['read', 'read']);
  expect((await bob.call('peek')).unacked).toBe(2);
  expect(await bob.call('ack', { message_ids: [read.id] })).toMatchObject({ acked: 1 });
  expect(mailOf(sandbox, 'bob')).toEqual([expect.stringMatching(/^read\//)]);
});

test.concurrent('mail of both kinds stands in the order of sending, two of one millisecond included', async ({
  sandbox,
  expect,
}) => {
  let ms = Date.now() - 60_000;
  const [alice, carol] = ['alice', 'carol'].map((name) => new PythonServer(sandbox.relay, name, () => ms));
  alice?.dispatch('1', 'bob');
  const dave = await sandbox.start('dave');
  await dave.call('dispatch', { message: '2', target: 'bob' });
  ms = Date.now() + 1;
  alice?.dispatch('3 of alice', 'bob');
  carol?.dispatch('3 of carol', 'bob');
  expect(filesIn(sandbox.relay, 'bob').filter((name) => name.startsWith(`${ms}-`))).toHaveLength(2);
  ms += 1;
  carol?.dispatch('4', 'bob');
  const bob = await sandbox.start('bob');
  const shown = contents((await bob.call('peek')).messages);
  expect(shown.map((content) => content[0])).toEqual(['1', '2', '3', '3', '4']);
  expect(shown.slice(2, 4).sort()).toEqual(['3 of alice', '3 of carol']);
});

test.concurrent('a ttl is counted from the second that Python wrote down, and must_read holds it open', async ({
  sandbox,
  expect,
}) => {
  let ms = Date.now() - 10_000;
  const alice = new PythonServer(sandbox.relay, 'alice', () => ms++);
  const { sent: gone } = alice.dispatch('gone', 'bob', { ttl: 5 });
  alice.dispatch('held', 'bob', { ttl: 5, must_read: true });
  alice.dispatch('lasts', 'bob', { ttl: 3600 });
  for (const ttl of [null, 0, -5]) alice.dispatch(`ttl ${ttl}`, 'bob', { ttl });
  const bob = await sandbox.start('bob');
  expect(contents((await bob.call('peek')).messages)).toEqual(['held', 'lasts', 'ttl null', 'ttl 0', 'ttl -5']);
  expect(await bob.call('ack', { message_ids: [gone.id] })).toMatchObject({ acked: 0, not_found: [gone.id] });
});

test.concurrent('a priority of its own does not hold back mail of a Python server: it is normal here', async ({
  sandbox,
  expect,
}) => {
  const alice = new PythonServer(sandbox.relay, 'alice', growingClock());
  for (const priority of ['high', 'low', 'URGENT', '']) alice.dispatch(`«${priority}»`, 'bob', { priority });
  const bob = await sandbox.start('bob');
  const { messages } = await bob.call('peek');
  expect(contents(messages)).toEqual(['«high»', '«low»', '«URGENT»', '«»']);
  expect(messages.map((one: Json) => one.priority)).toEqual([undefined, undefined, undefined, undefined]);
});

test.concurrent('two foreign files with one id, sender and second are two messages, also once they are read', async ({
  sandbox,
  expect,
}) => {
  const inbox = path.join(sandbox.relay, 'bob');
  mkdirSync(inbox, { recursive: true, mode: 0o700 });
  const note = { id: 'note-1', from: 'ci', to: 'bob', timestamp: pythonTime(Date.now()), state: 'pending' };
  for (const content of ['one', 'two'])
    writeFileSync(path.join(inbox, `${content}.json`), pythonJson({ ...note, content }));
  const bob = await sandbox.start('bob');
  expect(contents((await bob.call('peek')).messages).sort()).toEqual(['one', 'two']);
  expect(contents((await bob.call('peek', { include_read: true })).messages).sort()).toEqual(['one', 'two']);
  expect((await bob.call('peek')).unacked).toBe(2);
  for (const left of [1, 0]) {
    expect(await bob.call('ack', { message_ids: ['note-1'] })).toMatchObject({ acked: 1 });
    expect(mailOf(sandbox, 'bob')).toHaveLength(left);
  }
});

test('the fixtures are byte for byte what json.dumps writes', ({ expect, skip }) => {
  const message = {
    id: 'msg-00c0ffee',
    content: 'a "b" \\ / \b\f\n\r\t \u0000\u001f\u007f é ß 日本 👋 \u2028 [ { ] } , :',
    payload: { a: {}, b: [], c: [1, -2, [3]], d: { e: null, f: true, g: false }, é: 'ü' },
    ttl: 3600,
    thread_id: null,
  };
  const script = 'import json,sys;sys.stdout.write(json.dumps(json.loads(sys.stdin.buffer.read()),indent=2))';
  const python = spawnSync('python3', ['-c', script], { input: JSON.stringify(message), encoding: 'utf8' });
  if (python.status !== 0) return skip('there is no python3 here');
  expect(pythonJson(message)).toBe(python.stdout);
});
