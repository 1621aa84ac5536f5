import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Files } from '../../../src/store/filesystem/files.js';
import { ProcessTable } from '../../../src/store/filesystem/process-table.js';
import { linux, posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();
const children: ChildProcess[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const child of children.splice(0)) await end(child);
});

function start(command: string, ...args: string[]): ChildProcess & { readonly pid: number } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  if (child.pid === undefined) throw new Error(`could not start ${command}`);
  return child as ChildProcess & { readonly pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const sleep = () => start(process.execPath, '-e', 'setInterval(() => {}, 60_000)');

/** The identity that a process would give itself: what only differs from ours by its pid and start. */
function identityOf(pid: number, start = startOf(pid)) {
  const { start: _, ...self } = new ProcessTable().self();
  return { ...self, pid, ...(start === undefined ? {} : { start }) };
}

function startOf(pid: number): string | undefined {
  if (!linux) return undefined;
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
}

/** A /proc in which our parent, which surely lives, looks as the test wants it. */
function fakeProc({ boot = 'boot-1', namespace = 'pid:[1]', stat = '' } = {}): string {
  const proc = temporaryDirectory();
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
  writeFileSync(join(proc, 'sys/kernel/random/boot_id'), `${boot}\n`);
  mkdirSync(join(proc, 'self/ns'), { recursive: true });
  symlinkSync(namespace, join(proc, 'self/ns/pid'));
  for (const [pid, text] of [
    [process.pid, statLine(process.pid, 'node', 'R', '777')],
    [process.ppid, stat],
  ] as const) {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'stat'), text);
  }
  return proc;
}

function statLine(pid: number, command: string, state: string, startedAt: string): string {
  const middle = Array.from({ length: 18 }, (_, index) => index + 1).join(' ');
  return `${pid} (${command}) ${state} ${middle} ${startedAt} 23 24\n`;
}

describe('a process', () => {
  it('that is ourselves is alive', () => {
    const table = new ProcessTable();
    expect(table.check(table.self())).toBe('alive');
    expect(new ProcessTable().check(table.self())).toBe('alive');
    expect(table.self()).toMatchObject({ pid: process.pid, host: hostname() });
  });

  it('that runs is alive, and dead when it has ended', async () => {
    const child = sleep();
    const identity = identityOf(child.pid);
    const table = new ProcessTable();
    expect(table.check(identity)).toBe('alive');
    await end(child);
    expect(table.check(identity)).toBe('dead');
  });

  it('whose pid another one has now is dead: they started at different times', () => {
    const child = sleep();
    const table = new ProcessTable();
    expect(table.check({ ...identityOf(child.pid), start: '1' })).toBe(posix ? 'dead' : 'alive');
    const self = table.self();
    if (self.start !== undefined) expect(table.check({ ...self, start: `${self.start}0` })).toBe('dead');
  });

  it('that did not write down when it started is judged by its pid; one with our own pid is not us, who would have', () => {
    const { start, ...self } = new ProcessTable().self();
    expect(new ProcessTable().check({ ...self, pid: process.ppid })).toBe('alive');
    if (start !== undefined) expect(new ProcessTable().check(self)).toBe('dead');
  });

  it.each([0, -1, -process.pid, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40, 2 ** 31])(
    'with pid %d is dead, and nobody is signalled for it',
    (pid) => {
      const kill = vi.spyOn(process, 'kill');
      expect(new ProcessTable().check({ ...new ProcessTable().self(), pid })).toBe('dead');
      for (const [signalled, signal] of kill.mock.calls) {
        expect(signal).toBe(0);
        expect(signalled).toBeGreaterThan(0);
      }
    },
  );

  it.runIf(linux)('with pid 1 is the first one of the system only if it started when that did', () => {
    const table = new ProcessTable();
    expect(table.check(identityOf(1))).toBe('alive');
    expect(table.check(identityOf(1, '999999999999'))).toBe('dead');
  });

  it('that we may not signal is alive', () => {
    const child = sleep();
    const identity = identityOf(child.pid);
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    });
    expect(new ProcessTable().check(identity)).toBe('alive');
  });

  it.runIf(posix)('that was stopped is seen as stopped until it goes on, and as dead when it is killed', async () => {
    const child = sleep();
    const identity = identityOf(child.pid);
    const table = new ProcessTable();
    child.kill('SIGSTOP');
    // The signal is on its way when kill returns.
    await vi.waitFor(() => expect(table.check(identity)).toBe('stopped'), { timeout: 20_000 });
    child.kill('SIGCONT');
    await vi.waitFor(() => expect(table.check(identity)).toBe('alive'), { timeout: 20_000 });
    child.kill('SIGSTOP');
    await end(child);
    expect(table.check(identity)).toBe('dead');
  });

  it.runIf(linux)('that is a zombie is dead', async () => {
    // The shell becomes a program that never waits for the child that the shell had. The child ends only after that:
    // a shell that still is one would reap it.
    const parent = start('sh', '-c', 'sleep 600 & echo $!; exec sleep 600');
    const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const name = (id: number | undefined) => readFileSync(`/proc/${id}/comm`, 'utf8').trim();
    await vi.waitFor(() => expect([name(parent.pid), name(pid)]).toEqual(['sleep', 'sleep']), { timeout: 20_000 });
    const identity = identityOf(pid);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '), { timeout: 20_000 });
    expect(new ProcessTable().check(identity)).toBe('dead');
    expect(new ProcessTable().check(identityOf(pid))).toBe('dead');
  });
});

describe('a process of elsewhere', () => {
  const table = (proc: string) => new ProcessTable(new Files(), proc);

  it('is dead when it ran before this machine was started anew', () => {
    const here = table(fakeProc());
    expect(here.check({ ...here.self(), boot: 'boot-0' })).toBe('dead');
  });

  it('is unknown on another machine, with the same pid or not', () => {
    const here = table(fakeProc());
    expect(here.check({ ...here.self(), boot: 'boot-9', host: 'elsewhere' })).toBe('unknown');
    expect(here.check({ pid: process.pid, host: 'elsewhere' })).toBe('unknown');
  });

  it('is on this machine when the boot is the same, whatever the host name has become', () => {
    const here = table(fakeProc());
    expect(here.check({ ...here.self(), host: 'renamed' })).toBe('alive');
  });

  it('is unknown in another container, even with a pid that nobody has here', () => {
    const here = table(fakeProc());
    expect(here.check({ ...here.self(), namespace: 'pid:[2]' })).toBe('unknown');
    expect(here.check({ ...here.self(), namespace: 'pid:[2]', pid: 2 ** 30 })).toBe('unknown');
  });
});

describe('what /proc says', () => {
  const check = (stat: string, started = '555') => {
    const table = new ProcessTable(new Files(), fakeProc({ stat }));
    return table.check({ ...table.self(), pid: process.ppid, start: started });
  };

  it('is read behind the last bracket, whatever the command is called', () => {
    for (const command of ['node', 'a b', ') Z 1', '((', 'x) S 1 2 3 (y']) {
      expect(check(statLine(process.ppid, command, 'S', '555')), command).toBe('alive');
      expect(check(statLine(process.ppid, command, 'S', '556')), command).toBe('dead');
      expect(check(statLine(process.ppid, command, 'Z', '555')), command).toBe('dead');
      expect(check(statLine(process.ppid, command, 'X', '555')), command).toBe('dead');
    }
  });

  it('tells a stopped process from one that a tracer holds for an instant, and from one that had its number before', () => {
    expect(check(statLine(process.ppid, 'node', 'T', '555'))).toBe('stopped');
    expect(check(statLine(process.ppid, 'node', 't', '555'))).toBe('alive');
    expect(check(statLine(process.ppid, 'node', 'T', '556'))).toBe('dead');
    for (const state of ['R', 'S', 'D', 'I']) expect(check(statLine(process.ppid, 'node', state, '555'))).toBe('alive');
  });

  it.runIf(linux)('may be nothing at all, and then the signal decides', () => {
    const table = new ProcessTable(new Files(), join(temporaryDirectory(), 'none'));
    expect(table.self()).toEqual({ pid: process.pid, host: hostname() });
    expect(table.check(table.self())).toBe('alive');
    expect(table.check({ pid: process.ppid, host: hostname() })).toBe('alive');
  });
});
