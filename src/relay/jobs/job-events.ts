/**
 * What happened to jobs, as the event log has it. These lines are chained, see audit/chain.ts, and hold no words of an
 * agent: names, numbers, hashes, and reasons in words of this program.
 */
import { lazyBuiltin } from '../../model/lazy-builtin.js';
import { normalizeTarget } from '../../model/topic.js';

const crypto = lazyBuiltin<typeof import('node:crypto')>('node:crypto');

interface OfJob {
  readonly job: string;
  /** Who submitted it. */
  readonly from: string;
  /** An agent id, a topic such as `#build`, or a lane such as `acme/api`. */
  readonly to: string;
}

interface Holder {
  readonly by: string;
  readonly session: string;
  /** Which claim of the job it is, from 1. */
  readonly attempt: number;
  /** The number of the fencing token. Its nonce is a secret of the holder and never stands here. */
  readonly token: number;
}

/** In words of this program, at most 200 characters. */
interface Why {
  readonly why: string;
}

interface Reviewed {
  readonly when: 'before' | 'after';
}

/** Of the person's note, where there is one, told without telling it. */
interface Noted {
  readonly note?: { readonly bytes: number; readonly sha256: string };
}

/** What stood in for one placeholder of a template, told without telling it. */
export interface Filling {
  /** Of the placeholder, such as `prompt`. */
  readonly name: string;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** The operator's template. It is cut where it is long, and then the hash of its whole JSON says which one it was. */
interface Template {
  readonly argv: readonly string[];
  readonly argv_sha256?: string;
}

export interface JobStartedEvent extends OfJob, Holder, Template {
  readonly event: 'job.started';
  readonly write: boolean;
  readonly executor: string;
  readonly filled: readonly Filling[];
}

export type JobEvent =
  | ({ readonly event: 'job.submitted'; readonly write: boolean } & OfJob)
  /** Of a submit there is no job; of a claim that policy refused there is one. */
  | ({ readonly event: 'job.refused'; readonly by?: string } & Omit<OfJob, 'job'> & Partial<OfJob> & Why)
  | ({ readonly event: 'job.claimed'; readonly write: boolean } & OfJob & Holder)
  /** Noted before anything runs. */
  | JobStartedEvent
  | ({ readonly event: 'job.completed' } & OfJob & Holder)
  /** By `system` where nobody held it, such as after the last attempt. */
  | ({ readonly event: 'job.failed'; readonly by: string } & OfJob & Partial<Holder> & Why)
  /** Given back by its holder. */
  | ({ readonly event: 'job.released' } & OfJob & Holder & Partial<Why>)
  /** The lease ended while it was held, and the job waits to be claimed again. */
  | ({ readonly event: 'job.lease_lost' } & OfJob & Holder & Partial<Why>)
  /** Waits for a person, as `needs_recovery`. */
  | ({ readonly event: 'job.parked'; readonly by: string } & OfJob & Partial<Holder> & Why)
  /** Asked for while it runs. */
  | ({ readonly event: 'job.cancel_requested'; readonly by: string } & OfJob)
  | ({ readonly event: 'job.cancelled'; readonly by: string } & OfJob & Partial<Holder> & Partial<Why>)
  | ({ readonly event: 'job.expired' } & OfJob)
  /** A person decided about a parked one. */
  | ({ readonly event: 'job.recovered'; readonly by: string; readonly why: 'retry' | 'fail' } & OfJob)
  /** A person is to decide; by the submitter before it runs, by its holder, whose fields are there then, after it ran. */
  | ({ readonly event: 'job.review_asked'; readonly by: string } & OfJob & Partial<Holder> & Reviewed)
  /** A person decided: it is queued (`before`), or its result counts (`after`). */
  | ({ readonly event: 'job.approved'; readonly by: string } & OfJob & Reviewed & Noted)
  | ({ readonly event: 'job.rejected'; readonly by: string } & OfJob & Reviewed & Noted)
  /** Its record is gone. */
  | ({ readonly event: 'job.pruned' } & OfJob);

/** What servers did of themselves for work that waits. It concerns no one job. */
export type WorkerEvent =
  /** `to` is a name in `[worker] autospawn`, `start` the id that the worker was given. */
  | { readonly event: 'worker.spawned'; readonly to: string; readonly start: string; readonly pid: number }
  /** Once until a worker is started, or the reason is another one. */
  | { readonly event: 'worker.spawn_refused'; readonly to: string; readonly why: 'pause' | 'ceiling' | 'breaker' };

const MAX_ARGV_BYTES = 1536;
const MAX_ELEMENT_CHARACTERS = 200;

/** A template as a line of the log has room for it. */
export function templateOf(argv: readonly string[]): Template {
  const whole = JSON.stringify(argv);
  if (Buffer.byteLength(whole) <= MAX_ARGV_BYTES) return { argv };
  const kept: string[] = [];
  let bytes = 0;
  for (const element of argv) {
    const cut = element.slice(0, MAX_ELEMENT_CHARACTERS);
    bytes += Buffer.byteLength(JSON.stringify(cut)) + 1;
    if (bytes > MAX_ARGV_BYTES) break;
    kept.push(cut);
  }
  return { argv: kept, argv_sha256: sha256(whole) };
}

// No spaces and no controls, and not long: nothing but a name fits in.
const NAME = /^#?[a-z0-9][a-z0-9_-]{0,63}$/;
const LANE_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}\/[A-Za-z0-9._-]{1,128}$/;

/** Whom a refused job was for: as it was named, or told without telling it where that can be no name. */
export function refusedTarget(text: string): string {
  const name = normalizeTarget(text);
  if (NAME.test(name)) return name;
  const address = text.trim();
  if (LANE_NAME.test(address)) return address;
  const { bytes, sha256 } = fillingOf('to', address);
  return `no name (${bytes} bytes, sha256 ${sha256})`;
}

/** What filled a placeholder, as the log tells it. */
export function fillingOf(name: string, value: string | Uint8Array): Filling {
  return { name, bytes: Buffer.byteLength(value), sha256: sha256(value) };
}

function sha256(value: string | Uint8Array): string {
  return crypto().createHash('sha256').update(value).digest('hex');
}
