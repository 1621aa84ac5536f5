import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../src/model/job.js';
import { claimNext, holder } from '../helpers/job-world.js';
import { Desk, type Given, type Ran } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(async () => {
  vi.useRealTimers();
  await desk.world.close();
});

async function onlyJob(): Promise<Job> {
  const { jobs } = await desk.relay.jobs.list.page({ limit: 10 });
  expect(jobs).toHaveLength(1);
  return jobs[0] as Job;
}

describe('job submit', () => {
  it('comes from the human, joins the words of the prompt, and rings its assignee by mail', async () => {
    const { code, out } = await desk.run(['job', 'submit', 'Bob', 'find', 'out', 'why']);
    const job = await onlyJob();
    expect(job).toMatchObject({ from: 'human', to: 'bob', task: { prompt: 'find out why' }, write: false });
    expect([code, out.split('\n')]).toEqual([
      0,
      [
        `Submitted ${job.id} from human to bob.`,
        'Not listening now: bob. The job waits.',
        expect.stringContaining(`mcp-dispatch job cancel ${job.id}`),
        '',
      ],
    ]);
    expect(await desk.world.keys('bob')).toHaveLength(1);
  });

  it('carries every option into the job', async () => {
    const options = ['--write', '--ttl', '60', '--attempts', '5', '--request-id', 'r-1', '--thread', 't1'];
    await desk.run(['job', 'submit', 'bob', '-', ...options, '--task', '{"model":"small"}', '--from', 'ci'], {
      input: 'one\ntwo\n',
      isTTY: false,
    });
    expect(await onlyJob()).toMatchObject({
      from: 'ci',
      task: { prompt: 'one\ntwo', model: 'small' },
      write: true,
      ttl: 60,
      max_attempts: 5,
      request_id: 'r-1',
      thread_id: 't1',
    });
  });

  it('under a request id that was used makes no second job, and says which one there is', async () => {
    const args = ['job', 'submit', 'bob', 'Do it.', '--request-id', 'r-1'];
    await desk.run(args);
    const { id } = await onlyJob();
    expect(await desk.run(args)).toMatchObject({
      code: 0,
      out: `Submitted before, under this request id: ${id}, queued.\n`,
    });
    expect((await desk.run([...args, '--write'])).code).toBe(2);
    expect((await onlyJob()).write).toBe(false);
  });

  it('to an executor says whether a worker serves it', async () => {
    desk = new Desk({ executors: ['codex'] });
    expect((await desk.run(['job', 'submit', 'codex', 'hi'])).out).toContain('No worker serves codex now');
    await desk.relay.jobs.workers.enter('codex', {
      session: 's'.repeat(20),
      since: new Date(desk.world.clock.now()).toISOString(),
      writes: 'none',
      concurrency: 1,
    });
    expect((await desk.run(['job', 'submit', 'codex', 'hi'])).out).toContain('1 worker serves codex.');
  });

  it('to an executor whose worker starts by itself says so, of a job that this worker may do', async () => {
    const codex = { name: 'codex', isLanes: false, addresses: async () => ['codex'], log: '/codex.log' };
    desk = new Desk({ executors: ['codex'], autospawn: [{ ...codex, takes: ({ write }) => !write }] });
    expect((await desk.run(['job', 'submit', 'codex', 'hi'])).out).toContain(
      'No worker serves codex now: the job waits for one, which any running server starts.\n',
    );
    expect((await desk.run(['job', 'submit', 'codex', 'hi', '--write'])).out).toContain(
      'No worker serves codex now: the job waits for one.\n',
    );
  });

  it('names itself whole where an option is wrong', async () => {
    const { err } = await desk.run(['job', 'submit', 'bob', 'hi', '--ttl', 'soon']);
    expect(err).toMatch(/^error: job submit: --ttl must be/);
  });

  it('takes a prompt that begins with "-" behind "--"', async () => {
    expect((await desk.run(['job', 'submit', 'bob', '--', '--watch does nothing'])).code).toBe(0);
    expect((await onlyJob()).task.prompt).toBe('--watch does nothing');
  });

  it.each([
    ['no prompt', ['bob']],
    ['an empty prompt', ['bob', ' ']],
    ['a prompt with a NUL', ['bob', 'a\0b']],
    ['two prompts', ['bob', 'hi', '--task', '{"prompt":"ho"}']],
    ['a task that is an array', ['bob', 'hi', '--task', '[1]']],
    ['a task that is not JSON', ['bob', 'hi', '--task', '{a: 1}']],
    ['a fractional ttl', ['bob', 'hi', '--ttl', '1.5']],
    ['no attempt', ['bob', 'hi', '--attempts', '0']],
    ['too many attempts', ['bob', 'hi', '--attempts', '21']],
    ['a wait of nothing', ['bob', 'hi', '--wait', '0']],
    ['everyone', ['all', 'hi']],
    ['the human', ['human', 'hi']],
    ['itself', ['ci', 'hi', '--from', 'ci']],
    ['a target that is no name', ['b b', 'hi']],
    ['a reserved submitter', ['bob', 'hi', '--from', 'human']],
  ])('refuses %s with 2, and makes nothing', async (_what, args) => {
    const { code, out, err } = await desk.run(['job', 'submit', ...args]);
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(/^error: /)]);
    expect(await desk.world.keys()).toEqual([]);
  });

  it('refuses a lane where none are allowed, and a task over the limit, with 4', async () => {
    expect((await desk.run(['job', 'submit', 'acme/api', 'hi'])).code).toBe(4);
    expect((await desk.run(['job', 'submit', 'bob', 'x'.repeat(70_000)])).code).toBe(4);
    expect((await desk.run(['job', 'submit', 'bob', '-'], { input: 'x'.repeat(70_000) })).code).toBe(4);
    expect(await desk.world.keys('.jobs')).toEqual([]);
  });

  it('as the human needs a person, and speaks for no live agent', async () => {
    for (const given of [{ isTTY: false }, { env: { CLAUDECODE: '1' } }]) {
      expect((await desk.run(['job', 'submit', 'bob', 'hi'], given)).code).toBe(4);
    }
    await desk.world.session('ci');
    expect((await desk.run(['job', 'submit', 'bob', 'hi', '--from', 'ci'])).code).toBe(4);
    expect(await desk.world.keys('.jobs')).toEqual([]);
  });
});

describe('job submit --wait', () => {
  /** Submits, and lets time pass until it is over; `meanwhile` happens after a second. */
  async function waiting(seconds: number, meanwhile: (job: Job) => Promise<unknown>, given: Given = {}): Promise<Ran> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let ran: Ran | undefined;
    const args = [
      'job',
      'submit',
      'bob',
      'Do it.',
      '--wait',
      String(seconds),
      ...(given.input === 'json' ? ['--json'] : []),
    ];
    const running = desk.run(args, given).then((done) => {
      ran = done;
    });
    for (let passed = 0; ran === undefined && passed <= seconds * 1000; passed += 50) {
      if (passed === 1000) await meanwhile(await onlyJob());
      desk.world.clock.advance(50);
      await vi.advanceTimersByTimeAsync(50);
    }
    await running;
    return ran as unknown as Ran;
  }

  const settle = (outcome: 'completed' | 'failed') => async () => {
    const { job, token } = await claimNext(desk.relay, holder('bob'));
    await desk.relay.jobs.settle(job.id, token, { outcome, result: 'It was\nthe cache.', error: 'No.' });
  };

  it('prints the outcome when the job has ended, and says its id before', async () => {
    const { code, out, err } = await waiting(60, settle('completed'));
    const { id } = await onlyJob();
    expect(err).toContain(`Submitted ${id} from human to bob.`);
    expect([code, out]).toEqual([0, `${id} is completed.\n\nResult\n    It was\n    the cache.\n\nError\n    No.\n`]);
    // Long before the time was over.
    expect(desk.world.clock.steady()).toBeLessThan(2000);
  });

  it('ends with 1 when the job failed, with the outcome as JSON', async () => {
    const { code, json } = await waiting(60, settle('failed'), { input: 'json' });
    expect(code).toBe(1);
    expect(json).toMatchObject({
      state: 'failed',
      timed_out: false,
      result: 'It was\nthe cache.',
      error: 'No.',
      attempts: 1,
    });
  });

  it('ends with 5 when the time is over, and the job goes on', async () => {
    const { code, out, err } = await waiting(2, async () => {});
    expect([code, out]).toEqual([5, '']);
    expect(err).toContain('is still queued after 2 s, and goes on.');
    expect((await onlyJob()).state).toBe('queued');
  });

  it('ends with 1 when the job is parked, since only a person ends that', async () => {
    const { code, err } = await waiting(60, async ({ id }) => {
      const key = `.jobs/records/${id}`;
      const record = await desk.world.memory.readRecord(key);
      const job = { ...((await desk.relay.jobs.look(id)) as Job), state: 'needs_recovery' };
      await desk.world.memory.update(key, record?.revision, JSON.stringify(job));
    });
    expect([code, err]).toEqual([1, expect.stringContaining('mcp-dispatch recover job-')]);
  });
});
