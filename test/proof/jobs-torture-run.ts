/**
 * Four real workers and two agent-like claimers do jobs while one of them after the other is killed, or stopped until its
 * lease is over and let go on. Who, when and which jobs follows from the seed; how the processes interleave does not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isEnded, type Job } from '../../src/model/job.js';
import { Relay } from '../../src/relay/relay.js';
import { Files } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { randomOf } from '../helpers/random.js';
import { isAlive, SERVER } from '../helpers/server-sandbox.js';

const PROGRAM = path.join(import.meta.dirname, 'jobs-torture-program.sh');
const WORKERS = 4;
const CLAIMERS = 2;
const CLAIMER_LEASE_SECONDS = 1;
const WORKER_LEASE_SECONDS = 2;
// Longer than any lease here.
const STOPPED_MS = 2500;

/** What a claimer was answered: what it did, the job, its token, and more. */
export type JournalLine = readonly [what: string, id: string, token: string, ...more: string[]];

export class JobsTorture {
  readonly relay: Relay;
  readonly submitted = new Map<string, number>();
  readonly counts = { kills: 0, stops: 0, recovered: 0 };
  readonly retried = new Map<string, number>();
  readonly #random: () => number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #running: (ChildProcess | undefined)[] = [];
  #lives = 0;
  #isOver = false;

  constructor(
    private readonly folder: string,
    private readonly claimer: string,
    seed: number,
  ) {
    this.#random = randomOf(seed);
    mkdirSync(path.join(folder, 'journals'));
    const config = path.join(folder, 'torture.toml');
    const argv = JSON.stringify(['/bin/sh', PROGRAM, '{output_file}', '{prompt}']);
    const limits = ['inbox_messages', 'inbox_bytes', 'sends_per_minute', 'thread_messages_per_hour'];
    writeFileSync(
      config,
      `dispatch_dir = ${JSON.stringify(this.#root)}
durability = "process"
[limits]
${limits.map((each) => `${each} = 0`).join('\n')}
[executors.codex]
argv = ${argv}
write_argv = ${argv}
timeout_seconds = 1
env = ["PATH", "TORTURE_FOLDER"]
`,
      { mode: 0o600 },
    );
    this.#env = { PATH: process.env.PATH, HOME: folder, MCP_DISPATCH_CONFIG: config, TORTURE_FOLDER: folder };
    const files = new Files();
    this.relay = new Relay({
      store: new FilesystemStore(this.#root, { files, durability: 'process' }),
      processes: new ProcessTable(files),
      executors: ['codex'],
    });
  }

  get #root(): string {
    return path.join(this.folder, 'relay');
  }

  /** Until so many jobs were submitted and `ms` are over. */
  async rage(jobs: number, ms: number): Promise<void> {
    const lives = Array.from({ length: WORKERS + CLAIMERS }, (_, seat) => this.#live(seat));
    const until = performance.now() + ms;
    const hurting = this.#hurtUntil(until);
    for (let number = 0; number < jobs; number++) {
      await this.#submit(number);
      // A third at once, so that there is a queue; the others in between.
      if (number > jobs / 3) await sleep(Math.min((ms * 0.8) / jobs, Math.max(0, until - performance.now())));
    }
    await hurting;
    this.#isOver = true;
    for (const child of this.#running) child?.kill('SIGKILL');
    await Promise.all(lives);
  }

  /** In peace: a person has parked jobs tried again, until all have ended. */
  async drain(deadlineMs: number): Promise<Job[]> {
    this.#isOver = false;
    const lives = Array.from({ length: WORKERS + CLAIMERS }, (_, seat) => this.#live(seat));
    const deadline = performance.now() + deadlineMs;
    const left = new Set(this.submitted.keys());
    for (;;) {
      for (const id of left) {
        const { state } = (await this.relay.jobs.look(id)) ?? {};
        if (state === undefined || isEnded(state)) left.delete(id);
        if (state !== 'needs_recovery') continue;
        await this.relay.jobs.recover(id, 'retry', 'human');
        this.retried.set(id, (this.retried.get(id) ?? 0) + 1);
        this.counts.recovered++;
      }
      if (left.size === 0 || performance.now() > deadline) break;
      await sleep(1000);
    }
    this.#isOver = true;
    for (const child of this.#running) child?.kill('SIGKILL');
    await Promise.all(lives);
    return this.all();
  }

  async all(): Promise<Job[]> {
    const jobs: Job[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.relay.jobs.list.page({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      jobs.push(...page.jobs);
      cursor = page.next;
    } while (cursor !== undefined);
    return jobs;
  }

  journal(): JournalLine[] {
    return readdirSync(path.join(this.folder, 'journals')).flatMap((name) =>
      readFileSync(path.join(this.folder, 'journals', name), 'utf8')
        .split('\n')
        // A kill may have cut the last one short.
        .flatMap((line) => (line.endsWith(']') ? [JSON.parse(line) as JournalLine] : [])),
    );
  }

  /** How often the program of the job with this number was started. */
  starts(): Map<number, number> {
    const starts = new Map<number, number>();
    const file = path.join(this.folder, 'runs');
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [])
      if (line !== '') starts.set(Number(line), (starts.get(Number(line)) ?? 0) + 1);
    return starts;
  }

  /** Processes that were started here, or by what was: their environment says so. */
  processes(): string[] {
    return readdirSync('/proc').filter((name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
      try {
        return readFileSync(`/proc/${name}/environ`, 'utf8').includes(this.folder) && isAlive(Number(name));
      } catch {
        return false;
      }
    });
  }

  async #submit(number: number): Promise<void> {
    const random = this.#random;
    const kind = pick(['sleeps', 'forks', 'fails', 'hangs', 'forks', 'sleeps', ...Array(24).fill('is quick')], random);
    const draft = {
      to: random() < 0.6 ? 'codex' : 'bob',
      task: { prompt: `${number} ${kind}` },
      write: random() < 0.3,
      ...(random() < 0.3 ? { requestId: `request ${number}` } : {}),
    };
    const { job } = await this.relay.jobs.submit('alice', draft);
    this.submitted.set(job.id, number);
  }

  /** One process after the other in one seat. */
  async #live(seat: number): Promise<void> {
    while (!this.#isOver) {
      const child = seat < WORKERS ? this.#worker() : this.#claimer();
      this.#running[seat] = child;
      const [code] = await once(child, 'exit');
      // Nobody but this ends them.
      if (code !== null) throw new Error(`seat ${seat} ended by itself, with ${code}: ${this.#said.get(child)}`);
    }
  }

  readonly #said = new WeakMap<ChildProcess, string>();

  #worker(): ChildProcess {
    const options = ['--allow-writes', '--interval', '200', '--lease', String(WORKER_LEASE_SECONDS)];
    return this.#spawn(SERVER, 'worker', '--agent', 'codex', ...options);
  }

  #claimer(): ChildProcess {
    const life = this.#lives++;
    const journal = path.join(this.folder, 'journals', String(life));
    return this.#spawn(this.claimer, this.#root, 'live', journal, String(life), String(CLAIMER_LEASE_SECONDS));
  }

  #spawn(program: string, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [program, ...args], {
      env: this.#env,
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said.set(child, `${this.#said.get(child) ?? ''}${text}`.slice(-2000));
    });
    return child;
  }

  async #hurtUntil(until: number): Promise<void> {
    const going: Promise<void>[] = [];
    while (performance.now() < until) {
      await sleep(200 + this.#random() * 500);
      const child = this.#running[Math.trunc(this.#random() * this.#running.length)];
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      if (this.#random() < 0.5) {
        this.counts.kills++;
        child.kill('SIGKILL');
      } else {
        this.counts.stops++;
        child.kill('SIGSTOP');
        going.push(sleep(STOPPED_MS).then(() => void child.kill('SIGCONT')));
      }
    }
    await Promise.all(going);
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.trunc(random() * items.length)] as T;
}
