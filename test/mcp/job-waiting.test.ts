/** `wait_seconds` of submit and poll, as a client sees it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { answer, claimed, JobDesk, submitted } from '../helpers/job-desk.js';
import type { RelayClient, ToolAnswer, ToolJson } from '../helpers/relay-client.js';
import { RelayWorld, withFaults } from '../helpers/relay-world.js';

let desk: JobDesk;
let alice: RelayClient;
let bob: RelayClient;

async function open(options: ConstructorParameters<typeof RelayWorld>[0] = {}): Promise<void> {
  desk = new JobDesk(new RelayWorld(options));
  [alice, bob] = [await desk.client('alice'), await desk.client('bob')];
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  await open();
});

afterEach(async () => {
  await desk.close();
  vi.useRealTimers();
});

const pass = async (ms: number, step = 1) => {
  for (let passed = 0; passed < ms; passed += step) {
    desk.world.clock.advance(step);
    await vi.advanceTimersByTimeAsync(step);
    // Lines go through streams, which need a turn of the event loop each.
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Begins a call; gives its answer, once there is one. */
function begin(who: RelayClient, name: string, args: object, meta?: object): { answer: ToolAnswer | undefined } {
  const state: { answer: ToolAnswer | undefined } = { answer: undefined };
  void who.callRaw(name, JSON.stringify(args), JSON.stringify(meta ?? {})).then((given) => {
    state.answer = given;
  });
  return state;
}

/** The job that a call which is still under way submits. */
async function claimedByBob(): Promise<ToolJson> {
  for (;;) {
    const taken = await answer(bob, 'claim');
    if (taken.found === true) return taken;
    await pass(10);
  }
}

/** Of the answer, which there must be. */
function json(state: { answer: ToolAnswer | undefined }): ToolJson {
  if (state.answer === undefined) throw new Error('there is no answer yet');
  return state.answer.json;
}

const WORK = { to: 'bob', task: { prompt: 'Do it.' } };

describe('submit with wait_seconds', () => {
  it('is the work and its outcome in one call, and the mail of its end rides along', async () => {
    const asking = begin(alice, 'submit', { ...WORK, wait_seconds: 240 });
    const { job_id, token } = await claimedByBob();
    await pass(5000, 50);
    expect(asking.answer).toBeUndefined();
    await answer(bob, 'settle', { job_id, token, outcome: 'completed', result: 42 });
    await pass(60);
    expect(json(asking)).toMatchObject({ job_id, state: 'completed', deduped: false, result: 42, attempts: 1 });
    expect(json(asking).new_messages).toMatchObject([{ from: 'bob', payload: { job_id, state: 'completed' } }]);
    expect(json(asking)).not.toHaveProperty('timed_out');
  });

  it('hands out the id first, to whoever gave a token, and says timed_out with the id in the end', async () => {
    const heard: ToolJson[] = [];
    alice.onNotification = (message) => heard.push(message);
    const asking = begin(alice, 'submit', { ...WORK, wait_seconds: 15 }, { progressToken: 7 });
    await pass(50);
    expect(heard).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 7, progress: 0, total: 15 } },
    ]);
    const [record = ''] = await desk.world.memory.list('.jobs/records');
    expect(heard[0]?.params.message).toBe(`${record} is submitted; waiting for its end.`);
    await pass(15_100, 50);
    expect(heard.map(({ params }) => params.progress)).toEqual([0, 10]);
    expect(json(asking)).toMatchObject({
      job_id: record,
      state: 'queued',
      timed_out: true,
      queue_position: 1,
      not_listening: ['bob'],
    });
  });

  it('that is repeated after its answer was lost waits for the same job', async () => {
    const args = { ...WORK, request_id: 'r', wait_seconds: 2 };
    const first = begin(alice, 'submit', args);
    await pass(2100, 50);
    const again = begin(alice, 'submit', { ...args, wait_seconds: 240 });
    const { job_id, token } = await claimedByBob();
    await answer(bob, 'settle', { job_id, token, outcome: 'completed' });
    await pass(60);
    expect(json(first)).toMatchObject({ job_id, timed_out: true });
    expect(json(again)).toMatchObject({ job_id, deduped: true, state: 'completed' });
  });

  it('tells the id also when the job cannot be looked at any more', async () => {
    await desk.close();
    let broken = false;
    await open({
      wrap: (store) =>
        withFaults(store, {
          readRecord: async (key) => {
            if (broken) throw new DispatchError('STORE_UNAVAILABLE', 'The disk is gone.');
            return store.readRecord(key);
          },
        }),
    });
    const asking = begin(alice, 'submit', { ...WORK, wait_seconds: 240 });
    await pass(50);
    broken = true;
    await pass(2100, 50);
    expect(asking.answer?.isError, asking.answer?.text).toBe(false);
    expect(json(asking)).toMatchObject({ job_id: expect.stringMatching(/^job-/), wait_ended: 'failed' });
  });
});

describe('poll with wait_seconds', () => {
  it('is for the submitter as quick as its bell', async () => {
    const job_id = await submitted(alice);
    const token = await claimed(bob, job_id);
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 240 });
    await pass(3000, 50);
    expect(waiting.answer).toBeUndefined();
    await answer(bob, 'settle', { job_id, token, outcome: 'failed', error: 'no' });
    await pass(60);
    expect(json(waiting)).toMatchObject({ found: true, state: 'failed', error: 'no' });
  });

  it('answers at once of a job that has ended', async () => {
    const job_id = await submitted(alice);
    await answer(alice, 'cancel', { job_id });
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 240 });
    await pass(20);
    expect(json(waiting)).toMatchObject({ state: 'cancelled' });
  });

  it('ends when the job is parked: a lease that ends while nobody else looks is seen within two seconds', async () => {
    const job_id = await submitted(alice, { write: true });
    // Between two of the looks that a wait takes for mail.
    await answer(bob, 'claim', { job_id, lease_seconds: 35 });
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 240 });
    await pass(34_900, 100);
    expect(waiting.answer).toBeUndefined();
    await pass(2200, 100);
    expect(json(waiting)).toMatchObject({ state: 'needs_recovery', note: expect.stringContaining('--retry') });
  });

  it('goes on when a lease ends and the job waits again', async () => {
    const job_id = await submitted(alice);
    await answer(bob, 'claim', { job_id, lease_seconds: 5 });
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 20 });
    await pass(12_000, 100);
    expect(waiting.answer).toBeUndefined();
    await pass(8200, 100);
    expect(json(waiting)).toMatchObject({ state: 'queued', timed_out: true, why: 'the lease of bob ended' });
  });

  it('of one to whom no mail comes, as it submitted nothing, ends within two seconds too', async () => {
    const carol = await desk.client('carol');
    for (const each of [bob, carol]) await answer(each, 'join', { topic: 'build' });
    const job_id = await submitted(alice, { to: '#build' });
    for (const each of [bob, carol]) await answer(each, 'peek');
    const token = await claimed(bob, job_id);
    const waiting = begin(carol, 'poll', { job_id, wait_seconds: 240 });
    await pass(300, 10);
    await answer(bob, 'settle', { job_id, token, outcome: 'completed', result: 'done' });
    await pass(2100, 50);
    expect(json(waiting)).toMatchObject({ state: 'completed', result: 'done' });
    expect(json(waiting)).not.toHaveProperty('new_messages');
  });

  it('lets other calls of the session go before, and ends in a session that is no longer the newest', async () => {
    const job_id = await submitted(alice);
    alice.sideBySide = true;
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 240 });
    await pass(50);
    const quick = begin(alice, 'jobs', {});
    await pass(50);
    expect(json(quick).count).toBe(1);
    expect(waiting.answer).toBeUndefined();
    await answer(await desk.client('alice'), 'who');
    await pass(50);
    expect(json(waiting)).toMatchObject({ state: 'queued', wait_ended: 'newer_session' });
  });

  it('ends with the server', async () => {
    const job_id = await submitted(alice);
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 240 });
    await pass(50);
    alice.leave();
    await pass(50);
    expect(json(waiting)).toMatchObject({ found: true, state: 'queued', wait_ended: 'ending' });
  });

  it('leaves no timer behind, however it ends', async () => {
    const job_id = await submitted(alice);
    await pass(100);
    const before = vi.getTimerCount();
    const waiting = begin(alice, 'poll', { job_id, wait_seconds: 3 }, { progressToken: 1 });
    await pass(3100, 50);
    expect(json(waiting).timed_out).toBe(true);
    expect(vi.getTimerCount()).toBe(before);
  });
});
