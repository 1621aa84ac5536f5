/** A relay for each repository, with `scope = "project"`: who shares it, and that commands find the same one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../helpers/server-client.js';
import { listTree, type Sandbox, SERVER, test } from '../helpers/server-sandbox.js';

const CONFIG = 'scope = "project"\n';

function folder(sandbox: Sandbox, ...parts: string[]): string {
  const made = path.join(sandbox.root, ...parts);
  mkdirSync(made, { recursive: true });
  return made;
}

/** A repository, and a worktree of it elsewhere. */
function repository(sandbox: Sandbox, ...parts: string[]): { main: string; tree: string } {
  const main = folder(sandbox, ...parts);
  folder(sandbox, ...parts, '.git');
  const tree = folder(sandbox, 'trees', ...parts);
  writeFileSync(path.join(tree, '.git'), `gitdir: ${main}/.git/worktrees/x\n`);
  return { main, tree };
}

test('worktrees share the relay of their repository, and "all" does not leave it', async ({ sandbox, expect }) => {
  const { main, tree } = repository(sandbox, 'one', 'api');
  const other = repository(sandbox, 'two', 'api').main;
  const start = async (cwd: string) => {
    const server = await sandbox.start(undefined, { cwd, config: CONFIG });
    return { server, who: (await server.call('who')) as Json };
  };
  const [first, second, third] = [await start(main), await start(tree), await start(other)];
  // In a relay of its own nobody else has the name.
  expect([first, second, third].map(({ who }) => who.self)).toEqual(['api', 'api-2', 'api']);
  expect(first.who.relay).toMatch(new RegExp(`^${sandbox.relay}/\\.projects/api-[0-9a-f]{8}$`));
  expect(second.who.relay).toBe(first.who.relay);
  expect(third.who.relay).not.toBe(first.who.relay);
  expect(await first.server.call('dispatch', { target: 'all', message: 'at home' })).toMatchObject({
    queued_to: ['api-2'],
  });
  expect((await third.server.call('peek')).messages).toEqual([]);
  expect((await second.server.call('peek')).messages).toMatchObject([{ content: 'at home' }]);
  // What is beside the relays of projects is nobody's inbox.
  expect(listTree(sandbox.relay).filter((name) => !name.startsWith('.projects/'))).toEqual([]);
});

test('commands that are run in the project, at any depth, use its relay and say which', async ({ sandbox, expect }) => {
  const { main } = repository(sandbox, 'webapp');
  const server = await sandbox.start('bob', { cwd: main, config: CONFIG });
  const { relay } = await server.call('who');
  const run = (cwd: string, ...args: string[]) => {
    const { env } = sandbox.command({ config: CONFIG });
    const { stdout, stderr, status } = spawnSync(process.execPath, [SERVER, ...args], { cwd, env, encoding: 'utf8' });
    return { stdout, stderr, status };
  };
  const deep = folder(sandbox, 'webapp', 'src', 'deep');
  for (const cwd of [main, deep])
    expect(run(cwd, 'who').stdout).toMatch(new RegExp(`^Relay: ${relay}\\n\\nLIVE[\\s\\S]*\\nbob `));
  expect(run(deep, 'config', 'check').stdout).toContain(`Relay: ${relay}\n`);
  expect(run(deep, 'doctor').stdout).toContain(`Relay:  ${relay}\n`);
  expect(run(deep, 'send', 'bob', 'hello', '--from', 'ci').status).toBe(0);
  expect((await server.call('peek')).count).toBe(1);
  // Outside of it there is another one.
  const outside = run(sandbox.root, 'who', '--json');
  expect(outside.status).toBe(3);
  expect(JSON.parse(outside.stdout).relay).not.toBe(relay);
});
