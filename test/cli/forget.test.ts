import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { surveyMail } from '../../src/relay/mailbox.js';
import { claimNext, holder, jobMail, submit } from '../helpers/job-world.js';
import { HOUR, MINUTE, withFaults } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

/** The ids of all its mail. */
async function mailOf(agent: string): Promise<string[]> {
  return (await surveyMail(desk.relay, agent)).map(({ name }) => name.id);
}

describe('forget', () => {
  it('removes an agent without mail from those that "all" reaches', async () => {
    await (await desk.world.session('bob')).end();
    expect(await desk.relay.agents.everyone()).toEqual(['bob']);
    expect(await desk.run(['forget', ' Bob '])).toMatchObject({ code: 0, out: 'Forgot bob.\n' });
    expect(await desk.relay.agents.everyone()).toEqual([]);
    expect((await desk.run(['who'])).code).toBe(3);
  });

  it.each([
    ['pending', 'unread'],
    ['taken', 'maybe'],
    ['read', 'read'],
  ])('refuses while mail is %s, and changes nothing', async (where, how) => {
    const id = await desk.send('alice', 'bob');
    if (where === 'read') await desk.readAll('bob');
    if (where === 'taken') {
      const process = desk.world.process();
      const session = await process.session('bob');
      await session.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} });
      process.kill();
    }
    const before = await desk.world.keys();
    const { code, json } = await desk.run(['forget', 'bob', '--json']);
    expect([code, json]).toMatchObject([4, { error: { code: 'INBOX_NOT_EMPTY' } }]);
    expect(await desk.world.keys()).toEqual(before);

    expect((await desk.run(['forget', 'bob', '--drop', '--json'])).json).toEqual({
      forgotten: 'bob',
      dropped: [{ id, from: 'alice', standing: where === 'read' ? 'read' : 'pending' }],
    });
    expect((await desk.relay.receipts.changes('alice', 10)).receipts).toMatchObject([{ id, state: 'refused', how }]);
    expect(await desk.world.keys('bob')).toEqual([]);
  });

  it('tells each sender that its message ended, and whether it was read; never that it was dealt with', async () => {
    const read = await desk.send('alice', 'bob');
    await desk.readAll('bob');
    const unread = await desk.send('alice', 'bob', { mustRead: true });
    await desk.run(['forget', 'bob', '--drop']);
    const { receipts } = await desk.relay.receipts.changes('alice', 10);
    expect(Object.fromEntries(receipts.map(({ id, state, how }) => [id, `${state} ${how}`]))).toEqual({
      [read]: 'refused read',
      [unread]: 'refused unread',
    });
  });

  it('tells nothing more of what was acknowledged by a process that died before it could remove it', async () => {
    const id = await desk.send('alice', 'bob');
    const dying = desk.world.process();
    const session = await dying.session('bob');
    const { removeAll } = desk.world.memory;
    desk.world.memory.removeAll = () => Promise.reject(new Error('kill -9'));
    await expect(session.kept.ack([id])).rejects.toThrow('kill -9');
    desk.world.memory.removeAll = removeAll;
    dying.kill();
    expect((await desk.run(['forget', 'bob', '--drop'])).code).toBe(0);
    expect((await desk.relay.receipts.changes('alice', 10)).receipts).toMatchObject([{ id, state: 'acked' }]);
    expect(await desk.world.keys('bob')).toEqual([]);
    expect(await desk.world.keys('.receipts')).toHaveLength(1);
  });

  it('refuses a live agent, with or without --drop', async () => {
    const id = await desk.send('alice', 'bob');
    await desk.world.session('bob');
    for (const drop of [[], ['--drop']]) {
      const { code, json } = await desk.run(['forget', 'bob', ...drop, '--json']);
      expect([code, json]).toMatchObject([4, { error: { code: 'AGENT_IS_LIVE' } }]);
    }
    expect(await desk.whereabouts('alice', id)).toEqual(['pending bob']);
  });

  it('of a name that nobody has heard of ends with 3', async () => {
    expect((await desk.run(['forget', 'bob'])).code).toBe(3);
  });

  it('of the human or of all is a mistake', async () => {
    await desk.send('alice', 'human');
    expect((await desk.run(['forget', 'human', '--drop'])).code).toBe(2);
    expect((await desk.run(['forget', 'all'])).code).toBe(2);
    expect(await desk.world.keys('human')).toHaveLength(1);
  });

  it('does not ask for --drop because of mail that has expired, and leaves its receipt', async () => {
    const id = await desk.send('alice', 'bob', { ttl: 60 });
    desk.world.clock.advance(MINUTE);
    expect(await desk.run(['forget', 'bob'])).toMatchObject({ code: 0, out: 'Forgot bob.\n' });
    const { receipts } = await desk.relay.receipts.changes('alice', 10);
    expect(receipts).toMatchObject([{ id, state: 'expired', how: 'unread' }]);
  });

  it('sets broken files aside instead of deleting them', async () => {
    await desk.world.put('bob/broken.json', '{');
    desk.world.clock.advance(HOUR);
    expect((await desk.run(['forget', 'bob'])).code).toBe(0);
    expect((await desk.world.keys('.quarantine')).length).toBeGreaterThan(0);
  });

  it('keeps the name, and says so, while a file is left that is no mail', async () => {
    await (await desk.world.session('bob')).end();
    await desk.world.put('bob/notes.txt', 'mine');
    const { code, err } = await desk.run(['forget', 'bob', '--drop']);
    expect([code, err]).toEqual([4, expect.stringContaining('no mail')]);
    expect(await desk.world.keys('bob')).toEqual(['bob/notes.txt']);
    expect(await desk.relay.agents.everyone()).toEqual(['bob']);
  });

  it('keeps the name while a receipt cannot be written, and does the rest when it is run again', async () => {
    let full = true;
    const error = new Error('disk full');
    desk = new Desk({
      wrap: (store) =>
        withFaults(store, {
          createAll: async (entries, options) =>
            full && entries.some(({ key }) => key.startsWith('.receipts/alice'))
              ? entries.map(() => ({ state: 'failed', error, outcome: 'none' }))
              : store.createAll(entries, options),
        }),
    });
    const id = await desk.send('alice', 'bob');
    const { code, err } = await desk.run(['forget', 'bob', '--drop']);
    expect([code, err]).toEqual([1, expect.stringContaining('Forget it again')]);
    expect(await desk.whereabouts('alice', id)).toEqual(['refused bob']);
    full = false;
    expect((await desk.run(['forget', 'bob', '--drop'])).code).toBe(0);
    expect((await desk.relay.receipts.changes('alice', 10)).receipts).toMatchObject([{ id, state: 'refused' }]);
    expect(await desk.world.keys('bob')).toEqual([]);
  });

  it('that is cut short before the removal loses no receipt, and can be done again', async () => {
    let broken = true;
    desk = new Desk({
      wrap: (store) =>
        withFaults(store, {
          removeAll: async (keys, options) => {
            if (broken) throw new Error('killed');
            return store.removeAll(keys, options);
          },
        }),
    });
    const id = await desk.send('alice', 'bob');
    expect((await desk.run(['forget', 'bob', '--drop'])).code).toBe(1);
    expect(await desk.whereabouts('alice', id)).toEqual(['refused bob']);
    broken = false;
    expect((await desk.run(['forget', 'bob', '--drop'])).code).toBe(0);
    expect(await desk.world.keys('bob')).toEqual([]);
  });

  it('refuses while jobs wait for the agent, and with --drop cancels them and tells their submitter', async () => {
    const alice = await desk.world.session('alice');
    const { id } = await submit(desk.relay, 'alice', 'bob');
    const own = await submit(desk.relay, 'bob', 'carol');
    await desk.readAll('bob');
    await desk.relay.keptOf('bob', desk.relay.inboxOf('bob', holder('bob').session)).ack(await mailOf('bob'));
    const before = await desk.world.keys();
    const { code, json } = await desk.run(['forget', 'bob', '--json']);
    expect([code, json]).toMatchObject([4, { error: { message: expect.stringContaining(`Waiting for bob: ${id}`) } }]);
    expect(await desk.world.keys()).toEqual(before);
    const { out } = await desk.run(['forget', 'bob', '--drop']);
    expect(out).toBe(`Forgot bob.\nCancelled 1 job: ${id}.\n`);
    expect(await desk.relay.jobs.look(id)).toMatchObject({ state: 'cancelled' });
    expect(await jobMail(alice)).toMatchObject([{ from: 'bob', state: 'cancelled' }]);
    expect(await desk.relay.jobs.look(own.id)).toMatchObject({ state: 'queued' });
  });

  it('refuses, also with --drop, while the agent holds a job, of a topic too, and while one of its is parked', async () => {
    await desk.relay.topics.join('bob', 'build');
    for (const [to, write] of [
      ['#build', false],
      ['bob', true],
    ] as const) {
      const { id } = await submit(desk.relay, 'alice', to, { write });
      await claimNext(desk.relay, holder('bob'), { addresses: [to] });
      const held = await desk.run(['forget', 'bob', '--drop']);
      expect([held.code, held.err]).toEqual([4, expect.stringContaining(`Held by bob: ${id}`)]);
      desk.world.clock.advance(HOUR);
      expect(await desk.relay.jobs.look(id)).toMatchObject({ state: write ? 'needs_recovery' : 'queued' });
      if (!write) continue;
      const parked = await desk.run(['forget', 'bob', '--drop']);
      expect([parked.code, parked.err]).toEqual([4, expect.stringContaining('mcp-dispatch recover')]);
      await desk.relay.jobs.recover(id, 'fail', 'human');
    }
    expect((await desk.run(['forget', 'bob', '--drop'])).code).toBe(0);
  });

  it('refuses an agent whose jobs a live worker does', async () => {
    await desk.send('alice', 'codex');
    const worker = { session: 's'.repeat(20), since: '', writes: 'none' as const, concurrency: 1 };
    await desk.relay.jobs.workers.enter('codex', worker);
    const { code, err } = await desk.run(['forget', 'codex', '--drop']);
    expect([code, err]).toEqual([4, expect.stringContaining('A worker does the jobs of codex')]);
    await desk.relay.jobs.workers.leave('codex', worker.session);
    expect((await desk.run(['forget', 'codex', '--drop'])).code).toBe(0);
  });

  it('of a name on the roster says that it stays there', async () => {
    desk = new Desk({ roster: ['alice', 'bob'] });
    await desk.send('alice', 'bob');
    expect((await desk.run(['forget', 'bob', '--drop'])).err).toContain('still on the roster');
  });
});
