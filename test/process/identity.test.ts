/** Real servers without an id: what they are called, also when they come back in another order or are killed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { answerOf, type Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, listTree, type Sandbox, type ServerOptions, test } from '../helpers/server-sandbox.js';

const CLAUDE = { name: 'claude-code', version: '2.1.329' };
const CODEX = { name: 'codex-mcp-client', version: '0.169.0' };

async function open(sandbox: Sandbox, clientInfo = CLAUDE, options: ServerOptions = {}): Promise<RawServer> {
  const server = sandbox.spawn(options);
  await server.request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  server.notify('notifications/initialized');
  return server;
}

const claude = (sandbox: Sandbox, session: string, options: ServerOptions = {}) =>
  open(sandbox, CLAUDE, { ...options, env: { CLAUDE_CODE_SESSION_ID: session } });

/** A call as Codex makes it. */
async function callIn(thread: string, server: RawServer, name: string): Promise<Json> {
  const { result } = await server.request('tools/call', { name, arguments: {}, _meta: { threadId: thread } });
  return answerOf(result);
}

const selfOf = async (server: RawServer) => (await server.call('who')).self;

async function close(...servers: RawServer[]): Promise<void> {
  for (const server of servers) server.endInput();
  for (const server of servers) await server.ending('end of input');
}

/** A folder below the sandbox, with a repository in it. */
function repository(sandbox: Sandbox, name: string): string {
  const folder = path.join(sandbox.root, name);
  mkdirSync(path.join(folder, '.git'), { recursive: true });
  return folder;
}

test.concurrent('a server without an id is named after its project, and says so', async ({ sandbox, expect }) => {
  const cwd = path.join(repository(sandbox, 'Web.App'), 'src');
  mkdirSync(cwd);
  const [first, second] = [await open(sandbox, CLAUDE, { cwd }), await open(sandbox, CLAUDE, { cwd })];
  expect(await first.call('who')).toMatchObject({
    self: 'web-app',
    identity: 'project',
    project: path.join(sandbox.root, 'Web.App'),
  });
  expect(await second.call('who')).toMatchObject({ self: 'web-app-2', identity: 'project' });
  const given = await open(sandbox, CLAUDE, { cwd, agent: 'bob' });
  const answer = await given.call('who');
  expect(answer).toMatchObject({ self: 'bob', identity: 'id' });
  expect(answer).not.toHaveProperty('project');
});

for (const way of ['end of input', 'SIGTERM', 'SIGKILL'] as const) {
  test.concurrent(`after ${way} a name is free, and its mail is read by who has it next`, async ({
    sandbox,
    expect,
  }) => {
    const first = await open(sandbox);
    expect(await selfOf(first)).toBe('work');
    if (way === 'end of input') first.endInput();
    else first.kill(way);
    await first.ending(way);
    await (await sandbox.local('alice')).call('dispatch', { target: 'work', message: 'while you were away' });
    const again = await open(sandbox);
    expect(await again.call('peek')).toMatchObject({
      agent_id: 'work',
      messages: [{ content: 'while you were away' }],
    });
  });
}

test.concurrent('twenty servers started at once in one folder have twenty names', async ({ sandbox, expect }) => {
  const servers = await Promise.all(Array.from({ length: 20 }, () => open(sandbox)));
  const names = await Promise.all(servers.map(selfOf));
  const numbered = Array.from({ length: 19 }, (_, index) => `work-${index + 2}`);
  expect(names.sort()).toEqual(['work', ...numbered].sort());
});

test.concurrent('two windows of Claude Code that are killed and opened in the other order keep their mail', async ({
  sandbox,
  expect,
}) => {
  const windows = [await claude(sandbox, 'session-a'), await claude(sandbox, 'session-b')];
  for (const window of windows) await window.call('peek');
  for (const window of windows) {
    window.kill('SIGKILL');
    await window.ending('SIGKILL');
  }
  const alice = await sandbox.local('alice');
  await alice.call('dispatch', { target: 'work', message: 'for a' });
  await alice.call('dispatch', { target: 'work-2', message: 'for b' });
  const b = await claude(sandbox, 'session-b');
  expect(await b.call('peek')).toMatchObject({ agent_id: 'work-2', messages: [{ content: 'for b' }] });
  const a = await claude(sandbox, 'session-a');
  expect(await a.call('peek')).toMatchObject({ agent_id: 'work', messages: [{ content: 'for a' }] });
});

test.concurrent('two windows of Codex that are opened in the other order keep their names, however long they wait', async ({
  sandbox,
  expect,
}) => {
  const windows = [await open(sandbox, CODEX), await open(sandbox, CODEX)];
  for (const [index, window] of windows.entries()) await callIn(`thread-${index}`, window, 'peek');
  await close(...windows);
  const second = await open(sandbox, CODEX);
  // Announced five seconds after its start, as the window of Codex would be that was opened before.
  await open(sandbox, { name: 'gemini-cli-mcp-client', version: '1' }, { agent: 'later' });
  const alice = await sandbox.local('alice');
  const live = async () => (await alice.call('who')).agents.map((one: Json) => one.agent_id);
  await eventually('the server that was started later', async () => (await live()).includes('later'));
  expect(await live()).toEqual(['alice', 'later']);
  expect(await callIn('thread-1', second, 'who')).toMatchObject({ self: 'work-2' });
  const first = await open(sandbox, CODEX);
  expect(await callIn('thread-0', first, 'who')).toMatchObject({ self: 'work' });
});

test.concurrent('a health check takes no name, and leaves nothing', async ({ sandbox, expect }) => {
  const check = await open(sandbox);
  expect((await check.request('tools/list')).result.tools.length).toBeGreaterThan(0);
  await close(check);
  expect(listTree(sandbox.root).filter((name) => name.startsWith('relay'))).toEqual([]);
  expect(await selfOf(await open(sandbox))).toBe('work');
});

test.concurrent('a server that is not called takes its name when it shows itself', async ({ sandbox, expect }) => {
  await open(sandbox);
  const alice = await sandbox.local('alice');
  await eventually('the name of the first server', async () =>
    (await alice.call('who')).agents.some((one: Json) => one.agent_id === 'work'),
  );
  expect(await selfOf(await open(sandbox))).toBe('work-2');
});

test.concurrent('the instructions say where a name is found that is not given yet', async ({ sandbox, expect }) => {
  const server = sandbox.spawn();
  const { instructions } = await server.initialize();
  expect(instructions.slice(0, 240)).toContain('Each answer names you.');
  expect(await server.call('peek')).toMatchObject({ agent_id: 'work' });
  expect(await server.call('dispatch', { target: 'bob', message: 'hi' })).toMatchObject({ from: 'work' });
});

test.concurrent('worktrees of one repository are told apart, and projects of one name share no mail', async ({
  sandbox,
  expect,
}) => {
  const main = repository(sandbox, 'one/api');
  const tree = path.join(sandbox.root, 'trees', 'fix');
  mkdirSync(tree, { recursive: true });
  writeFileSync(path.join(tree, '.git'), `gitdir: ${main}/.git/worktrees/fix\n`);
  const names = [];
  for (const cwd of [main, tree, repository(sandbox, 'two/api')])
    names.push(await selfOf(await open(sandbox, CLAUDE, { cwd })));
  expect(names).toEqual(['api', 'api-fix', 'api-2']);
});
