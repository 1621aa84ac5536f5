/**
 * Who is there. Each session keeps one record of its own, so a second process under the same id cannot erase the first;
 * a record is believed only as far as its process can be checked.
 *
 * Beside the records stands one file an agent in the form of the Python server (`agent_id`, `pid`, `started`), so that
 * both see each other. Ours carries `session`, which marks it as a shadow of a record: it is never evidence of its own.
 */
import { isAgentId } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import { isSessionId } from '../model/ids.js';
import type { Liveness, Processes } from '../store/processes.js';
import type { Store } from '../store/store.js';
import { namesInFolder } from './folder-names.js';
import { PRESENCE, presenceFile, sessionKey } from './keys.js';
import {
  aboutOf,
  calledAtOf,
  parseSessionRecord,
  parseSharedPresence,
  type SessionRecord,
  type SharedPresence,
} from './session-record.js';
import { type About, type LiveSession, liveAmong, type OurSession, type Sighting, type Standing } from './sighting.js';

/** How often a session renews its record, in milliseconds. Only sessions that cannot be checked are judged by it. */
export const HEARTBEAT_MS = 30_000;

const SILENT_AFTER_MS = 3 * HEARTBEAT_MS;
// Of a session on another machine or in another container nothing proves death; after a day its record is given up.
const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1000;
const MAX_RECORD_BYTES = 16 * 1024;

// To read the file that other programs write takes twice as long as to look at the folder of the records.
const LOOK_FOR_PROGRAM_MS = 1000;

export class Presence {
  // When each agent was last seen without a server of another program, by the steady clock.
  readonly #noProgramAt = new Map<string, number>();
  // The records whose processes were found gone since then, by the steady clock.
  readonly #dead = new Set<string>();
  #deadSince = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly processes: Processes,
  ) {}

  /**
   * Writes or renews the record of a session of this process, and the shared file unless another live session has it.
   * `calledAt` is when a tool was last called in it, in milliseconds since 1970; undefined for not yet.
   */
  async announce(agent: string, session: OurSession, calledAt?: number): Promise<void> {
    const called_at = calledAt === undefined ? null : new Date(calledAt).toISOString();
    const { clientProcess, ...known } = session;
    const client_process = clientProcess === undefined ? {} : { client_process: clientProcess };
    const record = { agent_id: agent, ...known, ...client_process, called_at, ...this.processes.self() };
    await this.store.put(sessionKey(agent, session.session), JSON.stringify(record));
    const shared = await this.#readShared(agent);
    if (shared === undefined || (shared.session !== session.session && !(await this.#sharedIsLive(agent, shared)))) {
      await this.#share(agent, session);
    }
  }

  /** Takes back what `announce` wrote; other sessions of the agent stay, and one of them takes over the shared file. */
  async withdraw(agent: string, session: string): Promise<void> {
    await this.store.remove(sessionKey(agent, session), { durable: false });
    const shared = await this.#readShared(agent);
    if (shared?.session === session) {
      const [other] = (await this.sessions(agent)).filter((live) => live.session !== undefined);
      if (other?.session === undefined) await this.store.remove(presenceFile(agent), { durable: false });
      else await this.#share(agent, { ...other, session: other.session });
    }
    await this.store.prune(sessionKey(agent));
  }

  /** The live sessions of an agent, oldest first, those of other programs last. */
  async sessions(agent: string): Promise<LiveSession[]> {
    const seen: Sighting[] = [];
    for await (const sighting of this.sightings(agent)) seen.push(sighting);
    return liveAmong(seen).map(({ session }) => session);
  }

  /** True while the record of a session is there. */
  async isAnnounced(agent: string, session: string): Promise<boolean> {
    return (await this.store.read(sessionKey(agent, session), 0)) !== undefined;
  }

  /** True when at least one session of the agent is live. */
  async isLive(agent: string): Promise<boolean> {
    for await (const { silentSince } of this.sightings(agent)) if (silentSince === undefined) return true;
    return false;
  }

  /**
   * The sessions of an agent that are not known to be over, one after the other: each costs a file and a look at its
   * process, so whoever has seen enough stops.
   */
  async *sightings(agent: string): AsyncGenerator<Sighting> {
    const names = await this.#maybeLive(agent);
    for (const name of names) {
      const sighting = await this.#read(agent, name);
      if (sighting !== undefined) yield names.length === 1 ? { ...sighting, isOnly: true } : sighting;
    }
    // Of an agent that is offline there is nothing: to look costs a tenth of reading what is not there.
    if (names.length === 0 && (await this.store.read(presenceFile(agent), 0)) === undefined) return;
    const another = await this.#otherProgram(agent);
    if (another !== undefined) yield another;
  }

  /**
   * The live sessions of an agent beside `own`, for each call of that one: none costs a look at a folder. Whoever has ended
   * is never among them. A server of another program, which leaves no trace in the folder, can be missing for the first
   * second of its life.
   */
  async others(agent: string, own: string): Promise<Sighting[]> {
    const seen: Sighting[] = [];
    for (const name of await this.#maybeLive(agent)) {
      const sighting = name === own ? undefined : await this.#read(agent, name);
      if (sighting !== undefined) seen.push(sighting);
    }
    const now = this.clock.steady();
    if (now - (this.#noProgramAt.get(agent) ?? Number.NEGATIVE_INFINITY) >= LOOK_FOR_PROGRAM_MS) {
      const another = await this.#otherProgram(agent);
      if (another !== undefined) seen.push(another);
      else this.#noProgramAt.set(agent, now);
    }
    return liveAmong(seen);
  }

  /**
   * The live sessions of this program, of every agent, that `wanted` says may be meant. To ask the system whether a process lives
   * can take longer than to read what it wrote, so nothing is asked of the others.
   */
  async *everySession(
    wanted: (agent: string, session: About) => boolean,
  ): AsyncGenerator<{ readonly agent: string; readonly sighting: Sighting }> {
    for (const agent of (await this.store.list(PRESENCE)).filter(isAgentId)) {
      for (const name of await this.#maybeLive(agent)) {
        const sighting = await this.#read(agent, name, (about) => wanted(agent, about));
        if (sighting !== undefined && sighting.silentSince === undefined) yield { agent, sighting };
      }
    }
  }

  /** How a session of ours stands among those of its agent. Where it is the only one, that costs a look at a folder. */
  async standing(agent: string, own: string, since: string): Promise<Standing> {
    const names = await this.#maybeLive(agent);
    if (!names.includes(own)) return 'gone';
    for (const name of names) {
      const other = name === own ? undefined : await this.#read(agent, name);
      if (other === undefined || other.silentSince !== undefined || other.process === 'stopped') continue;
      if (other.session.since > since || (other.session.since === since && name > own)) return 'older';
    }
    return 'newest';
  }

  /** True only where the session's end is proven, or it has not been heard of for a day. */
  async isOver(agent: string, session: string): Promise<boolean> {
    return (await this.#read(agent, session)) === undefined;
  }

  /** Every name that has a presence, live or not. */
  async names(): Promise<string[]> {
    const names = new Set<string>();
    for (const entry of await this.store.list(PRESENCE)) {
      const name = entry.endsWith('.json') ? entry.slice(0, -'.json'.length) : entry;
      if (isAgentId(name)) names.add(name);
    }
    return [...names];
  }

  /** Removes the records of sessions that are over, and says which. */
  async sweep(): Promise<{ agent: string; session: string }[]> {
    const lost: { agent: string; session: string }[] = [];
    for (const agent of await this.names()) {
      for (const session of await namesInFolder(this.store, sessionKey(agent))) {
        if (!isSessionId(session) || !(await this.isOver(agent, session))) continue;
        await this.withdraw(agent, session);
        lost.push({ agent, session });
      }
      const shared = await this.#readShared(agent);
      // A shadow without its record is left over from a crash between the two; another program's file is its own to remove.
      if (shared?.session !== undefined && (await this.isOver(agent, shared.session)))
        await this.withdraw(agent, shared.session);
    }
    return lost;
  }

  /**
   * The sessions of an agent, without those that were just found dead: where many windows were killed, to read them again
   * would be most of what a call costs. A record that somebody planted in the place of a live session's hides that one for no
   * longer than it takes to renew it. Whoever takes from the dead looks at them afresh, with `isOver`.
   */
  async #maybeLive(agent: string): Promise<string[]> {
    const now = this.clock.steady();
    if (now - this.#deadSince >= HEARTBEAT_MS) {
      this.#dead.clear();
      this.#deadSince = now;
    }
    const names = await namesInFolder(this.store, sessionKey(agent));
    return names.filter((session) => !this.#dead.has(sessionKey(agent, session)));
  }

  /** Undefined where there is no record that can be believed, or not a wanted one, or its session is over. */
  async #read(
    agent: string,
    session: string,
    wanted: (about: About) => boolean = () => true,
  ): Promise<Sighting | undefined> {
    if (!isSessionId(session)) return undefined;
    const read = await this.store.read(sessionKey(agent, session), MAX_RECORD_BYTES);
    if (read === undefined || !read.ok) return undefined;
    const record = parseSessionRecord(read.bytes, session);
    return record !== undefined && wanted(aboutOf(record)) ? this.#judge(agent, record, read.modifiedAt) : undefined;
  }

  #judge(agent: string, record: SessionRecord, renewedAt: number): Sighting | undefined {
    const { session, pid, since, cwd, client, host, boot, namespace, start } = record;
    const process = this.processes.check({
      pid,
      host,
      ...(boot === undefined ? {} : { boot }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(start === undefined ? {} : { start }),
    });
    if (process === 'dead') {
      this.#dead.add(sessionKey(agent, session));
      return undefined;
    }
    const silentMs = process === 'unknown' ? this.clock.now() - renewedAt : 0;
    if (silentMs >= GIVEN_UP_AFTER_MS) return undefined;
    return {
      session: {
        session,
        pid,
        since,
        ...(cwd === undefined ? {} : { cwd }),
        ...(client === undefined ? {} : { client }),
        ...aboutOf(record),
      },
      process,
      ...(silentMs < SILENT_AFTER_MS ? {} : { silentSince: renewedAt }),
      calledAt: calledAtOf(record),
    };
  }

  async #otherProgram(agent: string): Promise<Sighting | undefined> {
    const shared = await this.#readShared(agent);
    if (shared === undefined || shared.session !== undefined) return undefined;
    const process = this.#checkHere(shared.pid);
    if (process === 'dead') return undefined;
    return { session: { pid: shared.pid, since: shared.started }, process, calledAt: undefined };
  }

  /** Of a process that wrote down nothing but its PID: it is taken to be one of this machine. */
  #checkHere(pid: number): Liveness {
    const { start: _start, ...here } = this.processes.self();
    return pid === here.pid ? 'dead' : this.processes.check({ ...here, pid });
  }

  async #sharedIsLive(agent: string, shared: SharedPresence): Promise<boolean> {
    if (shared.session === undefined) return this.#checkHere(shared.pid) !== 'dead';
    const sighting = await this.#read(agent, shared.session);
    return sighting !== undefined && sighting.silentSince === undefined;
  }

  async #readShared(agent: string): Promise<SharedPresence | undefined> {
    const read = await this.store.read(presenceFile(agent), MAX_RECORD_BYTES);
    if (read === undefined || !read.ok) return undefined;
    return parseSharedPresence(read.bytes);
  }

  async #share(agent: string, session: OurSession): Promise<void> {
    const started = session.since.replace(/\.\d+Z$/, 'Z');
    await this.store.put(
      presenceFile(agent),
      JSON.stringify({ agent_id: agent, pid: session.pid, started, session: session.session }),
    );
  }
}
