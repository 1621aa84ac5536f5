/**
 * Who is there. Each session keeps one record of its own, so a second process under the same id cannot erase the first;
 * a record is believed only as far as its process can be checked.
 *
 * Beside the records stands one file an agent in the form of the Python server (`agent_id`, `pid`, `started`), so that
 * both see each other. Ours carries `session`, which marks it as a shadow of a record: it is never evidence of its own.
 */
import * as z from 'zod/v4';
import { isAgentId } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import { isSessionId } from '../model/ids.js';
import { lazy } from '../model/lazy.js';
import type { Processes } from '../store/processes.js';
import type { Store } from '../store/store.js';
import { namesInFolder } from './folder-names.js';
import { PRESENCE, presenceFile, sessionKey } from './keys.js';

export interface ClientInfo {
  readonly name: string;
  readonly version: string;
}

export interface LiveSession {
  /** Absent for a server of another program, which keeps no session record. */
  readonly session?: string;
  readonly client?: ClientInfo;
  readonly pid: number;
  readonly cwd?: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** How often a session renews its record, in milliseconds. Only sessions that cannot be checked are judged by it. */
export const HEARTBEAT_MS = 30_000;

const SILENT_AFTER_MS = 3 * HEARTBEAT_MS;
// Of a session on another machine or in another container nothing proves death; after a day its record is given up.
const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1000;
const MAX_RECORD_BYTES = 16 * 1024;

// Far above what any record of ours holds: what is shown of one must leave room in a reply for the others.
const text = (most: number) => z.string().max(most);

const sessionRecord = lazy(() =>
  z.object({
    session: z.string().refine(isSessionId),
    pid: z.number().int(),
    since: text(64),
    cwd: z.string().optional(),
    client: z.object({ name: text(256), version: text(256) }).optional(),
    host: z.string(),
    boot: z.string().optional(),
    namespace: z.string().optional(),
    start: z.string().optional(),
  }),
);
type SessionRecord = z.output<ReturnType<typeof sessionRecord>>;
type SharedPresence = z.output<ReturnType<typeof sharedPresence>>;

const sharedPresence = lazy(() =>
  z.object({
    agent_id: z.string(),
    pid: z.number().int(),
    started: text(64),
    session: z.string().optional(),
  }),
);

type Standing = 'live' | 'silent' | 'dead';

const JUST_MS = 500;

export class Presence {
  readonly #seenLive = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly processes: Processes,
  ) {}

  /** Writes or renews the record of a session of this process, and the shared file unless another live session has it. */
  async announce(agent: string, session: LiveSession & { readonly session: string }): Promise<void> {
    const record = { agent_id: agent, ...session, ...this.processes.self() };
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
    const live: LiveSession[] = [];
    for await (const session of this.#live(agent)) live.push(session);
    const rank = ({ session, since }: LiveSession) => (session === undefined ? `~${since}` : since);
    return live.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  }

  /** True while the record of a session is there. */
  async isAnnounced(agent: string, session: string): Promise<boolean> {
    return (await this.store.read(sessionKey(agent, session), 0)) !== undefined;
  }

  /** True when at least one session of the agent is live. */
  async isLive(agent: string): Promise<boolean> {
    for await (const _ of this.#live(agent)) return true;
    return false;
  }

  /** `isLive`, as of the last half second: for a sender of many messages, to whom the difference is none. */
  async wasJustLive(agent: string): Promise<boolean> {
    const now = this.clock.now();
    if (Math.abs(now - (this.#seenLive.get(agent) ?? Number.NEGATIVE_INFINITY)) < JUST_MS) return true;
    this.#seenLive.delete(agent);
    if (!(await this.isLive(agent))) return false;
    this.#seenLive.set(agent, now);
    return true;
  }

  /** Looks no further than it is asked to: each session costs a file and a look at its process. */
  async *#live(agent: string): AsyncGenerator<LiveSession> {
    for (const session of await namesInFolder(this.store, sessionKey(agent))) {
      const found = await this.#read(agent, session);
      if (found === undefined || found.standing !== 'live') continue;
      const { pid, since, cwd, client } = found.record;
      yield {
        session,
        pid,
        since,
        ...(cwd === undefined ? {} : { cwd }),
        ...(client === undefined ? {} : { client }),
      };
    }
    const shared = await this.#readShared(agent);
    if (shared !== undefined && shared.session === undefined && this.#runs(shared.pid)) {
      yield { pid: shared.pid, since: shared.started };
    }
  }

  /** True only where the session's end is proven, or it has not been heard of for a day. */
  async isOver(agent: string, session: string): Promise<boolean> {
    const found = await this.#read(agent, session);
    return found === undefined || found.standing === 'dead';
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

  async #read(agent: string, session: string): Promise<{ record: SessionRecord; standing: Standing } | undefined> {
    if (!isSessionId(session)) return undefined;
    const read = await this.store.read(sessionKey(agent, session), MAX_RECORD_BYTES);
    if (read === undefined || !read.ok) return undefined;
    const parsed = sessionRecord().safeParse(parseJson(read.bytes));
    if (!parsed.success || parsed.data.session !== session) return undefined;
    return { record: parsed.data, standing: this.#standing(parsed.data, read.modifiedAt) };
  }

  #standing(record: SessionRecord, renewedAt: number): Standing {
    const { pid, host, boot, namespace, start } = record;
    const liveness = this.processes.check({
      pid,
      host,
      ...(boot === undefined ? {} : { boot }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(start === undefined ? {} : { start }),
    });
    if (liveness === 'alive') return 'live';
    if (liveness === 'dead') return 'dead';
    const silentFor = this.clock.now() - renewedAt;
    if (silentFor < SILENT_AFTER_MS) return 'live';
    return silentFor < GIVEN_UP_AFTER_MS ? 'silent' : 'dead';
  }

  #runs(pid: number): boolean {
    const { start: _start, ...here } = this.processes.self();
    return pid !== here.pid && this.processes.check({ ...here, pid }) === 'alive';
  }

  async #sharedIsLive(agent: string, shared: SharedPresence): Promise<boolean> {
    if (shared.session === undefined) return this.#runs(shared.pid);
    return (await this.#read(agent, shared.session))?.standing === 'live';
  }

  async #readShared(agent: string): Promise<SharedPresence | undefined> {
    const read = await this.store.read(presenceFile(agent), MAX_RECORD_BYTES);
    if (read === undefined || !read.ok) return undefined;
    const parsed = sharedPresence().safeParse(parseJson(read.bytes));
    return parsed.success ? parsed.data : undefined;
  }

  async #share(agent: string, session: LiveSession & { readonly session: string }): Promise<void> {
    const started = session.since.replace(/\.\d+Z$/, 'Z');
    await this.store.put(
      presenceFile(agent),
      JSON.stringify({ agent_id: agent, pid: session.pid, started, session: session.session }),
    );
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
