/** A server that does not know whom it serves, or must not: it starts, lists its tools, and each call says what to do. */

import { existsSync } from 'node:fs';
import { filesIn, listTree, type ServerOptions, test } from '../helpers/server-sandbox.js';

const ROSTER = 'agents = ["alice", "bob"]\n';
const REQUIRED = 'identity = "required"\n';

const CASES: readonly [string, ServerOptions, RegExp][] = [
  ['no id in dynamic mode', { config: REQUIRED }, /NO_IDENTITY.*MCP_DISPATCH_AGENT_ID is not set/],
  ['an empty id in dynamic mode', { agent: '', config: REQUIRED }, /NO_IDENTITY.*MCP_DISPATCH_AGENT_ID is not set/],
  ['a blank id in dynamic mode', { agent: ' \t', config: REQUIRED }, /NO_IDENTITY.*MCP_DISPATCH_AGENT_ID is not set/],
  ['an id that is not on the roster', { agent: 'mallory', config: ROSTER }, /NO_IDENTITY.*"mallory".*alice, bob/],
  ['an invalid id', { agent: '../x' }, /INVALID_AGENT_ID.*MCP_DISPATCH_AGENT_ID.*1 to 64 characters/],
  ['the id of the person', { agent: 'Human' }, /INVALID_AGENT_ID.*"human" is a reserved name/],
  ['the name for everyone', { agent: 'all' }, /INVALID_AGENT_ID.*reserved/],
  ['a Windows device as id', { agent: 'CON' }, /INVALID_AGENT_ID.*reserved/],
  ['a look-alike as id', { agent: '\u212aate' }, /INVALID_AGENT_ID/],
];

for (const [name, options, says] of CASES) {
  test.concurrent(`${name}: tools are listed, calls say what to do, and nothing is written`, async ({
    sandbox,
    expect,
  }) => {
    const server = await sandbox.start(options.agent, options);
    expect((await server.request('tools/list')).result.tools).toHaveLength(12);
    for (const [tool, args] of [
      ['peek', {}],
      ['who', {}],
      ['dispatch', { message: 'hi', target: 'alice' }],
      ['ack', { message_ids: ['msg-x'] }],
    ] as const) {
      expect(await server.refusal(tool, args), tool).toMatch(says);
    }
    expect(existsSync(sandbox.relay)).toBe(false);
  });
}

test.concurrent('a roster with all names taken says so, and gives a name to the next call once one is free', async ({
  sandbox,
  expect,
}) => {
  const first = await sandbox.local(undefined, { config: 'agents = ["alice"]\n' });
  await first.call('who');
  const second = await sandbox.start(undefined, { config: 'agents = ["alice"]\n' });
  expect((await second.request('tools/list')).result.tools).toHaveLength(12);
  expect(await second.refusal('peek')).toMatch(/NO_IDENTITY.*All names of the roster are taken.*alice/);
  await first.close();
  expect(await second.call('peek')).toMatchObject({ agent_id: 'alice' });
});

test.concurrent('two spellings of an id are one agent', async ({ sandbox, expect }) => {
  const alice = await sandbox.start('  ALICE\t');
  expect(await alice.call('who')).toMatchObject({ self: 'alice' });
  expect(listTree(sandbox.relay)).toContain('.presence/alice.json');
  expect(filesIn(sandbox.relay, '.agents')).toEqual(['alice']);
});
