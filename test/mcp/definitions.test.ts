/** What tools/list says: paid for in every conversation of every agent, and cached by prefix. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RelayClient, type ToolJson } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];

beforeEach(() => {
  world = new RelayWorld();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

async function list(agent: string | undefined): Promise<ToolJson[]> {
  const client = new RelayClient(world, agent);
  clients.push(client);
  await client.connect();
  return (await client.request('tools/list', {})).tools;
}

describe('the tools', () => {
  it('are six, each with a title', async () => {
    const tools = await list('bob');
    expect(tools.map(({ name }) => name)).toEqual(['dispatch', 'peek', 'ack', 'who', 'join', 'leave']);
    expect(tools.every(({ title, description }) => title !== '' && description !== '')).toBe(true);
  });

  it('take less than 8,000 bytes with their names, descriptions and input schemas', async () => {
    const said = (await list('bob')).map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    expect(Buffer.byteLength(JSON.stringify(said))).toBeLessThan(8000);
  });

  it('are the same, byte for byte, for every agent, at every time, and for none', async () => {
    const first = JSON.stringify(await list('alice'));
    world.clock.advance(1e9);
    expect(JSON.stringify(await list('bob'))).toBe(first);
    expect(JSON.stringify(await list(undefined))).toBe(first);
    expect(first).not.toMatch(/alice|\b20\d\d-/);
  });

  it('describe every parameter and take no other', async () => {
    for (const { inputSchema } of await list('bob')) {
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      for (const [name, property] of Object.entries<ToolJson>(inputSchema.properties)) {
        expect(`${name}: ${property.description}`).toMatch(/: .{10,}/);
      }
    }
  });

  it('take no sender: who writes is stamped by the server', async () => {
    for (const { inputSchema } of await list('bob')) expect(Object.keys(inputSchema.properties)).not.toContain('from');
  });

  it('give every hint explicitly, and none that a client would refuse unattended', async () => {
    const hints = Object.fromEntries((await list('bob')).map(({ name, annotations }) => [name, annotations]));
    const harmless = { destructiveHint: false, openWorldHint: false };
    expect(hints).toMatchObject({
      dispatch: { ...harmless, readOnlyHint: false, idempotentHint: false },
      peek: { ...harmless, readOnlyHint: true, idempotentHint: false },
      ack: { ...harmless, readOnlyHint: false, idempotentHint: true },
      who: { ...harmless, readOnlyHint: true, idempotentHint: true },
      join: { ...harmless, readOnlyHint: false, idempotentHint: true },
      leave: { ...harmless, readOnlyHint: false, idempotentHint: true },
    });
  });

  it('are offered at once where a client defers tools, except who, join and leave', async () => {
    const loaded = (await list('bob')).filter(({ _meta }) => _meta?.['anthropic/alwaysLoad'] === true);
    expect(loaded.map(({ name }) => name)).toEqual(['dispatch', 'peek', 'ack']);
  });

  it('leave no trace on the relay when they are only listed', async () => {
    await list('bob');
    expect(await world.keys()).toEqual([]);
  });
});
