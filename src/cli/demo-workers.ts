/** What the demo runs in, and the workers in it: real ones, whose program hangs the first time and answers the second. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DemoFailed, RESULT, type Workers } from './demo-story.js';

// Short, so that nobody waits long for a crash to be noticed.
const LEASE_SECONDS = 2;
const BEGIN_WITHIN_MS = 20_000;
const LOOK_MS = 20;

const PROGRAM = `
import { existsSync, writeFileSync } from 'node:fs';
if (existsSync('begun')) writeFileSync(process.argv[2], ${JSON.stringify(RESULT)});
else {
  writeFileSync('begun', '');
  setInterval(() => {}, 1000);
}
`;

/** A home, a configuration and a relay in one directory. */
export class DemoWorld {
  readonly env: Readonly<Record<string, string>>;

  constructor(
    private readonly program: string,
    readonly directory: string,
  ) {
    const at = (name: string) => path.join(directory, name);
    const { PATH, SystemRoot } = process.env;
    this.env = {
      ...(PATH === undefined ? {} : { PATH }),
      ...(SystemRoot === undefined ? {} : { SystemRoot }),
      MCP_DISPATCH_CONFIG: at('config.toml'),
      MCP_DISPATCH_DIR: at('relay'),
      HOME: directory,
      USERPROFILE: directory,
    };
    const argv = [process.execPath, at('program.mjs'), '{output_file}', '--', '{prompt}'];
    const executor = `[executors.runner]\nargv = ${JSON.stringify(argv)}\ncwd = ${JSON.stringify(directory)}\n`;
    writeFileSync(at('program.mjs'), PROGRAM, { mode: 0o600 });
    writeFileSync(at('config.toml'), executor, { mode: 0o600 });
  }

  /** Whether the program has begun once. */
  get hasBegun(): boolean {
    return existsSync(path.join(this.directory, 'begun'));
  }

  spawn(...args: readonly string[]): ChildProcess {
    const { directory, env } = this;
    return spawn(process.execPath, [this.program, ...args], {
      cwd: directory,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }
}

export class DemoWorkers implements Workers {
  readonly #running = new Set<ChildProcess>();
  #last: ChildProcess | undefined;
  #stderr = '';

  constructor(private readonly world: DemoWorld) {}

  start(): string {
    const args = ['worker', '--agent', 'runner', '--lease', String(LEASE_SECONDS)];
    const child = this.world.spawn(...args);
    this.#last = child;
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    child.on('error', (error) => {
      this.#stderr += `${error.message}\n`;
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
    });
    return `$ mcp-dispatch ${args.join(' ')}`;
  }

  async begun(): Promise<void> {
    for (let waitedMs = 0; !this.world.hasBegun; waitedMs += LOOK_MS) {
      if (waitedMs >= BEGIN_WITHIN_MS) throw new DemoFailed('the worker has not begun with the job');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  kill(): string {
    this.#last?.kill('SIGKILL');
    return `$ kill -9 ${this.#last?.pid}`;
  }

  /** What the workers wrote for a person, for the case that something failed. */
  errorOutput(): string {
    return this.#stderr.trimEnd();
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const gone = new Promise((resolve) => child.once('close', resolve));
        child.kill('SIGTERM');
        await gone;
      }),
    );
  }
}
