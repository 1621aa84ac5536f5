/** What others see of a server while it lives, when it dies, and when it was never meant to be seen. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../helpers/server-client.js';
import { eventually, filesIn, removeWhole, type Sandbox, test } from '../helpers/server-sandbox.js';

const records = (sandbox: Sandbox, agent: string) => filesIn(sandbox.relay, '.presence', agent);

const shared = (sandbox: Sandbox, agent: string): Json =>
  JSON.parse(readFileSync(path.join(sandbox.relay, '.presence', `${agent}.json`), 'utf8'));

/** The pids of an agent's live sessions, as `who` lists them. */
function pidsOf(agent: string, answer: Json): number[] {
  const entry = answer.agents.find((one: Json) => one.agent_id === agent);
  return (entry?.sessions ?? []).map(({ pid }: Json) => pid);
}

test.concurrent('a probe that only lists tools leaves nothing on the relay', async ({ sandbox, expect }) => {
  for (const way of ['end of input', 'SIGTERM', 'SIGKILL'] as const) {
    const probe = await sandbox.start('alice');
    expect((await probe.request('tools/list')).result.tools).toHaveLength(12);
    expect((await probe.request('ping')).result).toEqual({});
    if (way === 'end of input') probe.endInput();
    else probe.kill(way);
    await probe.ending(way);
    expect(existsSync(sandbox.relay), way).toBe(false);
  }
});

test.concurrent('a probe under the id of a live server changes nothing of its presence', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  await alice.call('who');
  const before = [records(sandbox, 'alice'), shared(sandbox, 'alice')];
  const probe = await sandbox.start('alice');
  await probe.request('tools/list');
  probe.endInput();
  await probe.ending('end of input');
  expect([records(sandbox, 'alice'), shared(sandbox, 'alice')]).toEqual(before);
});

for (const way of ['end of input', 'SIGTERM', 'SIGKILL'] as const) {
  test.concurrent(`a second server under an id leaves the first its presence (${way})`, async ({ sandbox, expect }) => {
    const first = await sandbox.local('alice');
    await first.call('who');
    const second = await sandbox.start('alice');
    expect(pidsOf('alice', await second.call('who')).sort()).toEqual([process.pid, second.pid].sort());
    if (way === 'end of input') second.endInput();
    else second.kill(way);
    await second.ending(way);
    expect(pidsOf('alice', await first.call('who'))).toEqual([process.pid]);
    expect(shared(sandbox, 'alice').pid).toBe(process.pid);
  });

  test.concurrent(`the first server under an id hands its place to the second (${way})`, async ({
    sandbox,
    expect,
  }) => {
    const first = await sandbox.start('alice');
    await first.call('who');
    const second = await sandbox.local('alice');
    await second.call('who');
    if (way === 'end of input') first.endInput();
    else first.kill(way);
    await first.ending(way);
    const bob = await sandbox.local('bob');
    expect(pidsOf('alice', await bob.call('who'))).toEqual([process.pid]);
    expect((await bob.call('dispatch', { message: 'hello', target: 'alice' })).not_listening).toBeUndefined();
  });
}

test.concurrent('the first who after a kill -9 does not list the dead', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  for (let round = 0; round < 2; round++) {
    const bob = await sandbox.start('bob');
    await bob.call('who');
    expect(pidsOf('bob', await alice.call('who'))).toEqual([bob.pid]);
    bob.kill('SIGKILL');
    await bob.ending('SIGKILL');
    const answer = await alice.call('who');
    expect(pidsOf('bob', answer)).toEqual([]);
    expect(answer.known.map((one: Json) => one.agent_id)).toEqual(['bob']);
    expect((await alice.call('dispatch', { message: 'are you there?', target: 'bob' })).not_listening).toEqual(['bob']);
  }
});

test.concurrent('a server that nobody calls shows itself after a while, and is not known for it', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  await alice.call('who');
  const bob = await sandbox.start('bob');
  const { since } = await eventually('the presence of bob', async () => {
    const { agents } = await alice.call('who');
    return agents.find((one: Json) => one.agent_id === 'bob')?.sessions[0];
  });
  expect(Date.parse(since)).toBeLessThanOrEqual(Date.now());
  expect(filesIn(sandbox.relay, '.agents')).toEqual(['alice']);
  bob.endInput();
  await bob.ending('end of input');
  expect(pidsOf('bob', await alice.call('who'))).toEqual([]);
});

test.concurrent('a server that is called shows itself with the answer, with what a peer wants to know', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.start('alice');
  await alice.call('peek');
  const bob = await sandbox.start('bob');
  const { agents } = await bob.call('who');
  expect(agents.map((one: Json) => one.agent_id)).toEqual(['alice', 'bob']);
  for (const [index, server] of [alice, bob].entries()) {
    expect(agents[index].sessions).toEqual([
      {
        client: { name: `client of ${agents[index].agent_id}`, version: '1.2.3' },
        pid: server.pid,
        cwd: sandbox.cwd,
        since: expect.stringMatching(/^\d{4}-/),
        wake: 'none',
      },
    ]);
  }
  expect(filesIn(sandbox.relay, '.agents')).toEqual(['alice', 'bob']);
});

test.concurrent('a relay that is removed under running servers comes back with their calls, and they with it', async ({
  sandbox,
  expect,
}) => {
  const [alice, bob] = [await sandbox.start('alice'), await sandbox.start('bob')];
  for (const server of [alice, bob]) await server.call('who');
  await removeWhole(sandbox.relay);
  await eventually('alice in her own list', async () => pidsOf('alice', await alice.call('who')).includes(alice.pid));
  await eventually('bob in his', async () => pidsOf('bob', await bob.call('who')).includes(bob.pid));
  expect(pidsOf('bob', await alice.call('who'))).toEqual([bob.pid]);
  expect(await alice.call('dispatch', { message: 'still here?', target: 'all' })).toMatchObject({ queued_to: ['bob'] });
  expect((await bob.call('peek')).messages).toMatchObject([{ content: 'still here?' }]);
});

test.concurrent('a server whose folder is removed before its first call works, and says of no folder', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.start('alice');
  rmSync(sandbox.cwd, { recursive: true });
  const { agents } = await alice.call('who');
  expect(agents).toMatchObject([{ agent_id: 'alice', sessions: [{ pid: alice.pid }] }]);
  expect(agents[0].sessions[0]).not.toHaveProperty('cwd');
  expect(await alice.call('dispatch', { target: 'bob', message: 'hello' })).toMatchObject({ sent: true });
  const { args, env } = sandbox.command();
  const { stdout } = spawnSync(process.execPath, [...args, 'tail'], { env, cwd: sandbox.root, encoding: 'utf8' });
  expect(stdout).toMatch(new RegExp(`session started +alice +pid ${alice.pid}, client of alice\\n`));
});
