/** The keeper while its worker is stopped, and after it was killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import type { RunRequest } from '../../src/worker/keeper.js';
import type { RunOutcome } from '../../src/worker/run-outcome.js';
import { slowness } from '../helpers/machine.js';
import { eventually } from '../helpers/server-sandbox.js';
import { isRunning, KEEPER, ProgramFolder } from './programs.js';

interface Line {
  readonly keeper?: number;
  readonly told?: string;
  readonly outcome?: RunOutcome;
}

let programs: ProgramFolder;
let holder: ChildProcess | undefined;
beforeEach(() => {
  programs = new ProgramFolder();
});
afterEach(() => {
  holder?.kill('SIGKILL');
  programs.remove();
});

/** A worker with these runs; gives the keeper's process, and what it was told so far. */
async function hold(...requests: readonly RunRequest[]): Promise<{ keeper: number; lines: () => Line[] }> {
  const orders = JSON.stringify(requests.map((request, run) => ({ ...request, run })));
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'holder.mjs'), KEEPER, orders], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  holder = child;
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const lines = () =>
    out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  const keeper = await eventually('the keeper', () => lines()[0]?.keeper);
  return { keeper, lines };
}

it('ends a run whose time is over while the worker is stopped', async () => {
  const { lines } = await hold(programs.request('deaf', { timeoutMs: 1500, graceMs: 200 }));
  await eventually('the process', () => programs.running().length === 1);
  process.kill(Number(holder?.pid), 'SIGSTOP');
  await eventually('its end', () => programs.running().length === 0);
  expect(lines().some(({ told }) => told === 'ended')).toBe(false);
  process.kill(Number(holder?.pid), 'SIGCONT');
  const outcome = await eventually('the outcome', () => lines().at(-1)?.outcome);
  expect(outcome).toMatchObject({ endedBy: 'timeout', signal: 'SIGKILL' });
});

it('ends a run before its lease is over while the worker is stopped', async () => {
  const leaseEndsAt = systemClock.steady() + 2500;
  await hold(programs.request('deaf', { leaseEndsAt, graceMs: 300 }));
  await eventually('the process', () => programs.running().length === 1);
  process.kill(Number(holder?.pid), 'SIGSTOP');
  await eventually('its end', () => programs.running().length === 0);
  // SIGKILL comes when the lease ends; a machine that is busy may be late to say so.
  const lateMs = systemClock.steady() - leaseEndsAt;
  expect(lateMs).toBeLessThan(1500 * (await slowness()));
});

it('ends all within two seconds of the death of the worker, and itself', async () => {
  const kinds = ['deaf', 'hang', 'flood', 'leave', 'fork'];
  const { keeper } = await hold(...kinds.map((kind) => programs.request(kind)));
  await eventually('the processes', () => programs.pids().length === 9);
  process.kill(Number(holder?.pid), 'SIGKILL');
  await eventually('their end', () => programs.running().length === 0 && !isRunning(keeper), 2000);
});

it('is not ended by a signal to the group of the worker, as Ctrl-C is one', async () => {
  const { keeper, lines } = await hold(programs.request('closed'));
  await eventually('the process', () => programs.running().length === 1);
  process.kill(-Number(holder?.pid), 'SIGSTOP');
  process.kill(-Number(holder?.pid), 'SIGCONT');
  expect(isRunning(keeper)).toBe(true);
  const outcome = await eventually('the outcome', () => lines().at(-1)?.outcome);
  expect(outcome).toMatchObject({ exitCode: 0, message: 'later' });
});

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('that is sent %s ends all that runs, and itself', async (name) => {
  const { keeper } = await hold(programs.request('deaf'), programs.request('hang'));
  await eventually('the processes', () => programs.pids().length === 2);
  process.kill(keeper, name);
  await eventually('their end', () => programs.running().length === 0 && !isRunning(keeper), 2000);
});

it('runs nothing when somebody else starts it', async () => {
  const child = spawn(process.execPath, [KEEPER], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, err]).toEqual([2, 'The keeper is started by `mcp-dispatch worker`. Run that.\n']);
});
