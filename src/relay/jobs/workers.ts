/**
 * Which workers serve an address: `.jobs/workers/<address>/<session>`, a small JSON object with the process. It tells
 * others whether anybody will take a job up soon, and decides nothing.
 */
import * as z from 'zod/v4';
import { addressOf, addressSegment, isAddressSegment } from '../../model/address.js';
import { isAgentId } from '../../model/agent-id.js';
import { isSessionId } from '../../model/ids.js';
import { WRITES, type Writes } from '../../model/job.js';
import { lazy } from '../../model/lazy.js';
import type { Processes } from '../../store/processes.js';
import type { Store } from '../../store/store.js';
import { holderSchema, livenessOf } from '../holder.js';
import { workerKey } from '../keys.js';

const MAX_BYTES = 4096;

const workerSchema = lazy(() =>
  holderSchema().extend({
    since: z.string().max(64),
    // Versions before worktrees knew yes and no.
    writes: z.union([z.enum(WRITES), z.boolean().transform((all): Writes => (all ? 'all' : 'none'))]),
    concurrency: z.number().int().min(1),
  }),
);

export interface Worker {
  readonly session: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Which jobs that may write it takes. */
  readonly writes: Writes;
  /** How many it runs at a time. */
  readonly concurrency: number;
}

export interface Serving {
  /** Of a lane in lower case. */
  readonly address: string;
  readonly worker: Worker;
  readonly alive: boolean;
}

export class Workers {
  constructor(
    private readonly store: Store,
    private readonly processes: Processes,
  ) {}

  async enter(address: string, worker: Omit<Worker, 'pid'>): Promise<void> {
    const value = JSON.stringify({ ...worker, ...this.processes.self() });
    await this.store.put(workerKey(addressSegment(address), worker.session), value);
  }

  async leave(address: string, session: string): Promise<void> {
    await this.store.remove(workerKey(addressSegment(address), session), { durable: false });
  }

  /** The agents that workers serve or have served lately, in order of name. */
  async agents(): Promise<string[]> {
    return (await this.store.list(workerKey())).filter(isAgentId).sort();
  }

  /** Whoever is not known to be dead. */
  async serving(address: string): Promise<Worker[]> {
    return (await this.#all(addressSegment(address))).filter(({ alive }) => alive).map(({ worker }) => worker);
  }

  /** Whether one of them is seen to be there: not one of another machine or container, which may have ended with it. */
  async isSeen(address: string): Promise<boolean> {
    return (await this.#all(addressSegment(address))).some(({ seen }) => seen);
  }

  /** All of every address, also those that are known to be dead and not swept away yet. */
  async everywhere(): Promise<Serving[]> {
    const found: Serving[] = [];
    for (const segment of (await this.store.list(workerKey())).filter(isAddressSegment).sort()) {
      const address = addressOf(segment);
      for (const { worker, alive } of await this.#all(segment)) found.push({ address, worker, alive });
    }
    return found;
  }

  /** Removes the records of the dead. */
  async sweep(): Promise<void> {
    for (const segment of await this.store.list(workerKey())) {
      for (const { worker, alive } of await this.#all(segment)) {
        if (!alive) await this.store.remove(workerKey(segment, worker.session), { durable: false });
      }
      await this.store.prune(workerKey(segment));
    }
  }

  async #all(segment: string): Promise<{ worker: Worker; alive: boolean; seen: boolean }[]> {
    const found: { worker: Worker; alive: boolean; seen: boolean }[] = [];
    for (const name of (await this.store.list(workerKey(segment))).filter(isSessionId)) {
      const read = await this.store.read(workerKey(segment, name), MAX_BYTES);
      const parsed = read?.ok === true ? workerSchema().safeParse(parseJson(read.bytes)) : undefined;
      if (parsed?.success !== true || parsed.data.session !== name) continue;
      const { session, pid, since, writes, concurrency } = parsed.data;
      const liveness = livenessOf(this.processes, parsed.data);
      const worker = { session, pid, since, writes, concurrency };
      found.push({ worker, alive: liveness !== 'dead', seen: liveness !== 'dead' && liveness !== 'unknown' });
    }
    return found;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
