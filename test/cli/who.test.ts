import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Writes } from '../../src/model/job.js';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { HOUR } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

describe('who', () => {
  it('lists live agents with each session, and offline ones with what waits', async () => {
    const { relay, identity } = desk.world.process();
    const alice = relay.session('alice');
    alice.client = { name: 'claude-code', version: '2.1.0' };
    await alice.describe({ wake: { on: 'direct', methods: ['claude-socket', 'command'] } });
    await alice.begin();
    await (await desk.world.session('carol')).end();
    desk.world.clock.advance(3 * HOUR);
    await desk.send('alice', 'bob');
    await desk.send('bob', 'alice');
    const { code, out } = await desk.run(['who']);
    await alice.end();
    expect(code).toBe(0);
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      ['LIVE', 'CLIENT', 'PID', 'SINCE', 'UNREAD', 'LISTENING', 'WAKE', 'DIRECTORY'],
      [
        'alice',
        'claude-code 2.1.0',
        String(identity.pid),
        '3 h',
        '1',
        'unknown: live; no tool called for 3 h',
        'claude-socket, command (direct)',
        expect.any(String),
      ],
      [''],
      ['OFFLINE', 'UNREAD', 'LAST SEEN', 'LISTENING'],
      ['bob', '1', 'never', 'no'],
      ['carol', '0', '3 h ago', 'no'],
      [''],
    ]);
  });

  it('says "none" of a session that nothing wakes, and nothing of one that does not say it', async () => {
    const bob = await desk.world.session('bob');
    await bob.describe({ wake: { on: 'direct', methods: [] } });
    await desk.world.session('carol');
    const columns = (await desk.run(['who'])).out.split('\n').map((line) => line.split(/ {2,}/)[6]);
    expect(columns).toEqual(['WAKE', 'none', '-', undefined]);
  });

  it('gives an agent with two sessions two rows, and its mail once', async () => {
    await desk.world.session('alice');
    await desk.world.session('alice');
    await desk.send('bob', 'alice');
    const rows = (await desk.run(['who'])).out.split('\n').filter((line) => line.startsWith('alice'));
    expect(rows).toHaveLength(2);
    const { json } = await desk.run(['who', '--json']);
    expect(json).toMatchObject({ count: 1, agents: [{ agent_id: 'alice', unread: 1, sessions: [{}, {}] }] });
  });

  it('says for each agent whether anybody listens, and why', async () => {
    await desk.world.session('alice');
    await desk.world.session('alice');
    await desk.world.process({ elsewhere: true }).session('bob');
    await (await desk.world.session('carol')).end();
    const reasons = async () => {
      const { agents, known } = (await desk.run(['who', '--json'])).json as Record<string, Record<string, string>[]>;
      return [...(agents ?? []), ...(known ?? [])].map((one) => [one.agent_id, one.listening, one.listening_reason]);
    };
    expect(await reasons()).toEqual([
      ['alice', 'yes', 'called a tool in the last minute'],
      ['bob', 'unknown', 'live on another machine or in another container'],
      ['carol', 'no', 'no session; last served within the hour'],
    ]);
    desk.world.clock.advance(2 * HOUR);
    expect(await reasons()).toEqual([
      ['alice', 'unknown', 'live; no tool called for 2 h'],
      ['bob', 'unknown', 'cannot be checked from here; silent for 2 h'],
      ['carol', 'no', 'no session; last served about 2 h ago'],
    ]);
    // An agent of two sessions is judged once.
    const { out } = await desk.run(['who']);
    expect(out.match(/unknown: live; no tool called for 2 h/g)).toHaveLength(1);
    expect(out).toMatch(/^bob .* unknown: cannot be checked from here; silent for 2 h$/m);
    expect(out).toMatch(/^carol .* no$/m);
  });

  it('prints what a client calls itself so that it cannot act on the terminal', async () => {
    const session = desk.world.process().relay.session('alice');
    session.client = { name: 'evil\x1b[2J', version: '\u202e1' };
    await session.begin();
    const { out } = await desk.run(['who']);
    await session.end();
    expect(out).toContain('evil�[2J �1');
  });

  it('lists live workers by address, with how many jobs they do at a time and which writes they take', async () => {
    const since = new Date(desk.world.clock.now()).toISOString();
    const killed = desk.world.process();
    const worker = (letter: string, writes: Writes) => ({ session: letter.repeat(20), since, writes, concurrency: 2 });
    await desk.relay.jobs.workers.enter('codex', worker('a', 'none'));
    await desk.relay.jobs.workers.enter('codex', worker('b', 'worktrees'));
    await killed.relay.jobs.workers.enter('codex', worker('c', 'all'));
    await desk.relay.jobs.workers.enter('Acme/api.js', worker('d', 'none'));
    killed.kill();
    desk.world.clock.advance(3 * HOUR);
    const { code, out } = await desk.run(['who']);
    expect(code).toBe(0);
    const pid = expect.stringMatching(/^\d+$/);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['WORKER FOR', 'PID', 'SINCE', 'JOBS', 'WRITES'],
      ['codex', pid, '3 h', '2 at a time', 'none'],
      ['codex', pid, '3 h', '2 at a time', 'worktrees'],
      ['acme/api.js', pid, '3 h', '2 at a time', 'none'],
      [''],
    ]);
    const { json } = await desk.run(['who', '--json']);
    expect(json.workers).toMatchObject([
      { address: 'codex', concurrency: 4, takes_writes: 'worktrees', workers: [{ takes_writes: 'none' }, {}] },
      { address: 'acme/api.js', concurrency: 2, takes_writes: 'none', workers: [{}] },
    ]);
  });

  it('says how many jobs are parked and wait for the person', async () => {
    for (const parked of [1, 2]) {
      await submit(desk.relay, 'alice', 'bob', { write: true });
      await claimNext(desk.relay, holder('bob'), { leaseSeconds: 10 });
      desk.world.clock.advance(10_000);
      await desk.relay.jobs.sweep(desk.world.clock.now());
      const { out } = await desk.run(['who']);
      expect(out).toContain(parked === 1 ? '1 job is parked until you decide' : '2 jobs are parked until you decide');
      expect((await desk.run(['who', '--json'])).json.parked_jobs).toBe(parked);
    }
  });

  it('of an empty relay ends with 3', async () => {
    expect(await desk.run(['who'])).toMatchObject({ code: 3, out: '', err: expect.stringContaining('No agent') });
    expect((await desk.run(['who', '--json'])).json).toEqual({
      relay: 'memory',
      agents: [],
      known: [],
      topics: [],
      workers: [],
      parked_jobs: 0,
      awaiting_person: { review: 0, recovery: 0, more: false },
      count: 0,
    });
  });
});
