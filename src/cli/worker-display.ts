/**
 * What a worker does, on stderr: on a terminal a live line for each job that runs, below the lines of what has happened; else
 * a line for each change. Nothing of a job's own words. On stdout, with --json, one object for each end.
 */
import type { Clock } from '../model/clock.js';
import type { Writes } from '../model/job.js';
import { forTerminal, jsonForTerminal, linesForTerminal } from '../model/text.js';
import type { HeldJob, JobEnd } from '../worker/held-job.js';
import type { Context } from './command.js';
import { durationOf, momentOf } from './layout.js';

const REDRAW_MS = 1000;
// Lines that have left the screen above cannot be taken back.
const MOST_LIVE = 10;
// As wide as the time before other lines.
const INDENT = ' '.repeat('20:30:00Z  '.length);
const UP_AND_CLEAR = (lines: number) => `\x1b[${lines}A\x1b[J`;

const ALSO: Readonly<Record<Writes, string>> = {
  none: '',
  worktrees: ', also such as may change things in a worktree of their own',
  all: ', also such as may change things',
};

export class WorkerDisplay {
  readonly #running = new Map<string, HeldJob>();
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly context: Pick<Context, 'terminal' | 'json'>,
    private readonly clock: Clock,
  ) {}

  ready(agent: string, writes: Writes): void {
    this.#line(`Waiting for jobs of ${agent}${ALSO[writes]}. Ctrl-C ends it.`);
  }

  nothing(): void {
    this.#line('There is no job to do now.');
  }

  started(held: HeldJob): void {
    this.#running.set(held.job.id, held);
    if (!this.#isLive) this.#line(`${held.job.id}  running  attempt ${held.job.attempts}  for ${held.job.from}`);
    else {
      this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
      this.#draw();
    }
  }

  ended(end: JobEnd): void {
    this.#running.delete(end.job);
    if (this.#running.size === 0) this.#stopDrawing();
    const { style } = this.context.terminal;
    const paint = end.state === 'completed' ? style.green : end.state === 'failed' ? style.red : style.yellow;
    const why = end.why === undefined ? '' : `  ${forTerminal(end.why, 200)}`;
    this.#line(`${end.job}  ${paint(nameOf(end))}  after ${durationOf(end.durationMs)}${why}`);
    if (this.context.json) void this.context.terminal.out(`${jsonForTerminal(jsonOf(end))}\n`);
  }

  warned(text: string): void {
    for (const line of linesForTerminal(text)) this.#line(this.context.terminal.style.yellow(line));
  }

  close(): void {
    this.#stopDrawing();
  }

  get #isLive(): boolean {
    return this.context.terminal.errColumns !== undefined;
  }

  /** A line that stays, above those that are redrawn. */
  #line(text: string): void {
    const moment = momentOf(new Date(this.clock.now()).toISOString());
    // A log is read days later.
    const time = this.#isLive ? moment.slice(11) : moment;
    this.#erase();
    this.context.terminal.err(`${this.context.terminal.style.dim(time)}  ${text}\n`);
    if (this.#isLive) this.#draw();
  }

  #draw(): void {
    const { terminal } = this.context;
    const columns = terminal.errColumns ?? 80;
    this.#erase();
    const texts = [...this.#running.values()].slice(0, MOST_LIVE).map((held) => {
      const { id, attempts, from, write } = held.job;
      const kind = write ? '  may write' : '';
      return `${id}  running ${durationOf(held.durationMs)}  attempt ${attempts}  for ${from}${kind}`;
    });
    if (this.#running.size > MOST_LIVE) texts.push(`and ${this.#running.size - MOST_LIVE} more`);
    for (const text of texts) {
      // One that is broken by the terminal could not be taken back.
      terminal.err(`${terminal.style.cyan(`${INDENT}${text}`.slice(0, columns - 1))}\n`);
    }
    this.#drawn = texts.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.context.terminal.err(UP_AND_CLEAR(this.#drawn));
    this.#drawn = 0;
  }

  #stopDrawing(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }
}

/** `queued` says little to whoever watches this worker. */
function nameOf({ state }: JobEnd): string {
  switch (state) {
    case 'queued':
      return 'given back';
    case 'needs_recovery':
      return 'parked';
    case 'needs_review':
      return 'waits for review';
    case 'lost':
      return 'lost';
    default:
      return state;
  }
}

function jsonOf({ job, state, write, attempt, durationMs, exitCode, why }: JobEnd): object {
  return { job_id: job, state, attempt, write, duration_ms: durationMs, exit_code: exitCode, why };
}
