/**
 * What a worker and its keeper tell each other, as JSON over the channel that Node gives a child. Moments are those of
 * `Clock.steady`, which all processes of a machine share: an order that was held up on its way is not thereby extended.
 */
import type { EndReason, RunOutcome } from './run-outcome.js';

export interface RunOrder {
  /** Names the run between these two. */
  readonly run: number;
  /** An absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly cwd: string;
  /** What the program makes files with. */
  readonly umask: number;
  /** The folder to make for the run; absent where it needs none. */
  readonly folder?: string | undefined;
  /** What the program reads; needs a folder. */
  readonly input?: string | undefined;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** When the job may be another's: by then the program is gone. Absent for never. */
  readonly leaseEndsAt?: number | undefined;
}

export type Order =
  | { readonly do: 'run'; readonly order: RunOrder }
  | { readonly do: 'lease'; readonly run: number; readonly endsAt: number }
  | { readonly do: 'end'; readonly run: number; readonly why: EndReason };

export type Told =
  /** Told at once after the program was started: should the keeper die, the worker ends it. */
  | {
      readonly told: 'started';
      readonly run: number;
      readonly pid: number;
      readonly start?: string | undefined;
      /** What its output is, such as "socket:[4711]": whoever has that open belongs to the run. */
      readonly outputs: readonly string[];
    }
  | { readonly told: 'ended'; readonly run: number; readonly outcome: RunOutcome };
