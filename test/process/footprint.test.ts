/** What a server leaves on the disk: nothing outside the relay, and inside nothing that others can read. */
import { lstatSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, listTree, type Sandbox, type ServerOptions, test } from '../helpers/server-sandbox.js';

const UMASK = fileURLToPath(new URL('preload/umask.cjs', import.meta.url));

/** A conversation that makes every kind of file there is. */
async function converse(sandbox: Sandbox, options: ServerOptions = {}): Promise<void> {
  const alice = await sandbox.start('alice', options);
  const bob = await sandbox.start('bob', options);
  await bob.call('who');
  for (const target of ['bob', 'all', 'human', 'carol']) await alice.call('dispatch', { message: 'hello', target });
  const { messages } = await bob.call('peek', { limit: 1 });
  await bob.call('ack', { message_ids: [messages[0].id] });
  await bob.call('peek');
  await alice.call('peek');
  await eventually('the bell of alice', () => listTree(sandbox.relay).includes('.bell/alice'));
  for (const server of [alice, bob]) {
    server.endInput();
    await server.ending('end of input');
  }
}

// No right for anybody is as bad as every right for all: the server could not read its own files.
for (const umask of ['0', '777']) {
  test.concurrent(`everything in a relay is 0600 or 0700, under a umask of ${umask}`, async ({ sandbox, expect }) => {
    await converse(sandbox, { preload: [UMASK], env: { UMASK: umask } });
    const modes = (test: (name: string) => boolean) =>
      new Set(
        listTree(sandbox.relay)
          .filter(test)
          .map((name) => (lstatSync(path.join(sandbox.relay, name)).mode & 0o7777).toString(8)),
      );
    expect((lstatSync(sandbox.relay).mode & 0o7777).toString(8)).toBe('700');
    expect(modes((name) => name.endsWith('/'))).toEqual(new Set(['700']));
    expect(modes((name) => !name.endsWith('/'))).toEqual(new Set(['600']));
  });
}

test.concurrent('nothing is written outside the relay', async ({ sandbox, expect }) => {
  const outside = () => listTree(sandbox.root).filter((name) => !name.startsWith('relay/'));
  const before = outside();
  await converse(sandbox);
  expect(outside()).toEqual(before);
});

test.concurrent('the default relay is below the home directory, and nothing else there', async ({
  sandbox,
  expect,
}) => {
  const relay = path.join(sandbox.home, '.config', 'mcp-dispatch', 'messages');
  mkdirSync(path.join(sandbox.home, '.config'), { mode: 0o755 });
  const server = await sandbox.start('alice', { env: { MCP_DISPATCH_DIR: '' } });
  expect(await server.call('who')).toMatchObject({ relay });
  const outside = listTree(sandbox.home).filter((name) => !name.startsWith('.config/mcp-dispatch/messages/'));
  expect(outside).toEqual(['.config/', '.config/mcp-dispatch/']);
  expect(listTree(sandbox.cwd)).toEqual([]);
});
