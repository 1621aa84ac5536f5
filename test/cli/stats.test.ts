import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, JOB, submitted } from '../helpers/audit-lines.js';
import { event, WRITERS, write } from '../helpers/event-log.js';
import { HOUR, MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

interface Stats {
  readonly events: number;
  readonly since: string | null;
  readonly agents: (Record<string, unknown> & { agent_id: string })[];
}
const stats = async () => (await desk.run(['stats', '--json'])).json as unknown as Stats;
const of = async (agent: string) => (await stats()).agents.find(({ agent_id }) => agent_id === agent);
const [A, B] = WRITERS;
const sent = (seconds: number, id: string, to = ['bob']) => event(seconds, { event: 'sent', id, to, bytes: 9 });
const shown = (seconds: number, id: string) => event(seconds, { event: 'shown', id, by: 'peek' });

describe('stats', () => {
  it('counts what each agent sent, received, has unread and has not acknowledged, the human included', async () => {
    await desk.send('alice', 'bob');
    await desk.send('alice', 'bob');
    await desk.readAll('bob');
    await desk.send('alice', 'bob');
    await desk.send('bob', 'human');
    desk.world.clock.advance(2 * HOUR);
    await desk.send('carol', 'bob');
    expect(await of('alice')).toMatchObject({ sent: 3, received: 0, unread: 0 });
    expect(await of('bob')).toMatchObject({
      sent: 1,
      received: 4,
      unread: 2,
      unacknowledged: 2,
      oldest_unread_seconds: 7200,
    });
    expect(await of('human')).toMatchObject({ sent: 0, received: 1, unread: 1 });
  });

  it('counts a broadcast once for its sender, and once for each who got it', async () => {
    await write(desk.world, A, sent(1, 'msg-1', ['bob', 'carol']));
    expect(await of('alice')).toMatchObject({ sent: 1 });
    expect([await of('bob'), await of('carol')]).toMatchObject([{ received: 1 }, { received: 1 }]);
  });

  it('gives median and 90th percentile by nearest rank', async () => {
    for (let n = 1; n <= 10; n++) {
      await write(desk.world, A, sent(0, `msg-${n}`));
      await write(desk.world, B, shown(n, `msg-${n}`));
    }
    expect(await of('bob')).toMatchObject({ shown_after_ms: { count: 10, median: 5000, p90: 9000 } });
    expect(await of('alice')).toMatchObject({ shown_after_ms: null });
  });

  it('counts the first showing only, also when it was noted before the sending', async () => {
    await write(desk.world, A, sent(1, 'msg-1'), sent(10, 'msg-2'));
    await write(desk.world, B, shown(4, 'msg-1'), shown(9, 'msg-2'), shown(59, 'msg-1'));
    expect(await of('bob')).toMatchObject({ shown_after_ms: { count: 2, median: 0, p90: 3000 } });
  });

  it('counts what expired unread, and not what expired read or may have been read', async () => {
    const expired = (seconds: number, was: string) => event(seconds, { event: 'expired', was });
    await write(desk.world, A, expired(1, 'unread'), expired(2, 'read'), expired(3, 'maybe'), expired(4, 'unread'));
    expect(await of('bob')).toMatchObject({ expired_unread: 2 });
    await desk.send('carol', 'dave', { ttl: 60 });
    desk.world.clock.advance(2 * MINUTE);
    await desk.relay.sweeper.sweep();
    expect(await of('dave')).toMatchObject({ expired_unread: 1, unread: 0, oldest_unread_seconds: null });
  });

  it('prints a table, and how far the log reaches', async () => {
    await desk.send('alice', 'bob');
    desk.world.clock.advance(3 * MINUTE);
    const { code, out, err } = await desk.run(['stats']);
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['AGENT', 'SENT', 'RECEIVED', 'SHOWN AFTER', 'P90', 'EXPIRED UNREAD', 'UNREAD', 'OLDEST', 'UNACKED'],
      ['alice', '1', '0', '-', '-', '0', '0', '-', '0'],
      ['bob', '0', '1', '-', '-', '0', '1', '3 min', '0'],
      ['human', '0', '0', '-', '-', '0', '0', '-', '0'],
    ]);
    expect(err).toBe('\n1 event since 2026-02-17 20:30:00Z.\n');
  });

  it('counts the jobs that each agent gave, completed and failed, and shows them where there are any', async () => {
    const { events } = desk.relay;
    await events.audit(submitted());
    await events.audit(submitted('job-bbbbbbbbbbbb'));
    await events.audit(completed());
    const failed = { event: 'job.failed', job: JOB, from: 'alice', to: 'bob', why: 'exit code 1' } as const;
    await events.audit({ ...failed, by: 'bob', session: A, attempt: 1, token: 1 });
    await events.audit({ ...failed, by: 'system', session: A, attempt: 2, token: 2 });
    await events.audit({ ...failed, by: 'bob' });
    expect((await of('alice'))?.jobs).toEqual({ submitted: 2, completed: 0, failed: 0 });
    expect((await of('bob'))?.jobs).toEqual({ submitted: 0, completed: 1, failed: 1 });
    expect(await of('system')).toBeUndefined();
    const rows = (await desk.run(['stats'])).out.split('\n').map((line) => line.split(/ {2,}/).slice(9));
    expect(rows.slice(0, 3)).toEqual([
      ['JOBS GIVEN', 'COMPLETED', 'FAILED'],
      ['2', '0', '0'],
      ['0', '1', '1'],
    ]);
  });

  it('of an empty relay ends with 3', async () => {
    expect(await desk.run(['stats'])).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('Nothing is known'),
    });
    expect(await stats()).toMatchObject({ events: 0, since: null, agents: [{ agent_id: 'human' }] });
  });
});
