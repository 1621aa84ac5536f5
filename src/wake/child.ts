/**
 * Runs a program for its effect alone: by argv and without a shell, in a process group of its own, for a bounded time, and
 * without anything that could hold up or outlive this process.
 */
import type { ChildProcess } from 'node:child_process';
import { errnoOf } from '../model/errors.js';
import { lazyBuiltin } from '../model/lazy-builtin.js';

export const CHILD_BOUND_MS = 10_000;

const childProcess = lazyBuiltin<typeof import('node:child_process')>('node:child_process');

const running = new Set<ChildProcess>();

export type Run =
  | { readonly ended: 'well' }
  /** `errno` where it did not even start. */
  | { readonly ended: 'badly'; readonly why: string; readonly errno?: string | undefined };

/** Never rejects. What the program prints is dropped. */
export function run([program = '', ...args]: readonly string[], boundMs = CHILD_BOUND_MS): Promise<Run> {
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      const group = process.platform !== 'win32';
      child = childProcess().spawn(program, args, { stdio: 'ignore', detached: group, windowsHide: true });
    } catch (error) {
      resolve(notStarted(error));
      return;
    }
    child.unref();
    if (running.size === 0) process.on('exit', killRunning);
    running.add(child);
    const settle = (outcome: Run) => {
      clearTimeout(timer);
      running.delete(child);
      if (running.size === 0) process.off('exit', killRunning);
      resolve(outcome);
    };
    const timer = setTimeout(() => {
      kill(child);
      settle({ ended: 'badly', why: `not done within ${boundMs / 1000} s` });
    }, boundMs);
    timer.unref();
    child.on('error', (error) => settle(notStarted(error)));
    child.on('exit', (code, signal) => {
      if (code === 0) settle({ ended: 'well' });
      else settle({ ended: 'badly', why: signal === null ? `ended with ${code}` : `ended by ${signal}` });
    });
  });
}

function notStarted(error: unknown): Run {
  const errno = errnoOf(error);
  return { ended: 'badly', why: errno === 'ENOENT' ? 'not found' : `not started (${errno ?? 'unknown error'})`, errno };
}

/** With all that it started and that did not leave its group. */
function kill(child: ChildProcess): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function killRunning(): void {
  for (const child of running) kill(child);
}
