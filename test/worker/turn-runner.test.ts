import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Job } from '../../src/model/job.js';
import type { RunTurn, Turn } from '../../src/worker/api.js';
import { TurnRunner } from '../../src/worker/turn-runner.js';

let now = 0;
beforeEach(() => {
  now = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const pass = async (ms: number) => {
  now += ms;
  await vi.advanceTimersByTimeAsync(ms);
};
const TERMS = { leaseEndsAt: 30_000, graceMs: 1000 };
const jobOf = (task: object, write = false) => ({ task, write }) as unknown as Job;

async function start(runTurn: RunTurn, task: object = { prompt: 'Do it.' }, write = false) {
  const options = { name: 'me', runTurn, cwd: '/work', models: ['a', 'b'], timeoutSeconds: 60, steady: () => now };
  return (await new TurnRunner(options).prepare(jobOf(task, write))).start(TERMS);
}

it('gets the folder, the prompt, a model of the list and whether it may write', async () => {
  const calls: [string, Omit<Turn, 'signal'>][] = [];
  const runTurn: RunTurn = async (cwd, { signal: _, ...turn }) => {
    calls.push([cwd, turn]);
    return { any: ['json'] };
  };
  const run = await start(runTurn, { prompt: 'x', model: 'b', cwd: '/evil' }, true);
  expect(await run.verdict).toEqual({ as: 'completed', result: { any: ['json'] } });
  await (await start(runTurn)).verdict;
  expect(calls).toEqual([
    ['/work', { prompt: 'x', model: 'b', write: true }],
    ['/work', { prompt: 'Do it.', model: 'a', write: false }],
  ]);
  await expect(start(runTurn, { prompt: 'x', model: 'c' })).rejects.toThrow('it takes a, b');
  await expect(start(runTurn, { prompt: 'x', model: 7 })).rejects.toThrow('must be text');
});

it('answers with text as a message', async () => {
  expect(await (await start(async () => 'done')).verdict).toEqual({
    as: 'completed',
    result: { message: 'done', duration_ms: 0 },
  });
  expect(await (await start(async () => undefined)).verdict).toEqual({ as: 'completed', result: null });
});

it('asks for a review by the last line of text, and of nothing else', async () => {
  const review = async (result: unknown) => (await (await start(async () => result)).verdict) as { review?: string };
  expect((await review('done\nNEEDS_REVIEW: Look at it.\n')).review).toBe('Look at it.');
  expect((await review({ message: 'NEEDS_REVIEW: Look at it.' })).review).toBeUndefined();
});

it.each([
  [
    'a loop',
    () => {
      const loop: { self?: object } = {};
      loop.self = loop;
      return loop;
    },
    'is no JSON',
  ],
  ['a bigint', () => 1n, 'is no JSON'],
  ['too much', () => 'x'.repeat(1024 * 1024), 'takes 1048'],
])('that resolves to %s fails the job, and does not end the worker', async (_, result, why) => {
  const verdict = await (await start(async () => result())).verdict;
  expect(verdict).toMatchObject({ as: 'failed', error: expect.stringContaining(why) });
});

it.each([
  ['rejects', async () => Promise.reject(new Error('no luck'))],
  [
    'throws',
    () => {
      throw new Error('no luck');
    },
  ],
] as [string, RunTurn][])('that %s fails the job with its words', async (_, runTurn) => {
  expect(await (await start(runTurn)).verdict).toEqual({ as: 'failed', error: 'no luck' });
});

it('is told by its signal, and given up after the grace when it does not heed it', async () => {
  let signal: AbortSignal | undefined;
  const deaf: RunTurn = (_, turn) => {
    signal = turn.signal;
    return new Promise(() => {});
  };
  const run = await start(deaf);
  await pass(10);
  run.end('cancelled');
  run.end('stopped');
  expect(signal?.aborted).toBe(true);
  await pass(1000);
  expect(await run.verdict).toEqual({ as: 'ended', why: 'cancelled' });
});

it('that heeds its signal ends at once, and what it says then is no outcome', async () => {
  const heeding = (result: () => unknown): RunTurn => {
    return (_, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          try {
            resolve(result());
          } catch (error) {
            reject(error);
          }
        });
      });
  };
  const stopped = await start(
    heeding(() => {
      throw new Error('aborted');
    }),
  );
  await pass(10);
  stopped.end('stopped');
  expect(await stopped.verdict).toEqual({ as: 'ended', why: 'stopped' });
  const done = await start(heeding(() => ['done']));
  await pass(10);
  done.end('stopped');
  expect(await done.verdict).toEqual({ as: 'ended', why: 'stopped' });
});

it('ends with its time, and before its lease', async () => {
  const slow = () => start(() => new Promise(() => {}));
  const late = await slow();
  late.setLease(120_000);
  await pass(61_000);
  expect(await late.verdict).toEqual({ as: 'failed', error: 'It was given up: it took longer than 60 s.' });
  now = 0;
  const lost = await slow();
  await pass(30_000);
  expect(await lost.verdict).toEqual({ as: 'ended', why: 'lease' });
});
