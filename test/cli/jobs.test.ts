import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { HOUR, MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const cells = (out: string) => out.split('\n').map((line) => line.split(/ {2,}/));

/** A job for bob that may write and whose holder was lost. */
async function park(prompt = 'Migrate it.'): Promise<string> {
  const { id } = await submit(desk.relay, 'alice', 'bob', { write: true, task: { prompt } });
  await claimNext(desk.relay, holder('bob'), { leaseSeconds: 10 });
  desk.world.clock.advance(10_000);
  await desk.relay.jobs.look(id);
  return id;
}

describe('jobs', () => {
  it('lists the jobs of all submitters, newest first, with who holds them and for how long', async () => {
    const first = await submit(desk.relay, 'alice', 'bob', { task: { prompt: 'Find  out\nwhy.' } });
    desk.world.clock.advance(HOUR);
    await desk.relay.topics.join('carol', 'build');
    const second = await submit(desk.relay, 'human', '#build');
    await claimNext(desk.relay, holder('bob'), { leaseSeconds: 3600 });
    desk.world.clock.advance(5 * MINUTE);
    const { code, out, err } = await desk.run(['jobs']);
    expect([code, err]).toEqual([0, '']);
    expect(cells(out)).toEqual([
      ['JOB', 'STATE', 'FROM → TO', 'AGE', 'TRIES', 'HELD BY', 'PROMPT'],
      [second.id, 'queued', 'human → #build', '5 min', '0 of 3', '-', 'Do it.'],
      [first.id, 'running', 'alice → bob', '1 h', '1 of 3', 'bob for 5 min', 'Find out why.'],
      [''],
    ]);
  });

  it('says how many cannot be understood, and where to learn more', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    const key = `.jobs/records/${id}`;
    const record = await desk.world.memory.readRecord(key);
    expect(await desk.world.memory.update(key, record?.revision, '{}')).toBe(true);
    const alone = await desk.run(['jobs']);
    expect(alone.code).toBe(3);
    expect(alone.err).toContain('1 job cannot be understood and is left out: `mcp-dispatch doctor` tells more.');
    expect(alone.err).toContain('There is no other job');
    const { id: sound } = await submit(desk.relay, 'alice', 'bob');
    const { code, out, err } = await desk.run(['jobs']);
    expect([code, err]).toEqual([0, expect.stringContaining('1 job cannot be understood')]);
    expect(out).toContain(sound);
  });

  it('that are parked come before newer ones, with how to recover them below', async () => {
    const parked = await park();
    desk.world.clock.advance(1000);
    const newer: string[] = [];
    for (let i = 0; i < 3; i++) newer.unshift((await submit(desk.relay, 'alice', 'carol')).id);
    const { out } = await desk.run(['jobs', '--limit', '3']);
    expect(cells(out).map(([first]) => first)).toEqual([
      'JOB',
      parked,
      ...newer.slice(0, 2),
      'There are more: --limit shows up to 100.',
      '',
      expect.stringContaining(`1 job is parked until you decide: mcp-dispatch recover ${parked} --retry`),
      '',
    ]);
    const second = await park();
    const both = (await desk.run(['jobs'])).out;
    expect(both).toContain('2 jobs are parked until you decide: mcp-dispatch recover <job> --retry');
    expect(cells(both)[1]?.slice(0, 2)).toEqual([second, 'needs_recovery']);
    expect(both.match(new RegExp(parked, 'g'))).toHaveLength(1);
  });

  it('fit the width of the terminal, and give up the end of the prompt for it', async () => {
    await submit(desk.relay, 'alice', 'bob', { task: { prompt: 'word '.repeat(100) } });
    await park('word '.repeat(100));
    const { out } = await desk.run(['jobs'], { columns: 80 });
    const rows = out.split('\n').slice(0, 3);
    expect(rows.map((row) => [...row].length)).toEqual([expect.any(Number), 80, 80]);
    for (const row of rows.slice(1)) expect(row).toMatch(/word.*…$/);
  });

  it('prints prompts and names so that they cannot act on the terminal', async () => {
    await submit(desk.relay, 'alice', 'bob', { task: { prompt: '\x1b[2Jevil\u202e' } });
    for (const args of [['jobs'], ['jobs', '--json']]) {
      const { out } = await desk.run(args);
      expect(out).toContain('[2Jevil');
      expect(out).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    }
  });

  it('can be chosen by state, address, submitter and thread', async () => {
    const parked = await park();
    await desk.relay.topics.join('carol', 'build');
    const topic = await submit(desk.relay, 'human', '#build', { threadId: 't1' });
    const ids = async (...args: string[]) => {
      const { json } = await desk.run(['jobs', ...args, '--json']);
      return (json.jobs as { id: string }[]).map(({ id }) => id);
    };
    expect(await ids('--state', 'needs_recovery')).toEqual([parked]);
    expect(await ids('--state', 'queued')).toEqual([topic.id]);
    expect(await ids('--to', '#Build')).toEqual([topic.id]);
    expect(await ids('--to', ' Bob ')).toEqual([parked]);
    expect(await ids('--from', 'human')).toEqual([topic.id]);
    expect(await ids('--thread', 't1')).toEqual([topic.id]);
    expect(await ids('--thread', 't2')).toEqual([]);
  });

  it('as JSON say who holds them, and never the nonce of the token', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob', { task: { prompt: 'x'.repeat(500), model: 'small' } });
    const { token } = await claimNext(desk.relay, holder('bob'));
    const { json, out } = await desk.run(['jobs', '--json']);
    const until = new Date(desk.world.clock.now() + 120_000).toISOString();
    expect(json).toMatchObject({
      relay: 'memory',
      count: 1,
      more: false,
      jobs: [{ id, state: 'running', token: 1, lease: { agent: 'bob', until, seconds: 120 }, prompt: 'x'.repeat(200) }],
    });
    expect(out).not.toContain(token.split('.')[1]);
  });

  it('of none end with 3', async () => {
    expect(await desk.run(['jobs'])).toMatchObject({ code: 3, out: '', err: 'There is no job in memory.\n' });
    await submit(desk.relay, 'alice', 'bob');
    const none = await desk.run(['jobs', '--from', 'bob']);
    expect(none).toMatchObject({ code: 3, out: '', err: 'There is no such job in memory.\n' });
    expect((await desk.run(['jobs', '--from', 'bob', '--json'])).json).toMatchObject({ jobs: [], count: 0 });
  });

  it.each([
    ['a state that is none', ['--state', 'lost']],
    ['a limit of 0', ['--limit', '0']],
    ['an address that takes no work', ['--to', 'all']],
    ['a submitter that is no name', ['--from', 'a/b']],
  ])('with %s are a mistake', async (_what, args) => {
    expect(await desk.run(['jobs', ...args])).toMatchObject({ code: 2, out: '' });
    expect(desk.opened).toBe(0);
  });
});
