/** Answers that nobody gets: cancelled ones, and ones for which stdout is gone. Their mail is new again. */
import type { Json } from '../helpers/server-client.js';
import { eventually, filesIn, test } from '../helpers/server-sandbox.js';

const contents = (answer: Json, field = 'messages') => (answer[field] ?? []).map(({ content }: Json) => content);

for (const tool of ['peek', 'who', 'ack', 'dispatch'] as const) {
  test.concurrent(`a ${tool} that is cancelled right behind its request consumes nothing`, async ({
    sandbox,
    expect,
  }) => {
    const alice = await sandbox.local('alice');
    for (const message of ['one', 'two']) await alice.call('dispatch', { message, target: 'bob' });
    const bob = await sandbox.start('bob');
    const args = { peek: {}, who: {}, ack: { message_ids: ['msg-x'] }, dispatch: { message: 'hi', target: 'alice' } };
    const id = bob.takeId();
    // One write, so that both are read at once and the cancellation cannot come too late.
    bob.write(
      [
        { jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: args[tool] } },
        { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'changed my mind' } },
      ]
        .map((frame) => `${JSON.stringify(frame)}\n`)
        .join(''),
    );
    const answer = await bob.call('peek');
    expect(contents(answer)).toEqual(['one', 'two']);
    expect(answer.messages.map((one: Json) => one.redelivered)).toEqual([undefined, undefined]);
    expect(bob.lines.some((line) => JSON.parse(line).id === id)).toBe(false);
    expect(filesIn(sandbox.relay, 'bob')).toEqual([]);
  });
}

test.concurrent('a dispatch that is cancelled while it waits for its turn is not sent', async ({ sandbox, expect }) => {
  const alice = await sandbox.start('alice');
  const [first, second] = [alice.takeId(), alice.takeId()];
  const dispatch = (id: number, message: string) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'dispatch', arguments: { message, target: 'bob' } },
  });
  alice.write(
    [
      dispatch(first, 'sent'),
      dispatch(second, 'cancelled'),
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: second } },
    ]
      .map((frame) => `${JSON.stringify(frame)}\n`)
      .join(''),
  );
  await alice.call('who');
  const bob = await sandbox.local('bob');
  expect(contents(await bob.call('peek'))).not.toContain('cancelled');
});

test.concurrent('a cancellation that comes before the answer is written consumes nothing', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  for (const message of ['one', 'two']) await alice.call('dispatch', { message, target: 'bob' });
  const bob = await sandbox.start('bob');
  // While the client does not read, answers queue in the server: this one is made, and not yet written.
  bob.child.stdout.pause();
  const others = Array.from({ length: 60 }, () => bob.request('tools/list'));
  const id = bob.takeId();
  bob.frame(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"peek","arguments":{}}}`);
  await eventually('the claim', () => filesIn(sandbox.relay, 'bob').length === 0);
  bob.notify('notifications/cancelled', { requestId: id });
  bob.child.stdout.resume();
  await Promise.all(others);
  const later = await bob.call('peek');
  const carried = bob.lines.map((line) => JSON.parse(line)).find((message) => message.id === id);
  // The server may have been past the point where an answer can be taken back: then it carried the mail, and only it.
  expect([carried === undefined ? [] : contents(carried.result.structuredContent), contents(later)]).toEqual(
    carried === undefined ? [[], ['one', 'two']] : [['one', 'two'], []],
  );
});

test.concurrent('an answer for which stdout is closed consumes nothing', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  for (const message of ['one', 'two']) await alice.call('dispatch', { message, target: 'bob' });
  const bob = await sandbox.start('bob');
  bob.child.stdout.destroy();
  bob.request('tools/call', { name: 'peek', arguments: {} });
  expect(await bob.ending('broken pipe')).toEqual({ code: 0, signal: null });
  expect(filesIn(sandbox.relay, '.receipts', 'alice')).toEqual([]);
  const again = await sandbox.local('bob');
  expect(contents(await again.call('peek'))).toEqual(['one', 'two']);
});

test.concurrent('what a killed server had claimed is new to the next one, marked as redelivered', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  for (const message of ['one', 'two']) await alice.call('dispatch', { message, target: 'bob' });
  const bob = await sandbox.start('bob');
  bob.mayEndMidLine = true;
  bob.child.stdout.pause();
  for (let n = 0; n < 400; n++) bob.request('tools/list');
  bob.request('tools/call', { name: 'peek', arguments: {} });
  await eventually('the claim', () => filesIn(sandbox.relay, 'bob').length === 0);
  bob.kill('SIGKILL');
  await bob.ending('SIGKILL');
  expect((await alice.call('peek')).sent_receipts).toBeUndefined();
  const again = await sandbox.local('bob');
  const { messages } = await again.call('peek');
  expect(messages.map(({ content, redelivered }: Json) => [content, redelivered])).toEqual([
    ['one', true],
    ['two', true],
  ]);
});
