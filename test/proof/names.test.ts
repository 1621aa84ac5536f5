/**
 * Hostile names, before a real server and a real relay: each is refused in words that help and act on nobody, or is a spelling
 * of one agreed name; and nothing is written outside of the relay, or under another's name.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { isDispatchError } from '../../src/model/errors.js';
import { Identity } from '../../src/relay/identity.js';
import { UNHINDERED } from '../helpers/planted-kinds.js';
import { RelayWorld } from '../helpers/relay-world.js';
import { refusalOf } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { filesIn, listTree, Sandbox } from '../helpers/server-sandbox.js';
import { NO_IDS, NO_TEXT, REFUSED, REFUSED_THREADS, SPELLINGS, THREADS } from './names-hostile.js';

// More is sent here within a minute than agents send to each other.
const CONFIG = UNHINDERED;

// A code, and words of printable ASCII: safe for a terminal, a log and a model. Short, however long the name was.
const HELPFUL = /^(?:INVALID_AGENT_ID|INVALID_ARGUMENT|UNKNOWN_TARGET|NO_RECIPIENT|NOT_FOUND): [ -~]{20,700}$/;

const names = Object.entries(REFUSED).flatMap(([kind, some]) => some.map((name) => [kind, name] as const));

const world = {} as { sandbox: Sandbox; alice: RawServer; bob: RawServer };
beforeAll(async () => {
  world.sandbox = new Sandbox();
  world.alice = await world.sandbox.start('alice', { config: CONFIG });
  world.bob = await world.sandbox.start('bob', { config: CONFIG });
  for (const server of [world.alice, world.bob]) await server.call('who');
});
afterAll(async () => world.sandbox.dispose());

/** What is in the relay, and in the folders around it. */
const everything = () => {
  const { relay, root, home, cwd } = world.sandbox;
  const fixed = listTree(relay).filter((name) => !/^\.(?:tmp|sweep)/.test(name));
  return {
    relay: fixed,
    root: readdirSync(root).sort(),
    home: listTree(home),
    cwd: listTree(cwd),
    tmp: filesIn(relay, '.tmp'),
  };
};

/** A call that must be refused: in words that help, and without a trace. */
async function refused(server: RawServer, tool: string, args: object): Promise<string> {
  const text = refusalOf(await server.result(tool, args));
  expect(text).toMatch(HELPFUL);
  return text;
}

const OF_AGENTS = /^INVALID_AGENT_ID: target: .*1 to 64 characters: a-z, 0-9/;
const OF_TOPICS =
  /^(?:INVALID_ARGUMENT: target: .*A topic is named like an agent: 1 to 64 characters of a-z, 0-9|UNKNOWN_TARGET: Nobody got it: #bob has no members)/;

test('there are 200 names and more', () => {
  expect(new Set(names.map(([, name]) => name)).size).toBeGreaterThanOrEqual(200);
});

describe('as a target', () => {
  test.each(Object.keys(REFUSED))('%s are refused with the rule for names, and leave no trace', async (kind) => {
    const before = everything();
    for (const target of REFUSED[kind] ?? []) {
      const text = await refused(world.alice, 'dispatch', { message: 'hi', target });
      expect(text, JSON.stringify(target)).toMatch(target.trim().startsWith('#') ? OF_TOPICS : OF_AGENTS);
    }
    expect(everything()).toEqual(before);
  });

  test('what is no text is refused, in a list or an object too', async () => {
    const before = everything();
    for (const target of NO_TEXT) {
      expect(await refused(world.alice, 'dispatch', { message: 'hi', target })).toMatch(
        /target (?:must be a string|is required)/,
      );
    }
    expect(everything()).toEqual(before);
  });

  test.each(SPELLINGS)('%j is the agent %s: one folder, whatever the spelling', async (target, agreed) => {
    const { relay, root } = world.sandbox;
    const others = new Set([...readdirSync(relay), agreed]);
    const around = readdirSync(root).sort();
    const answer = await world.alice.call('dispatch', { message: 'hi', target });
    expect(answer).toMatchObject({ to: agreed, queued_to: [agreed] });
    expect(filesIn(relay, agreed)).toHaveLength(1);
    expect(readdirSync(relay).filter((name) => !others.has(name) && !name.startsWith('.'))).toEqual([]);
    expect(readdirSync(root).sort()).toEqual(around);
    if (agreed === 'bob') await world.bob.call('ack', { message_ids: [answer.id] });
    else rmSync(path.join(relay, agreed), { recursive: true });
  });
});

describe('as a thread', () => {
  test('what is empty, too long, no text, or steers a terminal is refused', async () => {
    const before = everything();
    for (const threadId of REFUSED_THREADS) {
      const args = { message: 'hi', target: 'bob', thread_id: threadId };
      expect(await refused(world.alice, 'dispatch', args), JSON.stringify(threadId)).toContain('thread_id');
      expect(await refused(world.bob, 'peek', { thread_id: threadId })).toContain('thread_id');
    }
    expect(everything()).toEqual(before);
  });

  test.each(THREADS)('%j is data: it finds its message, and no file is named after it', async (threadId) => {
    const answer = await world.alice.call('dispatch', { message: 'hi', target: 'bob', thread_id: threadId });
    expect(answer.thread_id).toBe(threadId.trim());
    const [file = ''] = filesIn(world.sandbox.relay, 'bob');
    expect(file).toMatch(/^\d{13}-\d{5}\.no\.0{13}\.[0-9a-f]{8}\.\d{7}\.alice\.msg-[0-9a-z]{12}\.json$/);
    const { messages } = await world.bob.call('peek', { thread_id: threadId });
    expect(messages).toMatchObject([{ id: answer.id, thread_id: threadId.trim() }]);
    await world.bob.call('ack', { message_ids: [answer.id] });
  });
});

describe('as the id of a message', () => {
  test.each(['reply_to', 'message_id'])('what is none is refused as %s', async (argument) => {
    const before = everything();
    const [server, tool, rest] =
      argument === 'reply_to' ? [world.alice, 'dispatch', { message: 'hi', target: 'bob' }] : [world.bob, 'peek', {}];
    for (const id of NO_IDS) {
      expect(await refused(server, tool, { ...rest, [argument]: id }), JSON.stringify(id)).toContain(argument);
    }
    expect(everything()).toEqual(before);
  });

  test('to acknowledge, what is text is not found, and the rest is refused', async () => {
    const before = everything();
    const list = NO_IDS.filter((id): id is string => typeof id === 'string' && id.trim() !== '' && id.length <= 128);
    const { acked, not_found: notFound } = await world.bob.call('ack', { message_ids: list });
    expect([acked, notFound]).toEqual([0, list.map((id) => id.trim())]);
    for (const id of NO_IDS.filter((one) => !list.includes(one as string)))
      expect(await refused(world.bob, 'ack', { message_ids: [id] }), JSON.stringify(id)).toContain('message_ids');
    expect(everything()).toEqual(before);
  });
});

test.each(['\u202eegassem', '\x1b[2J', '\x9b31m', 'a\nb', '\ud83d\ude00'.repeat(40), '__proto__ '])(
  'an argument of the name %j is refused in words of printable ASCII',
  async (name) => {
    expect(await refused(world.alice, 'who', { [name]: 1 })).toMatch(/who has no argument/);
  },
);

describe('as MCP_DISPATCH_AGENT_ID', () => {
  const relays = new RelayWorld();
  const agentOf = async (name: string) => {
    const { agentId } = await loadConfig({ MCP_DISPATCH_AGENT_ID: name, MCP_DISPATCH_DIR: '/nowhere' });
    return new Identity(relays.process().relay, agentId).resolve();
  };

  test.each(Object.keys(REFUSED))('%s are refused', async (kind) => {
    for (const name of [...(REFUSED[kind] ?? []), 'human', 'all']) {
      const error = await agentOf(name).catch((reason: unknown) => reason);
      if (!isDispatchError(error)) throw new Error(`${JSON.stringify(name)} was taken for ${error}`);
      expect(`${error.code}: ${error.message}`).toMatch(
        /^(?:INVALID_AGENT_ID|NO_IDENTITY): MCP_DISPATCH_AGENT_ID[ -~]{20,700}$|^NO_IDENTITY: [ -~]{20,700}$/,
      );
    }
  });

  test.each(SPELLINGS)('%j serves %s', async (name, agreed) => {
    expect(await agentOf(name)).toBe(agreed);
  });

  // One of each kind; NUL cannot be in an environment.
  const some = Object.entries(REFUSED).flatMap(([kind, [name = '']]) =>
    kind === 'NUL' ? [] : [[kind, name] as const],
  );

  test('one of each kind, in the environment of a real server: no call does anything', async () => {
    const relay = path.join(world.sandbox.root, 'unused');
    const before = readdirSync(world.sandbox.root).filter((name) => !name.startsWith('config-'));
    for (const [kind, name] of some) {
      const server = await world.sandbox.start(name, { config: `identity = "required"\n${CONFIG}`, relay });
      const text = refusalOf(await server.result('dispatch', { message: 'hi', target: 'bob' }));
      expect(text, kind).toMatch(/^(?:INVALID_AGENT_ID|NO_IDENTITY): [ -~]+$/);
      server.endInput();
      await server.closed;
    }
    expect(readdirSync(world.sandbox.root).filter((name) => !name.startsWith('config-'))).toEqual(before);
  });
});
