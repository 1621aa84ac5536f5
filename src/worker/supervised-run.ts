/**
 * One program under the eyes of the keeper.
 *
 *   running   until it exits, or its time, its lease or the worker's patience is over: then `ending`
 *   ending    SIGTERM to its group; SIGKILL to the group and the rest of the family after the grace
 *   exited    what is left of its group and family is killed; what still holds its output is found, and killed
 *   done      the outcome is told, and the folder is gone
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { errnoOf } from '../model/errors.js';
import type { Files } from '../store/filesystem/files.js';
import { type Descent, type Mark, signal } from './descent.js';
import type { RunOrder, Told } from './keeper-protocol.js';
import { OutputTail } from './output-tail.js';
import { inputFileIn, makeRunFolder, readMessage, removeRunFolder } from './run-folder.js';
import { type EndReason, type RunOutcome, TAIL_BYTES } from './run-outcome.js';

/** How often the family is looked at, so that who leaves the group and then loses its parent is known. */
const LOOK_MS = 2000;
/** How long the output may stay open once the program and its family are gone. */
const OUTPUT_MS = 100;
// setTimeout takes no more.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Surroundings {
  readonly files: Files;
  readonly descent: Descent;
  /** As `Clock.steady`. */
  steady(): number;
  tell(told: Told): void;
}

export class SupervisedRun {
  readonly #order: RunOrder;
  readonly #around: Surroundings;
  readonly #startedAt: number;
  readonly #stdout = new OutputTail(TAIL_BYTES);
  readonly #stderr = new OutputTail(TAIL_BYTES);
  #child: ChildProcess | undefined;
  #leader: Mark | undefined;
  #known: Mark[] = [];
  /** Once it is there, and ours. */
  #folder: string | undefined;
  #outputs: readonly string[] = [];
  #leaseEndsAt: number;
  #endedBy: EndReason | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looks: NodeJS.Timeout | undefined;
  #exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  #isDone = false;

  constructor(
    order: RunOrder,
    around: Surroundings,
    private readonly done: () => void,
  ) {
    this.#order = order;
    this.#around = around;
    this.#startedAt = around.steady();
    this.#leaseEndsAt = order.leaseEndsAt ?? Number.POSITIVE_INFINITY;
  }

  start(): void {
    // Another may have begun.
    if (this.#leaseEndsAt <= this.#around.steady()) this.#endedBy ??= 'lease';
    if (this.#endedBy !== undefined) {
      this.#finish();
      return;
    }
    try {
      this.#child = this.#spawn();
    } catch (error) {
      this.#finish(failureOf(error, this.#order));
      return;
    }
    const { pid, stdout, stderr } = this.#child;
    this.#child.on('error', (error) => {
      if (pid === undefined) this.#finish(failureOf(error, this.#order));
    });
    if (pid === undefined) return;
    const { descent, tell } = this.#around;
    const mark = descent.mark(pid);
    this.#outputs = [1, 2].flatMap((fd) => descent.descriptor(pid, fd) ?? []);
    tell({ told: 'started', run: this.#order.run, pid, start: mark?.start, outputs: this.#outputs });
    this.#leader = mark ?? { pid, start: '' };
    stdout?.on('data', (chunk: Buffer) => this.#stdout.add(chunk));
    stderr?.on('data', (chunk: Buffer) => this.#stderr.add(chunk));
    this.#child.on('exit', (code, name) => this.#exited(code, name));
    this.#child.on('close', () => this.#finish());
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
    this.#watchTheTime();
  }

  /** The lease was renewed. */
  setLease(endsAt: number): void {
    this.#leaseEndsAt = endsAt;
    if (this.#leader !== undefined && this.#endedBy === undefined && this.#exit === undefined) this.#watchTheTime();
  }

  /** Ends the run, with the grace; the first reason counts. */
  end(why: EndReason): void {
    if (this.#endedBy !== undefined || this.#exit !== undefined) return;
    this.#endedBy = why;
    if (this.#leader === undefined) return;
    this.#look();
    signal(-this.#leader.pid, 'SIGTERM');
    const graceMs = Math.min(this.#order.graceMs, this.#leaseEndsAt - this.#around.steady());
    this.#setTimer(graceMs, () => this.#killAll());
  }

  /** Without any grace, and nothing is told: for a keeper that cannot stay. */
  abandon(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#killAll();
    if (this.#folder !== undefined) removeRunFolder(this.#around.files, this.#folder);
  }

  #spawn(): ChildProcess {
    const { program, args, env, cwd, umask, folder, input } = this.#order;
    const { files } = this.#around;
    if (folder !== undefined) {
      try {
        makeRunFolder(files, folder, input);
      } catch (error) {
        throw new NoFolder(folder, { cause: error });
      }
      this.#folder = folder;
    }
    const start = (stdin: number | 'ignore') => {
      // What the program makes is the operator's, not the relay's.
      const ours = process.umask(umask);
      try {
        return spawn(program, args, {
          cwd,
          env: Object.fromEntries(env),
          stdio: [stdin, 'pipe', 'pipe'],
          detached: process.platform !== 'win32',
          windowsHide: true,
        });
      } finally {
        process.umask(ours);
      }
    };
    if (folder === undefined || input === undefined) return start('ignore');
    // A file and no pipe: a program that does not read its input holds nothing up.
    return files.withOpen(inputFileIn(folder), start);
  }

  #watchTheTime(): void {
    const now = this.#around.steady();
    const { timeoutMs, graceMs } = this.#order;
    const timeLeft = this.#startedAt + timeoutMs - now;
    // So that it has the grace, and is gone when another may begin.
    const leaseLeft = this.#leaseEndsAt - graceMs - now;
    if (timeLeft <= leaseLeft) this.#setTimer(timeLeft, () => this.end('timeout'));
    else this.#setTimer(leaseLeft, () => this.end('lease'));
  }

  #setTimer(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, Math.max(0, Math.min(ms, LONGEST_TIMER_MS)));
  }

  #look(): void {
    if (this.#leader !== undefined) this.#known = this.#around.descent.family(this.#leader, this.#known);
  }

  #killAll(): void {
    if (this.#leader !== undefined) this.#around.descent.kill(this.#leader, this.#known);
  }

  #exited(code: number | null, name: string | null): void {
    this.#exit = { code, signal: name };
    clearInterval(this.#looks);
    this.#killAll();
    this.#setTimer(OUTPUT_MS, () => {
      // Somebody left the family and kept the output: nothing else tells whose it is.
      for (const { pid } of this.#around.descent.holders(this.#outputs)) signal(pid, 'SIGKILL');
      this.#setTimer(OUTPUT_MS, () => this.#finish());
    });
  }

  #finish(failure: Failure = {}): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looks);
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    const { files, steady, tell } = this.#around;
    const folder = this.#folder;
    const { run } = this.#order;
    const outcome: RunOutcome = {
      exitCode: this.#exit?.code ?? null,
      signal: this.#exit?.signal ?? null,
      durationMs: Math.round(steady() - this.#startedAt),
      endedBy: this.#endedBy,
      ...failure,
      ...(folder === undefined ? {} : readMessage(files, folder)),
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
    };
    if (folder !== undefined) removeRunFolder(files, folder);
    tell({ told: 'ended', run, outcome });
    this.done();
  }
}

type Failure = Pick<RunOutcome, 'notStarted' | 'isPassing'>;

class NoFolder extends Error {}

const SHORTAGES: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

/**
 * In words that name what the operator can correct, and none of a job. Only a prompt that is too long is the job's own fault: a
 * program that is gone, as while it is updated, would else fail every job that waits.
 */
function failureOf(error: unknown, order: RunOrder): Failure {
  if (errnoOf(error) !== 'E2BIG') return { notStarted: wantOf(error, order), isPassing: true };
  const remedy = 'the operator can give it to the program as its input, with stdin = "{prompt}"';
  return { notStarted: `the prompt is too long for an argument; ${remedy}` };
}

function wantOf(error: unknown, { program, cwd }: RunOrder): string {
  if (error instanceof NoFolder) {
    return `the folder ${error.message} for its files cannot be made (${errnoOf(error.cause) ?? 'unknown error'})`;
  }
  const errno = errnoOf(error) ?? 'unknown error';
  if (SHORTAGES.has(errno)) return `the system has no room for it (${errno})`;
  if (errno === 'ENOENT') return `${program} is gone, or the folder ${cwd} is`;
  if (errno === 'EACCES') return `${program} may not be run, or the folder ${cwd} not be entered`;
  return `${program} could not be started (${errno})`;
}
