/** The real relay beside the model: several processes over one store, on either adapter, and what they hold open. */
import type { Claim } from '../../../src/relay/claim.js';
import type { Relay } from '../../../src/relay/relay.js';
import type { Session } from '../../../src/relay/session.js';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import type { Store } from '../../../src/store/store.js';
import { RelayWorld, type TestProcess } from '../relay-world.js';
import { SimulatedDisk } from '../simulated-disk.js';
import { Glance } from './glance.js';
import { type Agent, Post, type Reply, type Seat } from './post.js';

export type Adapter = 'memory' | 'filesystem';

export class Office {
  readonly world: RelayWorld;
  /** Looks from a process of its own, as a command does: moves and marks nothing. */
  readonly observer: Relay;
  readonly #glance: Glance;
  readonly #glancing: Relay;
  readonly claims = new Map<Reply, Claim>();
  readonly #seats = new Map<Seat, { process: TestProcess; session: Session }>();

  constructor(adapter: Adapter, wrap: (store: Store) => Store = (store) => store) {
    const { system } = new SimulatedDisk();
    // Each process has its own view of the directory. What survives a power cut is not asked here.
    const open = (memory: Store) =>
      adapter === 'memory'
        ? memory
        : new FilesystemStore('/relay', { files: new Files(system), durability: 'process' });
    this.world = new RelayWorld({ wrap: (memory) => wrap(open(memory)) });
    // The times of files are real ones, and are compared with the clock's.
    this.world.clock.set(Date.now());
    this.observer = this.world.process().relay;
    this.#glance = new Glance(this.world.store);
    this.#glancing = this.world.process({ store: this.#glance.store }).relay;
  }

  /** An observer of this moment, who reads each thing once. Good until anything happens. */
  look(): Relay {
    this.#glance.anew();
    return this.#glancing;
  }

  /** The model of a relay that nobody has used yet. */
  model(): Post {
    return new Post(this.world.clock.now());
  }

  async sit(seat: Seat): Promise<void> {
    const process = this.world.process();
    this.#seats.set(seat, { process, session: await process.session(seat.agent) });
  }

  session(seat: Seat): Session {
    return this.#at(seat).session;
  }

  relay(seat: Seat): Relay {
    return this.#at(seat).process.relay;
  }

  /** As kill -9: what it held stays as it is. */
  kill(seat: Seat): void {
    this.#at(seat).process.kill();
  }

  async close(): Promise<void> {
    await this.world.close();
  }

  #at(seat: Seat) {
    const at = this.#seats.get(seat);
    if (at === undefined) throw new Error(`no session of ${seat.agent} was begun`);
    return at;
  }
}

/** A session of `agent` takes its seat, in the model and in the relay. */
export async function begin(post: Post, office: Office, agent: Agent): Promise<Seat> {
  const seat: Seat = { agent, alive: true, sent: 0 };
  await office.sit(seat);
  post.seats.push(seat);
  // It looks as soon as it shows itself, so that what the dead had in hand rings nobody late.
  post.takeBackFromTheDead(agent);
  return seat;
}
