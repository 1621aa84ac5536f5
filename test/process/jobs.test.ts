/** Jobs between real servers: who is rung for them, what becomes of those that a server held when it ended, lost answers. */
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, test } from '../helpers/server-sandbox.js';

const posix = process.platform !== 'win32';
const WORK = { to: 'bob', task: { prompt: 'SECRET words' } };

const frameOf = (id: number, name: string, args: object, meta: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, _meta: meta } });

const answerTo = (server: RawServer, id: number): Json =>
  server.lines.map((line) => JSON.parse(line)).find((message) => message.id === id);

for (const [how, end] of [
  ['ended by end of input', (server: RawServer) => server.child.stdin.end()],
  ['killed', (server: RawServer) => server.kill('SIGKILL')],
] as const) {
  test.concurrent(`a job stays held when its server is ${how}, and a server of the same agent goes on with the token`, async ({
    sandbox,
    expect,
  }) => {
    const alice = await sandbox.local('alice');
    const { job_id } = await alice.call('submit', { ...WORK, write: true });
    const first = await sandbox.start('bob');
    const { token, lease_until } = await first.call('claim');
    end(first);
    await first.closed;
    expect(await alice.call('poll', { job_id })).toMatchObject({ state: 'running', held_by: 'bob', lease_until });
    const respawned = await sandbox.local('bob');
    expect(await respawned.refusal('claim', { job_id })).toMatch(/^HELD_BY_ANOTHER/);
    const renewed = await respawned.call('claim', { job_id, token, offset: 0 });
    expect(renewed).toMatchObject({ renewed: true, attempt: 1, write: true, task: WORK.task });
    await respawned.call('settle', { job_id, token, outcome: 'completed', result: 'done' });
    expect(await alice.call('poll', { job_id })).toMatchObject({ state: 'completed', result: 'done', attempts: 1 });
  });
}

test.concurrent('a job is mail to its assignee in every way: named on stderr, counted by who, and shown by the next answer', async ({
  sandbox,
  expect,
}) => {
  const bob = await sandbox.start('bob');
  const alice = await sandbox.start('alice');
  for (const each of [alice, bob]) await each.call('join', { topic: 'build' });
  // Alerts begin once a session has settled, and tell of what comes then.
  await eventually('the alerts of both', () =>
    ['alice', 'bob'].every((agent) => existsSync(path.join(sandbox.relay, '.bell', agent))),
  );
  const sent = await alice.call('submit', { to: '#build', task: WORK.task });
  await eventually('the alert', () => bob.stderr.includes('alice'));
  expect(bob.stderr).not.toContain('SECRET');
  const { agents } = await alice.call('who');
  expect(agents.map((one: Json) => [one.agent_id, one.unread])).toEqual([
    ['alice', 0],
    ['bob', 1],
  ]);
  const { new_messages } = await bob.call('who');
  expect(new_messages).toMatchObject([{ from: 'alice', to: '#build', payload: { type: 'job', job_id: sent.job_id } }]);
  expect(alice.stderr).not.toContain(sent.job_id);
});

test.concurrent('a submit that waits hands out the id first, and cancelled it leaves the job, which its request_id finds again', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.start('alice');
  const args = { ...WORK, request_id: 'one', wait_seconds: 240 };
  const id = alice.takeId();
  alice.frame(frameOf(id, 'submit', args, { progressToken: 'p' }));
  const progress = await eventually('the id', () =>
    alice.lines.map((line) => JSON.parse(line)).find(({ method }) => method === 'notifications/progress'),
  );
  const [job_id] = /job-[a-z0-9]{12}/.exec(progress.params.message) ?? [];
  expect(progress.params).toMatchObject({ progressToken: 'p', progress: 0, total: 240 });
  alice.notify('notifications/cancelled', { requestId: id });
  expect(await alice.call('poll', { job_id })).toMatchObject({ found: true, state: 'queued' });
  expect(answerTo(alice, id)).toBeUndefined();
  expect(await alice.call('submit', { ...args, wait_seconds: 0 })).toMatchObject({ job_id, deduped: true });
  const bob = await sandbox.local('bob');
  expect(await bob.call('claim')).toMatchObject({ job_id, attempt: 1 });
});

test.concurrent('a result of 10 MB is refused with what to do instead, and the job is still held by a server that lives', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const { job_id } = await alice.call('submit', WORK);
  const bob = await sandbox.start('bob');
  const { token } = await bob.call('claim');
  const settle = { job_id, token, outcome: 'completed' };
  const { error } = await bob.request('tools/call', {
    name: 'settle',
    arguments: { ...settle, result: 'x'.repeat(10 * 1024 * 1024) },
  });
  expect(error).toMatchObject({ message: expect.stringContaining('write it to a file and give its path') });
  const large = await bob.refusal('settle', { ...settle, result: 'x'.repeat(9 * 1024 * 1024) });
  expect(large).toMatch(/^INVALID_ARGUMENT: The outcome takes .* you still hold job .* Write it to a file/);
  expect(await bob.call('settle', { ...settle, result: 'in out.txt' })).toMatchObject({ state: 'completed' });
  expect(await alice.call('poll', { job_id })).toMatchObject({ result: 'in out.txt' });
});

test.concurrent('two agents that wait for each other’s jobs each get theirs, at once', async ({ sandbox, expect }) => {
  const alice = await sandbox.start('alice');
  const bob = await sandbox.start('bob');
  const asked = [
    alice.call('submit', { ...WORK, wait_seconds: 240 }),
    bob.call('submit', { to: 'alice', task: WORK.task, wait_seconds: 240 }),
  ];
  for (const each of [alice, bob]) {
    const { job_id, token } = await eventually('a job', async () => {
      const taken = await each.call('claim');
      return taken.found && taken;
    });
    await each.call('settle', { job_id, token, outcome: 'completed', result: 'done' });
  }
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ state: 'completed', result: 'done' });
});

test
  .runIf(posix)
  .concurrent(
    'a relay that is removed ends the wait for a job, and the server goes on with what is made anew',
    async ({ sandbox, expect }) => {
      const alice = await sandbox.start('alice');
      const id = alice.takeId();
      alice.frame(frameOf(id, 'submit', { ...WORK, wait_seconds: 240 }, { progressToken: 'p' }));
      await eventually('the submit', () => alice.lines.some((line) => line.includes('notifications/progress')));
      // At once: file by file it would be removed from under a server that writes.
      renameSync(sandbox.relay, path.join(sandbox.root, 'elsewhere'));
      const { result } = await eventually('the answer', () => answerTo(alice, id));
      expect(result.isError).toBeUndefined();
      const { job_id } = result.structuredContent;
      expect(result.structuredContent).toMatchObject({
        job_id: expect.stringMatching(/^job-/),
        wait_ended: 'relay_gone',
      });
      expect(await alice.call('poll', { job_id })).toMatchObject({ found: false });
      expect(await alice.call('submit', WORK)).toMatchObject({ state: 'queued' });
    },
  );
