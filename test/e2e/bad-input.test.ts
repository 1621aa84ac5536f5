/**
 * What a model or a client can get wrong in a call. Each time: an error that names what was wrong and what is right, and
 * unread mail that is still new afterwards.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalAgent } from '../helpers/local-agent.js';
import type { Json } from '../helpers/server-client.js';
import { refusalOf } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, listTree, Sandbox } from '../helpers/server-sandbox.js';

/** A relay where mail of alice waits for bob, who never reads it, and his server. */
function useWaitingMail(config?: string) {
  const state: { sandbox: Sandbox; alice: LocalAgent; bob: RawServer } = {} as never;
  beforeAll(async () => {
    state.sandbox = new Sandbox();
    const options = config === undefined ? {} : { config };
    state.alice = await state.sandbox.local('alice', options);
    state.bob = await state.sandbox.start('bob', options);
    await state.alice.call('dispatch', { message: 'still new afterwards', target: 'bob' });
  });
  afterAll(async () => {
    await state.sandbox.dispose();
  });
  return state;
}

const mailIn = (sandbox: Sandbox) =>
  listTree(sandbox.relay).filter((name) => /^[a-z0-9]/.test(name) && name.endsWith('.json'));

/** Runs a call that must be refused, and checks that not a file of mail moved for it. */
async function refused(world: { sandbox: Sandbox }, call: () => Promise<string>): Promise<string> {
  const before = mailIn(world.sandbox);
  const text = await call();
  expect(mailIn(world.sandbox)).toEqual(before);
  return text;
}

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('in dynamic mode', () => {
  const world = useWaitingMail();

  test.each<[string, string, object, RegExp]>([
    [
      'an unknown argument',
      'dispatch',
      { message: 'hi', target: 'alice', from: 'mallory' },
      /no argument "from".*message, target/,
    ],
    [
      'an argument of a later version',
      'dispatch',
      { message: 'hi', target: 'alice', deliver_at: 'noon' },
      /no argument "deliver_at".*idempotency_key/,
    ],
    ['an unknown argument of peek', 'peek', { unread_only: true }, /no argument "unread_only".*thread_id/],
    ['an unknown argument of ack', 'ack', { ids: ['msg-1'] }, /no argument "ids".*message_ids/],
    ['an unknown argument of who', 'who', { agent: 'bob' }, /no argument "agent".*cursor/],
    ['no message', 'dispatch', { target: 'alice' }, /message is required/],
    ['no target', 'dispatch', { message: 'hi' }, /target is required/],
    ['an empty message', 'dispatch', { message: '', target: 'alice' }, /message must not be empty/],
    ['a message of white space', 'dispatch', { message: ' \n\t ', target: 'alice' }, /message must not be empty/],
    ['a message that is a number', 'dispatch', { message: 7, target: 'alice' }, /message must be a string/],
    [
      'an unknown priority',
      'dispatch',
      { message: 'hi', target: 'alice', priority: 'high' },
      /priority must be "normal" or "urgent"/,
    ],
    [
      'a thread that is empty',
      'dispatch',
      { message: 'hi', target: 'alice', thread_id: ' ' },
      /thread_id must not be empty/,
    ],
    [
      'a thread with control characters',
      'dispatch',
      { message: 'hi', target: 'alice', thread_id: 'a\nb' },
      /thread_id .*control characters/,
    ],
    [
      'a thread of 129 characters',
      'dispatch',
      { message: 'hi', target: 'alice', thread_id: 't'.repeat(129) },
      /thread_id .*128/,
    ],
    [
      'a reply to no message id',
      'dispatch',
      { message: 'hi', target: 'alice', reply_to: '../x' },
      /reply_to must be a message id/,
    ],
    [
      'must_read in words',
      'dispatch',
      { message: 'hi', target: 'alice', must_read: 'yes' },
      /must_read must be true or false/,
    ],
    ['a negative ttl', 'dispatch', { message: 'hi', target: 'alice', ttl: -1 }, /ttl must not be negative; 0 is never/],
    [
      'a fractional ttl',
      'dispatch',
      { message: 'hi', target: 'alice', ttl: 1.5 },
      /ttl must be a whole number of seconds/,
    ],
    [
      'a ttl that ends after the year 9999',
      'dispatch',
      { message: 'hi', target: 'alice', ttl: 253_402_300_000 },
      /ttl .*year 9999/,
    ],
    ['a ttl in words', 'dispatch', { message: 'hi', target: 'alice', ttl: 'NaN' }, /ttl must be a whole number/],
    [
      'a payload that is an array',
      'dispatch',
      { message: 'hi', target: 'alice', payload: [1] },
      /payload must be a JSON object/,
    ],
    [
      'a payload that is an array as text',
      'dispatch',
      { message: 'hi', target: 'alice', payload: '[1]' },
      /payload must be a JSON object/,
    ],
    [
      'a payload that is no JSON',
      'dispatch',
      { message: 'hi', target: 'alice', payload: '{commit: abc}' },
      /payload must be a JSON object/,
    ],
    [
      'a payload that is plain text',
      'dispatch',
      { message: 'hi', target: 'alice', payload: 'abc' },
      /payload must be a JSON object/,
    ],
    [
      'a payload of 10,000 levels as text',
      'dispatch',
      { message: 'hi', target: 'alice', payload: nested(10_000) },
      /payload may nest at most 64 levels/,
    ],
    ['an ack of nothing', 'ack', { message_ids: [] }, /message_ids must name at least one message/],
    ['an ack without ids', 'ack', {}, /message_ids is required/],
    ['an ack of an empty id', 'ack', { message_ids: [''] }, /message_ids.* must not be empty/],
    ['an ack of 1,001 ids', 'ack', { message_ids: Array.from({ length: 1001 }, (_, n) => `msg-${n}`) }, /at most 1000/],
    ['an ack of numbers', 'ack', { message_ids: [1] }, /message_ids.* must be a string/],
    ['a limit of 0', 'peek', { limit: 0 }, /limit must be from 1 to 100/],
    ['a limit of 101', 'peek', { limit: 101 }, /limit must be from 1 to 100/],
    ['a limit in words', 'peek', { limit: 'all' }, /limit must be a whole number from 1 to 100/],
    ['an offset without a message', 'peek', { offset: 5 }, /offset goes with message_id/],
    ['a negative offset', 'peek', { message_id: 'msg-1', offset: -1 }, /offset must not be negative/],
    ['a message that nobody knows', 'peek', { message_id: 'msg-000000000000' }, /NOT_FOUND.*msg-000000000000/],
    ['a cursor of nobody', 'peek', { include_read: true, cursor: '../..' }, /cursor is not a cursor of ours/],
  ])('%s is refused, and says why', async (_, tool, args, problem) => {
    expect(await refused(world, () => world.bob.refusal(tool, args))).toMatch(problem);
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['a path upwards', '../x'],
    ['a path', 'a/b'],
    ['a backslash', 'a\\b'],
    ['a dot', '.'],
    ['a hidden folder of ours', '.sent'],
    ['a line feed at the end', 'bob\n'],
    ['a NUL', 'bob\u0000'],
    ['a Windows device', 'CON'],
    ['another Windows device', 'lpt1'],
    ['65 characters', 'a'.repeat(65)],
    ['fullwidth letters', 'ｂｏｂ'],
    ['a Kelvin sign', 'bo\u212a'],
    ['a dotted capital I', 'b\u0130b'],
    ['a key of every object', '__proto__'],
    ['another key of every object', 'constructor'],
    ['a reserved name', 'root'],
    ['a leading hyphen', '-rf'],
    ['a trailing dot', 'bob.'],
    ['two names', 'alice, bob'],
  ])('a target of %s is refused with the rule for names', async (_, target) => {
    const text = await refused(world, () => world.bob.refusal('dispatch', { message: 'hi', target }));
    expect(text).toMatch(/target.*(not a valid name|reserved name).*1 to 64 characters: a-z, 0-9/);
    expect(text).not.toMatch(/[^\x20-\x7e]/);
  });

  test.each<[string, string, string, RegExp]>([
    ['a ttl of 1e999', 'dispatch', '{"message":"hi","target":"alice","ttl":1e999}', /ttl /],
    [
      'a payload of 10,000 levels',
      'dispatch',
      `{"message":"hi","target":"alice","payload":${nested(10_000)}}`,
      /payload may nest at most 64 levels/,
    ],
    ['a lone surrogate in a message', 'dispatch', '{"message":"\\ud800","target":"alice"}', /message .*surrogate/],
    ['a lone surrogate in a target', 'dispatch', '{"message":"hi","target":"bob\\udc00"}', /target .*surrogate/],
    [
      'a lone surrogate in a thread',
      'dispatch',
      '{"message":"hi","target":"alice","thread_id":"\\ud800"}',
      /thread_id .*surrogate/,
    ],
    [
      'a lone surrogate in a payload',
      'dispatch',
      '{"message":"hi","target":"alice","payload":{"a":["\\udfff"]}}',
      /payload .*surrogate/,
    ],
    [
      'a lone surrogate in a key',
      'dispatch',
      '{"message":"hi","target":"alice","payload":{"\\udfff":1}}',
      /payload .*surrogate/,
    ],
    [
      'a key of every object as an argument',
      'dispatch',
      '{"message":"hi","target":"alice","constructor":{"from":"mallory"}}',
      /no argument "constructor"/,
    ],
  ])('%s is refused in a raw frame too', async (_, tool, json, problem) => {
    const text = await refused(world, async () => refusalOf(await world.bob.resultOfRaw(tool, json)));
    expect(text).toMatch(problem);
  });

  test('a frame with NaN is no JSON: it is said on stderr, and the next call is answered', async () => {
    const frame =
      '{"jsonrpc":"2.0","id":7777,"method":"tools/call","params":{"name":"dispatch","arguments":{"message":"hi","target":"alice","ttl":NaN}}}';
    const before = mailIn(world.sandbox);
    world.bob.frame(frame);
    expect((await world.bob.request('ping')).result).toEqual({});
    await eventually('a word about it on stderr', () => /not valid JSON/.test(world.bob.stderr));
    expect(mailIn(world.sandbox)).toEqual(before);
  });

  test('arguments that are no object are refused', async () => {
    for (const json of ['[]', '"message"', '7']) {
      const id = world.bob.takeId();
      const response = world.bob.responseTo(id);
      world.bob.frame(
        `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"peek","arguments":${json}}}`,
      );
      const { error, result } = await response;
      expect(error?.message ?? result.content[0].text).toMatch(/arguments/);
    }
  });

  test('a message over the limit names its size and the limit, in bytes as stored', async () => {
    const text = await refused(world, () =>
      world.bob.refusal('dispatch', { message: 'ü'.repeat(40_000), target: 'alice' }),
    );
    const [, bytes, limit] = /(\d+) bytes as stored.* limit is (\d+)/.exec(text) ?? [];
    expect(Number(limit)).toBe(65_536);
    expect(Number(bytes)).toBeGreaterThan(80_000);
    expect(Number(bytes)).toBeLessThan(81_000);
    const filler = 65_536 - (Number(bytes) - 80_000);
    // The named size is exact: at the limit it is sent, one byte more is not.
    expect(await world.bob.refusal('dispatch', { message: 'x'.repeat(filler + 1), target: 'alice' })).toContain(
      '65537 bytes',
    );
    expect(mailIn(world.sandbox)).toHaveLength(1);
  });

  test('null means absent', async () => {
    expect(await refused(world, () => world.bob.refusal('dispatch', { message: null, target: 'alice' }))).toMatch(
      /message is required/,
    );
    expect(
      await refused(world, () => world.bob.refusal('peek', { offset: 3, message_id: null, thread_id: null })),
    ).toMatch(/offset/);
  });

  test('after all of it, the mail is new to bob, and not as redelivered', async () => {
    const { messages } = await world.bob.call('peek');
    expect(messages).toMatchObject([{ content: 'still new afterwards' }]);
    expect(messages[0].redelivered).toBeUndefined();
    expect(filesIn(world.sandbox.relay, 'alice')).toEqual([]);
  });
});

describe('with a roster', () => {
  const world = useWaitingMail('agents = ["alice", "bob"]\n');

  test('an unknown target is refused with the names there are', async () => {
    const text = await refused(world, () => world.bob.refusal('dispatch', { message: 'hi', target: 'carol' }));
    expect(text).toMatch(/Nobody got it.*"carol".*alice, bob/);
    expect(listTree(world.sandbox.relay)).not.toContain('carol/');
  });

  test('"all" without anybody else is refused', async () => {
    const alone = await world.sandbox.start('solo', { config: 'agents = ["solo"]\n' });
    expect(await alone.refusal('dispatch', { message: 'hi', target: 'all' })).toMatch(/Nobody got it/);
  });
});

describe('in what is tolerated', () => {
  const world = useWaitingMail();

  test.each([['  Bob '], ['BOB'], ['\tbob']])('a target of %j is bob', async (target) => {
    expect(await world.bob.call('dispatch', { message: 'hi', target })).toMatchObject({
      to: 'bob',
      queued_to: ['bob'],
    });
  });

  test('a payload as JSON text is that payload, and nulls are nothing', async () => {
    const { id } = await world.bob.call('dispatch', {
      message: 'hi',
      target: 'alice',
      payload: ' {"commit": "abc123"} ',
      thread_id: null,
      priority: null,
      ttl: null,
    });
    const { messages } = await world.alice.call('peek', { message_id: id });
    expect(messages).toMatchObject([{ id, payload: { commit: 'abc123' } }]);
    expect((await world.bob.call('peek', { message_id: ` ${id} ` })).sent_receipts).toMatchObject([{ id }]);
  });

  test('ids to acknowledge may come as JSON text, or as one alone, with spaces, or twice', async () => {
    const send = async () => (await world.alice.call('dispatch', { message: 'hi', target: 'bob' })).id;
    expect(await world.bob.call('ack', { message_ids: JSON.stringify([await send()]) })).toMatchObject({ acked: 1 });
    expect(await world.bob.call('ack', { message_ids: await send() })).toMatchObject({ acked: 1 });
    const id = await send();
    const answer = await world.bob.call('ack', { message_ids: [id, ` ${id} `, id] });
    expect(answer).toMatchObject({ acked: 1 });
    expect(answer.not_found).toBeUndefined();
    expect(await world.bob.call('ack', { message_ids: [id] })).toMatchObject({ acked: 0, not_found: [id] });
  });

  test('ids of others and of nobody are not found, and stay what they were', async () => {
    const { id } = await world.alice.call('dispatch', { message: 'hi', target: 'carol' });
    const ids = [id, 'msg-000000000000', '../../x', '\u202e', 'a b'];
    expect(await world.bob.call('ack', { message_ids: ids })).toMatchObject({ acked: 0, not_found: ids });
    expect(filesIn(world.sandbox.relay, 'carol')).toHaveLength(1);
  });

  test('1,000 ids are acknowledged at once, shown or not', async () => {
    const dave = await world.sandbox.local('dave', { config: 'durability = "process"\n' });
    const sends = Array.from({ length: 1000 }, (_, n) => dave.call('dispatch', { message: `n=${n}`, target: 'erin' }));
    const ids = (await Promise.all(sends)).map(({ id }: Json) => id);
    const erin = await world.sandbox.start('erin', { config: 'durability = "process"\n' });
    expect((await erin.call('peek', { limit: 10 })).count).toBe(10);
    const answer = await erin.call('ack', { message_ids: ids });
    expect(answer).toEqual({ agent_id: 'erin', acked: 1000 });
    expect(filesIn(world.sandbox.relay, 'erin')).toEqual([]);
    expect(await erin.call('peek')).toMatchObject({ count: 0 });
    const { sent_receipts: receipts } = await dave.call('peek', { message_id: ids[999] });
    expect(receipts).toMatchObject([{ id: ids[999], to: 'erin', state: 'acked' }]);
  });
});
