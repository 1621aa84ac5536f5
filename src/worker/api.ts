/**
 * The worker as a module: `import { runWorker } from 'mcp-dispatch/worker'`.
 *
 * Shipped as it stands, as the types of that module: only types stand here, and nothing is imported.
 */

export interface RunWorkerOptions {
  /** Whose jobs it does, and in whose name. */
  readonly agent: string;
  /** Does one job. */
  readonly runTurn: RunTurn;
  /** Handed to `runTurn`. @default the folder of this process */
  readonly cwd?: string;
  /** What a job may choose from as `model`; the first is meant where it names none. @default none */
  readonly models?: readonly string[];
  /** Seconds after which a job is given up. 1 to 86400. @default 1800 */
  readonly timeoutSeconds?: number;
  /**
   * Whether it does jobs that may change things too: all of them, or only those that have a git worktree of their own, which
   * `runTurn` is then given as its `cwd`. @default false
   */
  readonly allowWrites?: boolean | 'worktrees';
  /** Ends after one job, or at once where there is none. @default false */
  readonly once?: boolean;
  /** Milliseconds between two looks for jobs; it also hears of them. 100 to 3600000. @default 5000 */
  readonly intervalMs?: number;
  /** Ends after so many milliseconds without a job; 1 or more. @default never */
  readonly idleTimeoutMs?: number;
  /** Jobs at a time. 1 to 64. @default 1 */
  readonly concurrency?: number;
  /** Seconds for which a job is held at a time. 1 to 3600. @default 60 */
  readonly leaseSeconds?: number;
  /** Where the configuration is looked for, as the command does. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends the worker: `runTurn` is told by its own signal, and the job is given back or, where it may write, parked. */
  readonly signal?: AbortSignal;
  /** A job was claimed. */
  readonly onStart?: (job: StartedJob) => void;
  /** A job is settled, or no longer held here. */
  readonly onEnd?: (end: EndedJob) => void;
  /** A sentence for a person. @default written to stderr */
  readonly onWarning?: (text: string) => void;
}

/**
 * Resolves to the result of the job, any JSON of almost 1 MiB; text stands for `{ message }`, and where its last line is
 * `NEEDS_REVIEW: reason`, the job waits until a person has looked at it. Rejects where the work failed,
 * with words for the submitter. It runs in the process of the worker: nothing can end it but its own heeding of `signal`.
 */
export type RunTurn = (cwd: string, turn: Turn) => Promise<unknown>;

export interface Turn {
  readonly prompt: string;
  /** One of `models`; absent where there are none. */
  readonly model?: string;
  /** Whether it may change things. */
  readonly write: boolean;
  /** Aborted when the work is no longer wanted: its time or its lease is over, it was cancelled, or the worker ends. */
  readonly signal: AbortSignal;
}

export interface StartedJob {
  readonly job_id: string;
  /** Who submitted it. */
  readonly from: string;
  readonly attempt: number;
  readonly write: boolean;
}

export interface EndedJob {
  readonly job_id: string;
  /**
   * `queued`: given back. `lost`: another may have it, and what was done is discarded. `needs_review`: done, and a person is to
   * look at it.
   */
  readonly state:
    | 'completed'
    | 'failed'
    | 'cancelled'
    | 'expired'
    | 'queued'
    | 'needs_recovery'
    | 'needs_review'
    | 'lost';
  readonly attempt: number;
  readonly write: boolean;
  readonly duration_ms: number;
  /** In words of the worker's own, or of what `runTurn` rejected with. */
  readonly why?: string;
}

/** `nothing`: `once`, and there was no job. */
export type WorkerEnd = 'once' | 'nothing' | 'idle' | 'stopped';

/**
 * Works until `signal` is aborted, or as `once` and `idleTimeoutMs` say. Rejects where the options or the configuration are
 * wrong, and where the relay cannot be used.
 */
export type RunWorker = (options: RunWorkerOptions) => Promise<WorkerEnd>;
