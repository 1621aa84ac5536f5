/** The tool `jobs`: whose jobs it lists, in which pages, and what else work can be given to. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import type { Writes } from '../../src/model/job.js';
import { answer, claimed, JobDesk, refusal, submitted } from '../helpers/job-desk.js';
import type { RelayClient, ToolJson } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';

let desk: JobDesk;
let alice: RelayClient;
let bob: RelayClient;
let carol: RelayClient;

async function open(options: ConstructorParameters<typeof RelayWorld>[0] = {}): Promise<void> {
  desk = new JobDesk(new RelayWorld(options));
  [alice, bob, carol] = [await desk.client('alice'), await desk.client('bob'), await desk.client('carol')];
}
beforeEach(() => open());
afterEach(() => desk.close());

const ids = (page: ToolJson) => page.jobs.map(({ job_id }: ToolJson) => job_id);

describe('jobs', () => {
  it('lists what one submitted, was given, or may claim in a topic, newest first, and nothing else', async () => {
    await answer(bob, 'join', { topic: 'build' });
    await answer(carol, 'join', { topic: 'other' });
    const own = await submitted(bob, { to: 'carol' });
    desk.world.clock.advance(1000);
    const given = await submitted(alice, { write: true, thread_id: 't' });
    const topic = await submitted(alice, {
      to: '#build',
      task: { prompt: `${'ä'.repeat(119)}\u{1f600}${'b'.repeat(9)}` },
    });
    const foreign = await submitted(alice, { to: 'carol' });
    await claimed(bob, given);
    desk.world.clock.advance(5000);
    const page = await answer(bob, 'jobs');
    expect(ids(page)).toEqual([topic, given, own]);
    expect(ids(page)).not.toContain(foreign);
    expect(page.count).toBe(3);
    expect(page.jobs[1]).toEqual({
      job_id: given,
      state: 'running',
      from: 'alice',
      to: 'bob',
      thread_id: 't',
      write: true,
      attempts: 1,
      held_by: 'bob',
      age_seconds: 5,
      prompt: 'Do it.',
    });
    // Cut after 120 units of UTF-16, which parts a character here.
    expect(page.jobs[0].prompt).toBe(`${'ä'.repeat(119)}\ufffd...`);
  });

  it.each([
    [{ state: 'running' }, ['given']],
    [{ to: ' BOB ' }, ['given']],
    [{ to: '# build' }, ['topic']],
    [{ from: 'Bob' }, ['own']],
    [{ from: 'alice', state: 'queued' }, ['topic']],
    [{ thread_id: 't' }, ['given']],
    [{ to: 'nobody' }, []],
    [{ to: 'acme/api' }, []],
    [{ state: null, to: null }, ['topic', 'given', 'own']],
  ])('filtered by %j lists %j', async (filter, wanted) => {
    await answer(bob, 'join', { topic: 'build' });
    const named: Record<string, string> = {
      own: await submitted(bob, { to: 'carol' }),
    };
    // Those of two submitters may be of the same moment.
    desk.world.clock.advance(1000);
    named.given = await submitted(alice, { thread_id: 't' });
    desk.world.clock.advance(1000);
    named.topic = await submitted(alice, { to: '#build' });
    await claimed(bob, named.given ?? '');
    const page = await answer(bob, 'jobs', filter);
    expect(ids(page)).toEqual(wanted.map((name) => named[name]));
    expect(page.count).toBe(wanted.length);
  });

  it('pages through more than a reply holds, each once, within the budget', async () => {
    const all: string[] = [];
    for (let job = 0; job < 90; job++) all.unshift(await submitted(alice, { task: { prompt: '€'.repeat(200) } }));
    const small = await desk.client('alice', { maxReplyBytes: 4096 });
    for (const [who, most] of [
      [alice, 10_240],
      [small, 4096],
    ] as const) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await answer(who, 'jobs', cursor === undefined ? {} : { cursor });
        expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(most);
        expect(page.count).toBe(page.jobs.length);
        seen.push(...ids(page));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    }
  });

  it.each([
    [{ state: 'done' }, 'state must be one of queued, running, completed'],
    [{ cursor: 'x' }, 'cursor is not a cursor of ours'],
    [{ limit: 5 }, 'jobs has no argument "limit"'],
  ])('refuses %j', async (args, why) => {
    expect(await refusal(alice, 'jobs', args)).toContain(why);
  });
});

describe('what work can be given to', () => {
  const worker = (session: string, writes: Writes) => ({ session, since: desk.isoIn(0), writes, concurrency: 1 });

  it('is told on the first page: the lanes, and the executors with their live workers', async () => {
    await desk.close();
    const lanes = { resolve: async () => ({ org: 'acme', repo: 'api' }), list: async () => ['acme/api', 'acme/web'] };
    await open({ executors: ['codex', 'claude'], lanes });
    const [alive, dead] = [desk.world.process(), desk.world.process()];
    await alive.relay.jobs.workers.enter('codex', worker('a'.repeat(20), 'all'));
    await dead.relay.jobs.workers.enter('claude', worker('b'.repeat(20), 'all'));
    // One that another configuration has, and one of before.
    await alive.relay.jobs.workers.enter('gemini', worker('c'.repeat(20), 'none'));
    await dead.relay.jobs.workers.enter('old', worker('d'.repeat(20), 'none'));
    dead.kill();
    const page = await answer(alice, 'jobs');
    expect(page).toMatchObject({
      lanes: ['acme/api', 'acme/web'],
      executors: [
        { agent: 'codex', workers: 1, writes: 'all' },
        { agent: 'claude', workers: 0 },
        { agent: 'gemini', workers: 1 },
      ],
    });
    for (let job = 0; job < 21; job++) await submitted(alice);
    const { next_cursor } = await answer(alice, 'jobs');
    const next = await answer(alice, 'jobs', { cursor: next_cursor });
    expect(next).not.toHaveProperty('lanes');
    expect(next).not.toHaveProperty('executors');
  });

  it('of many lanes takes no more than a part of the reply', async () => {
    await desk.close();
    const list = async () => Array.from({ length: 2000 }, (_, index) => `acme/repository-${index}`);
    await open({ lanes: { resolve: async () => ({ org: 'acme', repo: 'api' }), list } });
    for (let job = 0; job < 15; job++) await submitted(alice);
    const page = await answer(alice, 'jobs');
    expect(page.lanes.length + page.lanes_more).toBe(2000);
    expect(page.count).toBe(15);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(10_240);
  });

  it('says how many jobs cannot be understood', async () => {
    const id = await submitted(alice);
    const key = `.jobs/records/${id}`;
    const record = await desk.world.memory.readRecord(key);
    expect(await desk.world.memory.update(key, record?.revision, '{}')).toBe(true);
    expect(await answer(alice, 'jobs')).toMatchObject({
      jobs: [],
      note: '1 job cannot be understood and is left out; a person finds more with `mcp-dispatch doctor`.',
    });
  });

  it('says why no lane can be told, and lists the jobs all the same', async () => {
    await desk.close();
    const list = async () => {
      throw new DispatchError('LANE_REFUSED', 'The list of lanes can be written by others.');
    };
    await open({ lanes: { resolve: list, list } });
    const id = await submitted(alice);
    const page = await answer(alice, 'jobs');
    expect(page).toMatchObject({ lanes_problem: 'The list of lanes can be written by others.', count: 1 });
    expect(ids(page)).toEqual([id]);
  });

  it('is told with the job that waits for it: nobody alive, and nobody who takes what may write', async () => {
    await desk.close();
    const lanes = { resolve: async () => ({ org: 'acme', repo: 'api' }), list: async () => ['acme/api'] };
    await open({ executors: ['codex'], lanes });
    const task = { prompt: 'x' };
    const asked = await answer(alice, 'submit', { to: 'codex', task });
    expect(asked).toMatchObject({ workers: 0, note: expect.stringContaining('`mcp-dispatch worker --agent codex`') });
    expect(asked).not.toHaveProperty('not_listening');
    const { relay } = desk.world.process();
    await relay.jobs.workers.enter('codex', worker('a'.repeat(20), 'none'));
    const polled = await answer(alice, 'poll', { job_id: asked.job_id });
    expect(polled.workers).toBe(1);
    expect(polled).not.toHaveProperty('note');
    const writing = { to: 'codex', task, write: true };
    expect(await answer(alice, 'submit', writing)).toMatchObject({
      workers: 1,
      note: expect.stringContaining('`mcp-dispatch worker --agent codex --allow-writes`'),
    });
    expect(await answer(alice, 'submit', { to: 'acme/api', task })).toMatchObject({
      workers: 0,
      note: expect.stringContaining('`mcp-dispatch worker --lanes`'),
    });
    await relay.jobs.workers.enter('codex', worker('b'.repeat(20), 'all'));
    const taken = await answer(alice, 'submit', writing);
    expect(taken.workers).toBe(2);
    expect(taken).not.toHaveProperty('note');
  });
});
