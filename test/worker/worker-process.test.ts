/** Workers as they are shipped, each a process of its own, whatever befalls them. */
import { appendFileSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/server-sandbox.js';
import { parentOf } from './programs.js';
import { WorkerWorld } from './worker-processes.js';

let world: WorkerWorld;
afterEach(async () => {
  await world.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Where a program may be told to run. */
const folder = path.join(os.tmpdir(), `mcp-dispatch-worker-cwd-${process.pid}`);

describe('a worker', () => {
  it('does a job with its program, settles it, and only then says so', async () => {
    world = new WorkerWorld('say');
    const { id } = await world.submit();
    const worker = await world.start('--once');
    expect(await worker.over).toBe(0);
    expect(worker.ends()).toMatchObject([{ job_id: id, state: 'completed', attempt: 1, write: false, exit_code: 0 }]);
    const job = await world.relay.jobs.look(id);
    expect(job).toMatchObject({ state: 'completed', error: null });
    expect(job?.result).toMatchObject({
      exit_code: 0,
      message: 'the last word',
      output_tail: 'to stdout\n\nto stderr\n',
    });
    expect(worker.err()).toContain(`${id}  running  attempt 1  for alice`);
    expect(worker.err()).toContain(`${id}  completed  after`);
    expect(readdirSync(world.temporary)).toEqual([]);
  });

  it('hears the bell: a job is taken up without waiting for the next look', async () => {
    world = new WorkerWorld('say');
    const worker = await world.start('--interval', '3600000');
    const { id } = await world.submit();
    await world.until(id, 'completed');
    worker.child.kill('SIGTERM');
    expect(await worker.over).toBe(0);
  });

  it('that finds nothing to do says so with --once, and ends when it was idle for too long', async () => {
    world = new WorkerWorld('say');
    const once = await world.start('--once');
    expect([await once.over, once.err()]).toEqual([3, expect.stringContaining('There is no job to do now.')]);
    expect(await (await world.start('--idle-timeout', '300')).over).toBe(0);
  });

  it('is seen as long as it lives', async () => {
    world = new WorkerWorld('say');
    const seen = () => world.relay.jobs.workers.serving('codex');
    expect(await seen()).toEqual([]);
    const worker = await world.start('--concurrency', '3');
    expect(await seen()).toMatchObject([{ pid: worker.pid, concurrency: 3, writes: 'none' }]);
    worker.child.kill('SIGKILL');
    await worker.over;
    expect(await seen()).toEqual([]);
  });

  it.each([
    ['fail', 'ended with exit code 1. Its last words:\nno luck'],
    ['killed', 'was ended by SIGKILL. It printed nothing.'],
  ])('fails the job of a program that would %s, and says how', async (kind, error) => {
    world = new WorkerWorld(kind);
    const { id } = await world.submit();
    expect(await (await world.start('--once')).over).toBe(0);
    expect(await world.relay.jobs.look(id)).toMatchObject({ state: 'failed', error: expect.stringContaining(error) });
  });

  it('completes the job of a program that prints nothing', async () => {
    world = new WorkerWorld('nothing');
    const { id } = await world.submit();
    await (await world.start('--once')).over;
    const { result } = (await world.relay.jobs.look(id)) ?? {};
    expect(result).toMatchObject({ exit_code: 0, message: null, output_tail: '' });
  });

  it('ends a program whose time is over, and fails its job', async () => {
    world = new WorkerWorld('deaf', { extra: 'timeout_seconds = 2' });
    const { id } = await world.submit();
    await (await world.start('--once')).over;
    const job = await world.relay.jobs.look(id);
    expect(job).toMatchObject({ state: 'failed', error: expect.stringContaining('it took longer than 2 s') });
    expect(world.programs.running()).toEqual([]);
  });

  it('ends a program whose job is cancelled, and the job is cancelled then', async () => {
    world = new WorkerWorld('deaf');
    const { id } = await world.submit();
    await world.start('--interval', '200');
    await world.begun();
    await world.relay.jobs.cancel(id, 'alice', null);
    await world.until(id, 'cancelled');
    expect(world.programs.running()).toEqual([]);
  });

  it('fails a job that its executor does not take, and runs nothing', async () => {
    world = new WorkerWorld('say');
    const { id } = await world.submit({ task: { prompt: 'x', model: '--evil' } });
    await (await world.start('--once')).over;
    const job = await world.relay.jobs.look(id);
    expect(job).toMatchObject({ state: 'failed', error: expect.stringContaining('it takes none') });
    expect(world.programs.pids()).toEqual([]);
  });

  it('fails no job while what its program needs is gone: it gives it back, says why, and does it later', async () => {
    world = new WorkerWorld('say', { extra: `cwd = "${folder}"` });
    mkdirSync(folder);
    const worker = await world.start('--interval', '100');
    rmdirSync(folder);
    const { id } = await world.submit();
    await eventually('the reason', () => worker.err().includes(`the folder ${folder} is`));
    expect(await world.relay.jobs.look(id)).toMatchObject({ ended_at: null });
    mkdirSync(folder);
    expect(await world.until(id, 'completed')).toMatchObject({ attempts: 1 });
  });

  it('goes on with the configuration that it has read, and says once that it was changed', async () => {
    world = new WorkerWorld('say');
    const worker = await world.start('--interval', '100');
    appendFileSync(world.config, '\n[executors.bob]\nargv = ["false", "{prompt}"]\n');
    await eventually('the remark', () => worker.err().includes('was changed'));
    const { id } = await world.submit();
    await world.until(id, 'completed');
    expect(worker.err().match(/was changed/g)).toHaveLength(1);
  });
});

describe('jobs that may write', () => {
  it('are left to a worker that may, which is said', async () => {
    world = new WorkerWorld('say');
    const { id } = await world.submit({ write: true });
    const timid = await world.start('--interval', '100');
    await eventually('the remark', () => timid.err().includes(`${id} may write`));
    expect(await world.relay.jobs.look(id)).toMatchObject({ state: 'queued', attempts: 0 });
    await world.start('--allow-writes');
    await world.until(id, 'completed');
    expect(timid.ends()).toEqual([]);
  });

  it('are left by a worker whose executor has no write_argv, whatever its options', async () => {
    world = new WorkerWorld('say', { writes: false });
    const { id } = await world.submit({ write: true });
    const worker = await world.start('--allow-writes', '--interval', '100');
    await eventually('the remark', () => worker.err().includes(`${id} may write`));
    expect(worker.err()).toContain('executors.codex has no write_argv');
    expect(world.programs.pids()).toEqual([]);
  });
});

describe('a signal', () => {
  it.each([
    ['SIGTERM', 'deaf'],
    ['SIGINT', 'deaf'],
    ['SIGTERM', 'polite'],
  ] as const)('(%s, to a %s program) ends what runs: what only reads is given back', async (name, kind) => {
    world = new WorkerWorld(kind);
    const { id } = await world.submit();
    const worker = await world.start();
    await world.begun();
    worker.child.kill(name);
    await eventually('its end', () => worker.child.exitCode === 0, 2000);
    await worker.over;
    expect(world.programs.running()).toEqual([]);
    expect(await world.relay.jobs.look(id)).toMatchObject({ state: 'queued', attempts: 0, lease: null });
    expect(worker.ends()).toMatchObject([{ job_id: id, state: 'queued', why: 'the worker ends' }]);
  });

  it('parks what may write', async () => {
    world = new WorkerWorld('deaf');
    const { id } = await world.submit({ write: true });
    const worker = await world.start('--allow-writes');
    await world.begun();
    worker.child.kill('SIGTERM');
    await eventually('its end', () => worker.child.exitCode === 0, 2000);
    await worker.over;
    expect(world.programs.running()).toEqual([]);
    expect(await world.relay.jobs.look(id)).toMatchObject({ state: 'needs_recovery' });
  });

  it('that comes twice ends the worker at once, and the keeper what runs', async () => {
    world = new WorkerWorld('deaf');
    await world.submit();
    const worker = await world.start();
    await world.begun();
    worker.child.kill('SIGTERM');
    worker.child.kill('SIGINT');
    expect(await worker.over).toBe(1);
    await world.gone();
  });
});

describe('whatever becomes of a worker', () => {
  it('killed while its program runs: that ends within two seconds, and another completes the job', async () => {
    world = new WorkerWorld('deaf-first');
    const { id } = await world.submit();
    const first = await world.start('--lease', '4');
    await world.begun();
    first.child.kill('SIGKILL');
    await world.gone(2000);
    await world.start('--interval', '200');
    expect(await world.until(id, 'completed')).toMatchObject({ attempts: 2 });
    expect(world.programs.pids()).toHaveLength(2);
  });

  it('killed while a program that may write runs: the job is parked, and never run again by itself', async () => {
    world = new WorkerWorld('deaf');
    const { id } = await world.submit({ write: true });
    const first = await world.start('--lease', '3', '--allow-writes');
    await world.begun();
    first.child.kill('SIGKILL');
    await world.gone(2000);
    const second = await world.start('--interval', '100', '--allow-writes');
    await world.until(id, 'needs_recovery');
    expect(world.programs.pids()).toHaveLength(1);
    expect(second.ends()).toEqual([]);
  });

  it('stopped until its lease is over: its program is gone by then, and it completes nothing when it goes on', async () => {
    world = new WorkerWorld('deaf-first');
    const { id } = await world.submit();
    const first = await world.start('--lease', '4', '--interval', '200');
    await world.begun();
    process.kill(first.pid, 'SIGSTOP');
    await eventually('the end of the program', () => world.programs.running().length === 0, 5000);
    const second = await world.start('--interval', '200');
    const done = await world.until(id, 'completed');
    process.kill(first.pid, 'SIGCONT');
    await eventually('what both say', () => first.ends().length > 0 && second.ends().length > 0);
    expect(first.ends()).toMatchObject([{ job_id: id, state: 'lost' }]);
    expect(second.ends()).toMatchObject([{ job_id: id, state: 'completed' }]);
    const after = await world.relay.jobs.look(id);
    expect(after?.history.filter(({ state }) => state === 'completed')).toHaveLength(1);
    expect(after?.n).toBe(done.n);
  });

  it('without its keeper: the program ends, and the job is tried again', async () => {
    world = new WorkerWorld('deaf-first');
    const { id } = await world.submit();
    const worker = await world.start('--interval', '100');
    await world.begun();
    process.kill(parentOf(Number(world.programs.pids()[0])), 'SIGKILL');
    await world.gone();
    expect(await world.until(id, 'completed')).toMatchObject({ attempts: 2 });
    await eventually('what it says', () => worker.ends().length === 2);
    expect(worker.ends()).toMatchObject([{ state: 'lost', why: 'what held the run has died' }, { state: 'completed' }]);
  });
});

it('two workers do twenty jobs, each once', async () => {
  world = new WorkerWorld('say');
  const jobs = await Promise.all(Array.from({ length: 20 }, () => world.submit()));
  const workers = [await world.start('--concurrency', '2'), await world.start('--concurrency', '2')];
  for (const { id } of jobs) expect(await world.until(id, 'completed')).toMatchObject({ attempts: 1 });
  await eventually('both to say so', () => workers.flatMap((worker) => worker.ends()).length === 20);
  const done = workers.flatMap((worker) => worker.ends().map((end) => end.job_id));
  expect(new Set(done)).toEqual(new Set(jobs.map(({ id }) => id)));
  expect(world.programs.pids()).toHaveLength(20);
});
