import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimNext, holder, jobMail, submit } from '../helpers/job-world.js';
import { MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

async function park(): Promise<string> {
  const { id } = await submit(desk.relay, 'alice', 'bob', { write: true });
  await claimNext(desk.relay, holder('bob'), { leaseSeconds: 10 });
  desk.world.clock.advance(10_000);
  await desk.relay.jobs.look(id);
  return id;
}

describe('recover', () => {
  it('--retry queues a parked job again, and says who held it last and why it was parked', async () => {
    const id = await park();
    desk.world.clock.advance(5 * MINUTE);
    const { code, out, err } = await desk.run(['recover', ` ${id} `, '--retry']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`${id}  alice → bob\nHeld last by bob, parked 5 min ago: the lease of bob ended,`);
    expect(out).toContain('It is queued again');
    expect((await claimNext(desk.relay, holder('bob'))).job.id).toBe(id);
  });

  it('--fail ends it as failed, and its submitter is told', async () => {
    const id = await park();
    const alice = await desk.world.session('alice');
    await jobMail(alice);
    const { code, json } = await desk.run(['recover', id, '--fail', '--json']);
    expect([code, json]).toMatchObject([0, { job_id: id, state: 'failed', was: { held_by: 'bob' } }]);
    expect(await jobMail(alice)).toMatchObject([{ state: 'failed' }]);
  });

  it.each([
    ['neither', []],
    ['both', ['--retry', '--fail']],
  ])('with %s of --retry and --fail is a mistake', async (_which, args) => {
    const id = await park();
    expect((await desk.run(['recover', id, ...args])).code).toBe(2);
    expect(desk.opened).toBe(0);
    expect(await desk.relay.jobs.look(id)).toMatchObject({ state: 'needs_recovery' });
  });

  it('is for a person: not for an agent in its shell, nor without a terminal', async () => {
    const id = await park();
    for (const given of [{ isTTY: false }, { env: { CLAUDECODE: '1' } }, { env: { CODEX_SANDBOX: 'x' } }]) {
      const { code, json } = await desk.run(['recover', id, '--retry', '--json'], given);
      expect([code, json]).toMatchObject([4, { error: { code: 'NOT_ALLOWED' } }]);
    }
    expect(desk.opened).toBe(0);
    expect(await desk.relay.jobs.look(id)).toMatchObject({ state: 'needs_recovery' });
  });

  it('of a job that is not parked changes nothing and ends with 4; of none with 3', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    const before = await desk.relay.jobs.look(id);
    expect(await desk.run(['recover', id, '--fail'])).toMatchObject({ code: 4, out: '' });
    expect(await desk.relay.jobs.look(id)).toEqual(before);
    await desk.relay.jobs.cancel(id, 'alice', null);
    const over = await desk.run(['recover', id, '--fail']);
    expect([over.code, over.err]).toEqual([4, expect.stringContaining(`mcp-dispatch job show ${id}`)]);
    expect((await desk.run(['recover', 'job-000000000000', '--fail'])).code).toBe(3);
    expect((await desk.run(['recover', 'job-1', '--fail'])).code).toBe(2);
  });
});
