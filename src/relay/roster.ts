/**
 * Gives a session without an id the first free name of the roster. Who holds a name is a record changed by
 * compare-and-set, so one of several racing servers gets it, and the name of a dead holder passes to exactly one.
 */
import type { Liveness, Processes } from '../store/processes.js';
import type { Store } from '../store/store.js';
import { type Holder, holderSchema, livenessOf } from './holder.js';
import { rosterKey } from './keys.js';
import type { Presence } from './presence.js';

export interface Holding {
  readonly session: string;
  readonly pid: number;
  readonly liveness: Liveness;
}

export class Roster {
  constructor(
    private readonly names: readonly string[],
    private readonly store: Store,
    private readonly presence: Presence,
    private readonly processes: Processes,
  ) {}

  /** The name that is now held by `session`; undefined when all are held by others or served under an explicit id. */
  async claim(session: string): Promise<string | undefined> {
    const value = JSON.stringify({ session, ...this.processes.self() });
    for (const name of this.names) {
      const record = await this.store.readRecord(rosterKey(name));
      if (record !== undefined && !this.#isFree(record.value)) continue;
      if (await this.presence.isLive(name)) continue;
      if (await this.store.update(rosterKey(name), record?.revision, value)) return name;
    }
    return undefined;
  }

  /** Frees the name, if `session` holds it. */
  async release(name: string, session: string): Promise<void> {
    const record = await this.store.readRecord(rosterKey(name));
    if (record !== undefined && parseHolder(record.value)?.session === session) {
      await this.store.update(rosterKey(name), record.revision, undefined);
    }
  }

  /** Who holds the name, and whether that can be seen to run; undefined when nobody does, or the record says nothing of ours. */
  async holding(name: string): Promise<Holding | undefined> {
    const record = await this.store.readRecord(rosterKey(name));
    const holder = record === undefined ? undefined : parseHolder(record.value);
    if (holder === undefined) return undefined;
    return { session: holder.session, pid: holder.pid, liveness: livenessOf(this.processes, holder) };
  }

  #isFree(value: Uint8Array): boolean {
    const holder = parseHolder(value);
    return holder !== undefined && livenessOf(this.processes, holder) === 'dead';
  }
}

function parseHolder(value: Uint8Array): Holder | undefined {
  try {
    return holderSchema().parse(JSON.parse(Buffer.from(value).toString('utf8')));
  } catch {
    return undefined;
  }
}
