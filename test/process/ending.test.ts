/** Every way in which a server's life ends, and that each leaves neither a process nor a presence. */
import { expect } from 'vitest';
import { slowness } from '../helpers/machine.js';
import { END_DEADLINE_MS, type Ending, type RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, listTree, type Sandbox, test } from '../helpers/server-sandbox.js';

// Some 700 kB of answers; a pipe and its ends hold less than half of that.
const CLOGGING = 60;
const CLEAN: Ending = { code: 0, signal: null };

/** A server that serves alice, and that has been called. */
async function present(sandbox: Sandbox): Promise<RawServer> {
  const server = await sandbox.start('alice');
  await server.call('who');
  expect(filesIn(sandbox.relay, '.presence')).toEqual(['alice.json']);
  // What a call starts behind its answer has had time to stand.
  await eventually('the first sweep', () => filesIn(sandbox.relay).includes('.swept'));
  return server;
}

const presenceOf = (sandbox: Sandbox) =>
  listTree(sandbox.relay).filter((name) => name.startsWith('.presence/') && name !== '.presence/');

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test.concurrent(`${signal} ends the process cleanly, and its presence with it`, async ({ sandbox, expect }) => {
    const server = await present(sandbox);
    server.kill(signal);
    expect(await server.ending(signal)).toEqual(CLEAN);
    expect(presenceOf(sandbox)).toEqual([]);
  });

  test.concurrent(`${signal} ends a process that nobody called`, async ({ sandbox, expect }) => {
    const server = await sandbox.start('alice');
    server.kill(signal);
    expect(await server.ending(signal)).toEqual(CLEAN);
    expect(listTree(sandbox.root).filter((name) => name.startsWith('relay/'))).toEqual([]);
  });
}

test.concurrent('signals that come right behind the first do not cut the clean end short', async ({
  sandbox,
  expect,
}) => {
  // Clients signal the process, and its group, and the next kind of signal 100 ms later.
  for (let round = 0; round < 5; round++) {
    const server = await present(sandbox);
    for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) server.kill(signal);
    expect(await server.ending('three signals')).toEqual(CLEAN);
    expect(presenceOf(sandbox)).toEqual([]);
  }
});

test.concurrent('the end of input ends the process cleanly, and its presence with it', async ({ sandbox, expect }) => {
  const server = await present(sandbox);
  server.endInput();
  expect(await server.ending('end of input')).toEqual(CLEAN);
  expect(presenceOf(sandbox)).toEqual([]);
});

test.concurrent('a broken stdout ends the process cleanly at its next answer', async ({ sandbox, expect }) => {
  const server = await present(sandbox);
  server.child.stdout.destroy();
  server.request('ping');
  expect(await server.ending('broken pipe')).toEqual(CLEAN);
  expect(presenceOf(sandbox)).toEqual([]);
});

test.concurrent('a broken stderr is no reason to end', async ({ sandbox, expect }) => {
  const server = await present(sandbox);
  server.child.stderr.destroy();
  server.frame('this is not JSON');
  server.frame('nor is this');
  expect(await server.call('who')).toMatchObject({ self: 'alice' });
});

test.concurrent('requests that were read before the end of input are answered', async ({ sandbox, expect }) => {
  const server = await present(sandbox);
  const sends = Array.from({ length: 50 }, (_, n) => server.call('dispatch', { message: `n=${n}`, target: 'bob' }));
  server.endInput();
  const answers = await Promise.all(sends);
  expect(await server.ending('end of input')).toEqual(CLEAN);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(50);
  expect(filesIn(sandbox.relay, 'bob')).toHaveLength(50);
});

test.concurrent('what the last answer before the end of input showed counts as read', async ({ sandbox, expect }) => {
  const alice = await present(sandbox);
  for (let n = 0; n < 30; n++) await alice.call('dispatch', { message: `n=${n}`, target: 'bob' });
  const bob = await sandbox.start('bob');
  const peek = bob.call('peek', { limit: 30 });
  bob.endInput();
  expect((await peek).count).toBe(30);
  expect(await bob.ending('end of input')).toEqual(CLEAN);
  expect(filesIn(sandbox.relay, 'bob')).toEqual([]);
  expect(filesIn(sandbox.relay, 'bob', 'read')).toHaveLength(30);
  const again = await sandbox.start('bob');
  expect(await again.call('peek')).toMatchObject({ count: 0, unacked: 30 });
});

/** Fills the pipe to a client that does not read, far beyond what it and its ends hold. */
function clog(server: RawServer): void {
  server.mayEndMidLine = true;
  server.child.stdout.pause();
  for (let n = 0; n < CLOGGING; n++) server.request('tools/list');
}

const answersIn = (server: RawServer) => server.lines.filter((line) => line.includes('"tools":')).length;

test.concurrent('a client that stops reading does not keep SIGTERM from ending it', async ({ sandbox, expect }) => {
  const server = await present(sandbox);
  clog(server);
  server.request('tools/call', { name: 'dispatch', arguments: { message: 'all of them were read', target: 'bob' } });
  await eventually('the last request', () => filesIn(sandbox.relay, 'bob').length === 1);
  server.kill('SIGTERM');
  expect(await server.ending('SIGTERM with a full pipe')).toEqual(CLEAN);
  expect(presenceOf(sandbox)).toEqual([]);
  await server.closed;
  expect(answersIn(server)).toBeLessThan(CLOGGING);
});

test.concurrent('mail in an answer that could not be written is new again', async ({ sandbox, expect }) => {
  const alice = await sandbox.start('alice');
  for (let n = 0; n < 20; n++) await alice.call('dispatch', { message: `n=${n}`, target: 'bob' });
  const bob = await sandbox.start('bob');
  clog(bob);
  bob.request('tools/call', { name: 'peek', arguments: {} });
  await eventually('the claim', () => filesIn(sandbox.relay, 'bob').length === 0);
  bob.kill('SIGTERM');
  expect(await bob.ending('SIGTERM with a full pipe')).toEqual(CLEAN);
  await bob.closed;
  expect(answersIn(bob)).toBeLessThan(CLOGGING);
  expect(filesIn(sandbox.relay, '.receipts', 'alice')).toEqual([]);
  const again = await sandbox.start('bob');
  const { messages } = await again.call('peek');
  expect(messages.map(({ content }: { content: string }) => content)).toEqual(
    Array.from({ length: 20 }, (_, n) => `n=${n}`),
  );
});

test.concurrent('an answer that is written late, behind the end of input, counts as read', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.start('alice');
  for (let n = 0; n < 20; n++) await alice.call('dispatch', { message: `n=${n}`, target: 'bob' });
  const bob = await sandbox.start('bob');
  clog(bob);
  const peek = bob.call('peek');
  await eventually('the claim', () => filesIn(sandbox.relay, 'bob').length === 0);
  bob.endInput();
  // Only once the server knows of the end does it matter that the answer is still to come.
  await new Promise((resolve) => setTimeout(resolve, 100));
  bob.child.stdout.resume();
  const shown = await peek.then(
    ({ count }) => count,
    () => 0,
  );
  expect(await bob.ending('end of input')).toEqual(CLEAN);
  const isRead = [filesIn(sandbox.relay, 'bob', 'read'), filesIn(sandbox.relay, '.receipts', 'alice')];
  expect(isRead.map(({ length }) => length)).toEqual([shown, shown]);
  // A server waits for a second, in which a busy machine may not get to read: then nothing was shown.
  if (shown === 0) expect(await slowness()).toBeGreaterThan(2);
  else expect(shown).toBe(20);
});

test.concurrent('a request over 10 MB is answered with an error, and the next call works', async ({
  sandbox,
  expect,
}) => {
  const server = await present(sandbox);
  const { error } = await server.request('ping', { x: 'x'.repeat(11 * 1024 * 1024) });
  expect(error).toEqual({ code: -32600, message: expect.stringContaining('longer than 10 MB') });
  expect(await server.call('who')).toMatchObject({ self: 'alice' });
});

test.concurrent('a line over 10 MB that nobody can be answered ends the process with a message', async ({
  sandbox,
  expect,
}) => {
  const server = await present(sandbox);
  server.frame(`{"jsonrpc":"2.0","method":"ping","params":{"x":"${'x'.repeat(11 * 1024 * 1024)}","id":99}}`);
  const { signal } = await server.ending('a line over 10 MB', 3 * END_DEADLINE_MS);
  expect(signal).toBeNull();
  expect(server.stderr).toMatch(/longer than 10 MB/);
  expect(presenceOf(sandbox)).toEqual([]);
});

test.concurrent('a line that is not JSON-RPC is said on stderr, and the next call works', async ({
  sandbox,
  expect,
}) => {
  const server = await present(sandbox);
  for (const line of ['nonsense', '{', '[]', 'null', '{"jsonrpc":"1.0"}', '\u0000', '', '"\ud800"']) server.frame(line);
  expect(await server.call('who')).toMatchObject({ self: 'alice' });
  await eventually(
    'a word about each kind',
    () => /not valid JSON/.test(server.stderr) && /not JSON-RPC/.test(server.stderr),
  );
});

test('100 servers started and stopped leave no process and no presence', { timeout: 600_000 }, async ({ sandbox }) => {
  const ways = ['end of input', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  const cycle = async (n: number) => {
    const server = await sandbox.start(`agent-${n % 10}`);
    await server.call('who');
    const way = ways[n % ways.length] ?? 'SIGTERM';
    if (way === 'end of input') server.endInput();
    else server.kill(way);
    // Four at a time on what may be one core: the promise of two seconds is tested above, one by one.
    expect(await server.ending(way, 5 * END_DEADLINE_MS)).toEqual(CLEAN);
    await server.closed;
  };
  for (let n = 0; n < 100; n += 4) await Promise.all([0, 1, 2, 3].map((k) => cycle(n + k)));
  expect(presenceOf(sandbox)).toEqual([]);
  expect(listTree(sandbox.relay).filter((name) => name.startsWith('.tmp/') && name !== '.tmp/')).toEqual([]);
});
