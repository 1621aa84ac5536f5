import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/mcp/arguments.js';
import { dispatch } from '../../src/mcp/tools/dispatch.js';
import { RelayClient } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';

let world: RelayWorld;
let alice: RelayClient;
let bob: RelayClient;

beforeEach(async () => {
  world = new RelayWorld();
  [alice, bob] = [new RelayClient(world, 'alice'), new RelayClient(world, 'bob')];
  await alice.connect();
  await bob.connect();
});

afterEach(async () => {
  await alice.close();
  await bob.close();
  await world.close();
});

const mail = async () => (await world.keys()).filter((key) => !key.startsWith('.'));
const hello = { message: 'hi', target: 'bob' };

describe('goodwill', () => {
  it('takes null for absent, in every argument that may be absent', async () => {
    const nothing = { priority: null, thread_id: null, reply_to: null, payload: null, ttl: null, must_read: null };
    expect((await alice.call('dispatch', { ...hello, ...nothing })).json).toMatchObject({ sent: true });
    const none = { thread_id: null, include_read: null, limit: null, cursor: null, message_id: null, offset: null };
    expect((await bob.call('peek', none)).json.count).toBe(1);
    expect((await bob.call('who', { cursor: null })).isError).toBe(false);
  });

  it('takes null and undefined for no arguments at all', async () => {
    expect((await bob.request('tools/call', { name: 'peek' })).isError).toBeUndefined();
  });

  it('takes spaces around names and ids', async () => {
    const { json } = await alice.call('dispatch', {
      ...hello,
      target: '\t Bob ',
      thread_id: ' t ',
      reply_to: ' msg-0 ',
    });
    expect(json).toMatchObject({ to: 'bob', thread_id: 't' });
    expect((await bob.call('peek', { thread_id: ' t' })).json.messages).toMatchObject([
      { thread_id: 't', reply_to: 'msg-0' },
    ]);
    expect((await bob.call('ack', { message_ids: [` ${json.id}\n`] })).json.acked).toBe(1);
  });

  it('takes the JSON text of a payload, and of a list of ids', async () => {
    const { json } = await alice.call('dispatch', { ...hello, payload: ' {"commit": "abc"}' });
    expect((await bob.call('peek')).json.messages[0].payload).toEqual({ commit: 'abc' });
    expect((await bob.call('ack', { message_ids: `["${json.id}"]` })).json.acked).toBe(1);
  });

  it('takes one id alone for a list of one', async () => {
    const { json } = await alice.call('dispatch', hello);
    expect((await bob.call('ack', { message_ids: json.id })).json).toMatchObject({ acked: 1 });
  });
});

describe('a wrong argument is named, and nothing is done', () => {
  const deep = (levels: number) => '{"a":'.repeat(levels) + 1 + '}'.repeat(levels);

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no message', { target: 'bob' }, /message is required/],
    ['no target', { message: 'hi' }, /target is required/],
    [
      'a list of targets',
      { ...hello, target: ['bob', 'alice'] },
      /target must be a string; make one call for each agent/,
    ],
    ['an empty message', { ...hello, message: '' }, /message must not be empty/],
    ['a blank message', { ...hello, message: ' \n\t' }, /message must not be empty/],
    ['a message that is no text', { ...hello, message: { text: 'hi' } }, /message must be a string/],
    [
      'an unknown argument',
      { ...hello, wait_for_answer: true },
      /no argument "wait_for_answer".*Its arguments: message, target/,
    ],
    ['a sender', { ...hello, from: 'root' }, /no argument "from"/],
    ['two unknown arguments', { ...hello, a: 1, b: 2 }, /no argument "a", "b"/],
    ['a payload that is a list', { ...hello, payload: [1] }, /payload must be a JSON object/],
    ['a payload that is the text of a list', { ...hello, payload: '[1]' }, /payload must be a JSON object/],
    ['a payload that is no JSON', { ...hello, payload: '{"a":' }, /payload must be a JSON object/],
    ['a payload that is plain text', { ...hello, payload: 'abc' }, /payload must be a JSON object/],
    ['a payload too deep', { ...hello, payload: deep(65) }, /payload may nest at most 64 levels/],
    ['a payload of 10,000 levels', { ...hello, payload: deep(10_000) }, /payload may nest at most 64 levels/],
    ['half a surrogate pair in the message', { ...hello, message: 'x\ud800' }, /message has half of a surrogate pair/],
    [
      'a payload of 33,001 values',
      { ...hello, payload: { a: Array(33_000).fill(0) } },
      /payload may hold at most 33000 values; write them to a file/,
    ],
    [
      'half a surrogate pair in the payload',
      { ...hello, payload: { a: ['\udc00'] } },
      /payload has half of a surrogate/,
    ],
    ['half a surrogate pair in a key', { ...hello, payload: { '\ud800': 1 } }, /payload has half of a surrogate/],
    ['half a surrogate pair in the thread', { ...hello, thread_id: '\ud800' }, /thread_id has half of a surrogate/],
    ['a thread of control characters', { ...hello, thread_id: 'a\u0007b' }, /thread_id must not contain control/],
    ['an empty thread', { ...hello, thread_id: '  ' }, /thread_id must not be empty/],
    ['a thread too long', { ...hello, thread_id: 't'.repeat(129) }, /thread_id may have at most 128/],
    ['an answer to what is no id', { ...hello, reply_to: '../x' }, /reply_to must be a message id/],
    ['a negative ttl', { ...hello, ttl: -1 }, /ttl must not be negative/],
    ['a fractional ttl', { ...hello, ttl: 1.5 }, /ttl must be a whole number of seconds/],
    ['a ttl as text', { ...hello, ttl: '60' }, /ttl must be a whole number of seconds/],
    ['a ttl past the year 9999', { ...hello, ttl: 253_402_300_800 }, /ttl ends after the year 9999/],
    ['a ttl that ends past it', { ...hello, ttl: 253_402_300_799 }, /ttl .*ends after the year 9999/],
    ['a priority', { ...hello, priority: 'high' }, /priority must be "normal" or "urgent"/],
    ['must_read as text', { ...hello, must_read: 'true' }, /must_read must be true or false/],
  ])('%s', async (_, args, expected) => {
    const answer = await alice.call('dispatch', args);
    expect([answer.isError, answer.json]).toEqual([true, {}]);
    expect(answer.text).toMatch(/^INVALID_ARGUMENT: /);
    expect(answer.text).toMatch(expected);
    expect(answer.text.length).toBeLessThan(500);
    expect(answer.text.isWellFormed()).toBe(true);
    expect(await mail()).toEqual([]);
  });

  it.each([
    ['user', 'For the person at this machine write "human".'],
    [' Operator ', 'For the person at this machine write "human".'],
    ['bob,alice', 'Make one call for each agent, or write "all".'],
    ['bob; alice', 'Make one call for each agent, or write "all".'],
    ['["bob", "alice"]', 'Make one call for each agent, or write "all".'],
    ['bob!', 'and not a reserved name.'],
  ])('the target %j, with what to write instead', async (target, advice) => {
    const answer = await alice.call('dispatch', { ...hello, target });
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(/^INVALID_AGENT_ID: target: /);
    expect(answer.text.endsWith(` ${advice}`)).toBe(true);
    expect(await mail()).toEqual([]);
  });

  it.each(['1e999', '-1e999', '1e300', '9007199254740993'])('the ttl %s, as a number on the line', async (ttl) => {
    const answer = await alice.callRaw('dispatch', `{"message":"hi","target":"bob","ttl":${ttl}}`);
    expect([answer.isError, answer.text]).toEqual([true, expect.stringMatching(/ttl /)]);
    expect(await mail()).toEqual([]);
  });

  it('an argument named like what every object has', async () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const answer = await alice.callRaw('dispatch', `{"message":"hi","target":"bob","${name}":{"x":1}}`);
      expect([answer.isError, answer.text]).toEqual([true, expect.stringContaining(`"${name}"`)]);
    }
    const own = JSON.parse('{"message":"hi","target":"bob","__proto__":{"x":1}}');
    expect(() => parseArguments(dispatch, own)).toThrow(/no argument "__proto__"/);
  });

  it('a payload cannot set a prototype: __proto__ in it is refused, and pollutes nothing', async () => {
    const payload = '{"__proto__":{"polluted":1},"a":1}';
    const answer = await alice.callRaw('dispatch', `{"message":"hi","target":"bob","payload":${payload}}`);
    expect([answer.isError, answer.text]).toEqual([
      true,
      expect.stringContaining('payload must not have a key "__proto__"'),
    ]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect((await bob.call('peek')).json.count).toBe(0);
  });

  it.each([
    ['ack', { message_ids: [] }, /message_ids must name at least one/],
    ['ack', {}, /message_ids is required/],
    ['ack', { message_ids: '[]' }, /message_ids must name at least one/],
    ['ack', { message_ids: [7] }, /message_ids\.0 must be a string/],
    ['ack', { message_ids: { a: 1 } }, /message_ids must be a list/],
    ['ack', { message_ids: Array.from({ length: 1001 }, (_, index) => `m${index}`) }, /at most 1000/],
    ['peek', { limit: 0 }, /limit must be from 1 to 100/],
    ['peek', { limit: 101 }, /limit must be from 1 to 100/],
    ['peek', { limit: 1.5 }, /limit must be a whole number/],
    ['peek', { offset: 5 }, /offset goes with message_id/],
    ['peek', { offset: -1, message_id: 'm' }, /offset must not be negative/],
    ['peek', { message_id: 'a/b' }, /message_id must be a message id/],
    ['peek', { include_read: true, cursor: '../x' }, /cursor is not a cursor of ours/],
    ['peek', { include_read: true, cursor: 'garbage' }, /cursor is not a cursor of ours/],
    ['peek', { cursor: '0' }, /cursor goes with include_read/],
    ['who', { cursor: 'garbage' }, /cursor is not a cursor of ours/],
    ['peek', { include_read: 'yes' }, /include_read must be true or false/],
    ['who', { agent: 'bob' }, /who has no argument "agent"/],
  ])('%s %j', async (tool, args, expected) => {
    await alice.call('dispatch', hello);
    const answer = await bob.call(tool, args);
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(expected);
    expect((await bob.call('peek')).json.count).toBe(1);
  });

  it.each([
    ['send', '"send"'],
    ['to\u202eol\u0007\n', '"to\ufffdol\ufffd"'],
    ['x'.repeat(5000), `"${'x'.repeat(79)}…"`],
  ])('an unknown tool %#, with the names of those there are', async (name, shown) => {
    const answer = await alice.call(name, hello);
    const text = `INVALID_ARGUMENT: There is no tool ${shown} here. The tools: dispatch, peek, ack, who, join, leave, submit, poll, jobs, cancel, claim, settle.`;
    expect([answer.isError, answer.text]).toEqual([true, text]);
  });
});
