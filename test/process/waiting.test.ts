/** Calls that wait, with real servers: what arrives ends them, and so does everything that ends the call. */
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';

const NO_WATCHES = fileURLToPath(new URL('preload/no-watches.cjs', import.meta.url));

const contents = (answer: Json, field = 'messages') => (answer[field] ?? []).map(({ content }: Json) => content);

/** Bob, in a call that waits: he has looked, and his bell is watched. */
async function waitingBob(sandbox: Sandbox, options = {}): Promise<{ bob: RawServer; answer: Promise<Json> }> {
  const bob = await sandbox.start('bob', options);
  await bob.call('who');
  const answer = bob.call('peek', { wait_seconds: 240 });
  answer.catch(() => {});
  return { bob, answer };
}

for (const [how, options] of [
  ['with a watch', {}],
  ['with watch = false', { config: 'watch = false\n' }],
  ['without a watch to be had', { preload: [NO_WATCHES] }],
] as const) {
  test.concurrent(`${how}, a waiting peek is answered with the mail that arrives`, async ({ sandbox, expect }) => {
    const alice = await sandbox.local('alice');
    const { bob, answer } = await waitingBob(sandbox, options);
    for (const message of ['the first', 'the second']) {
      const waiting = message === 'the first' ? answer : bob.call('peek', { wait_seconds: 240 });
      await alice.call('dispatch', { message, target: 'bob' });
      expect(contents(await waiting)).toEqual([message]);
    }
    // They are written once the reply is out.
    const receipts: Json[] = [];
    await eventually('both receipts', async () => {
      receipts.push(...((await alice.call('peek')).sent_receipts ?? []));
      return receipts.length >= 2;
    });
    expect(receipts.map(({ state, by }) => [state, by])).toEqual([
      ['read', 'wait'],
      ['read', 'wait'],
    ]);
  });
}

test.concurrent('question and answer is one call, and two agents can wait for each other', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.start('alice');
  const { bob, answer } = await waitingBob(sandbox);
  const asked = alice.call('dispatch', { message: 'ready?', target: 'bob', wait_seconds: 240 });
  expect(contents(await answer)).toEqual(['ready?']);
  await bob.call('dispatch', { message: 'yes', target: 'alice' });
  expect(contents(await asked, 'new_messages')).toEqual(['yes']);
});

test.concurrent('a wait that is cancelled ends, answers nobody and consumes nothing', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  const bob = await sandbox.start('bob');
  await bob.call('who');
  const id = bob.takeId();
  bob.frame(
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"peek","arguments":{"wait_seconds":240}}}`,
  );
  await eventually('the watch', () => existsSync(path.join(sandbox.relay, '.bell', 'bob')));
  bob.notify('notifications/cancelled', { requestId: id });
  // What is answered behind it shows that it was read.
  await bob.call('who');
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  const answer = await bob.call('peek');
  expect(contents(answer)).toEqual(['hello']);
  expect(answer.messages[0].redelivered).toBeUndefined();
  expect(bob.lines.some((line) => JSON.parse(line).id === id)).toBe(false);
});

test.concurrent('a client that closes the input gets its answer first, and the server is gone', async ({
  sandbox,
  expect,
}) => {
  const { bob, answer } = await waitingBob(sandbox);
  bob.child.stdin.end();
  expect(await answer).toMatchObject({ count: 0, wait_ended: 'ending' });
  expect((await bob.ending('the end of bob')).code).toBe(0);
});

test.concurrent('a hundred calls that wait side by side are answered each, and nothing is said of them on stderr', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const { bob, answer } = await waitingBob(sandbox);
  const others = Array.from({ length: 99 }, () => bob.call('peek', { wait_seconds: 240 }));
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  const first = await Promise.race([answer, ...others]);
  expect(contents(first)).toEqual(['hello']);
  bob.child.stdin.end();
  const counts = (await Promise.all([answer, ...others])).map(({ count }) => count);
  expect(counts.filter((count) => count === 1)).toHaveLength(1);
  await bob.ending('the end of bob');
  expect(bob.stderr).toBe('');
});

test.concurrent('a signal ends the server though a call waits', async ({ sandbox, expect }) => {
  const { bob } = await waitingBob(sandbox);
  bob.child.kill('SIGTERM');
  expect((await bob.ending('the end of bob')).code).toBe(0);
  expect(filesIn(sandbox.relay, '.presence')).toEqual([]);
});

test.concurrent('a server killed while it waits has taken nothing: the next session gets the mail as new', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const { bob } = await waitingBob(sandbox);
  bob.child.kill('SIGKILL');
  await bob.ending('the end of bob');
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  const again = await sandbox.local('bob');
  const [message] = (await again.call('peek', { wait_seconds: 10 })).messages;
  expect([message.content, message.redelivered]).toEqual(['hello', undefined]);
});

test.concurrent('a wait ends when the relay is removed under it', async ({ sandbox, expect }) => {
  const { answer } = await waitingBob(sandbox);
  await eventually('the watch', () => existsSync(path.join(sandbox.relay, '.bell', 'bob')));
  // Taken away at once: a server makes its bell anew, and a folder that is removed piece by piece may not be empty in the end.
  renameSync(sandbox.relay, `${sandbox.relay}-removed`);
  expect(await answer).toMatchObject({ count: 0, wait_ended: 'relay_gone' });
});

test.concurrent('the older of two sessions stops waiting when the newer one makes its first call', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const { answer } = await waitingBob(sandbox);
  const newer = await sandbox.local('bob');
  const waiting = newer.call('peek', { wait_seconds: 240 });
  expect(await answer).toMatchObject({ count: 0, wait_ended: 'newer_session' });
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  expect(contents(await waiting)).toEqual(['hello']);
});

test.concurrent('calls beside one that waits are answered, and dispatch still says at once that it sent', async ({
  sandbox,
  expect,
}) => {
  const { bob, answer } = await waitingBob(sandbox);
  expect(await bob.call('dispatch', { message: 'hi', target: 'carol' })).toMatchObject({ sent: true });
  const carol = await sandbox.local('carol');
  await carol.call('dispatch', { message: 'hi yourself', target: 'bob' });
  expect(contents(await answer)).toEqual(['hi yourself']);
});
