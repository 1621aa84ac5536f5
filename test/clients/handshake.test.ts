/** A server, asked as a client asks it: what it says, or why it does not. */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { greet } from '../../src/clients/handshake.js';
import { ClientWorld } from '../helpers/client-world.js';
import { SERVER } from '../helpers/server-sandbox.js';

let world: ClientWorld;
beforeEach(() => {
  world = new ClientWorld();
});
afterEach(() => world.dispose());

const greetWith = (args: readonly string[], timeoutMs?: number) => {
  const env = { ...world.machine.env, MCP_DISPATCH_DIR: path.join(world.root, 'relay') };
  return greet({ command: 'node', args, env: { MCP_DISPATCH_DIR: '/nowhere', MINE: '+' } }, env, world.cwd, timeoutMs);
};

describe('a server', () => {
  it('of ours says its name and its tools', async () => {
    const greeting = await greetWith([SERVER]);
    expect(greeting).toMatchObject({ server: expect.stringMatching(/^mcp-dispatch \d/) });
    expect((greeting as { tools: readonly string[] }).tools).toEqual(
      expect.arrayContaining(['dispatch', 'peek', 'ack', 'who']),
    );
    expect(world.tree()).toEqual({});
  });

  it('gets the relay that is given here, whatever its entry says, and all else that the entry says', async () => {
    const name = 'process.env.MCP_DISPATCH_DIR + process.env.MINE';
    const script = `console.log(JSON.stringify({ id: 1, result: { serverInfo: { name: ${name} } } }) + '\\n{"id":2,"result":{"tools":[]}}')`;
    expect(await greetWith(['-e', script])).toEqual({ server: `${path.join(world.root, 'relay')}+`, tools: [] });
  });

  it.each([
    ['is not there', ['/nowhere/mcp-dispatch.cjs'], 'does not answer: it ended with 1, and said: '],
    [
      'ends with a word',
      ['-e', 'console.error("no roster"); process.exit(2)'],
      'does not answer: it ended with 2, and said: no roster',
    ],
    ['hangs', ['-e', 'setInterval(() => {}, 1000)'], 'does not answer: it did not end within 2 s'],
    [
      'answers the first request only',
      ['-e', 'console.log(JSON.stringify({id: 1, result: {}})); setInterval(() => {}, 1000)'],
      'does not list its tools: it did not end within 2 s',
    ],
    [
      'lists no tools',
      ['-e', 'console.log("{\\"id\\":1}\\nhello\\n{\\"id\\":2,\\"result\\":{}}"); setInterval(() => {}, 1000)'],
      'answers, and lists no tools',
    ],
  ])('that %s is said to', async (_, args, said) => {
    expect(await greetWith(args, 2000)).toContain(said);
  });
});
