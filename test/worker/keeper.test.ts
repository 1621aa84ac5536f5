import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { Files } from '../../src/store/filesystem/files.js';
import { Keeper } from '../../src/worker/keeper.js';
import { MESSAGE_BYTES, TAIL_BYTES } from '../../src/worker/run-outcome.js';
import { eventually } from '../helpers/server-sandbox.js';
import { isRunning, KEEPER, ProgramFolder } from './programs.js';

const { steady } = systemClock;
const ON_LINUX = process.platform === 'linux';

let programs: ProgramFolder;
beforeEach(() => {
  programs = new ProgramFolder();
});
afterEach(() => programs.remove());

let keeper: Keeper;
const open = () => {
  keeper = new Keeper(KEEPER, new Files(), steady);
};
const close = async () => {
  const { pid } = keeper;
  await keeper.close();
  expect(pid === undefined || !isRunning(pid)).toBe(true);
};

const begun = (count = 1) => eventually('the processes', () => programs.pids().length >= count);

describe('a run', () => {
  beforeAll(open);
  afterAll(close);

  it('tells how the program ended, what it left and what it printed, and leaves no folder', async () => {
    const request = programs.request('say');
    const outcome = await keeper.start(request).outcome;
    expect(outcome).toMatchObject({ exitCode: 0, signal: null, message: 'the last word' });
    expect([outcome.stdout, outcome.stderr]).toEqual(['to stdout\n', 'to stderr\n']);
    expect(outcome.endedBy).toBeUndefined();
    expect(outcome.durationMs).toBeGreaterThan(0);
    expect(existsSync(String(request.folder))).toBe(false);
  });

  it.each([
    ['fail', { exitCode: 1, signal: null, stdout: '', stderr: 'no luck\n' }],
    ['nothing', { exitCode: 0, signal: null, stdout: '', stderr: '' }],
    ['killed', { exitCode: null, signal: 'SIGKILL' }],
    ['closed', { exitCode: 0, message: 'later' }],
  ])('of a program that would %s is told as it was', async (kind, expected) => {
    const outcome = await keeper.start(programs.request(kind)).outcome;
    expect(outcome).toMatchObject(expected);
    expect(outcome).not.toHaveProperty('endedBy');
    if (kind !== 'closed') expect(outcome).not.toHaveProperty('message');
  });

  it.each([
    [{ program: '/nowhere/codex' }, '/nowhere/codex is gone', true],
    [{ program: import.meta.filename }, `${import.meta.filename} may not be run`, true],
    [{ cwd: '/nowhere' }, 'or the folder /nowhere is', true],
    [{ args: ['x'.repeat(200_000)] }, 'too long for an argument', undefined],
  ])(
    'that cannot start says why, and is the fault of the job only where that is too long: %#',
    async (change, why, isPassing) => {
      const outcome = await keeper.start(programs.request('say', change)).outcome;
      expect(outcome.notStarted).toContain(why);
      expect(outcome).toMatchObject({ exitCode: null, signal: null });
      expect(outcome.isPassing).toBe(isPassing);
      expect(readdirSync(programs.path)).toEqual(['program.cjs']);
    },
  );

  it('is not begun where the keeper is gone, as after an update of this program, and may be later', async () => {
    const gone = path.join(programs.path, 'keeper.cjs');
    const late = new Keeper(gone, new Files(), steady);
    const { notStarted, isPassing } = await late.start(programs.request('say')).outcome;
    expect([notStarted, isPassing]).toEqual([expect.stringContaining(`${gone} is gone`), true]);
    copyFileSync(KEEPER, gone);
    expect((await late.start(programs.request('say')).outcome).exitCode).toBe(0);
    await late.close();
  });

  it('whose folder cannot be made is not begun, and may be later', async () => {
    const folder = path.join(programs.path, 'none', 'run');
    const { notStarted, isPassing } = await keeper.start(programs.request('say', { folder })).outcome;
    expect([notStarted, isPassing]).toEqual([`the folder ${folder} for its files cannot be made (ENOENT)`, true]);
    expect(programs.pids()).toEqual([]);
  });

  it('gets its input from a file that ends, and none where there is none', async () => {
    const read = async (input?: string) =>
      JSON.parse(String((await keeper.start(programs.request('dump', { input })).outcome).message)) as object;
    const input = 'Zeile\n"$(id)"\n'.repeat(10_000);
    expect(await read(input)).toMatchObject({ stdin: Buffer.from(input).toString('latin1') });
    expect(await read()).toMatchObject({ stdin: '' });
  });

  it('makes files as its operator does, in the folder that was named', async () => {
    const outcome = await keeper.start(programs.request('dump', { umask: 0o027 })).outcome;
    expect(JSON.parse(String(outcome.message))).toMatchObject({ umask: 0o027, cwd: programs.path });
  });

  it('is not told what a link leads to, and no more of a message than there is room for', async () => {
    expect((await keeper.start(programs.request('link')).outcome).message).toBeUndefined();
    const { message, messageCut, messageEnd } = await keeper.start(programs.request('huge')).outcome;
    expect([message?.length, messageCut]).toEqual([MESSAGE_BYTES, true]);
    expect(messageEnd).toHaveLength(TAIL_BYTES);
    expect(messageEnd).toMatch(/y\nNEEDS_REVIEW: at its true end\n$/);
  });

  it('is not begun in a folder that somebody has made already', async () => {
    const { notStarted } = await keeper.start(programs.request('say', { folder: programs.path })).outcome;
    expect(notStarted).toContain('EEXIST');
    expect(existsSync(programs.program)).toBe(true);
  });
});

describe('what a run leaves behind', () => {
  beforeAll(open);
  afterAll(close);

  it('in its group is killed when it ends by itself', async () => {
    const outcome = await keeper.start(programs.request('fork')).outcome;
    expect(outcome.exitCode).toBe(0);
    expect(programs.pids()).toHaveLength(4);
    expect(programs.running()).toEqual([]);
  });

  it.runIf(ON_LINUX)('outside of its group, with the output still open, is found and killed', async () => {
    const outcome = await keeper.start(programs.request('daemon')).outcome;
    expect(outcome.exitCode).toBe(0);
    expect(programs.pids()).toHaveLength(2);
    await eventually('its end', () => programs.running().length === 0, 2000);
  });

  it.runIf(ON_LINUX)('outside of its group, below it, is killed with it', async () => {
    const run = keeper.start(programs.request('leave'));
    await begun(2);
    run.end('cancelled');
    await run.outcome;
    expect(programs.pids()).toHaveLength(2);
    await eventually('its end', () => programs.running().length === 0, 2000);
  });
});

describe('the end of a run', () => {
  beforeAll(open);
  afterAll(close);

  it.each(['hang', 'deaf', 'flood'])('comes when its time is over, also for one that would %s', async (kind) => {
    const outcome = await keeper.start(programs.request(kind, { timeoutMs: 700, graceMs: 300 })).outcome;
    expect(outcome.endedBy).toBe('timeout');
    expect(outcome.signal).toBe(kind === 'deaf' ? 'SIGKILL' : 'SIGTERM');
    expect(outcome.durationMs).toBeGreaterThanOrEqual(700);
    expect(programs.running()).toEqual([]);
  });

  it('comes before its lease is over, and a renewed lease puts it off', async () => {
    // So that the start of the keeper takes nothing off the lease.
    await keeper.start(programs.request('say')).outcome;
    const startedAt = steady();
    const run = keeper.start(programs.request('hang', { graceMs: 200, leaseEndsAt: startedAt + 900 }));
    run.setLease(startedAt + 1600);
    const outcome = await run.outcome;
    expect(outcome.endedBy).toBe('lease');
    expect(steady()).toBeGreaterThanOrEqual(startedAt + 1400);
    expect(programs.running()).toEqual([]);
  });

  it('comes at once where the lease was over before it began', async () => {
    const outcome = await keeper.start(programs.request('hang', { leaseEndsAt: steady() - 1 })).outcome;
    expect(outcome.endedBy).toBe('lease');
  });

  it('does not come for a lease that was renewed while the keeper started', async () => {
    const late = new Keeper(KEEPER, new Files(), steady);
    const run = late.start(programs.request('say', { leaseEndsAt: steady() - 1 }));
    run.setLease(steady() + 30_000);
    expect(await run.outcome).toMatchObject({ exitCode: 0, message: 'the last word' });
    await late.close();
  });

  it('comes before the beginning where it is asked for by then: nothing is run', async () => {
    const run = keeper.start(programs.request('say'));
    run.end('cancelled');
    expect(await run.outcome).toMatchObject({ endedBy: 'cancelled', exitCode: null });
    expect(programs.pids()).toEqual([]);
  });

  it('comes when it is asked for, with the first reason, and asking after it does nothing', async () => {
    const run = keeper.start(programs.request('hang'));
    await begun();
    run.end('cancelled');
    run.end('stopped');
    expect(await run.outcome).toMatchObject({ endedBy: 'cancelled', signal: 'SIGTERM' });
    run.end('lost');
    run.setLease(0);
  });

  it.runIf(ON_LINUX)('keeps what a flood has printed last, and grows with none of it', async () => {
    const run = keeper.start(programs.request('flood'));
    await begun();
    const file = (pid: unknown, name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    const printed = () => Number(/wchar: (\d+)/.exec(file(programs.pids()[0], 'io'))?.[1]);
    await eventually('200 MB of it', () => printed() > 200_000_000);
    const megabytes = Number(/VmHWM:\s+(\d+)/.exec(file(keeper.pid, 'status'))?.[1]) / 1024;
    expect(megabytes).toBeLessThan(150);
    run.end('cancelled');
    expect((await run.outcome).stdout).toBe('x'.repeat(TAIL_BYTES));
  });
});

describe('a keeper', () => {
  beforeEach(open);
  afterEach(close);

  it('is started for the first run, and not before', async () => {
    expect(keeper.pid).toBeUndefined();
    await keeper.start(programs.request('say')).outcome;
    expect(isRunning(Number(keeper.pid))).toBe(true);
  });

  it('that is killed takes its runs with it, and they are told as lost', async () => {
    const requests = [programs.request('deaf'), programs.request('leave')];
    const runs = requests.map((request) => keeper.start(request));
    await begun(3);
    const first = Number(keeper.pid);
    process.kill(first, 'SIGKILL');
    for (const { outcome } of runs) expect(await outcome).toMatchObject({ keeperLost: true, exitCode: null });
    await eventually('their end', () => programs.running().length === 0, 2000);
    for (const { folder } of requests) expect(existsSync(String(folder))).toBe(false);
    expect(await keeper.start(programs.request('say')).outcome).toMatchObject({ message: 'the last word' });
    expect(keeper.pid).not.toBe(first);
  });

  it.runIf(ON_LINUX)(
    'that is killed takes with it also who has left the group, by the output that it has kept',
    async () => {
      const run = keeper.start(programs.request('apart'));
      await eventually(
        'the end of the one between',
        () => programs.pids().length === 3 && programs.running().length === 2,
      );
      process.kill(Number(keeper.pid), 'SIGKILL');
      expect(await run.outcome).toMatchObject({ keeperLost: true });
      await eventually('their end', () => programs.running().length === 0, 2000);
    },
  );

  it.runIf(ON_LINUX)(
    'that dies before it could tell of a program takes it with it: its folder shows which',
    async () => {
      const mute = new Keeper(path.join(import.meta.dirname, 'mute-keeper.cjs'), new Files(), steady);
      const request = programs.request('deaf');
      expect(await mute.start(request).outcome).toMatchObject({ keeperLost: true });
      await eventually('its end', () => programs.running().length === 0, 2000);
      expect(existsSync(String(request.folder))).toBe(false);
      await mute.close();
    },
  );

  it('that is stopped does not keep a run beyond its end: it is killed, and another does the next', async () => {
    const run = keeper.start(programs.request('deaf', { graceMs: 200 }));
    await begun();
    process.kill(Number(keeper.pid), 'SIGSTOP');
    run.end('cancelled');
    expect(await run.outcome).toMatchObject({ keeperLost: true, endedBy: 'cancelled' });
    await eventually('its end', () => programs.running().length === 0, 2000);
  });

  it('that starts late leaves its program all of its time', async () => {
    const late = new Keeper(path.join(import.meta.dirname, 'late-keeper.cjs'), new Files(), steady);
    const outcome = await late.start(programs.request('deaf', { timeoutMs: 4000, graceMs: 200 })).outcome;
    expect(outcome).toMatchObject({ endedBy: 'timeout' });
    expect(outcome).not.toHaveProperty('keeperLost');
    await late.close();
  });

  it('that ends at once is told as lost', async () => {
    const brief = path.join(programs.path, 'brief.cjs');
    writeFileSync(brief, 'process.exit(1);\n');
    const lost = new Keeper(brief, new Files(), steady);
    expect(await lost.start(programs.request('say')).outcome).toMatchObject({ keeperLost: true });
    await lost.close();
  });

  it.runIf(process.platform !== 'win32')('that is stopped while nothing runs is let go all the same', async () => {
    await keeper.start(programs.request('say')).outcome;
    const pid = Number(keeper.pid);
    process.kill(pid, 'SIGSTOP');
    await keeper.close();
    expect(isRunning(pid)).toBe(false);
  });

  it('that is let go ends what runs', async () => {
    const run = keeper.start(programs.request('deaf'));
    await begun();
    await keeper.close();
    expect(programs.running()).toEqual([]);
    expect(await run.outcome).toMatchObject({ exitCode: null });
  });
});
