import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR } from '../helpers/relay-world.js';
import { CONFIG_FILE, Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

/** The stored messages of an inbox. */
async function stored(agent: string): Promise<Record<string, unknown>[]> {
  const messages: Record<string, unknown>[] = [];
  for (const key of await desk.world.keys(agent)) {
    const read = await desk.world.memory.read(key, 1e6);
    if (read?.ok) messages.push(JSON.parse(Buffer.from(read.bytes).toString('utf8')));
  }
  return messages;
}

describe('send', () => {
  it('comes from the human, and joins the words of the message', async () => {
    const { code, out, err } = await desk.run(['send', 'Bob', 'all', 'is', 'well']);
    expect([code, err]).toEqual([0, expect.stringContaining('No session ever served "bob"')]);
    expect(out).toMatch(/^Sent msg-\w{12} from human to bob\.\nNot listening now: bob\. The message waits\.\n$/);
    expect(await stored('bob')).toMatchObject([{ from: 'human', to: 'bob', content: 'all is well' }]);
  });

  it('carries every option into the message', async () => {
    const options = ['--priority', 'urgent', '--thread', ' t1 ', '--reply-to', 'msg-abc', '--ttl', '60', '--must-read'];
    await desk.run(['send', 'bob', 'hi', ...options, '--payload', '{"a":[1]}']);
    expect(await stored('bob')).toMatchObject([
      { priority: 'urgent', thread_id: 't1', reply_to: 'msg-abc', ttl: 60, must_read: true, payload: { a: [1] } },
    ]);
  });

  it.each([
    ['an empty message', ['bob', ' ']],
    ['a fractional ttl', ['bob', 'hi', '--ttl', '1.5']],
    ['a negative ttl', ['bob', 'hi', '--ttl', '-1']],
    ['an infinite ttl', ['bob', 'hi', '--ttl', '1e999']],
    ['a ttl that is no number', ['bob', 'hi', '--ttl', 'soon']],
    ['a ttl past the year 9999', ['bob', 'hi', '--ttl', '253402300799']],
    ['a payload that is an array', ['bob', 'hi', '--payload', '[1]']],
    ['a payload that is not JSON', ['bob', 'hi', '--payload', '{a: 1}']],
    ['a payload 10,000 levels deep', ['bob', 'hi', '--payload', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`]],
    ['an unknown priority', ['bob', 'hi', '--priority', 'asap']],
    ['an empty thread', ['bob', 'hi', '--thread', '']],
    ['a reply to what is no id', ['bob', 'hi', '--reply-to', '../x']],
    ['a target that is no name', ['a/b', 'hi']],
    ['an empty target', ['', 'hi']],
    ['an empty sender', ['bob', 'hi', '--from', '']],
    ['a reserved sender', ['bob', 'hi', '--from', 'human']],
  ])('refuses %s with 2, and writes nothing', async (_what, argv) => {
    const { code, out, err } = await desk.run(['send', ...argv]);
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(/^error: /)]);
    expect(await desk.world.keys()).toEqual([]);
  });

  it('refuses a message over the limit with 4', async () => {
    expect((await desk.run(['send', 'bob', 'x'.repeat(70_000)])).code).toBe(4);
    expect((await desk.run(['send', 'bob', '-'], { input: 'x'.repeat(70_000) })).code).toBe(4);
    expect(await desk.world.keys()).toEqual([]);
  });

  it('reads "-" from stdin without the last line feed', async () => {
    await desk.run(['send', 'bob', '-', '--from', 'ci'], { input: 'one\ntwo\n', isTTY: false });
    expect(await stored('bob')).toMatchObject([{ from: 'ci', content: 'one\ntwo' }]);
  });

  it('refuses input that is not UTF-8, rather than sending something else', async () => {
    expect((await desk.run(['send', 'bob', '-'], { input: Buffer.from([0xff, 0x61]) })).code).toBe(2);
    expect(await desk.world.keys()).toEqual([]);
  });

  it('as the human needs a person, and says what a script does instead', async () => {
    for (const given of [{ isTTY: false }, { env: { CLAUDECODE: '1' } }]) {
      const { code, err } = await desk.run(['send', 'bob', 'hi'], given);
      expect([code, err]).toEqual([4, expect.stringContaining('--from')]);
    }
    expect(desk.opened).toBe(0);
    expect((await desk.run(['send', 'bob', 'hi', '--from', 'ci'], { isTTY: false })).code).toBe(0);
  });

  it('does not speak for an agent that is live, however the name is spelled', async () => {
    const session = await desk.world.session('ci');
    const before = await desk.world.keys();
    const { code, json } = await desk.run(['send', 'bob', 'hi', '--from', ' CI ', '--json']);
    expect([code, json]).toEqual([4, { error: { code: 'AGENT_IS_LIVE', message: expect.stringContaining('ci') } }]);
    expect(await desk.world.keys()).toEqual(before);
    await session.end();
    expect((await desk.run(['send', 'bob', 'hi', '--from', ' CI '])).code).toBe(0);
  });

  it('to an agent that is live does not call it absent', async () => {
    await desk.world.session('bob');
    const { out, err } = await desk.run(['send', 'bob', 'hi']);
    expect(out).toMatch(/^Sent msg-\w+ from human to bob\.\n$/);
    expect(err).toBe('');
  });

  it('keeps to the roster, for the sender and for the target', async () => {
    desk = new Desk({ roster: ['alice', 'bob'] });
    const from = await desk.run(['send', 'bob', 'hi', '--from', 'eve']);
    expect([from.code, from.err]).toEqual([4, expect.stringContaining('alice, bob')]);
    expect(from.err).toContain(`leave --from out to act as yourself, or add eve to agents in ${CONFIG_FILE}.`);
    const to = await desk.run(['send', 'eve', 'hi']);
    expect([to.code, to.err]).toEqual([3, expect.stringContaining('alice, bob')]);
    expect(await desk.world.keys()).toEqual([]);
  });

  it('to all of an empty relay fails with 3', async () => {
    expect((await desk.run(['send', 'all', 'hi'])).code).toBe(3);
  });

  it('says of whom nobody knows whether they listen', async () => {
    for (const agent of ['bob', 'carol']) await desk.world.session(agent);
    desk.world.clock.advance(HOUR);
    const { out } = await desk.run(['send', 'all', 'hi']);
    expect(out.split('\n').slice(1)).toEqual([
      'Not known to listen now: bob, carol. The message waits; `who` says more.',
      '',
    ]);
    const { json } = await desk.run(['send', 'all', 'hi', '--json']);
    expect(json).toMatchObject({ not_listening: [], listening_unknown: ['bob', 'carol'] });
  });

  it('says whom it does not wake, of those who have a session', async () => {
    await (await desk.world.session('bob')).describe({ wake: { on: 'direct', methods: [] } });
    const { out } = await desk.run(['send', 'bob', 'hi']);
    expect(out.split('\n').slice(1)).toEqual(['Not woken by it: bob. They find it with their next call.', '']);
  });

  it('with --json says who has it, and nothing on stderr', async () => {
    await desk.world.session('carol');
    await (await desk.world.session('bob')).end();
    const { json, err } = await desk.run(['send', 'all', 'hi', '--json']);
    expect(json).toEqual({
      sent: true,
      id: expect.stringMatching(/^msg-/),
      from: 'human',
      to: 'all',
      priority: 'normal',
      thread_id: null,
      queued_to: ['bob', 'carol'],
      not_listening: ['bob'],
      listening_unknown: [],
      cannot_wake: [],
      refused: [],
      deduplicated: false,
      superseded: [],
      never_seen: false,
    });
    expect(err).toBe('');
  });
});
