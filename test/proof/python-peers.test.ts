/** Python servers and ours on one relay, each for agents of its own: mail that we wrote, presence, receipts, and all at once. */
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../src/model/clock.js';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { growingClock, PythonServer } from '../helpers/python-relay.js';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, test } from '../helpers/server-sandbox.js';

const contents = (messages: readonly Json[] = []): string[] => messages.map(({ content }) => content);

const agentsOf = (answer: Json): string[] => answer.agents.map((one: Json) => one.agent_id);

/** One receipt a recipient, as the sender is told when it asks for a message. */
const whereabouts = async (sender: RawServer, id: string) =>
  Object.fromEntries(
    (await sender.call('peek', { message_id: id })).sent_receipts.map(({ to, state }: Json) => [to, state]),
  );

test.concurrent('a Python server finds in our mail every field that it reads, with the type that it expects', async ({
  sandbox,
  expect,
}) => {
  const alice = new PythonServer(sandbox.relay, 'alice', growingClock());
  const bob = await sandbox.start('bob');
  const full = {
    priority: 'urgent',
    payload: { commit: 'ä', list: [1, { deep: null }] },
    thread_id: 'deploy-123',
    reply_to: 'msg-00c0ffee',
    ttl: 3600,
    must_read: true,
  };
  const { id: plain } = await bob.call('dispatch', { message: 'plain 👋', target: 'alice' });
  const { id: rich } = await bob.call('dispatch', { message: 'rich', target: 'alice', ...full });
  const common = { from: 'bob', to: 'alice', timestamp: expect.stringMatching(/^\d{4}-/), state: 'read' };
  const nothing = { priority: 'normal', payload: null, thread_id: null, reply_to: null, ttl: 0, must_read: false };
  const read_at = expect.any(String);
  expect(alice.peek().messages).toEqual([
    { ...common, ...nothing, id: plain, content: 'plain 👋', read_at },
    { ...common, ...full, id: rich, content: 'rich', read_at },
  ]);
  expect(alice.peek().messages).toEqual([]);
  expect(contents(alice.peek({ includeRead: true, threadId: 'deploy-123' }).messages)).toEqual(['rich']);
  expect(await whereabouts(bob, rich)).toEqual({ alice: 'read' });
  expect(alice.ack([plain, rich])).toMatchObject({ acked: 2 });
  expect(filesIn(sandbox.relay, 'alice')).toEqual([]);
  // It leaves no receipt. That the mail is gone says nothing of who removed it.
  expect(await whereabouts(bob, rich)).toEqual({ alice: 'unknown' });
});

test.concurrent('a Python server that marks its copy of a broadcast as read leaves the other copies as they are', async ({
  sandbox,
  expect,
}) => {
  const alice = new PythonServer(sandbox.relay, 'alice', growingClock());
  const [bob, dave] = [await sandbox.start('bob'), await sandbox.start('dave')];
  await dave.call('who');
  const { id, queued_to } = await bob.call('dispatch', { message: 'to all of you', target: 'all' });
  expect(queued_to).toEqual(['alice', 'dave']);
  const copies = queued_to.map((to: string) =>
    path.join(sandbox.relay, to, filesIn(sandbox.relay, to).find((name) => name.includes(id)) ?? ''),
  );
  const before = readFileSync(copies[1]);
  expect(contents(alice.peek().messages)).toEqual(['to all of you']);
  expect(readFileSync(copies[1])).toEqual(before);
  expect(statSync(copies[0]).ino).not.toBe(statSync(copies[1]).ino);
  expect(await whereabouts(bob, id)).toEqual({ alice: 'read', dave: 'pending' });
  expect((await dave.call('peek')).messages).toMatchObject([{ id, to: 'all', content: 'to all of you' }]);
  // The receipt of a reading is written behind the reader's answer.
  await eventually('the receipt of dave', async () => (await whereabouts(bob, id)).dave === 'read');
});

test.concurrent('servers of both kinds see each other, and one that goes takes nothing of the other with it', async ({
  sandbox,
  expect,
}) => {
  const alice = new PythonServer(sandbox.relay, 'alice');
  const bob = await sandbox.start('bob');
  expect(agentsOf(await bob.call('who'))).toEqual(['alice', 'bob']);
  expect(alice.who()).toEqual(['alice', 'bob']);
  alice.exit();
  expect((await bob.call('dispatch', { message: 'hi', target: 'alice' })).not_listening).toEqual(['alice']);
  expect(agentsOf(await bob.call('who'))).toEqual(['bob']);
  const again = new PythonServer(sandbox.relay, 'alice');
  expect((await bob.call('dispatch', { message: 'hi', target: 'alice' })).not_listening).toBeUndefined();
  bob.endInput();
  await bob.ending('end of input');
  expect(again.who()).toEqual(['alice']);
});

test.concurrent('the presence file of a server that was killed is removed by Python, and a live one keeps its own', async ({
  sandbox,
  expect,
}) => {
  const bob = await sandbox.start('bob');
  const dave = await sandbox.start('dave');
  for (const server of [bob, dave]) await server.call('who');
  bob.kill('SIGKILL');
  await bob.ending('SIGKILL');
  expect(new PythonServer(sandbox.relay, 'alice').who()).toEqual(['alice', 'dave']);
  expect(existsSync(path.join(sandbox.relay, '.presence', 'bob.json'))).toBe(false);
  expect(agentsOf(await dave.call('who'))).toEqual(['alice', 'dave']);
  const second = await sandbox.start('bob');
  expect(agentsOf(await second.call('who'))).toEqual(['alice', 'bob', 'dave']);
});

test.concurrent('mail of ours with a ttl is never expired too early by Python, which cannot read its time: a sweep of ours ends it', async ({
  sandbox,
  expect,
}) => {
  const later = () => Date.now() + 3_600_000;
  const bob = await sandbox.start('bob');
  const ids: string[] = [];
  for (const message of ['read', 'unread']) {
    ids.push((await bob.call('dispatch', { message, target: message === 'read' ? 'alice' : 'carol', ttl: 60 })).id);
  }
  expect(contents(new PythonServer(sandbox.relay, 'alice', later).peek().messages)).toEqual(['read']);
  const store = new FilesystemStore(sandbox.relay);
  const relay = new Relay({ store, processes: new ProcessTable(), clock: { ...systemClock, now: later } });
  // The server may still be at the sweep that its first call began.
  await eventually('a sweep of an hour later', () => relay.sweeper.sweep());
  expect([filesIn(sandbox.relay, 'alice'), filesIn(sandbox.relay, 'carol')]).toEqual([[], []]);
  const { receipts } = await relay.receipts.changes('bob', 10);
  expect(receipts.map(({ id, state, how }) => [ids.indexOf(id), state, how]).sort()).toEqual([
    [0, 'expired', 'read'],
    [1, 'expired', 'unread'],
  ]);
});

const EACH = 60;

test('four agents, two of them served by Python, write to each other at once: nothing is lost, nothing comes twice', async ({
  sandbox,
  expect,
}) => {
  const seed = Number(process.env.PYTHON_LOAD_SEED ?? randomInt(2 ** 31));
  console.log(`PYTHON_LOAD_SEED=${seed}`);
  const config = 'durability = "process"\n';
  const names = ['alice', 'bob', 'carol', 'dave'];
  const received = new Map<string, string[]>(names.map((name) => [name, []]));
  const sent = new Map<string, string[]>(names.map((name) => [name, []]));
  /** Notes a message of `from` and gives its target: every tenth is for all. */
  const next = (from: string, n: number): string => {
    const others = names.filter((name) => name !== from);
    const one = others[(seed + n * (names.indexOf(from) + 1)) % others.length] as string;
    const targets = n % 10 === 9 ? others : [one];
    for (const to of targets) sent.get(to)?.push(`${from} ${n}`);
    return targets.length === 1 ? one : 'all';
  };

  const pythons = ['alice', 'carol'].map((name) => new PythonServer(sandbox.relay, name, growingClock()));
  const ours = await Promise.all(['bob', 'dave'].map((name) => sandbox.start(name, { config })));
  for (const server of ours) await server.call('who');
  // A Python server finds whom "all" reaches by their inboxes, which come with their first mail.
  for (const to of ['bob', 'dave']) {
    pythons[0]?.dispatch('the first', to);
    sent.get(to)?.push('the first');
  }

  const take = (name: string, messages: readonly Json[] = []): string[] => {
    received.get(name)?.push(...contents(messages));
    return messages.map(({ id }) => id);
  };
  const runPython = async (server: PythonServer) => {
    for (let n = 0; n < EACH; n++) {
      const to = next(server.agent, n);
      const ids = take(server.agent, server.dispatch(`${server.agent} ${n}`, to).shown);
      ids.push(...take(server.agent, server.peek().messages));
      take(server.agent, server.ack(ids).shown);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const runOurs = async (server: RawServer, name: string) => {
    for (let n = 0; n < EACH; n++) {
      const to = next(name, n);
      const answers = await Promise.all([
        server.call('dispatch', { message: `${name} ${n}`, target: to }),
        server.call('peek', { limit: 3 }),
      ]);
      const ids = answers.flatMap(({ new_messages, messages }) => take(name, new_messages ?? messages));
      if (ids.length > 0) take(name, (await server.call('ack', { message_ids: ids })).new_messages);
    }
  };
  await Promise.all([
    ...pythons.map(runPython),
    ...ours.map((server, index) => runOurs(server, index === 0 ? 'bob' : 'dave')),
  ]);

  for (const server of pythons) take(server.agent, server.peek().messages);
  for (const [index, server] of ours.entries()) {
    for (let more = 1; more > 0; ) {
      const answer = await server.call('peek');
      take(index === 0 ? 'bob' : 'dave', answer.messages);
      more = answer.more ?? 0;
    }
  }
  for (const name of names) expect(received.get(name)?.sort(), name).toEqual(sent.get(name)?.sort());
  expect(filesIn(sandbox.relay, '.quarantine')).toEqual([]);
});
