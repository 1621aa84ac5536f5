/**
 * The names that agents have from their project. A slot is a record under the name: it binds the name to the project for
 * good, to the client's own session as long as no other takes it, and to the process that serves it now. It is changed by
 * compare-and-set, so of several racing servers one gets it: docs/adr/0013-names-from-the-project.md.
 */
import { DispatchError, isDispatchError } from '../model/errors.js';
import { numberedName, type Project } from '../model/project.js';
import type { Processes } from '../store/processes.js';
import { livenessOf } from './holder.js';
import { SLOTS, slotKey } from './keys.js';
import type { Relay } from './relay.js';
import { parseSlot, type SlotRecord } from './slot-record.js';

export interface Claimant {
  /** Of this server. */
  readonly session: string;
  readonly project: Project;
  /** As the client calls itself. */
  readonly client: string | undefined;
  /** What the client calls its session, the newest last; empty where it does not say. */
  readonly clientSessions: readonly string[];
}

export interface Waiting {
  readonly agent: string;
  /** Messages; at least 1. */
  readonly unread: number;
}

interface Slot extends SlotRecord {
  readonly name: string;
  readonly revision: string;
}

// Each lost one was won by somebody else; a record that can be lost so often can never be won.
const ROUNDS = 100;

type Parts = Pick<Relay, 'store' | 'presence' | 'agents' | 'mail'>;

export class Slots {
  constructor(
    private readonly relay: Parts,
    private readonly processes: Processes,
  ) {}

  /**
   * A name for a session of the project:
   *
   * 1. The slot that was last bound to the same session of the client: also one that is held, since a client that starts a
   *    second server for a session has given up the first.
   * 2. A free slot of the project: one that was adopted for it, else one whose last session had the same client, else any;
   *    the one with the lowest number of each kind. It is free when its session has ended or is proven dead.
   * 3. The first name of the row `webapp`, `webapp-2`, ... that is no slot, and that nobody serves or served by its id.
   *
   * @throws what the store throws.
   */
  async claim(claimant: Claimant): Promise<string> {
    // Names whose first record could not be made. Where there is none the next time round either, it cannot be made at all.
    const failed = new Set<string>();
    for (;;) {
      const { slots, taken } = await this.#look();
      const slot = await this.#choose(slots, claimant);
      const name = slot?.name ?? (await this.#newName(claimant.project, (name) => taken.has(name) || failed.has(name)));
      const value = this.#heldBy(claimant);
      if (await this.relay.store.update(slotKey(name), slot?.revision, value)) return name;
      // Somebody else was quicker, maybe for the same session of the client: so the choice is made anew.
      if (slot === undefined) failed.add(name);
    }
  }

  /**
   * Notes what the client calls its session by now, as long as the slot is held by this one; makes its record anew where
   * the relay was removed.
   */
  async keep(name: string, claimant: Claimant): Promise<void> {
    const slot = await this.#read(name);
    if (slot === undefined) await this.relay.store.update(slotKey(name), undefined, this.#heldBy(claimant));
    else if (slot.holder?.session === claimant.session && !sameIds(slot.client_sessions, claimant.clientSessions))
      await this.relay.store.update(slotKey(name), slot.revision, this.#heldBy(claimant));
  }

  /** Frees the slot if `session` holds it. What it is bound to stays, for who comes back. */
  async release(name: string, session: string): Promise<void> {
    for (;;) {
      const slot = await this.#read(name);
      if (slot?.holder?.session !== session) return;
      const { holder: _, name: __, revision, ...bound } = slot;
      if (await this.relay.store.update(slotKey(name), revision, JSON.stringify(bound))) return;
    }
  }

  /** Mail that waits under names of the project which nobody serves, and which are kept for nobody, by name. */
  async unserved(project: string): Promise<Waiting[]> {
    const found: Waiting[] = [];
    for (const slot of (await this.#look()).slots) {
      if (slot.project !== project || slot.adopted === true || !(await this.#isFree(slot))) continue;
      const unread = (await this.relay.mail.scan(slot.name, false)).pending.length;
      if (unread > 0) found.push({ agent: slot.name, unread });
    }
    return found.sort((a, b) => (a.agent < b.agent ? -1 : 1));
  }

  /**
   * Binds the name of an agent to the project, for the next new session there: its mail stays where it is, and so does what
   * its senders are told. One compare-and-set, so it is done or not. Returns the project that it belonged to, undefined for
   * none or the same.
   * @throws DispatchError `AGENT_IS_LIVE`; `NOT_FOUND` for a name that nobody has.
   */
  async adopt(name: string, project: Project): Promise<string | undefined> {
    for (let round = 0; round < ROUNDS; round++) {
      const record = await this.relay.store.readRecord(slotKey(name));
      const slot = record === undefined ? undefined : parseSlot(record.value);
      if ((await this.relay.presence.isLive(name)) || (slot !== undefined && this.#isHeldHere(slot))) {
        const why = `${name} has a live session, which reads its own mail; \`who\` shows where it runs. Nothing was done.`;
        throw new DispatchError('AGENT_IS_LIVE', why, { agent: name });
      }
      if (record === undefined && !(await this.relay.agents.known()).includes(name)) {
        const why = `No agent ${name} is known here, so there is nothing to adopt; \`who\` lists them.`;
        throw new DispatchError('NOT_FOUND', why, { id: name });
      }
      const value = JSON.stringify({ project: project.path, adopted: true });
      if (await this.relay.store.update(slotKey(name), record?.revision, value))
        return slot === undefined || slot.project === project.path ? undefined : slot.project;
    }
    const why = `The record ${slotKey(name)} cannot be changed: it is broken. Move that folder away and adopt ${name} again.`;
    throw new DispatchError('STORE_UNAVAILABLE', why, { outcome: 'none' });
  }

  /** True for a name that has a slot, of whatever project. */
  async has(name: string): Promise<boolean> {
    return (await this.relay.store.readRecord(slotKey(name))) !== undefined;
  }

  /** Ends a slot that no process here holds: its name can go to any project again. */
  async forget(name: string): Promise<void> {
    const slot = await this.#read(name);
    if (slot === undefined || this.#isHeldHere(slot)) return;
    await this.relay.store.update(slotKey(name), slot.revision, undefined);
  }

  async #choose(slots: readonly Slot[], claimant: Claimant): Promise<Slot | undefined> {
    const ours = slots.filter(({ project }) => project === claimant.project.path);
    const own = ours.find((slot) => slot.client_sessions.some((id) => claimant.clientSessions.includes(id)));
    if (own !== undefined) return own;
    const rank = ({ adopted, client }: Slot) => (adopted ? 0 : client === claimant.client ? 1 : 2);
    // The sort is stable: within a rank the order of the numbers stays.
    for (const slot of ours.sort((a, b) => rank(a) - rank(b))) if (await this.#isFree(slot)) return slot;
    return undefined;
  }

  async #newName({ name }: Project, isTaken: (name: string) => boolean): Promise<string> {
    for (let number = 1; ; number++) {
      const candidate = numberedName(name, number);
      if (isTaken(candidate)) continue;
      // Mail for somebody who serves the name by its id, or did, is not for who has it from a folder.
      if ((await this.relay.agents.servedAt(candidate)) !== undefined) continue;
      if (!(await this.relay.presence.isLive(candidate))) return candidate;
    }
  }

  /** All slots that can be read, in the order of their numbers, and every name that has a record. */
  async #look(): Promise<{ slots: Slot[]; taken: Set<string> }> {
    const slots: Slot[] = [];
    const taken = new Set<string>();
    for (const name of await this.relay.store.list(SLOTS)) {
      try {
        const record = await this.relay.store.readRecord(slotKey(name));
        if (record === undefined) continue;
        taken.add(name);
        const slot = parseSlot(record.value);
        if (slot !== undefined) slots.push({ ...slot, name, revision: record.revision });
      } catch (error) {
        if (!isBroken(error)) throw error;
        taken.add(name);
      }
    }
    return { slots: slots.sort((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1)), taken };
  }

  async #read(name: string): Promise<Slot | undefined> {
    const record = await this.relay.store.readRecord(slotKey(name));
    const slot = record === undefined ? undefined : parseSlot(record.value);
    return record === undefined || slot === undefined ? undefined : { ...slot, name, revision: record.revision };
  }

  /** Nobody serves it: neither who holds it, nor anybody by its id. */
  async #isFree(slot: Slot): Promise<boolean> {
    return this.#isLetGo(slot) && !(await this.relay.presence.isLive(slot.name));
  }

  /** Only what is proven dead has let go: a holder that cannot be seen from here keeps its name. */
  #isLetGo({ holder }: SlotRecord): boolean {
    return holder === undefined || livenessOf(this.processes, holder) === 'dead';
  }

  /** For a person, who knows whether another machine or container is gone for good. */
  #isHeldHere({ holder }: SlotRecord): boolean {
    return holder !== undefined && ['alive', 'stopped'].includes(livenessOf(this.processes, holder));
  }

  #heldBy({ session, project, client, clientSessions }: Claimant): string {
    const holder = { session, ...this.processes.self() };
    return JSON.stringify({ project: project.path, client, client_sessions: clientSessions, holder });
  }
}

function sameIds(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((id, index) => id === others[index]);
}

/**
 * Of one record that is broken, or something else in its place: that costs the name alone. Nothing else may, since a server
 * that passes over names for a passing failure would serve another's.
 */
function isBroken(error: unknown): boolean {
  return isDispatchError(error, 'RELAY_UNSAFE') || (isDispatchError(error) && error.data.errno === 'EIO');
}
