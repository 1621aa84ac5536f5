/**
 * Jobs that can be submitted again: which job a submitter has made under a request id. The name is created exclusively and
 * synced before the job is made, and tells its id and time; so of several that submit at once, and of one that was killed
 * in between and comes again, all make the same job.
 */
import { sha256 } from '../../model/digest.js';
import { DispatchError } from '../../model/errors.js';
import { isJobId } from '../../model/ids.js';
import type { Store } from '../../store/store.js';
import { jobRequestKey } from '../keys.js';
import { takeAway } from '../send-key.js';

export const MAX_REQUEST_BYTES = 4096;

export interface Reserved {
  readonly id: string;
  /** ISO 8601, UTC: when the job was made. */
  readonly created_at: string;
  /** Of what was asked for, 64 hex digits: the same again is the same request. */
  readonly digest: string;
}

export class JobRequest {
  readonly #key: string;

  constructor(
    private readonly store: Store,
    from: string,
    requestId: string,
  ) {
    this.#key = jobRequestKey(from, sha256(requestId).slice(0, 32));
  }

  /** The job that it stands for, made or to be made: the one given, or that of whoever was first. */
  async reserve(wanted: Reserved): Promise<Reserved> {
    for (;;) {
      const first = await this.find();
      if (first !== undefined) return first;
      if (await this.store.create(this.#key, JSON.stringify(wanted))) return wanted;
    }
  }

  /** Durable when it returns: who was first may have been killed before that. */
  async find(): Promise<Reserved | undefined> {
    const read = await this.store.read(this.#key, MAX_REQUEST_BYTES);
    if (read === undefined) return undefined;
    const reserved = read.ok ? parseReserved(read.bytes) : undefined;
    if (reserved === undefined) {
      const where = `${this.#key} in ${this.store.location}`;
      const why = `The record of this request_id, ${where}, cannot be understood, so it is not known whether there is a job. Move that file away to submit it, or use another request_id.`;
      throw new DispatchError('STORE_UNAVAILABLE', why, { outcome: 'none' });
    }
    return (await this.store.move(this.#key, this.#key, { durable: true })) ? reserved : undefined;
  }

  /** Lets the request id go, if it stands for `id`: it means a new job from now on. */
  async forget(id: string): Promise<void> {
    const isIt = (bytes: Uint8Array) => parseReserved(bytes)?.id === id;
    // Between the look and the removal it may have been let go and taken for another job.
    if ((await this.find())?.id === id) await takeAway(this.store, this.#key, isIt);
  }
}

// A day before the sweep takes it away, so that nobody makes a job of one that is just being removed.
const UNMADE_LIFETIME_MS = 6 * 24 * 60 * 60 * 1000;

/** True for a request whose submit was cut short so long ago that to repeat it means another job. */
export function isOver({ created_at }: Reserved, now: number): boolean {
  return Math.abs(now - Date.parse(created_at)) >= UNMADE_LIFETIME_MS;
}

export function parseReserved(bytes: Uint8Array): Reserved | undefined {
  try {
    const { id, created_at, digest } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (!isJobId(String(id)) || Number.isNaN(Date.parse(created_at)) || typeof digest !== 'string') return undefined;
    return { id, created_at, digest };
  } catch {
    return undefined;
  }
}
