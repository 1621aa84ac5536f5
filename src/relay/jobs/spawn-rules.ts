/**
 * When a worker may be started by itself, and when not: functions of what is known of earlier starts, and the time. Nothing here
 * reads or writes; whose start it is, compare-and-set of the record decides.
 *
 *     starting -> running -> ended             an orderly end is none of the rules' business
 *     starting -> failed                       nobody confirmed it in its time, or it said itself why it cannot work
 *     running  -> failed                       its process is gone, without a word and without having finished a job
 *
 * After each start there is a pause, which doubles with each failure in a row. The third failure in a row opens the breaker: no
 * start for half an hour, then one at a time. The first job that a worker finishes ends the row.
 */
import type { ProcessIdentity } from '../../store/processes.js';

// What costs a start is a program of the operator, such as a model that is paid for. Ten in an hour leave a worker that ends
// after its 5 idle minutes alone, and stop one that is started, does nothing and ends.
export const MOST_STARTS = 10;
export const HOUR_MS = 60 * 60 * 1000;
// What is wrong for a moment only, as during an update, is over at the third try, 90 s after the first.
export const PAUSE_MS = 15_000;
/** What failed three times in two minutes needs a person. */
export const FAILURES_TO_BREAK = 3;
// Constant: whoever repairs the cause and does not know of the breaker sees work go on within half an hour.
export const BREAK_MS = 30 * 60 * 1000;
/** A start takes a second, and on a machine that is short of everything some more. Who comes later finds its start given up. */
export const CONFIRM_MS = 30_000;

// A clock is put right by less than this all the time.
const STEP_BACK_MS = 60_000;
const MOST_FAILURES = 1000;

/** The newest start. */
export interface Start {
  /** Handed to the worker, which proves by it that it is the one. */
  readonly id: string;
  /** Milliseconds since 1970, like all times here. */
  readonly at: number;
  readonly state: 'starting' | 'running' | 'ended';
  /** Null until it has confirmed the start. */
  readonly worker: ProcessIdentity | null;
  /** Whether it has finished a job. */
  readonly worked: boolean;
}

/** What is known of the starts for one address. */
export interface Spawns {
  /** When workers were started in the last hour, oldest first; at most `MOST_STARTS`. */
  readonly starts: readonly number[];
  /** In a row, up to 1000. */
  readonly failures: number;
  /** When the breaker opened; null where the row of failures is not so long. */
  readonly broken_at: number | null;
  /** Null before the first. */
  readonly last: Start | null;
  /** The newest failure of the row, in words of this program. */
  readonly failure: { readonly at: number; readonly why: string } | null;
  /** What the log says keeps a worker from being started; null since the last start. */
  readonly refused: Hold | null;
}

export type Hold = 'pause' | 'ceiling' | 'breaker';

export type Standing =
  /** One may be started. */
  | { readonly state: 'idle' }
  | { readonly state: 'starting' }
  | { readonly state: 'running'; readonly worker: ProcessIdentity }
  /** Until then, in milliseconds since 1970. */
  | { readonly state: Hold; readonly until: number };

export const NO_SPAWNS: Spawns = {
  starts: [],
  failures: 0,
  broken_at: null,
  last: null,
  failure: null,
  refused: null,
};

/** What time has done: the same object where that is nothing. `isDead` is asked of the worker that runs. */
export function caughtUp(spawns: Spawns, now: number, isDead: (worker: ProcessIdentity) => boolean): Spawns {
  const believed = withoutFuture(spawns, now);
  const recent = believed.starts.filter((at) => now - at < HOUR_MS);
  const kept = recent.length === believed.starts.length ? believed : { ...believed, starts: recent };
  const { last } = kept;
  if (last?.state === 'starting' && now - last.at >= CONFIRM_MS) {
    return failed(kept, last.id, `nothing was heard of it for ${CONFIRM_MS / 1000} s`, now);
  }
  if (last?.state !== 'running' || last.worker === null || !isDead(last.worker)) return kept;
  return failed(kept, last.id, 'its process ended without a word', now);
}

/** Times that cannot be, as after the clock was set back, count as now: nothing is held, or open, for longer than from now on. */
function withoutFuture(spawns: Spawns, now: number): Spawns {
  const { starts, broken_at, last } = spawns;
  const isFuture = (at: number) => at > now + STEP_BACK_MS;
  if (![...starts, broken_at ?? 0, last?.at ?? 0].some(isFuture)) return spawns;
  const believed = (at: number) => (isFuture(at) ? now : at);
  return {
    ...spawns,
    starts: starts.map(believed),
    broken_at: broken_at === null ? null : believed(broken_at),
    last: last === null ? null : { ...last, at: believed(last.at) },
  };
}

/** Whether a worker may be started, or why not. Of spawns that are caught up with `now`. */
export function standingOf({ starts, failures, broken_at, last }: Spawns, now: number): Standing {
  if (last?.state === 'starting') return { state: 'starting' };
  if (last?.state === 'running' && last.worker !== null) return { state: 'running', worker: last.worker };
  if (broken_at !== null && now - broken_at < BREAK_MS) return { state: 'breaker', until: broken_at + BREAK_MS };
  const [oldest] = starts;
  if (oldest !== undefined && starts.length >= MOST_STARTS) return { state: 'ceiling', until: oldest + HOUR_MS };
  const pauseMs = PAUSE_MS * 2 ** Math.min(failures, FAILURES_TO_BREAK);
  if (last !== null && now - last.at < pauseMs) return { state: 'pause', until: last.at + pauseMs };
  return { state: 'idle' };
}

/** With a start of this id. The worker is to be started by whoever has put this into the record. */
export function started(spawns: Spawns, id: string, now: number): Spawns {
  const starts = [...spawns.starts, now].slice(-MOST_STARTS);
  return { ...spawns, starts, last: { id, at: now, state: 'starting', worker: null, worked: false }, refused: null };
}

/** The worker is there. Undefined where its start was given up, or another has followed: then it must do nothing. */
export function confirmed(spawns: Spawns, id: string, worker: ProcessIdentity): Spawns | undefined {
  const { last } = spawns;
  if (last?.id !== id || last.state !== 'starting') return undefined;
  return { ...spawns, last: { ...last, state: 'running', worker } };
}

/** The worker has finished a job: whatever was wrong is over. Undefined where that is known. */
export function worked(spawns: Spawns, id: string): Spawns | undefined {
  const { last } = spawns;
  if (last?.id !== id || last.worked) return undefined;
  return { ...spawns, failures: 0, broken_at: null, failure: null, last: { ...last, worked: true } };
}

/** An orderly end of the worker. Undefined where it is known to have ended. */
export function ended(spawns: Spawns, id: string): Spawns | undefined {
  const { last } = spawns;
  if (last?.id !== id || last.state === 'ended') return undefined;
  return { ...spawns, last: { ...last, state: 'ended' } };
}

/** The start came to nothing, or its worker to a bad end; one that had finished a job is in no row. The same where it had ended. */
export function failed(spawns: Spawns, id: string, why: string, now: number): Spawns {
  const { last } = spawns;
  if (last?.id !== id || last.state === 'ended') return spawns;
  const over: Spawns = { ...spawns, last: { ...last, state: 'ended' } };
  if (last.worked) return over;
  const failures = Math.min(spawns.failures + 1, MOST_FAILURES);
  const broken_at = failures >= FAILURES_TO_BREAK ? now : null;
  return { ...over, failures, broken_at, failure: { at: now, why } };
}

/** A person has looked at it: what happened before does not count any more. Undefined where there is nothing to forgive. */
export function forgiven(spawns: Spawns): Spawns | undefined {
  const { starts, failures, last } = spawns;
  if (starts.length === 0 && failures === 0) return undefined;
  return { ...NO_SPAWNS, last: last?.state === 'ended' ? null : last };
}
