/**
 * Workers that servers start by themselves, for the names in `[worker] autospawn`: when work waits that such a worker would take
 * and none is alive. Any number of servers may see it at once. Who starts it is decided by one compare-and-set of the record of
 * the name; what it allows, by spawn-rules.ts. The worker proves by the id of its start that it is the one, before it does anything.
 */
import { kindOf } from '../../model/address.js';
import { DispatchError } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import type { Job } from '../../model/job.js';
import type { Processes } from '../../store/processes.js';
import type { Watch } from '../../store/store.js';
import { jobChannel, spawnKey } from '../keys.js';
import type { Relay } from '../relay.js';
import type { JobTable } from './job-table.js';
import { parseSpawns, serializeSpawns } from './spawn-record.js';
import * as rules from './spawn-rules.js';
import { NO_SPAWNS, type Spawns, type Standing } from './spawn-rules.js';
import { WaitingWork } from './waiting-work.js';
import type { Workers } from './workers.js';

/** What may be started. */
export interface SpawnTarget {
  /** As in `[worker] autospawn`. */
  readonly name: string;
  /** Whether it is the worker of the lanes; else that of the agent of this name. */
  readonly isLanes: boolean;
  /** Whose jobs it does. @throws DispatchError where that cannot be known now */
  addresses(): Promise<readonly string[]>;
  /** Whether it would take this job, were it free. */
  takes(job: Job): boolean;
  /** Where it says what happens, for a person: a path. */
  readonly log: string;
}

/** The worker to start, and the id of the start. */
export interface SpawnOrder {
  readonly target: SpawnTarget;
  readonly id: string;
}

/**
 * Starts the process and gives its PID. `lost` is called when it has ended, however; what it says itself comes before.
 * @throws Error with words for a person, where there is no process then.
 */
export type Launch = (order: SpawnOrder, lost: (why: string) => void) => number;

/** `none`: nothing waits that it would take. `served`: a worker is alive. Of `idle`, that this process starts none. */
export type Look = Standing | { readonly state: 'none' } | { readonly state: 'served' };

export interface Told {
  readonly target: SpawnTarget;
  readonly standing: Standing;
  readonly spawns: Spawns;
}

// Each lost round somebody else has changed the record.
const ROUNDS = 100;
// Far more than a path needs, and less than a line of the log holds.
const MOST_WHY = 300;
/**
 * A worker that cannot be seen from here, as in a sandbox that has ended with it, is believed to live while no job has waited
 * for longer. One more does no harm: a claim decides who has a job.
 */
export const UNSEEN_MS = 10 * 60 * 1000;

interface Parts {
  readonly relay: Pick<Relay, 'store' | 'clock' | 'events'>;
  readonly processes: Processes;
  readonly workers: Workers;
  readonly table: JobTable;
  look(id: string): Promise<Job | undefined>;
}

export class Autospawn {
  /** Set while this process may start workers: once it has lived long enough to be no health check. */
  launch: Launch | undefined;
  readonly #work = new Map<string, WaitingWork>();

  constructor(
    private readonly parts: Parts,
    readonly targets: readonly SpawnTarget[],
  ) {}

  /** The worker of an agent, or without a name that of the lanes; undefined where none is started by itself. */
  find(agent: string | undefined): SpawnTarget | undefined {
    return this.targets.find(({ isLanes, name }) => (agent === undefined ? isLanes : !isLanes && name === agent));
  }

  /** Whose worker would do the jobs of an address; undefined where none is started by itself. */
  targetOf(address: string): SpawnTarget | undefined {
    return this.find(kindOf(address) === 'lane' ? undefined : address);
  }

  /** Starts a worker where work waits, none is alive, and nothing speaks against it; says how that stands. */
  async look(target: SpawnTarget): Promise<Look> {
    const addresses = await target.addresses();
    const work = this.#workOf(target);
    if (!(await work.mayBe(addresses))) return { state: 'none' };
    const { workers, relay } = this.parts;
    let isServed = false;
    for (const address of addresses) {
      if (await workers.isSeen(address)) return { state: 'served' };
      isServed ||= (await workers.serving(address)).length > 0;
    }
    const hasWaited = ({ created_at }: Job) => relay.clock.now() - Date.parse(created_at) >= UNSEEN_MS;
    let isLong = false;
    const takes = (job: Job) => {
      isLong = hasWaited(job);
      return target.takes(job) && (isLong || !isServed);
    };
    if (!(await work.find(addresses, takes))) return { state: isServed ? 'served' : 'none' };
    return this.#start(target, isLong);
  }

  /** A look for a job of this process. Never rejects: the job is made, and others look too. */
  async submitted({ to, state }: Pick<Job, 'to' | 'state'>): Promise<void> {
    const target = state === 'queued' ? this.targetOf(to) : undefined;
    if (target === undefined) return;
    if (this.launch !== undefined) await this.look(target).catch(() => {});
    // That of its lane has nobody listening to it who could start a worker.
    else if (target.isLanes) await this.parts.relay.store.ring(bellOf(target));
  }

  /** Calls `hint` when it may be time for a look; see `Store.watch`. */
  async watch(target: SpawnTarget, hint: () => void): Promise<Watch> {
    return this.parts.relay.store.watch(bellOf(target), hint);
  }

  /** How it stands with one target. Changes nothing. */
  async standing(target: SpawnTarget): Promise<Told> {
    const { spawns } = await this.#read(target);
    return { target, spawns, standing: rules.standingOf(spawns, this.parts.relay.clock.now()) };
  }

  /** How it stands with each target that is more than idle. Changes nothing. */
  async told(): Promise<Told[]> {
    const told: Told[] = [];
    for (const target of this.targets) {
      const one = await this.standing(target);
      const isPlain = one.standing.state === 'idle' || one.standing.state === 'pause';
      if (!isPlain || one.spawns.failures > 0) told.push(one);
    }
    return told;
  }

  /** For the worker itself, before anything else: whether it is the one that was to be started. Durable when it returns. */
  async confirm({ target, id }: SpawnOrder): Promise<boolean> {
    const worker = this.parts.processes.self();
    return (await this.#change(target, (spawns) => rules.confirmed(spawns, id, worker))) !== undefined;
  }

  /** The worker has finished a job. */
  async worked({ target, id }: SpawnOrder): Promise<void> {
    await this.#change(target, (spawns) => rules.worked(spawns, id));
  }

  /** The worker ends in order, and serves nobody any more. */
  async ended({ target, id }: SpawnOrder): Promise<void> {
    await this.#change(target, (spawns) => rules.ended(spawns, id));
    await this.#ring(target);
  }

  /** The start came to nothing, or the worker to a bad end; nothing where its end is known. */
  async failed({ target, id }: SpawnOrder, why: string): Promise<void> {
    const now = this.parts.relay.clock.now();
    const change = await this.#change(target, (spawns) => {
      const after = rules.failed(spawns, id, why.slice(0, MOST_WHY), now);
      return after === spawns ? undefined : after;
    });
    // Whoever saw it alive looks again in a minute else.
    if (change !== undefined) await this.#ring(target);
  }

  /** A person has started a worker by hand, of the lanes without a name: failures, ceiling and breaker begin anew. */
  async forgive(agent: string | undefined): Promise<void> {
    const target = this.find(agent);
    if (target !== undefined) await this.#change(target, rules.forgiven);
  }

  async #start(target: SpawnTarget, isLong: boolean): Promise<Look> {
    const { clock, events } = this.parts.relay;
    // A server that begins to end meanwhile keeps its word.
    const { launch } = this;
    for (let round = 0; round < ROUNDS; round++) {
      const { revision, kept, spawns } = await this.#read(target, isLong);
      const now = clock.now();
      const standing = rules.standingOf(spawns, now);
      if (standing.state === 'idle' && launch !== undefined) {
        const id = newSessionId();
        if (await this.#update(target, revision, rules.started(spawns, id, now))) {
          return this.#launched(launch, { target, id });
        }
        continue;
      }
      const refused = standing.state === 'idle' || !('until' in standing) ? spawns.refused : standing.state;
      const after = refused === spawns.refused ? spawns : { ...spawns, refused };
      // What time has done is written down too: a clock that was set back must not count from anew at each look.
      if (after !== kept && !(await this.#update(target, revision, after))) continue;
      if (refused !== null && refused !== spawns.refused) {
        await events.audit({ event: 'worker.spawn_refused', to: target.name, why: refused }).catch(() => {});
      }
      return standing;
    }
    throw this.#broken(target, 'cannot be changed');
  }

  async #launched(launch: Launch, order: SpawnOrder): Promise<Look> {
    const { clock, events } = this.parts.relay;
    const { target, id } = order;
    try {
      const pid = launch(order, (why) => void this.failed(order, why).catch(() => {}));
      await events.audit({ event: 'worker.spawned', to: target.name, start: id, pid }).catch(() => {});
      return { state: 'starting' };
    } catch (error) {
      await this.failed(order, error instanceof Error ? error.message : String(error));
      return rules.standingOf((await this.#read(target)).spawns, clock.now());
    }
  }

  /** Somebody may have seen this worker, and work, a moment ago. */
  async #ring(target: SpawnTarget): Promise<void> {
    const addresses = await target.addresses().catch(() => []);
    if (await this.#workOf(target).mayBe(addresses)) await this.parts.relay.store.ring(bellOf(target));
  }

  #workOf(target: SpawnTarget): WaitingWork {
    const { table, look, relay } = this.parts;
    const known = this.#work.get(target.name);
    if (known !== undefined) return known;
    const made = new WaitingWork({ open: (address) => table.open(address), look, now: () => relay.clock.now() });
    this.#work.set(target.name, made);
    return made;
  }

  /** Undefined where `decide` leaves it as it is. Durable when it returns. */
  async #change(target: SpawnTarget, decide: (spawns: Spawns) => Spawns | undefined): Promise<Spawns | undefined> {
    for (let round = 0; round < ROUNDS; round++) {
      const { revision, spawns } = await this.#read(target);
      const after = decide(spawns);
      if (after === undefined) return undefined;
      if (await this.#update(target, revision, after)) return after;
    }
    throw this.#broken(target, 'cannot be changed');
  }

  /** `kept` is what the record says, `spawns` what time has made of it; `isLong` counts a worker that cannot be seen as gone. */
  async #read(
    target: SpawnTarget,
    isLong = false,
  ): Promise<{ revision: string | undefined; kept: Spawns; spawns: Spawns }> {
    const { relay, processes } = this.parts;
    const record = await relay.store.readRecord(keyOf(target));
    const kept = record === undefined ? NO_SPAWNS : parseSpawns(record.value);
    if (kept === undefined) throw this.#broken(target, 'cannot be understood');
    const spawns = rules.caughtUp(kept, relay.clock.now(), (worker) => {
      const liveness = processes.check(worker);
      return liveness === 'dead' || (isLong && liveness === 'unknown');
    });
    return { revision: record?.revision, kept, spawns };
  }

  #update(target: SpawnTarget, revision: string | undefined, spawns: Spawns): Promise<boolean> {
    return this.parts.relay.store.update(keyOf(target), revision, serializeSpawns(spawns));
  }

  #broken(target: SpawnTarget, what: string): DispatchError {
    const where = `${keyOf(target)} in ${this.parts.relay.store.location}`;
    const why = `The record of the workers that are started for ${target.name}, ${where}, ${what}: none is started. Move that folder away to begin anew.`;
    return new DispatchError('STORE_UNAVAILABLE', why, { outcome: 'none' });
  }
}

const keyOf = (target: SpawnTarget) => spawnKey(segmentOf(target));

/** What rings for work of an agent; one for all lanes, since they may be many. */
const bellOf = (target: SpawnTarget) => jobChannel(segmentOf(target));

/** No agent has a name with a full stop. */
function segmentOf({ name, isLanes }: SpawnTarget): string {
  return isLanes ? 'lanes.all' : name;
}
