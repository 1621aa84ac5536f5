import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { claimed, JOB, submitted } from '../helpers/audit-lines.js';
import { DAY, foreignMessage, HOUR, MINUTE, START } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const trace = async (id: string) => {
  const { code, out, err } = await desk.run(['trace', id]);
  return { code, err, lines: out.trimEnd().split('\n') };
};
const forgetLog = async () => {
  for (const key of await desk.world.keys('.log')) await desk.world.memory.remove(key);
};

describe('trace', () => {
  it('tells the whole life of a message, each fact with its source', async () => {
    const id = await desk.send('alice', 'bob', { threadId: 'deploys' });
    desk.world.clock.advance(4900);
    await desk.readAll('bob');
    desk.world.clock.advance(MINUTE);
    const bob = await desk.world.session('bob');
    await bob.kept.ack([id]);
    const { code, lines } = await trace(id);
    expect(code).toBe(0);
    expect(lines).toEqual([
      `${id}  from alice`,
      expect.stringMatching(
        /^ {2}sent 2026-02-17 20:30:00Z \(1 min ago\) to bob; thread deploys, \d+ bytes {2}\(log\)$/,
      ),
      '  bob: acked 2026-02-17 20:31:04Z, had been shown  (receipt)',
      '    2026-02-17 20:30:04Z  shown  by peek, after 4.9 s  (log)',
      '    2026-02-17 20:31:04Z  acked  had been shown  (log)',
    ]);
    const { json } = await desk.run(['trace', id, '--json']);
    expect(json).toMatchObject({
      id,
      messages: [
        {
          from: 'alice',
          sent: { event: 'sent', to: ['bob'], thread_id: 'deploys', source: 'log' },
          recipients: [
            {
              to: 'bob',
              now: { state: 'acked', source: 'receipt', how: 'read' },
              events: [
                { event: 'shown', after_ms: 4900, source: 'log' },
                { event: 'acked', source: 'log' },
              ],
            },
          ],
          superseded_by: [],
          answers: [],
        },
      ],
    });
  });

  it('tells when its recipient was rung for it', async () => {
    const bob = await desk.world.session('bob');
    const id = await desk.send('alice', 'all');
    const ring = { event: 'rang', agent: 'bob', session: bob.id, waiting: 2, ids: [id, 'msg-b'] } as const;
    desk.world.clock.advance(1000);
    await desk.relay.events.note({ ...ring, method: 'claude-socket', outcome: 'failed', why: 'no socket' });
    await desk.relay.events.note({ ...ring, method: 'command', outcome: 'rung' });
    desk.world.clock.advance(1000);
    await desk.readAll('bob');
    const { lines } = await trace(id);
    expect(lines.slice(3)).toEqual([
      expect.stringMatching(/ rang {3}claude-socket: failed \(no socket\), 2 waiting {2}\(log\)$/),
      expect.stringMatching(/ rang {3}command: rung, 2 waiting {2}\(log\)$/),
      expect.stringMatching(/ shown {2}by peek, after /),
    ]);
    const { json } = await desk.run(['trace', id, '--json']);
    expect(json).toMatchObject({
      messages: [
        { recipients: [{ to: 'bob', rings: [{ method: 'claude-socket' }, { method: 'command', source: 'log' }] }] },
      ],
    });
  });

  it('tells where each copy of a broadcast is', async () => {
    for (const name of ['bob', 'carol', 'dave']) await desk.world.session(name);
    const id = await desk.send('alice', 'all', { ttl: 3600 });
    await desk.readAll('bob');
    await (await desk.world.session('carol')).kept.ack([id]);
    const { json } = await desk.run(['trace', id, '--json']);
    expect(json).toMatchObject({
      messages: [
        {
          sent: { target: 'all' },
          recipients: [
            { to: 'bob', now: { state: 'read', source: 'mailbox', how: 'peek' } },
            { to: 'carol', now: { state: 'acked', source: 'receipt', how: 'unread' } },
            { to: 'dave', now: { state: 'pending', source: 'mailbox' }, events: [] },
          ],
        },
      ],
    });
    desk.world.clock.advance(2 * HOUR);
    expect((await trace(id)).lines).toContain('  dave: waiting, expired, never shown  (mailbox)');
    await desk.relay.sweeper.sweep();
    expect((await trace(id)).lines).toContain('  dave: expired 2026-02-17 22:30:00Z, never shown  (receipt)');
  });

  it('says "no evidence" of a sending that is not in the log, and takes the rest from mailbox and receipts', async () => {
    const id = await desk.send('alice', 'bob');
    await forgetLog();
    expect((await trace(id)).lines).toEqual([
      `${id}  from alice`,
      '  sending: no evidence in the log',
      '  bob: pending  (mailbox)',
    ]);
    await (await desk.world.session('bob')).kept.ack([id]);
    await forgetLog();
    expect((await trace(id)).lines[2]).toMatch(/^ {2}bob: acked .*, never shown {2}\(receipt\)$/);
    expect((await desk.run(['trace', id, '--json'])).json).toMatchObject({ messages: [{ sent: null }] });
  });

  it('says "no evidence" of the place of a message that the log knows and nobody has', async () => {
    const id = await desk.send('alice', 'bob');
    await desk.readAll('bob');
    for (const prefix of ['bob', '.receipts']) {
      for (const key of await desk.world.keys(prefix)) await desk.world.memory.remove(key);
    }
    const { lines } = await trace(id);
    expect(lines[2]).toBe('  bob: no evidence of where it is now');
    expect(lines[3]).toContain('shown');
    const { json } = await desk.run(['trace', id, '--json']);
    expect(json).toMatchObject({ messages: [{ recipients: [{ to: 'bob', now: { state: 'no evidence' } }] }] });
  });

  it('takes an end from the log when its receipt has gone', async () => {
    const id = await desk.send('alice', 'bob');
    await (await desk.world.session('bob')).kept.ack([id]);
    desk.world.clock.advance(8 * DAY);
    await desk.relay.sweeper.sweep();
    expect((await trace(id)).lines[2]).toBe('  bob: acked 2026-02-17 20:30:00Z, never shown  (log)');
  });

  it('finds mail that another program wrote', async () => {
    await desk.world.put(`bob/${START}-alice.json`, foreignMessage({ id: 'msg-py' }));
    expect((await trace('msg-py')).lines).toEqual([
      'msg-py  from alice',
      '  sending: no evidence in the log',
      '  bob: pending  (mailbox)',
    ]);
  });

  it('is not kept from its answer by a link in the place of an inbox', async () => {
    const id = await desk.send('alice', 'bob');
    await forgetLog();
    const list = desk.world.memory.list.bind(desk.world.memory);
    vi.spyOn(desk.world.memory, 'list').mockImplementation(async (prefix) => {
      if (prefix === '') return [...(await list(prefix)), 'aaron'];
      if (prefix.startsWith('aaron')) throw new DispatchError('RELAY_UNSAFE', 'a link');
      return list(prefix);
    });
    expect((await trace(id)).lines).toContain('  bob: pending  (mailbox)');
    expect((await desk.run(['stats'])).code).toBe(0);
  });

  it('keeps two senders with one id apart', async () => {
    await desk.world.put(`bob/${START}-alice.json`, foreignMessage({ id: 'msg-py' }));
    await desk.world.put(`bob/${START + 1}-carol.json`, foreignMessage({ id: 'msg-py', from: 'carol' }));
    const { lines } = await trace('msg-py');
    expect(lines.filter((line) => line.startsWith('msg-py'))).toEqual(['msg-py  from alice', 'msg-py  from carol']);
  });

  it('shows what replaced it, what answered it, and what was returned or withdrawn', async () => {
    const id = await desk.send('alice', 'bob');
    const at = '2026-02-17T20:31:00.000Z';
    const copy = { at, id, from: 'alice', to: 'bob' };
    for (const event of [
      { ...copy, event: 'returned', why: 'session over' },
      { ...copy, event: 'withdrawn', superseded_by: 'msg-new' },
      { at, event: 'sent', id: 'msg-new', from: 'alice', to: ['bob'], bytes: 9, supersedes: id },
      { at, event: 'sent', id: 'msg-forged', from: 'mallory', to: ['bob'], bytes: 9, supersedes: id },
      { at, event: 'sent', id: 'msg-answer', from: 'bob', to: ['alice'], bytes: 9, reply_to: id },
    ]) {
      await desk.world.memory.append(`.log/2026-02-17/${'x'.repeat(20)}`, JSON.stringify(event));
    }
    const { lines } = await trace(id);
    expect(lines).toContain(
      '    2026-02-17 20:31:00Z  returned   new again: the session that had claimed it is over  (log)',
    );
    expect(lines).toContain('    2026-02-17 20:31:00Z  withdrawn  for msg-new  (log)');
    expect(lines).toContain('  superseded by msg-new, sent 2026-02-17 20:31:00Z  (log)');
    expect(lines).toContain('  answered by bob with msg-answer, sent 2026-02-17 20:31:00Z  (log)');
    expect(lines.join('\n')).not.toContain('msg-forged');
  });

  it('shows content only where the log has it, and so that it cannot act on the terminal', async () => {
    const quiet = await desk.send('alice', 'bob', { content: 'secret' });
    expect((await trace(quiet)).lines.join('\n')).not.toContain('secret');
    const talking = new Desk({ logContent: true });
    const id = await talking.send('alice', 'bob', { content: 'two\nlines \x1b[2J' });
    const { out } = await talking.run(['trace', id]);
    expect(out).toContain('    two\n    lines �[2J\n');
    await talking.world.close();
  });

  it('tells the life of a job by the log and its record, also where only one of them knows of it', async () => {
    const record = (value: object) =>
      desk.world.memory.update(`.jobs/records/${JOB}`, undefined, JSON.stringify(value));
    await desk.relay.events.audit(submitted());
    await desk.relay.events.audit(submitted('job-bbbbbbbbbbbb'));
    desk.world.clock.advance(MINUTE);
    await desk.relay.events.audit(claimed());
    const life = [
      `${JOB}  from alice to bob`,
      '  2026-02-17 20:30:00Z  submitted  (log)',
      '  2026-02-17 20:31:00Z  claimed    by bob, attempt 1, token 1  (log)',
    ];
    expect((await trace(JOB)).lines).toEqual([...life, '  now: no evidence of where it is now']);
    await record({ state: 'needs_recovery', attempts: 1, audit: [] });
    const { code, lines } = await trace(` ${JOB} `);
    expect({ code, lines }).toEqual({ code: 0, lines: [...life, '  now: needs recovery, 1 attempt  (record)'] });
    expect((await desk.run(['trace', JOB, '--json'])).json).toMatchObject({
      id: JOB,
      now: { state: 'needs_recovery', attempts: 1, source: 'record' },
      events: [
        { event: 'job.submitted', source: 'log' },
        { event: 'job.claimed', source: 'log' },
      ],
    });
    await forgetLog();
    expect((await trace(JOB)).lines).toEqual([
      JOB,
      '  its life: no evidence in the log',
      '  now: needs recovery, 1 attempt  (record)',
    ]);
    expect(await trace('job-cccccccccccc')).toMatchObject({ code: 3, err: expect.stringContaining('a job job-cccc') });
  });

  it('tells of a message that has the id of a job, and of a job whose record is damaged', async () => {
    await desk.world.put(`bob/note.json`, foreignMessage({ id: JOB }));
    expect((await trace(JOB)).lines[0]).toBe(`${JOB}  from alice`);
    await desk.relay.events.audit(submitted());
    await desk.world.memory.update(`.jobs/records/${JOB}`, undefined, '{');
    expect((await trace(JOB)).lines.at(-1)).toBe('  now: no evidence of where it is now');
  });

  it('of an id that nobody knows ends with 3, and one that is none with 2', async () => {
    await desk.send('alice', 'bob');
    const unknown = await trace('msg-nosuch');
    expect(unknown).toMatchObject({ code: 3, lines: [''] });
    expect(unknown.err).toMatch(/Nothing is known of a message msg-nosuch in memory/);
    expect(await trace('a/b')).toMatchObject({ code: 2, lines: [''], err: expect.stringContaining('message id') });
    expect((await desk.run(['trace', 'msg-nosuch', '--json'])).json).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('writes nothing', async () => {
    const id = await desk.send('alice', 'bob');
    const before = [...(await desk.world.keys()), ...(await desk.world.keys('.log'))];
    await trace(id);
    await trace('msg-nosuch');
    expect([...(await desk.world.keys()), ...(await desk.world.keys('.log'))]).toEqual(before);
  });
});
