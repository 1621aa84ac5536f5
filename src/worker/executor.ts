/** What the operator writes of a program that does jobs, and what one run of it came to. */

/** `[executors.<agent>]`. Only the operator says what runs: a job fills the placeholders that stand here, and nothing else. */
export interface Executor {
  /** The program and its arguments; a placeholder such as `{prompt}` is one whole argument. */
  readonly argv: readonly string[];
  /** The same for jobs that may write; absent where no job may. */
  readonly writeArgv?: readonly string[];
  readonly timeoutSeconds: number;
  /** The names of the variables that the program gets, with the values that the worker has them with. */
  readonly env: readonly string[];
  /** An absolute path; absent for the folder in which the worker was started. */
  readonly cwd?: string;
  /** What a job may choose from; the first is used where a job names none. */
  readonly models: readonly string[];
  /** `{prompt}`, where the program reads it from its input. */
  readonly stdin?: string;
}

/** The name of the placeholder that this argument is; undefined for one that is the operator's own words. */
export function placeholderOf(argument: string): string | undefined {
  return /^\{([a-z_]+)\}$/.exec(argument)?.[1];
}

/** True where "--" stands before the argument at `index`, with nothing but other placeholders between. */
export function isBehindDashes(argv: readonly string[], index: number): boolean {
  let before = index - 1;
  while (before > 0 && placeholderOf(argv[before] ?? '') !== undefined) before--;
  return before > 0 && argv[before] === '--';
}

/**
 * Why a run was ended from outside. `timeout`: it took longer than its executor may. `lease`: the lease of the job ran out.
 * `cancelled`: somebody asked for it. `lost`: another has the job. `stopped`: the worker ends, or is gone.
 */
export type EndReason = 'timeout' | 'lease' | 'cancelled' | 'lost' | 'stopped';

/** What became of a run. The program and all that is known of what it started are gone by then. */
export interface RunOutcome {
  /** Null where it was ended by a signal, did not start, or nothing is known. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  /** Absent where the program ended by itself. */
  readonly endedBy?: EndReason | undefined;
  /** Why there was no program to run, in words of ours. */
  readonly notStarted?: string | undefined;
  /** What held the run has died: how it ended is not known. */
  readonly keeperLost?: true | undefined;
  /** What the program left in its output file; absent where it left none, or nothing that can be read safely. */
  readonly message?: string | undefined;
  /** The message went on behind this. */
  readonly messageCut?: true | undefined;
  /** The last of what it printed, at most `TAIL_BYTES` of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export const TAIL_BYTES = 64 * 1024;
export const MESSAGE_BYTES = 1024 * 1024;
/** Between the request to end, SIGTERM, and the end, SIGKILL. A worker has two seconds to go. */
export const GRACE_MS = 1000;
