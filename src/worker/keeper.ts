/**
 * The worker's end of the keeper (`keeper-host.ts`). It is started with the first run. Each of the two watches the other:
 * should the keeper die, what it ran is ended from here; should it not answer, it is made to.
 */
import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { lazyBuiltin } from '../model/lazy-builtin.js';
import type { Files } from '../store/filesystem/files.js';
import { Descent, type Mark, signal } from './descent.js';
import type { Order, RunOrder, Told } from './keeper-protocol.js';
import { removeRunFolder } from './run-folder.js';
import { type EndReason, GRACE_MS, type RunOutcome } from './run-outcome.js';

const childProcess = lazyBuiltin<typeof import('node:child_process')>('node:child_process');

/** What a keeper is granted, twice, beyond the grace of a program before it counts as stopped or hung. */
const PATIENCE_MS = 300;
/** A program that the keeper had forked when it died takes so long to show itself, if it was not told of. */
const LATE_LOOKS_MS = [0, 50, 250];

/** Nothing, since whatever the keeper has could reach a program. */
const KEEPER_ENVIRONMENT: NodeJS.ProcessEnv = {
  // Node hands this one on to each child that is not told otherwise.
  NODE_V8_COVERAGE: undefined,
  // Windows starts nothing without it.
  ...(process.env.SystemRoot === undefined ? {} : { SystemRoot: process.env.SystemRoot }),
};

export type RunRequest = Omit<RunOrder, 'run'>;

/** A run that was asked for. */
export interface Run {
  /** Never rejects. */
  readonly outcome: Promise<RunOutcome>;
  /** The lease of the job was renewed: `endsAt` as `Clock.steady` tells the time. */
  setLease(endsAt: number): void;
  /** Ends it; the first reason counts, and its own end may come before. */
  end(why: EndReason): void;
}

interface Pending {
  readonly request: RunRequest;
  readonly startedAt: number;
  leader: Mark | undefined;
  outputs: readonly string[];
  endedBy: EndReason | undefined;
  backstop: NodeJS.Timeout | undefined;
  settle(outcome: RunOutcome): void;
}

export class Keeper {
  readonly #descent: Descent;
  readonly #runs = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #lastRun = 0;

  constructor(
    /** The built keeper.cjs. */
    private readonly program: string,
    private readonly files: Files,
    private readonly steady: () => number,
  ) {
    this.#descent = new Descent(files);
  }

  /** The process of the keeper; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(request: RunRequest): Run {
    const missing = this.#child === undefined ? this.#missing() : undefined;
    if (missing !== undefined) return notBegun(`${missing} is gone, as after an update: start the worker anew`);
    const run = ++this.#lastRun;
    const outcome = new Promise<RunOutcome>((resolve) => {
      const settle = (ended: RunOutcome) => {
        this.#runs.delete(run);
        clearTimeout(pending.backstop);
        if (this.#runs.size === 0) this.#hold(false);
        resolve(ended);
      };
      const startedAt = this.steady();
      const pending: Pending = {
        request,
        startedAt,
        leader: undefined,
        outputs: [],
        endedBy: undefined,
        backstop: undefined,
        settle,
      };
      this.#runs.set(run, pending);
      this.#expectEnd(pending, request.timeoutMs);
    });
    this.#send({ do: 'run', order: { ...request, run } });
    this.#hold(true);
    return {
      outcome,
      setLease: (endsAt) => this.#send({ do: 'lease', run, endsAt }),
      end: (why) => {
        const pending = this.#runs.get(run);
        if (pending === undefined || pending.endedBy !== undefined) return;
        pending.endedBy = why;
        this.#expectEnd(pending, 0);
        this.#send({ do: 'end', run, why });
      },
    };
  }

  /** Lets the keeper go, and with it whatever still runs. Resolves once it is gone. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.ref();
    if (child.connected) child.disconnect();
    // One that is stopped does not hear that it may go.
    const giveUp = setTimeout(() => child.kill('SIGKILL'), GRACE_MS + 2 * PATIENCE_MS);
    await gone;
    clearTimeout(giveUp);
  }

  /** What a keeper is made of and is not there any more: an update may replace it while the worker waits for its first job. */
  #missing(): string | undefined {
    return [process.execPath, this.program].find((path) => this.files.kindOf(path) === 'missing');
  }

  #send(order: Order): void {
    this.#child ??= this.#launch();
    // What cannot be sent any more is answered by the end of the keeper.
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #launch(): ChildProcess {
    const child = childProcess().spawn(process.execPath, [this.program], {
      // A signal to the group of the worker, such as Ctrl-C, is no signal to the keeper.
      detached: true,
      cwd: dirname(this.program),
      env: KEEPER_ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      windowsHide: true,
    });
    const lose = () => void this.#lost(child);
    child.on('message', (told: Told) => this.#hear(told));
    child.on('exit', lose);
    child.on('error', lose);
    return child;
  }

  /** While nothing runs, the keeper does not keep this process alive. */
  #hold(wanted: boolean): void {
    const child = this.#child;
    if (child === undefined) return;
    if (wanted) {
      child.ref();
      child.channel?.ref();
    } else {
      child.unref();
      child.channel?.unref();
    }
  }

  #hear(told: Told): void {
    const pending = this.#runs.get(told.run);
    if (pending === undefined) return;
    if (told.told === 'started') {
      pending.leader = { pid: told.pid, start: told.start ?? '' };
      pending.outputs = told.outputs;
      // Its time is counted from here: on a busy machine the keeper itself may have taken long to start.
      if (pending.endedBy === undefined) this.#expectEnd(pending, pending.request.timeoutMs);
    } else pending.settle(told.outcome);
  }

  /** A keeper that says nothing then is stopped, or hangs: it is killed, and `#lost` does its work. */
  #expectEnd(pending: Pending, ms: number): void {
    clearTimeout(pending.backstop);
    const wait = ms + pending.request.graceMs + PATIENCE_MS;
    const giveUp = () => this.#child?.kill('SIGKILL');
    // Twice: of a worker that was stopped itself, the first one ends before what the keeper told meanwhile is read.
    const lookAgain = () => {
      pending.backstop = setTimeout(giveUp, PATIENCE_MS);
    };
    pending.backstop = setTimeout(lookAgain, Math.min(wait, 2 ** 31 - 1));
  }

  async #lost(child: ChildProcess): Promise<void> {
    if (this.#child !== child) return;
    this.#child = undefined;
    const lost = [...this.#runs.values()];
    this.#runs.clear();
    await Promise.all(
      lost.map(async (pending) => {
        clearTimeout(pending.backstop);
        await this.#endRun(pending);
        pending.settle({
          exitCode: null,
          signal: null,
          durationMs: Math.round(this.steady() - pending.startedAt),
          endedBy: pending.endedBy,
          keeperLost: true,
          stdout: '',
          stderr: '',
        });
      }),
    );
  }

  async #endRun({ leader, outputs, request: { folder } }: Pending): Promise<void> {
    if (leader !== undefined && !this.#descent.isAnother(leader)) this.#descent.kill(leader, []);
    for (const { pid } of this.#descent.holders(outputs)) signal(pid, 'SIGKILL');
    if (folder === undefined) return;
    if (leader === undefined) {
      for (const ms of LATE_LOOKS_MS) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        for (const mark of this.#descent.givenFolder(folder)) this.#descent.kill(mark, []);
      }
    }
    removeRunFolder(this.files, folder);
  }
}

function notBegun(why: string): Run {
  const none = { exitCode: null, signal: null, durationMs: 0, stdout: '', stderr: '' };
  return {
    outcome: Promise.resolve({ ...none, notStarted: why, isPassing: true }),
    setLease: () => {},
    end: () => {},
  };
}
