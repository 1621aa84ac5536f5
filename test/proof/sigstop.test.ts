/**
 * A server is stopped in the middle of an operation, others act, and it goes on: nothing is new twice, nothing is lost,
 * and what the others did stays done. A stopped process is not dead, so what it holds is not taken from it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';
import { linux } from '../helpers/store-relay.js';

const PRELOAD = fileURLToPath(new URL('sigstop-preload.cjs', import.meta.url));
const WHY_NOT = 'whether a process is stopped is read from /proc';

const shown = (answer: Json) =>
  (answer.messages ?? answer.new_messages ?? []).map(({ content, redelivered }: Json) =>
    redelivered === true ? `${content} again` : content,
  );

const startStopping = (sandbox: Sandbox, agent: string, where: string) =>
  sandbox.start(agent, { preload: [PRELOAD], env: { STOP_AT: where } });

async function isStopped(server: RawServer): Promise<void> {
  await eventually('the server to be stopped', () => / T /.test(readFileSync(`/proc/${server.pid}/stat`, 'utf8')));
}

const receipts = async (sender: Pick<RawServer, 'call'>, id: string) =>
  (await sender.call('peek', { message_id: id })).sent_receipts.map(({ state }: Json) => state);

test.concurrent('what a stopped reader has claimed is new for nobody else, and for it once it goes on', async ({
  sandbox,
  expect,
  skip,
}) => {
  if (!linux) skip(WHY_NOT);
  const alice = await sandbox.local('alice');
  const first = await startStopping(sandbox, 'bob', 'after renameSync /taken/');
  const second = await sandbox.local('bob');
  const { id } = await alice.call('dispatch', { message: 'hello', target: 'bob' });
  const answer = first.call('peek');
  await isStopped(first);
  expect(shown(await second.call('peek'))).toEqual([]);
  expect((await alice.call('who')).agents.find((one: Json) => one.agent_id === 'bob').sessions).toHaveLength(2);
  expect(await receipts(alice, id)).toEqual(['pending']);
  first.kill('SIGCONT');
  expect(shown(await answer)).toEqual(['hello']);
  await eventually('the reading', () => filesIn(sandbox.relay, 'bob', 'read').length === 1);
  expect(shown(await second.call('peek', { include_read: true }))).toEqual(['hello']);
  expect(shown(await second.call('peek'))).toEqual([]);
});

test.concurrent('what a stopped reader has claimed comes back as redelivered when it is killed', async ({
  sandbox,
  expect,
  skip,
}) => {
  if (!linux) skip(WHY_NOT);
  const alice = await sandbox.local('alice');
  const first = await startStopping(sandbox, 'bob', 'after renameSync /taken/');
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  void first.request('tools/call', { name: 'peek', arguments: {} });
  await isStopped(first);
  const second = await sandbox.local('bob');
  expect(shown(await second.call('peek'))).toEqual([]);
  first.kill('SIGKILL');
  await first.closed;
  expect(shown(await second.call('peek'))).toEqual(['hello again']);
});

for (const [what, where] of [
  ['has claimed, before its answer', 'after renameSync /taken/'],
  ['has shown, before it is marked as read', 'before renameSync /bob/read/'],
] as const) {
  test.concurrent(`what a stopped reader ${what}, another may acknowledge: it does not come back`, async ({
    sandbox,
    expect,
    skip,
  }) => {
    if (!linux) skip(WHY_NOT);
    const alice = await sandbox.local('alice');
    const first = await startStopping(sandbox, 'bob', where);
    const second = await sandbox.local('bob');
    const { id } = await alice.call('dispatch', { message: 'hello', target: 'bob' });
    const answer = first.call('peek');
    await isStopped(first);
    expect(await second.call('ack', { message_ids: [id] })).toMatchObject({ acked: 1 });
    first.kill('SIGCONT');
    expect(shown(await answer)).toEqual(['hello']);
    expect(await first.call('ack', { message_ids: [id] })).toMatchObject({ acked: 0, not_found: [id] });
    for (const server of [first, second]) {
      expect(await server.call('peek', { include_read: true })).toMatchObject({ messages: [], count: 0 });
    }
    expect(await receipts(alice, id)).toEqual(['acked']);
  });
}

test.concurrent('an acknowledgement that is stopped half-way ends the message once, whoever finishes it', async ({
  sandbox,
  expect,
  skip,
}) => {
  if (!linux) skip(WHY_NOT);
  const alice = await sandbox.local('alice');
  const ids: string[] = [];
  for (const message of ['one', 'two']) ids.push((await alice.call('dispatch', { message, target: 'bob' })).id);
  const first = await startStopping(sandbox, 'bob', 'before renameSync /bob/ended/');
  expect(shown(await first.call('peek'))).toEqual(['one', 'two']);
  const second = await sandbox.local('bob');
  const answer = first.call('ack', { message_ids: ids });
  await isStopped(first);
  expect(await second.call('ack', { message_ids: [ids[0]] })).toMatchObject({ acked: 1 });
  const { id: later } = await alice.call('dispatch', { message: 'three', target: 'bob' });
  expect(shown(await second.call('peek'))).toEqual(['three']);
  await eventually('the reading', () => filesIn(sandbox.relay, 'bob', 'read').length === 2);
  first.kill('SIGCONT');
  expect(await answer).toMatchObject({ acked: 1, not_found: [ids[0]] });
  expect(shown(await first.call('peek', { include_read: true }))).toEqual(['three']);
  for (const id of ids) expect(await receipts(alice, id)).toEqual(['acked']);
  expect(await receipts(alice, later)).toEqual(['read']);
});

test.concurrent('who is stopped while giving back the mail of a dead reader does not bring it back a second time', async ({
  sandbox,
  expect,
  skip,
}) => {
  if (!linux) skip(WHY_NOT);
  const alice = await sandbox.local('alice');
  const dead = await startStopping(sandbox, 'bob', 'after renameSync /taken/');
  const { id } = await alice.call('dispatch', { message: 'hello', target: 'bob' });
  void dead.request('tools/call', { name: 'peek', arguments: {} });
  await isStopped(dead);
  dead.kill('SIGKILL');
  await dead.closed;
  const first = await startStopping(sandbox, 'bob', 'before renameSync ~r.json');
  const answer = first.call('peek');
  await isStopped(first);
  const second = await sandbox.local('bob');
  expect(shown(await second.call('peek'))).toEqual(['hello again']);
  expect(await second.call('ack', { message_ids: [id] })).toMatchObject({ acked: 1 });
  first.kill('SIGCONT');
  expect(shown(await answer)).toEqual([]);
  expect(await first.call('peek', { include_read: true })).toMatchObject({ messages: [], count: 0 });
});

test.concurrent('a sender that is stopped behind its publishing sends once: what was read and acknowledged stays so', async ({
  sandbox,
  expect,
  skip,
}) => {
  if (!linux) skip(WHY_NOT);
  const alice = await startStopping(sandbox, 'alice', 'after linkSync /bob/');
  const bob = await sandbox.local('bob');
  const answer = alice.call('dispatch', { message: 'hello', target: 'bob' });
  await isStopped(alice);
  const { messages } = await bob.call('peek');
  expect(shown({ messages })).toEqual(['hello']);
  expect(await bob.call('ack', { message_ids: [messages[0].id] })).toMatchObject({ acked: 1 });
  alice.kill('SIGCONT');
  expect(await answer).toMatchObject({ sent: true, id: messages[0].id, queued_to: ['bob'] });
  expect(await bob.call('peek')).toMatchObject({ messages: [], count: 0 });
  expect(await receipts(alice, messages[0].id)).toEqual(['acked']);
});
