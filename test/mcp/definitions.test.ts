/** What tools/list says: paid for in every conversation of every agent, and cached by prefix. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Toolset } from '../../src/mcp/toolset.js';
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

const MAIL = ['dispatch', 'peek', 'ack', 'who'];
const TOPICS = ['join', 'leave'];
const JOBS = ['submit', 'poll', 'jobs', 'cancel', 'claim', 'settle'];

async function list(agent: string | undefined, toolsets?: readonly Toolset[]): Promise<ToolJson[]> {
  const client = new RelayClient(world, agent, toolsets === undefined ? {} : { toolsets });
  clients.push(client);
  await client.connect();
  return (await client.request('tools/list', {})).tools;
}

describe('the tools', () => {
  it('are twelve, each with a title: of the toolsets mail, topics and jobs, in that order', async () => {
    const tools = await list('bob');
    expect(tools.map(({ name }) => name)).toEqual([...MAIL, ...TOPICS, ...JOBS]);
    expect(tools.every(({ title, description }) => title !== '' && description !== '')).toBe(true);
  });

  it.each([
    { of: 'all', sets: undefined, most: 13_000 },
    { of: 'mail and topics', sets: ['mail', 'topics'], most: 8000 },
    { of: 'jobs', sets: ['jobs'], most: 5500 },
  ] as const)('of $of take less than $most bytes with their names, descriptions and input schemas', async (each) => {
    const tools = await list('bob', each.sets);
    const said = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    expect(Buffer.byteLength(JSON.stringify(said))).toBeLessThan(each.most);
  });

  it('name as required what a call is refused without, and nothing else', async () => {
    const required = (await list('bob')).map(({ name, inputSchema }) => [name, inputSchema.required]);
    expect(Object.fromEntries(required)).toEqual({
      dispatch: ['message', 'target'],
      peek: undefined,
      ack: ['message_ids'],
      who: undefined,
      join: ['topic'],
      leave: ['topic'],
      submit: ['to', 'task'],
      poll: ['job_id'],
      jobs: undefined,
      cancel: ['job_id'],
      claim: undefined,
      settle: ['job_id', 'token', 'outcome'],
    });
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
    for (const { name, inputSchema } of await list('bob')) {
      // There it is a filter.
      if (name !== 'jobs') expect(Object.keys(inputSchema.properties)).not.toContain('from');
    }
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
      submit: { ...harmless, readOnlyHint: false, idempotentHint: false },
      poll: { ...harmless, readOnlyHint: true, idempotentHint: true },
      jobs: { ...harmless, readOnlyHint: true, idempotentHint: true },
      cancel: { ...harmless, readOnlyHint: false, idempotentHint: true },
      claim: { ...harmless, readOnlyHint: false, idempotentHint: false },
      settle: { ...harmless, readOnlyHint: false, idempotentHint: true },
    });
  });

  it('are offered at once where a client defers tools: those that mail is sent, read and finished with', async () => {
    const loaded = (await list('bob')).filter(({ _meta }) => _meta?.['anthropic/alwaysLoad'] === true);
    expect(loaded.map(({ name }) => name)).toEqual(['dispatch', 'peek', 'ack']);
  });

  it('for jobs, which are deferred, say in 50 characters what a model may look for', async () => {
    const hints = (await list('bob', ['jobs'])).map(({ _meta }) => String(_meta?.['anthropic/searchHint']));
    for (const hint of hints) expect(hint).toMatch(/^(?=.*\bwork\b|.*\bjobs?\b).{10,50}$/);
    expect(new Set(hints).size).toBe(JOBS.length);
  });

  it('leave no trace on the relay when they are only listed', async () => {
    await list('bob');
    expect(await world.keys()).toEqual([]);
  });
});

describe('toolsets', () => {
  it.each([
    { sets: ['mail'], tools: MAIL },
    { sets: ['topics'], tools: TOPICS },
    { sets: ['jobs'], tools: JOBS },
    { sets: ['jobs', 'mail'], tools: [...MAIL, ...JOBS] },
  ] as const)('$sets offers those tools and no other', async ({ sets, tools }) => {
    expect((await list('bob', sets)).map(({ name }) => name)).toEqual(tools);
  });

  it('refuse a call of a tool that is off, say which set it belongs to and what there is, and do nothing', async () => {
    const client = new RelayClient(world, 'bob', { toolsets: ['mail', 'topics'] });
    clients.push(client);
    await client.connect();
    const { isError, text } = await client.call('submit', { to: 'alice', task: { prompt: 'x' } });
    expect([isError, text]).toEqual([
      true,
      "INVALID_ARGUMENT: The tool submit is off here: it belongs to the toolset jobs, and the operator's toolsets are mail, topics. Nothing was done. The tools: dispatch, peek, ack, who, join, leave.",
    ]);
    expect(await world.keys('.jobs')).toEqual([]);
    expect((await client.call('who')).isError).toBe(false);
  });
});
