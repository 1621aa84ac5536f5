/** What does a job, as the worker sees it: a program of an executor, or a function where the worker is a module. */
import type { Job } from '../model/job.js';
import type { Filling } from '../relay/jobs/job-events.js';
import type { EndReason } from './run-outcome.js';

export interface Runner {
  /**
   * Gets ready to do the job, and begins nothing.
   * @throws DispatchError for a job that this runner will never do
   */
  prepare(job: Job): Promise<Prepared>;
  /** Ends whatever still runs, and lets go of everything. */
  close(): Promise<void>;
}

export interface Prepared {
  /** For the log, before anything runs. */
  readonly about: {
    readonly executor: string;
    /** The operator's template. */
    readonly argv: readonly string[];
    readonly filled: readonly Filling[];
  };
  start(terms: Terms): Running;
}

export interface Terms {
  /** By when the work must be gone, as `Clock.steady` tells the time. */
  readonly leaseEndsAt: number;
  /** Between the request to end and the end. */
  readonly graceMs: number;
  /** Where the work is done. @default the runner's own folder */
  readonly cwd?: string;
}

export interface Running {
  /** Never rejects. */
  readonly verdict: Promise<Verdict>;
  setLease(endsAt: number): void;
  /** The first reason counts, and what comes of the work then is no outcome; work that was done before stays done. */
  end(why: EndReason): void;
}

/** What came of the work. */
export type Verdict =
  | {
      readonly as: 'completed';
      readonly result: unknown;
      readonly exitCode?: number | undefined;
      /** Why a person is to look at it before it counts. */
      readonly review?: string | undefined;
    }
  /** Done with, and not well: `error` in words for the submitter. */
  | {
      readonly as: 'failed';
      readonly error: string;
      readonly result?: unknown;
      readonly exitCode?: number | undefined;
    }
  /** Ended from outside before it was done. */
  | { readonly as: 'ended'; readonly why: Exclude<EndReason, 'timeout'>; readonly result?: unknown }
  /** It could not be begun, for want of something that may be there again later. */
  | { readonly as: 'unbegun'; readonly why: string }
  /** Nobody knows what came of it. */
  | { readonly as: 'unknown'; readonly why: string };
