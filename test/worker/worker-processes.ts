/** Real workers on a relay in a folder, and jobs for them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Job } from '../../src/model/job.js';
import type { JobDraft } from '../../src/relay/jobs/submission.js';
import { Relay } from '../../src/relay/relay.js';
import { Files } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { eventually } from '../helpers/server-sandbox.js';
import { isRunning, ProgramFolder } from './programs.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../dist/mcp-dispatch.cjs');

export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly err: () => string;
  /** What --json has printed. */
  readonly ends: () => { job_id: string; state: string; why?: string }[];
  /** Its exit code, or the signal that ended it. */
  readonly over: Promise<number | string>;
}

interface WorkerConfig {
  /** Lines of [executors.codex]. */
  readonly extra?: string;
  /** Whether it has a write_argv. */
  readonly writes?: boolean;
  /** What stands behind it. */
  readonly tables?: string;
}

export class WorkerWorld {
  readonly programs = new ProgramFolder();
  readonly relay: Relay;
  readonly config: string;
  /** Where the workers make temporary files, and nobody else. */
  readonly temporary: string;
  readonly #folder: string;
  readonly #workers: WorkerProcess[] = [];

  /** `kind` is what the program of the executor does; see program.cjs. */
  constructor(kind: string, { extra = '', writes = true, tables = '' }: WorkerConfig = {}) {
    this.#folder = path.join(this.programs.path, 'relay');
    this.config = path.join(this.programs.path, 'config.toml');
    this.temporary = path.join(this.programs.path, 'tmp');
    mkdirSync(this.temporary);
    const argv = JSON.stringify([process.execPath, this.programs.program, kind, '{output_file}', '--', '{prompt}']);
    const lines = [`argv = ${argv}`, ...(writes ? [`write_argv = ${argv}`] : []), 'env = ["PATH"]', extra];
    writeFileSync(this.config, `dispatch_dir = "${this.#folder}"\n[executors.codex]\n${lines.join('\n')}\n${tables}\n`);
    chmodSync(this.config, 0o600);
    const files = new Files();
    this.relay = new Relay({
      store: new FilesystemStore(this.#folder, { files }),
      processes: new ProcessTable(files),
      executors: ['codex'],
    });
  }

  /** Runs a command to its end. */
  command(...args: readonly string[]): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      ...this.#surroundings(),
      encoding: 'utf8',
    });
    return { code: status, out: stdout, err: stderr };
  }

  #surroundings() {
    const env = {
      PATH: process.env.PATH,
      HOME: this.programs.path,
      TMPDIR: this.temporary,
      MCP_DISPATCH_CONFIG: this.config,
    };
    return { env, cwd: this.programs.path };
  }

  /** A worker for codex, or for the lanes with `--lanes`, once it is ready. */
  async start(...options: readonly string[]): Promise<WorkerProcess> {
    const whose = options.includes('--lanes') ? [] : ['--agent', 'codex'];
    const child = spawn(process.execPath, [PROGRAM, 'worker', ...whose, '--json', ...options], {
      ...this.#surroundings(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const worker = {
      child,
      pid: Number(child.pid),
      err: () => err,
      ends: () =>
        out
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line)),
      over: new Promise<number | string>((resolve) =>
        child.once('close', (code, name) => resolve(code ?? String(name))),
      ),
    };
    this.#workers.push(worker);
    await eventually('the worker', () => err.includes('Waiting for jobs') || child.exitCode !== null);
    return worker;
  }

  async submit(draft: Partial<JobDraft> = {}): Promise<Job> {
    const { job } = await this.relay.jobs.submit('alice', { to: 'codex', task: { prompt: 'Do it.' }, ...draft });
    return job;
  }

  /** Waits until the job is in that state. */
  async until(id: string, state: Job['state'], withinMs?: number): Promise<Job> {
    return eventually(
      `${id} to be ${state}`,
      async () => {
        const job = await this.relay.jobs.look(id);
        return job?.state === state && job;
      },
      withinMs,
    );
  }

  /** Waits until so many programs have begun. */
  async begun(count = 1): Promise<void> {
    await eventually('the program', () => this.programs.pids().length >= count);
  }

  async gone(withinMs = 2000): Promise<void> {
    await eventually('the end of the programs', () => this.programs.running().length === 0, withinMs);
  }

  async remove(): Promise<void> {
    for (const { child, over } of this.#workers) {
      if (isRunning(Number(child.pid))) child.kill('SIGKILL');
      await over;
    }
    await this.gone(5000);
    this.programs.remove();
  }
}
