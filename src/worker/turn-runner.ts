/**
 * Does jobs with a function of whoever uses the worker as a module. It runs in this process, so nothing can end it but its own
 * heeding of `signal`: while this process is stopped, no time is kept.
 */
import { DispatchError } from '../model/errors.js';
import { type Job, MAX_OUTCOME_BYTES } from '../model/job.js';
import { utf8Bytes } from '../model/text.js';
import { fillingOf } from '../relay/jobs/job-events.js';
import type { RunTurn, Turn } from './api.js';
import { chooseModel } from './argv.js';
import { modelOf } from './executor-runner.js';
import { reviewAskedBy } from './review-request.js';
import type { EndReason } from './run-outcome.js';
import type { Prepared, Runner, Running, Terms, Verdict } from './runner.js';

// What stands beside the result in an outcome, such as what a worktree holds.
const OTHER_BYTES = 32 * 1024;

export interface TurnRunnerOptions {
  readonly name: string;
  readonly runTurn: RunTurn;
  readonly cwd: string;
  readonly models: readonly string[];
  readonly timeoutSeconds: number;
  steady(): number;
}

export class TurnRunner implements Runner {
  constructor(private readonly options: TurnRunnerOptions) {}

  async prepare({ task, write }: Job): Promise<Prepared> {
    const { name, models } = this.options;
    const { prompt } = task;
    const model = chooseModel(models, modelOf(task));
    return {
      about: { executor: name, argv: ['runTurn'], filled: [fillingOf('prompt', prompt)] },
      start: (terms) => this.#start({ prompt, write, ...(model === undefined ? {} : { model }) }, terms),
    };
  }

  async close(): Promise<void> {}

  #start(turn: Omit<Turn, 'signal'>, { leaseEndsAt, graceMs, cwd = this.options.cwd }: Terms): Running {
    const { runTurn, timeoutSeconds, steady } = this.options;
    const control = new AbortController();
    const startedAt = steady();
    let lease: NodeJS.Timeout | undefined;
    let endedBy: EndReason | undefined;
    let giveUp: (verdict: Verdict) => void = () => {};
    const givenUp = new Promise<Verdict>((resolve) => {
      giveUp = resolve;
    });
    const end = (why: EndReason) => {
      if (endedBy !== undefined) return;
      endedBy = why;
      control.abort(new DispatchError('NOT_ALLOWED', `The work is no longer wanted: ${why}.`));
      grace = setTimeout(() => giveUp(ended(why, timeoutSeconds)), graceMs);
    };
    let grace: NodeJS.Timeout | undefined;
    const setLease = (endsAt: number) => {
      clearTimeout(lease);
      lease = setTimeout(() => end('lease'), Math.max(0, endsAt - graceMs - steady()));
    };
    const timeout = setTimeout(() => end('timeout'), timeoutSeconds * 1000);
    setLease(leaseEndsAt);
    // Not at once: what it throws before its first wait is a rejection like any other.
    const work = Promise.resolve().then(() => runTurn(cwd, { ...turn, signal: control.signal }));
    const done = work.then(
      (result): Verdict =>
        endedBy === undefined ? verdictOn(result, steady() - startedAt) : ended(endedBy, timeoutSeconds),
      (error: unknown): Verdict =>
        endedBy === undefined ? { as: 'failed', error: wordsOf(error) } : ended(endedBy, timeoutSeconds),
    );
    const verdict = Promise.race([done, givenUp]).finally(() => {
      for (const timer of [lease, grace, timeout]) clearTimeout(timer);
    });
    return { verdict, setLease, end };
  }
}

function ended(why: EndReason, timeoutSeconds: number): Verdict {
  if (why !== 'timeout') return { as: 'ended', why };
  return { as: 'failed', error: `It was given up: it took longer than ${timeoutSeconds} s.` };
}

function verdictOn(result: unknown, durationMs: number): Verdict {
  let text: string;
  try {
    text =
      JSON.stringify(typeof result === 'string' ? { message: result, duration_ms: Math.round(durationMs) } : result) ??
      'null';
  } catch {
    return { as: 'failed', error: 'What the function resolved to is no JSON.' };
  }
  const bytes = utf8Bytes(text);
  const review = typeof result === 'string' ? reviewAskedBy(result) : undefined;
  if (bytes <= MAX_OUTCOME_BYTES - OTHER_BYTES) return { as: 'completed', result: JSON.parse(text), review };
  const most = MAX_OUTCOME_BYTES - OTHER_BYTES;
  return {
    as: 'failed',
    error: `What the function resolved to takes ${bytes} bytes as JSON, and the limit is ${most}.`,
  };
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 2000).toWellFormed() || 'It failed.';
}
