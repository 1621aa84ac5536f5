/** Topics between real servers: members that are gone, killed, racing, or named by the environment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, listTree, type Sandbox, test } from '../helpers/server-sandbox.js';

const KILL_AFTER = [fileURLToPath(new URL('preload/kill-after.cjs', import.meta.url))];

const members = (sandbox: Sandbox, topic = 'build') => filesIn(sandbox.relay, '.topics', topic);

test.concurrent('a member that is killed gets what is sent meanwhile; who joins later does not', async ({
  sandbox,
  expect,
}) => {
  const [alice, bob] = [await sandbox.local('alice'), await sandbox.start('bob')];
  expect(await bob.call('join', { topic: 'build', role: 'reviewer' })).toMatchObject({ members: 1, role: 'reviewer' });
  bob.kill('SIGKILL');
  await bob.ending('SIGKILL');
  expect(await alice.call('dispatch', { target: '#build', message: 'early' })).toMatchObject({
    queued_to: ['bob'],
    not_listening: ['bob'],
  });
  const carol = await sandbox.local('carol');
  await carol.call('join', { topic: '#build' });
  const again = await sandbox.local('bob');
  expect((await again.call('peek')).messages).toMatchObject([{ from: 'alice', to: '#build', content: 'early' }]);
  expect((await carol.call('peek')).messages).toEqual([]);
  expect((await alice.call('who', { topic: 'build' })).members).toMatchObject([
    { agent_id: 'bob', role: 'reviewer', live: true, listening: 'yes', unread: 0 },
    { agent_id: 'carol', live: true, unread: 0 },
  ]);
  await alice.call('dispatch', { target: '#build', message: 'late' });
  expect((await carol.call('peek')).messages).toMatchObject([{ content: 'late' }]);
});

for (const { call, path } of [
  { call: 'linkSync', path: '/\\.topics/build/bob$' },
  { call: 'unlinkSync', path: '/\\.tmp/' },
  { call: 'openSync', path: '/\\.topics/build$' },
]) {
  test.concurrent(`a server that is killed in a join, after ${call} of ${path}, has made a whole membership`, async ({
    sandbox,
    expect,
  }) => {
    const alice = await sandbox.local('alice');
    await alice.call('join', { topic: 'build' });
    const dying = sandbox.spawn({
      agent: 'bob',
      preload: KILL_AFTER,
      env: { KILL_CALL: call, KILL_PATH: path, KILL_AFTER: '1' },
    });
    await dying.initialize();
    const answer = await dying.call('join', { topic: 'build', role: 'fixer' }).catch(() => 'none');
    expect([answer, await dying.ending('SIGKILL')]).toEqual(['none', { code: null, signal: 'SIGKILL' }]);
    // It was published before each of these steps; a kill before that is a call that was never made.
    const shown = (await alice.call('who', { topic: 'build' })).members.map(({ agent_id: id }: Json) => id);
    expect(shown.sort()).toEqual(['alice', 'bob']);
    expect(members(sandbox)).toEqual(['alice', 'bob']);

    const bob = await sandbox.local('bob');
    expect(await bob.call('join', { topic: 'build', role: 'fixer' })).toMatchObject({ members: 2, role: 'fixer' });
    expect(await alice.call('dispatch', { target: '#build', message: 'x' })).toMatchObject({ queued_to: ['bob'] });
  });
}

test.concurrent('servers that join and leave at once end as each was last answered', async ({ sandbox, expect }) => {
  const config = 'durability = "process"\n';
  // Two sessions of each of three agents.
  const agents = ['ann', 'ben', 'cleo'];
  const servers = await Promise.all([
    ...agents.map((agent) => sandbox.start(agent, { config })),
    ...agents.map((agent) => sandbox.local(agent, { config })),
  ]);
  const [ann, ben, cleo] = servers as [RawServer, RawServer, RawServer];
  for (let round = 0; round < 10; round++) {
    const calls = servers.flatMap((server, n) =>
      Array.from({ length: 4 }, (_, k) =>
        (n + k + round) % 2 === 0
          ? server.call('join', { topic: 'build', role: `role ${n}` })
          : server.call('leave', { topic: 'build' }),
      ),
    );
    // Every answer counts: none may be an error.
    await Promise.all(calls);
  }
  for (const server of [ann, cleo]) await server.call('join', { topic: 'build', role: 'last' });
  await ben.call('leave', { topic: 'build' });
  expect(members(sandbox)).toEqual(['ann', 'cleo']);
  const { members: shown } = await ben.call('who', { topic: 'build' });
  expect(shown).toMatchObject([
    { agent_id: 'ann', role: 'last' },
    { agent_id: 'cleo', role: 'last' },
  ]);
  expect(listTree(sandbox.relay).filter((name) => name.startsWith('.tmp/'))).toEqual(['.tmp/']);
});

test.concurrent('MCP_DISPATCH_TOPICS joins with the first call, and a bad name is said and does no harm', async ({
  sandbox,
  expect,
}) => {
  const bob = await sandbox.start('bob', { env: { MCP_DISPATCH_TOPICS: 'Build, #review,all' } });
  expect(bob.stderr).toMatch(/MCP_DISPATCH_TOPICS: "all" is a reserved name.*The server goes on without it/);
  expect((await bob.call('who')).topics).toEqual([
    { topic: '#build', members: 1, member: true },
    { topic: '#review', members: 1, member: true },
  ]);
});

test.concurrent('MCP_DISPATCH_TOPICS joins nothing for a probe, and for a session without a call once it shows itself', async ({
  sandbox,
  expect,
}) => {
  const env = { MCP_DISPATCH_TOPICS: 'build' };
  const probe = await sandbox.start('bob', { env });
  await probe.request('tools/list');
  probe.endInput();
  await probe.ending('end of input');
  expect(existsSync(join(sandbox.relay, '.topics'))).toBe(false);
  const bob = await sandbox.start('bob', { env });
  bob.notify('notifications/initialized');
  await eventually('bob is a member', () => members(sandbox).includes('bob'));
});

test.concurrent('a member that is on the roster no more gets nothing, and nobody can be it', async ({
  sandbox,
  expect,
}) => {
  const before = await sandbox.local('eve', { config: 'agents = ["alice", "bob", "eve"]\n' });
  await before.call('join', { topic: 'build' });
  const config = 'agents = ["alice", "bob"]\n';
  const alice = await sandbox.start('alice', { config });
  expect(await alice.refusal('dispatch', { target: '#build', message: 'x' })).toMatch(
    /^UNKNOWN_TARGET: Nobody got it: #build has no members\. There are no topics yet/,
  );
  const bob = await sandbox.local('bob', { config });
  await bob.call('join', { topic: 'build' });
  expect(await alice.call('dispatch', { target: '#build', message: 'x' })).toMatchObject({ queued_to: ['bob'] });
  expect(await alice.call('who', { topic: 'build' })).toMatchObject({ count: 1, members: [{ agent_id: 'bob' }] });
  expect(existsSync(join(sandbox.relay, 'eve'))).toBe(false);
});
