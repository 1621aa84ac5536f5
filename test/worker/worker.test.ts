/** The worker over a relay in memory, with work that the test itself does. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import type { Job } from '../../src/model/job.js';
import type { Relay } from '../../src/relay/relay.js';
import type { JobEnd } from '../../src/worker/held-job.js';
import type { EndReason } from '../../src/worker/run-outcome.js';
import type { Prepared, Runner, Terms, Verdict } from '../../src/worker/runner.js';
import { Worker, type WorkerEnd, type WorkerOptions } from '../../src/worker/worker.js';
import { holder, submit } from '../helpers/job-world.js';
import { RelayWorld } from '../helpers/relay-world.js';

const LEASE_SECONDS = 30;

/** One job that a worker has begun. */
class Work {
  readonly ends: EndReason[] = [];
  readonly leases: number[] = [];
  readonly verdict: Promise<Verdict>;
  finish: (verdict: Verdict) => void = () => {};

  constructor(
    readonly job: Job,
    readonly terms: Terms,
  ) {
    this.verdict = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  setLease(endsAt: number): void {
    this.leases.push(endsAt);
  }

  /** As the keeper does, it ends at once. */
  end(why: EndReason): void {
    this.ends.push(why);
    if (why !== 'timeout') this.finish({ as: 'ended', why });
  }
}

class TestRunner implements Runner {
  readonly works: Work[] = [];
  isClosed = false;
  refusal: DispatchError | undefined;

  async prepare(job: Job): Promise<Prepared> {
    if (this.refusal !== undefined) throw this.refusal;
    return {
      about: { executor: 'codex', argv: ['codex', '{prompt}'], filled: [] },
      start: (terms) => {
        const work = new Work(job, terms);
        this.works.push(work);
        return work;
      },
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

interface Running {
  readonly session: string;
  readonly worker: Worker;
  readonly runner: TestRunner;
  readonly ends: JobEnd[];
  readonly warnings: string[];
  end: WorkerEnd | Error | undefined;
}

let world: RelayWorld;
let relay: Relay;
let all: Running[];
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld({ executors: ['codex', 'claude'] });
  ({ relay } = world.process());
  await world.session('alice');
  all = [];
});
afterEach(async () => {
  for (const { worker } of all) worker.stop();
  await pass(2000);
  for (const { end } of all) expect(end).toBeDefined();
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

async function pass(ms: number, step = 250): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    world.clock.advance(Math.min(step, ms - passed));
    await vi.advanceTimersByTimeAsync(Math.min(step, ms - passed));
  }
}

async function begin(options: Partial<WorkerOptions> = {}): Promise<Running> {
  const own = holder('codex');
  const runner = new TestRunner();
  const ends: JobEnd[] = [];
  const warnings: string[] = [];
  const worker = new Worker({
    relay,
    runner,
    holder: own,
    addresses: async () => ['codex'],
    writes: 'none',
    concurrency: 1,
    leaseSeconds: LEASE_SECONDS,
    intervalMs: 5000,
    once: false,
    observer: {
      ready: () => {},
      started: () => {},
      ended: (end) => ends.push(end),
      warned: (text) => warnings.push(text),
      looked: () => {},
    },
    ...options,
  });
  const running: Running = { session: own.session, worker, runner, ends, warnings, end: undefined };
  worker.run().then(
    (end) => {
      running.end = end;
    },
    (error: Error) => {
      running.end = error;
    },
  );
  all.push(running);
  await pass(500);
  return running;
}

const stateOf = async ({ id }: Job) => (await relay.jobs.look(id))?.state;
const work = ({ runner }: Running, index = 0): Work => {
  const found = runner.works[index];
  if (found === undefined) throw new Error(`nothing was begun that is number ${index}`);
  return found;
};

describe('a worker', () => {
  it('notes what it will run before it runs, and settles before it tells', async () => {
    const audited: string[] = [];
    const audit = relay.events.audit.bind(relay.events);
    vi.spyOn(relay.events, 'audit').mockImplementation(async (event) => {
      audited.push(`${event.event} ${all[0]?.runner.works.length ?? 0}`);
      return audit(event);
    });
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    expect(audited).toEqual(['job.submitted 0', 'job.claimed 0', 'job.started 0']);
    work(running).finish({ as: 'completed', result: { message: 'done' }, exitCode: 0 });
    await pass(500);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'completed', result: { message: 'done' } });
    expect(running.ends).toMatchObject([{ job: job.id, state: 'completed', exitCode: 0 }]);
  });

  it('runs nothing where its start cannot be noted: it gives the job back, and rests', async () => {
    const job = await submit(relay, 'alice', 'codex', { write: true });
    vi.spyOn(relay.events, 'audit').mockImplementation(async (event) => {
      if (event.event === 'job.started') throw new DispatchError('STORE_UNAVAILABLE', 'The disk is full.');
      return { log: 'x', seq: 1, hash: '0'.repeat(64) };
    });
    const running = await begin({ writes: 'all' });
    expect(running.runner.works).toEqual([]);
    expect(running.ends).toMatchObject([{ state: 'queued', why: 'its start cannot be noted (STORE_UNAVAILABLE)' }]);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'queued', attempts: 0 });
    await pass(4000);
    expect(running.ends).toHaveLength(1);
    await pass(2000);
    expect(running.ends).toHaveLength(2);
  });

  it('gives back what could not be begun, also what may write, and rests', async () => {
    const job = await submit(relay, 'alice', 'codex', { write: true });
    const running = await begin({ writes: 'all' });
    work(running).finish({ as: 'unbegun', why: 'there is no room' });
    await pass(4000);
    expect(running.ends).toMatchObject([{ state: 'queued', why: 'there is no room', untouched: true }]);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'queued', attempts: 0 });
    await pass(2000);
    expect(running.runner.works).toHaveLength(2);
  });

  it('does as many jobs at a time as it may', async () => {
    const running = await begin({ concurrency: 2 });
    for (let count = 0; count < 3; count++) await submit(relay, 'alice', 'codex');
    await pass(6000);
    expect(running.runner.works).toHaveLength(2);
    work(running).finish({ as: 'completed', result: null });
    await pass(500);
    expect(running.runner.works).toHaveLength(3);
  });

  it('fails a job that its runner refuses, and goes on', async () => {
    const running = await begin();
    running.runner.refusal = new DispatchError('NOT_ALLOWED', 'It takes no such model.');
    const refused = await submit(relay, 'alice', 'codex');
    await pass(500);
    expect(await relay.jobs.look(refused.id)).toMatchObject({ state: 'failed', error: 'It takes no such model.' });
    running.runner.refusal = undefined;
    await submit(relay, 'alice', 'codex');
    await pass(500);
    expect(running.runner.works).toHaveLength(1);
  });

  it('takes up what was lost by another when it is free again, not an interval later', async () => {
    const job = await submit(relay, 'alice', 'codex');
    await relay.jobs.claimNext(holder('codex'), { addresses: ['codex'], leaseSeconds: 2 });
    const running = await begin({ intervalMs: 60_000 });
    await pass(4000);
    expect(running.runner.works.map((one) => one.job.id)).toEqual([job.id]);
    expect(work(running).job.attempts).toBe(2);
  });

  it('ends after one job with once, at once where there is none, and when it was idle for too long', async () => {
    expect((await begin({ once: true })).end).toBe('nothing');
    const idle = await begin({ idleTimeoutMs: 3000 });
    await submit(relay, 'alice', 'codex');
    await pass(10_000);
    // While something runs it is not idle.
    expect(idle.end).toBeUndefined();
    work(idle).finish({ as: 'completed', result: null });
    await pass(2000);
    expect(idle.end).toBeUndefined();
    await pass(2000);
    expect(idle.end).toBe('idle');
    for (let count = 0; count < 2; count++) await submit(relay, 'alice', 'codex');
    const once = await begin({ once: true, concurrency: 3 });
    expect(once.runner.works).toHaveLength(1);
    work(once).finish({ as: 'failed', error: 'no' });
    await pass(500);
    expect([once.end, once.runner.isClosed]).toEqual(['once', true]);
  });

  it('is on the list of those who serve while it works, and not after', async () => {
    const running = await begin({ writes: 'all' });
    expect(await relay.jobs.workers.serving('codex')).toMatchObject([{ writes: 'all', concurrency: 1 }]);
    running.worker.stop();
    await pass(500);
    expect(await relay.jobs.workers.serving('codex')).toEqual([]);
  });

  it('says once that the store fails, and goes on when it works again', async () => {
    const running = await begin();
    const claim = vi.spyOn(relay.jobs, 'claimNext');
    claim.mockRejectedValue(new DispatchError('STORE_UNAVAILABLE', 'The disk is gone.'));
    await pass(20_000);
    expect(claim.mock.calls.length).toBeGreaterThan(2);
    expect(running.warnings).toEqual(['The disk is gone.']);
    claim.mockRestore();
    await submit(relay, 'alice', 'codex');
    await pass(6000);
    expect(running.runner.works).toHaveLength(1);
  });

  it('ends with what cannot be tried again, after what runs was given back', async () => {
    const running = await begin({ concurrency: 2 });
    const job = await submit(relay, 'alice', 'codex');
    await pass(500);
    vi.spyOn(relay.jobs, 'claimNext').mockRejectedValue(new DispatchError('RELAY_TOO_NEW', 'Newer.'));
    await pass(6000);
    expect(running.end).toMatchObject({ code: 'RELAY_TOO_NEW' });
    expect(await stateOf(job)).toBe('queued');
    expect(running.runner.isClosed).toBe(true);
  });
});

describe('the addresses of a worker', () => {
  it('are asked for again: what was added is served too, and what was taken away still, to be refused', async () => {
    let addresses = ['codex'];
    const running = await begin({ addresses: async () => addresses, concurrency: 9 });
    const serving = async (address: string) => (await relay.jobs.workers.serving(address)).length;
    addresses = ['claude'];
    await pass(5500);
    expect([await serving('codex'), await serving('claude')]).toEqual([1, 1]);
    const ids = [(await submit(relay, 'alice', 'claude')).id, (await submit(relay, 'alice', 'codex')).id];
    await pass(500);
    expect(running.runner.works.map(({ job }) => job.id)).toEqual(ids);
  });

  it.each([
    [true, 2],
    [false, 1],
  ])('are entered and heard anew when a bell is gone that could be heard: %s', async (active, times) => {
    const watch = relay.jobs.watch.bind(relay.jobs);
    const state = { active };
    const spied = vi.spyOn(relay.jobs, 'watch').mockImplementation(async (...args) => {
      const { close } = await watch(...args);
      return spied.mock.calls.length > 1 ? { active: true, close } : Object.assign(state, { close });
    });
    const running = await begin();
    await pass(6000);
    expect(spied).toHaveBeenCalledTimes(1);
    // The whole relay was removed.
    await relay.jobs.workers.leave('codex', running.session);
    state.active = false;
    await pass(11_000);
    expect(spied).toHaveBeenCalledTimes(times);
    expect(await relay.jobs.workers.serving('codex')).toHaveLength(times - 1);
  });

  it('stay as they are while they cannot be told, which is said once', async () => {
    let refusal: DispatchError | undefined;
    const addresses = async () => {
      if (refusal !== undefined) throw refusal;
      return ['codex'];
    };
    const running = await begin({ addresses });
    refusal = new DispatchError('LANE_REFUSED', 'The list cannot be trusted.');
    await pass(15_000);
    expect(running.warnings).toEqual(['The list cannot be trusted.']);
    await submit(relay, 'alice', 'codex');
    await pass(500);
    expect(running.runner.works).toHaveLength(1);
  });
});

describe('a lease', () => {
  it('counts from before the claim, and is renewed at each third', async () => {
    await submit(relay, 'alice', 'codex');
    const claimNext = relay.jobs.claimNext.bind(relay.jobs);
    let askedAt = -1;
    vi.spyOn(relay.jobs, 'claimNext').mockImplementationOnce(async (...args) => {
      askedAt = world.clock.steady();
      const claimed = await claimNext(...args);
      // A disk that takes its time.
      world.clock.advance(700);
      return claimed;
    });
    const running = await begin();
    const { terms, leases } = work(running);
    expect(terms).toEqual({ leaseEndsAt: askedAt + 30_000, graceMs: 1000 });
    await pass(9_000);
    expect(leases).toEqual([]);
    await pass(1_250);
    expect(leases).toHaveLength(1);
    await pass(30_000);
    expect(leases).toHaveLength(4);
    expect(await stateOf(work(running).job)).toBe('running');
  });

  it('that is refused ends the run, and what it came to is nobody’s outcome', async () => {
    const job = await submit(relay, 'alice', 'codex');
    // Not by a look between two renewals, which would see it too.
    const running = await begin({ intervalMs: 3_600_000 });
    // Somebody else took it meanwhile: as after a stop of this process across the lease.
    world.clock.set(world.clock.now() + 60_000);
    await relay.jobs.look(job.id);
    world.clock.set(world.clock.now() + 2_000);
    const other = holder('codex');
    await relay.jobs.claimNext(other, { addresses: ['codex'], leaseSeconds: 3600 });
    await pass(10_000);
    expect(work(running).ends).toContain('lost');
    expect(running.ends).toMatchObject([{ job: job.id, state: 'lost' }]);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'running', lease: { session: other.session } });
  });

  it('that another has by now is seen at the next look, long before a renewal', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin({ leaseSeconds: 3600, intervalMs: 1000 });
    // Somebody sets the clock.
    world.clock.set(world.clock.now() + 2 * 3_600_000);
    await pass(1000);
    expect(work(running).ends).toEqual(['lost']);
    expect(running.ends).toMatchObject([{ job: job.id, state: 'lost' }]);
  });

  it('that ended while the run was done is not settled over another’s head', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    world.clock.set(world.clock.now() + 31_000);
    work(running).finish({ as: 'completed', result: 'late' });
    await pass(250);
    expect(running.ends).toMatchObject([{ state: 'lost', why: 'it could not be settled (LEASE_ENDED)' }]);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'queued', result: null });
  });

  it('is asked for again while the store fails, and the run goes on meanwhile', async () => {
    await submit(relay, 'alice', 'codex');
    const running = await begin();
    const renew = vi.spyOn(relay.jobs, 'renew');
    renew.mockRejectedValueOnce(new DispatchError('STORE_UNAVAILABLE', 'The disk is full.'));
    await pass(11_000);
    expect(renew).toHaveBeenCalledTimes(2);
    expect(work(running).ends).toEqual([]);
    expect(work(running).leases).toHaveLength(1);
    renew.mockRestore();
  });

  it('ends early for a run of which nothing is known: that attempt counts', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin({ intervalMs: 500 });
    work(running).finish({ as: 'unknown', why: 'what held the run has died' });
    await pass(250);
    expect(running.ends).toMatchObject([{ state: 'lost', why: 'what held the run has died' }]);
    await pass(3000);
    expect(work(running, 1).job).toMatchObject({ id: job.id, attempts: 2 });
  });

  it('of a job that may write ends early too, and the job is parked', async () => {
    const job = await submit(relay, 'alice', 'codex', { write: true });
    const running = await begin({ writes: 'all' });
    work(running).finish({ as: 'unknown', why: 'what held the run has died' });
    await pass(2000);
    expect(await stateOf(job)).toBe('needs_recovery');
    expect(running.runner.works).toHaveLength(1);
  });
});

describe('a cancellation', () => {
  it.each([
    ['at the next look', 1000],
    ['at the next renewal', 60_000],
  ])('is seen %s, and ends the run', async (_, intervalMs) => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin({ intervalMs });
    await relay.jobs.cancel(job.id, 'alice', null);
    await pass(Math.min(intervalMs, 10_000) + 500);
    expect(work(running).ends).toEqual(['cancelled']);
    expect(running.ends).toMatchObject([{ state: 'cancelled' }]);
    expect(await stateOf(job)).toBe('cancelled');
  });

  it('that comes when the work is done changes nothing: what was done was done', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    await relay.jobs.cancel(job.id, 'alice', null);
    work(running).finish({ as: 'completed', result: 'done' });
    await pass(250);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'completed', result: 'done' });
  });
});

describe('a worker that is stopped', () => {
  it.each([
    [false, 'queued'],
    [true, 'needs_recovery'],
  ])('ends what runs: a job with write %s is %s then', async (write, state) => {
    const job = await submit(relay, 'alice', 'codex', { write });
    const running = await begin({ writes: 'all' });
    running.worker.stop();
    await pass(250);
    expect(work(running).ends).toEqual(['stopped']);
    expect(await stateOf(job)).toBe(state);
    expect([running.end, running.runner.isClosed]).toEqual(['stopped', true]);
  });

  it('tells of a job that it gave back as given back, also where another has it at once', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    const settle = relay.jobs.settle.bind(relay.jobs);
    const other = holder('codex');
    vi.spyOn(relay.jobs, 'settle').mockImplementationOnce(async (...args) => {
      await settle(...args);
      await relay.jobs.claimNext(other, { addresses: ['codex'] });
      return (await relay.jobs.look(job.id)) as Job;
    });
    running.worker.stop();
    await pass(250);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'running', lease: { session: other.session } });
    expect(running.ends).toMatchObject([{ job: job.id, state: 'queued' }]);
  });

  it('while it claims begins nothing: also a job that may write is free again', async () => {
    const job = await submit(relay, 'alice', 'codex', { write: true });
    const running = await begin({ writes: 'all', intervalMs: 60_000 });
    work(running).finish({ as: 'completed', result: null });
    await pass(250);
    const next = await submit(relay, 'alice', 'codex', { write: true });
    const audit = relay.events.audit.bind(relay.events);
    vi.spyOn(relay.events, 'audit').mockImplementation(async (event) => {
      if (event.event === 'job.started') running.worker.stop();
      return audit(event);
    });
    await pass(1000);
    expect(running.runner.works).toHaveLength(1);
    expect(await relay.jobs.look(next.id)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(await stateOf(job)).toBe('completed');
  });

  it('settles what was done in time', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    work(running).finish({ as: 'completed', result: 'done' });
    running.worker.stop();
    await pass(250);
    expect(await stateOf(job)).toBe('completed');
  });
});

describe('an outcome', () => {
  it('is settled again while the store fails and the lease is there', async () => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    const settle = vi.spyOn(relay.jobs, 'settle');
    settle.mockRejectedValueOnce(new DispatchError('STORE_UNAVAILABLE', 'The disk is full.'));
    work(running).finish({ as: 'completed', result: 'done' });
    await pass(500);
    expect(running.ends).toEqual([]);
    await pass(1500);
    expect(running.ends).toMatchObject([{ state: 'completed' }]);
    expect(await stateOf(job)).toBe('completed');
  });

  it('with a reason for a review waits for a person, with its result', async () => {
    const { id } = await submit(relay, 'alice', 'codex', { write: true });
    const running = await begin({ writes: 'all' });
    work(running).finish({ as: 'completed', result: { message: 'done' }, review: 'Look at it.' });
    await pass(250);
    expect(running.ends).toMatchObject([{ job: id, state: 'needs_review' }]);
    const review = { when: 'after', reason: 'Look at it.', asked_by: 'codex' };
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'needs_review', result: { message: 'done' }, review });
  });

  it.each([
    [{}, 'completed'],
    [{ review: 'Look at it.' }, 'needs_review'],
  ] as const)('that was settled without anybody knowing is told as it is: %j', async (asked, state) => {
    const job = await submit(relay, 'alice', 'codex');
    const running = await begin();
    const settle = relay.jobs.settle.bind(relay.jobs);
    vi.spyOn(relay.jobs, 'settle').mockImplementationOnce(async (...args) => {
      await settle(...args);
      throw new DispatchError('STORE_UNAVAILABLE', 'The sync failed.', { outcome: 'unknown' });
    });
    work(running).finish({ as: 'completed', result: 'done', ...asked });
    await pass(2000);
    expect(running.ends).toMatchObject([{ job: job.id, state }]);
  });
});

describe('jobs that may write', () => {
  it('are left by a worker that may not, which is said once', async () => {
    const job = await submit(relay, 'alice', 'codex', { write: true });
    const running = await begin();
    await pass(20_000);
    expect(running.runner.works).toEqual([]);
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(running.warnings).toHaveLength(1);
    expect(running.warnings[0]).toContain(`${job.id} may write`);
  });
});
