/** Processes that race on one relay. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export interface Racers {
  /** Starts a process of the program, and resolves when it says that it is ready. */
  start(program: string, ...args: string[]): Promise<Child>;
  /** Starts `count` of them, lets them go together, and gives what each printed. */
  race(count: number, program: string, ...args: string[]): Promise<unknown[]>;
}

/** Whatever a test starts here is gone after it. */
export function useRacers(): Racers {
  const children = new Set<Child>();
  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    children.clear();
  });

  const output = new WeakMap<Child, { out: string; err: string }>();
  const start = async (program: string, ...args: string[]) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    children.add(child);
    const seen = { out: '', err: '' };
    output.set(child, seen);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      seen.err += text;
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        seen.out += text;
        if (seen.out.startsWith('ready\n')) resolve();
      });
      child.once('exit', () => reject(new Error(`ended before it was ready: ${seen.err}`)));
      child.once('error', reject);
    });
    return child;
  };

  return {
    start,
    race: async (count, program, ...args) => {
      const racing = await Promise.all(Array.from({ length: count }, () => start(program, ...args)));
      const ends = racing.map((child) => once(child, 'close'));
      for (const child of racing) child.stdin.end('go\n');
      await Promise.all(ends);
      return racing.map((child) => {
        const { out = '', err = '' } = output.get(child) ?? {};
        if (child.exitCode !== 0 || err !== '') throw new Error(`a racer failed with ${child.exitCode}: ${err}`);
        return JSON.parse(out.slice('ready\n'.length));
      });
    },
  };
}
