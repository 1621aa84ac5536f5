import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

describe('ack', () => {
  it('ends a message of the human, and its sender sees it', async () => {
    const id = await desk.send('alice', 'human');
    expect(await desk.run(['ack', id])).toMatchObject({ code: 0, out: `Acknowledged ${id}.\n` });
    expect(await desk.whereabouts('alice', id)).toEqual(['acked human']);
    expect(await desk.world.keys('human')).toEqual([]);
  });

  it('does what it can and names the rest; 3 when it was none', async () => {
    const id = await desk.send('alice', 'human');
    const { code, json } = await desk.run(['ack', id, id, 'msg-none', '--json']);
    expect([code, json]).toEqual([0, { agent_id: 'human', acked: [id], not_found: ['msg-none'] }]);
    expect(await desk.run(['ack', id])).toMatchObject({ code: 3, out: '', err: expect.stringContaining(id) });
  });

  it('does not touch the mail of an agent', async () => {
    const id = await desk.send('alice', 'bob');
    expect((await desk.run(['ack', id])).code).toBe(3);
    expect(await desk.whereabouts('alice', id)).toEqual(['pending bob']);
  });

  it.each([
    ['without a terminal', { isTTY: false }],
    ['in the shell of an agent', { env: { GEMINI_CLI: '1' } }],
  ])('is refused %s, and nothing is acknowledged', async (_where, given) => {
    const id = await desk.send('alice', 'human');
    for (const argv of [
      ['ack', id],
      ['ack', '--read'],
    ]) {
      const { code, err } = await desk.run(argv, given);
      expect([code, err]).toEqual([4, expect.stringContaining('--from')]);
    }
    expect(await desk.whereabouts('alice', id)).toEqual(['pending human']);
  });

  it('of nothing, or of both ids and --read, is a mistake', async () => {
    for (const argv of [['ack'], ['ack', ' '], ['ack', 'msg-a', '--read'], ['ack', 'msg-a', '--limit', '3']]) {
      expect((await desk.run(argv)).code).toBe(2);
    }
  });
});

it('of what the human may have looked at, or has just been shown, never says that it was not shown', async () => {
  const [looked, read] = [await desk.send('alice', 'human'), await desk.send('alice', 'human')];
  await desk.run(['inbox']);
  await desk.run(['ack', looked]);
  await desk.run(['ack', '--read']);
  const { receipts } = await desk.relay.receipts.changes('alice', 10);
  expect(new Map(receipts.map(({ id, how }) => [id, how]))).toEqual(
    new Map([
      [looked, 'maybe'],
      [read, 'read'],
    ]),
  );
});

describe('ack --read', () => {
  it('shows the mail and ends what it has shown', async () => {
    const first = await desk.send('alice', 'human', { content: 'the first' });
    const second = await desk.send('bob', 'human', { content: 'the second' });
    const { code, out, err } = await desk.run(['ack', '--read']);
    expect([code, err]).toEqual([0, '\nAcknowledged 2 messages.\n']);
    expect(out).toContain('the first');
    expect(out).toContain('the second');
    expect(await desk.whereabouts('alice', first)).toEqual(['acked human']);
    expect(await desk.whereabouts('bob', second)).toEqual(['acked human']);
  });

  it('ends nothing that it did not show', async () => {
    const shown = await desk.send('alice', 'human');
    const beyond = await desk.send('alice', 'human');
    const { err } = await desk.run(['ack', '--read', '--limit', '1']);
    expect(err).toContain('1 more message');
    expect(await desk.whereabouts('alice', shown)).toEqual(['acked human']);
    expect(await desk.whereabouts('alice', beyond)).toEqual(['pending human']);
  });

  it('ends nothing when what it shows cannot be written', async () => {
    const id = await desk.send('alice', 'human');
    expect((await desk.run(['ack', '--read'], { closed: true })).code).toBe(1);
    expect(await desk.whereabouts('alice', id)).toEqual(['pending human']);
  });

  it('with --json has the messages and their ids in one document', async () => {
    const id = await desk.send('alice', 'human');
    const { json } = await desk.run(['ack', '--read', '--json']);
    expect(json).toMatchObject({ acked: [id], not_found: [], messages: [{ id, content: 'hello' }], more: 0 });
  });

  it('of an empty inbox ends with 3', async () => {
    expect((await desk.run(['ack', '--read'])).code).toBe(3);
    expect((await desk.run(['ack', '--read', '--json'])).json).toMatchObject({ acked: [] });
  });
});
