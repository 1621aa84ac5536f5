import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const idsOf = (json: Record<string, unknown>) => (json.messages as { id: string }[]).map(({ id }) => id);

describe('inbox', () => {
  it('shows urgent mail first, then by age, then what was read', async () => {
    const read = await desk.send('alice', 'bob');
    await desk.readAll('bob');
    const first = await desk.send('alice', 'bob');
    const urgent = await desk.send('carol', 'bob', { priority: 'urgent' });
    const { code, json } = await desk.run(['inbox', 'BOB', '--json']);
    expect([code, idsOf(json)]).toEqual([0, [urgent, first, read]]);
    expect(json.messages).toMatchObject([{ state: 'pending' }, { state: 'pending' }, { state: 'read' }]);
  });

  it('changes nothing, whatever lies there', async () => {
    await desk.send('alice', 'bob');
    await desk.readAll('bob');
    await desk.send('alice', 'bob');
    await desk.send('alice', 'bob', { ttl: 1 });
    const taken = await desk.send('carol', 'bob');
    const session = await desk.world.session('bob');
    await session.inbox.claim({ by: 'peek', limit: 1, messageId: taken, offer: () => () => {} });
    // Broken mail under a name of ours and of another program, and mail that a Python server has marked as read.
    await desk.world.put('bob/broken.json', '{');
    const good = (await desk.world.keys('bob')).find((key) => /^bob\/\d/.test(key)) ?? '';
    await desk.world.put(good.replace('.alice.', '.mallory.'), '{');
    const foreign = { id: 'msg-py', from: 'alice', to: 'bob', timestamp: '2026-02-17T20:00:00Z', content: 'hi' };
    await desk.world.put('bob/1771360000000_py.json', { ...foreign, state: 'read' });
    desk.world.clock.advance(HOUR);
    const before = await desk.world.keys();

    const { code, json } = await desk.run(['inbox', 'bob', '--json']);
    expect(code).toBe(0);
    expect(idsOf(json)).toContain(taken);
    expect(await desk.world.keys()).toEqual(before);
    expect(desk.world.warnings).toEqual([]);
  });

  it('counts what a session has claimed and not yet shown as pending', async () => {
    const id = await desk.send('alice', 'bob');
    const session = await desk.world.session('bob');
    await session.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} });
    expect((await desk.run(['inbox', 'bob', '--json'])).json).toMatchObject({ messages: [{ id, state: 'pending' }] });
  });

  it('shows mail that another program has marked as read as read', async () => {
    const id = await desk.send('alice', 'bob');
    const [key = ''] = await desk.world.keys('bob');
    const read = await desk.world.memory.read(key, 1e6);
    const message = JSON.parse(Buffer.from(read?.ok ? read.bytes : []).toString('utf8'));
    await desk.world.put(key, { ...message, state: 'read' });
    expect((await desk.run(['inbox', 'bob', '--json'])).json).toMatchObject({ messages: [{ id, state: 'read' }] });
  });

  it('leaves out what has expired', async () => {
    await desk.send('alice', 'bob', { ttl: 60 });
    desk.world.clock.advance(MINUTE);
    expect((await desk.run(['inbox', 'bob'])).code).toBe(3);
  });

  it('says how many more there are', async () => {
    for (let index = 0; index < 25; index++) await desk.send('alice', 'bob');
    expect((await desk.run(['inbox', 'bob', '--json'])).json).toMatchObject({ count: 20, more: 5 });
    expect((await desk.run(['inbox', 'bob', '--limit', '24'])).err).toContain('1 more message');
    expect((await desk.run(['inbox', 'bob', '--limit', '25'])).err).toBe('');
  });

  it('with --thread shows that conversation only', async () => {
    const id = await desk.send('alice', 'bob', { threadId: 'deploys' });
    await desk.send('alice', 'bob', { threadId: 'other' });
    expect(idsOf((await desk.run(['inbox', 'bob', '--thread', 'deploys', '--json'])).json)).toEqual([id]);
    expect((await desk.run(['inbox', 'bob', '--thread', 'none'])).code).toBe(3);
  });

  it('prints the words of others so that they cannot act on the terminal, line by line', async () => {
    const content = 'one\r\n  two\x1b[2J\u202e\u2028three\x07';
    await desk.send('alice', 'bob', { content, threadId: 't\u200b', payload: { '\x9b1m': 1 } });
    const { out } = await desk.run(['inbox', 'bob']);
    expect(out.split('\n').slice(1)).toEqual(['    one', '      two�[2J�', '    three�', '    {"�1m":1}', '']);
    expect(out).toContain('thread t�');
    const { out: json } = await desk.run(['inbox', 'bob', '--json']);
    for (const character of '\x1b\x9b\u200b\u202e\u2028') expect(json).not.toContain(character);
    expect(JSON.parse(json).messages).toMatchObject([{ content, payload: { '\x9b1m': 1 } }]);
  });

  it('breaks long lines at words in a terminal, and leaves them whole in a pipe', async () => {
    const content = `- ${'word '.repeat(30).trim()}`;
    await desk.send('alice', 'bob', { content });
    const narrow = (await desk.run(['inbox', 'bob'], { columns: 40 })).out.split('\n').slice(1, -1);
    expect(narrow.every((line) => line.length <= 40)).toBe(true);
    expect(narrow.slice(1).every((line) => line.startsWith('      word'))).toBe(true);
    expect(narrow.map((line) => line.trim()).join(' ')).toBe(content);
    expect((await desk.run(['inbox', 'bob'])).out).toContain(content);
  });

  it('without a name is the mail of the human, and tells how to answer and to finish it', async () => {
    const id = await desk.send('alice', 'human');
    const { code, out, err } = await desk.run(['inbox']);
    expect([code, out]).toEqual([0, expect.stringContaining(id)]);
    expect(err).toContain(`mcp-dispatch send alice --reply-to ${id}`);
    expect(err).toContain(`mcp-dispatch ack ${id}`);
  });

  it('that is empty ends with 3: in JSON an empty list, for a person a word on stderr', async () => {
    const { code, json, err } = await desk.run(['inbox', '--json']);
    expect([code, json, err]).toEqual([3, { agent_id: 'human', messages: [], count: 0, more: 0 }, '']);
    await desk.world.session('bob');
    expect(await desk.run(['inbox', 'bob'])).toMatchObject({ code: 3, out: '', err: 'No mail for bob.\n' });
  });

  it('of a name that nobody here has says so, with the code of an empty one', async () => {
    const said = 'No agent nobody is known here; who lists them.\n';
    expect(await desk.run(['inbox', 'nobody'])).toMatchObject({ code: 3, out: '', err: said });
    expect((await desk.run(['inbox', 'nobody', '--json'])).json).toMatchObject({ count: 0 });
  });

  it('needs no terminal: looking is for anyone', async () => {
    await desk.send('alice', 'human');
    expect((await desk.run(['inbox'], { isTTY: false, env: { CLAUDECODE: '1' } })).code).toBe(0);
  });
});
