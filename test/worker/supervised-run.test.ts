/** One program under supervision, with the time of its looks in the hands of the test. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { Files } from '../../src/store/filesystem/files.js';
import { Descent } from '../../src/worker/descent.js';
import type { Told } from '../../src/worker/keeper-protocol.js';
import { SupervisedRun } from '../../src/worker/supervised-run.js';
import { eventually } from '../helpers/server-sandbox.js';
import { ProgramFolder } from './programs.js';

let programs: ProgramFolder;
beforeEach(() => {
  programs = new ProgramFolder();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
  programs.remove();
});

it.runIf(process.platform === 'linux')(
  'knows whom it has seen: one that left the group, is silent and has lost its parent is ended too',
  async () => {
    const files = new Files();
    const told: Told[] = [];
    const around = {
      files,
      descent: new Descent(files),
      steady: systemClock.steady,
      tell: (one: Told) => told.push(one),
    };
    const done = new Promise<void>((resolve) => {
      const run = new SupervisedRun({ ...programs.request('nest'), run: 1 }, around, resolve);
      run.start();
      void eventually('the three', () => programs.pids().length === 3).then(async () => {
        vi.advanceTimersByTime(2000);
        const [, between = 0, left = 0] = programs.pids();
        process.kill(between, 'SIGKILL');
        await eventually('the one between to be gone', () => !programs.running().includes(between));
        expect(programs.running()).toContain(left);
        run.end('cancelled');
      });
    });
    await done;
    expect(told.map((one) => one.told)).toEqual(['started', 'ended']);
    await eventually('their end', () => programs.running().length === 0, 2000);
  },
);
