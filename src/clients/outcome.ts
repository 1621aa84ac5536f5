/** What became of one client. */
import type { Client } from './client.js';
import { SetupProblem } from './setup-problem.js';

export type Status =
  /** Set up now, or brought up to date. */
  | 'set-up'
  | 'already-set-up'
  | 'removed'
  /** There was nothing of ours. */
  | 'not-set-up'
  /** Not all of it could be done here: `byHand` has the rest. */
  | 'by-hand'
  | 'failed';

export interface Change {
  readonly what: 'server' | 'hooks' | 'server and hooks' | 'executors';
  readonly file: string;
  /** What was run, or is to be run with --dry-run. */
  readonly command?: readonly string[];
  /** The difference, with --dry-run. Undefined where the client's own command makes it. */
  readonly diff?: readonly string[];
  /** The copy that was made of the file as it was. */
  readonly backup?: string;
}

export interface Outcome {
  readonly client: string;
  readonly name: string;
  readonly status: Status;
  /** In the order in which they were made, also those before a failure. */
  readonly changes: readonly Change[];
  /** What a person has to put where, with the lines to paste. */
  readonly byHand?: { readonly text: string; readonly paste?: string };
  /** What a person does next, as clauses without a full stop. */
  readonly next: readonly string[];
  /** Good to know, as sentences. */
  readonly notes: readonly string[];
  readonly error?: string;
}

/** Collects what happens to a client while it happens, so that a failure does not hide what was done before. */
export class Progress {
  readonly changes: Change[] = [];
  readonly notes: string[] = [];
  byHand: Outcome['byHand'];

  constructor(private readonly client: Pick<Client, 'id' | 'name'>) {}

  end(status: Status, next: readonly string[] = []): Outcome {
    const { changes, notes, byHand } = this;
    const { id, name } = this.client;
    return { client: id, name, status, changes, next, notes, ...(byHand === undefined ? {} : { byHand }) };
  }

  /** The outcome of `work`, also where that throws a `SetupProblem`. */
  async run(work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SetupProblem)) throw error;
      return { ...this.end('failed'), error: error.message };
    }
  }
}
