/** Programs for executors, and what is left of them. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunRequest } from '../../src/worker/keeper.js';
import { outputFileIn } from '../../src/worker/run-folder.js';

export const KEEPER = path.resolve(import.meta.dirname, '../../dist/keeper.cjs');

/** A folder with a program in it that notes its processes there, and what tells whether they run. */
export class ProgramFolder {
  readonly path = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-worker-')));
  readonly program = path.join(this.path, 'program.cjs');
  #runs = 0;

  constructor() {
    copyFileSync(path.join(import.meta.dirname, 'program.cjs'), this.program);
  }

  request(kind: string, change: Partial<RunRequest> = {}, ...more: readonly string[]): RunRequest {
    const folder = path.join(this.path, `run-${++this.#runs}`);
    return {
      program: process.execPath,
      args: [this.program, kind, outputFileIn(folder), ...more],
      env: [['PATH', process.env.PATH ?? '']],
      cwd: this.path,
      umask: 0o022,
      folder,
      timeoutMs: 30_000,
      graceMs: 1000,
      ...change,
    };
  }

  /** The processes that the programs have noted. */
  pids(): number[] {
    const file = path.join(this.path, 'pids');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8').trim().split('\n').map(Number);
  }

  running(): number[] {
    return this.pids().filter(isRunning);
  }

  remove(): void {
    for (const pid of this.running()) process.kill(pid, 'SIGKILL');
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A zombie, which nobody has waited for yet, does not run. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

export function parentOf(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(stdout);
}
