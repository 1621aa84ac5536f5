/** What one run of an executor came to, and its bounds. */

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
  /** With `notStarted`: for want of something that may be there again later, such as room on a disk. */
  readonly isPassing?: true | undefined;
  /** What held the run has died: how it ended is not known. */
  readonly keeperLost?: true | undefined;
  /** What the program left in its output file; absent where it left none, or nothing that can be read safely. */
  readonly message?: string | undefined;
  /** The message went on behind this. */
  readonly messageCut?: true | undefined;
  /** Of a message that was cut: its last bytes, at most `TAIL_BYTES`. */
  readonly messageEnd?: string | undefined;
  /** The last of what it printed, at most `TAIL_BYTES` of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export const TAIL_BYTES = 64 * 1024;
export const MESSAGE_BYTES = 1024 * 1024;
/** Between the request to end, SIGTERM, and the end, SIGKILL. A worker has two seconds to go. */
export const GRACE_MS = 1000;
