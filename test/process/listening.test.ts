/** Who listens, and who else serves the same agent, as real servers see each other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';

const posix = process.platform !== 'win32';

type Caller = Pick<RawServer, 'call'>;

const CALLS: readonly [string, object][] = [
  ['dispatch', { message: 'hello', target: 'carol' }],
  ['peek', {}],
  ['ack', { message_ids: ['msg-000000000000'] }],
  ['who', {}],
];

/** What each tool of a server says beside its answer, once. */
async function noticesOf(server: Caller): Promise<string[][]> {
  const notices: string[][] = [];
  for (const [tool, args] of CALLS) notices.push((await server.call(tool, args)).notices ?? []);
  return notices;
}

const none = CALLS.map(() => []);

async function listeningOf(agent: string, asker: Caller): Promise<[string, string] | undefined> {
  const { agents, known = [] } = await asker.call('who');
  const one = [...agents, ...known].find((each: Json) => each.agent_id === agent);
  return one === undefined ? undefined : [one.listening, one.listening_reason];
}

/** A program that only sleeps and stands in the relay as a server of another program does. */
async function otherProgram(sandbox: Sandbox, agent: string): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  sandbox.atEnd(() => child.kill('SIGKILL'));
  mkdirSync(path.join(sandbox.relay, '.presence'), { recursive: true, mode: 0o700 });
  const presence = { agent_id: agent, pid: child.pid, started: '2026-02-17T20:30:00Z' };
  writeFileSync(path.join(sandbox.relay, '.presence', `${agent}.json`), JSON.stringify(presence), { mode: 0o600 });
  return child as ChildProcess & { readonly pid: number };
}

for (const way of ['end of input', 'SIGTERM', 'SIGKILL'] as const) {
  test.concurrent(`two servers under one id say so in every answer, until the first after one is gone (${way})`, async ({
    sandbox,
    expect,
  }) => {
    const [first, second] = [await sandbox.start('alice'), await sandbox.local('alice')];
    expect(await noticesOf(first)).toEqual(none);
    const about = (pid: number, cwd: string) => [
      expect.stringContaining(`serves alice too: pid ${pid} in ${JSON.stringify(cwd)}.`),
    ];
    expect(await noticesOf(second)).toEqual(CALLS.map(() => about(first.pid, sandbox.cwd)));
    expect(await noticesOf(first)).toEqual(CALLS.map(() => about(process.pid, process.cwd())));
    if (way === 'end of input') first.endInput();
    else first.kill(way);
    await first.ending(way);
    expect(await noticesOf(second)).toEqual(none);
  });
}

test.concurrent('a server of another program under the same id is named by its pid as long as it runs', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.start('alice');
  await alice.call('who');
  const other = await otherProgram(sandbox, 'alice');
  await eventually('the other program to be noticed', async () => (await alice.call('peek')).notices !== undefined);
  for (const [notice] of await noticesOf(alice)) {
    expect(notice).toContain(`serves alice too: pid ${other.pid}, a server of another program.`);
  }
  const bob = await sandbox.local('bob');
  await otherProgram(sandbox, 'dora');
  expect(await listeningOf('dora', bob)).toEqual(['unknown', 'live, served by another program']);
  const gone = once(other, 'exit');
  other.kill('SIGKILL');
  await gone;
  expect(await noticesOf(alice)).toEqual(none);
});

test.runIf(posix)('a stopped server does not listen, and does again when it goes on', async ({ sandbox, expect }) => {
  const [alice, bob] = [await sandbox.local('alice'), await sandbox.start('bob')];
  await bob.call('who');
  expect(await listeningOf('bob', alice)).toEqual(['yes', 'called a tool in the last minute']);
  bob.kill('SIGSTOP');
  await eventually('bob to be seen as stopped', async () => (await listeningOf('bob', alice))?.[0] === 'no');
  expect(await listeningOf('bob', alice)).toEqual(['no', 'its process is stopped']);
  expect(await alice.call('dispatch', { message: 'wake up', target: 'bob' })).toMatchObject({
    queued_to: ['bob'],
    not_listening: ['bob'],
  });
  // Whoever else serves bob is told that the other is stopped, and may read what it has not claimed.
  const second = await sandbox.local('bob');
  expect((await second.call('who')).notices[0]).toContain(`pid ${bob.pid} (stopped) in `);
  await second.close();
  bob.kill('SIGCONT');
  await eventually('bob to be seen at work', async () => (await listeningOf('bob', alice))?.[0] === 'yes');
  expect((await bob.call('peek')).count).toBe(0);
  expect((await bob.call('peek', { include_read: true })).messages).toMatchObject([{ content: 'wake up' }]);
});

test.concurrent('a session that shows itself before any call is no proof that somebody listens', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const bob = await sandbox.start('bob');
  const listening = await eventually('the presence of bob', () => listeningOf('bob', alice));
  expect(listening).toEqual(['unknown', 'live; has not called a tool yet']);
  expect(await alice.call('dispatch', { message: 'hi', target: 'bob' })).toMatchObject({ listening_unknown: ['bob'] });
  await bob.call('peek');
  expect(await listeningOf('bob', alice)).toEqual(['yes', 'called a tool in the last minute']);
});

test.concurrent('the record of a server of an older version is believed, and says nothing about listening', async ({
  sandbox,
  expect,
}) => {
  const [alice, bob] = [await sandbox.local('alice'), await sandbox.start('bob')];
  await bob.call('who');
  const [name = ''] = filesIn(sandbox.relay, '.presence', 'bob');
  const file = path.join(sandbox.relay, '.presence', 'bob', name);
  const { called_at, ...older } = JSON.parse(readFileSync(file, 'utf8'));
  expect(Date.parse(called_at)).toBeLessThanOrEqual(Date.now());
  writeFileSync(file, JSON.stringify(older));
  expect(await listeningOf('bob', alice)).toEqual(['unknown', 'live; its version does not say when it called a tool']);
});
