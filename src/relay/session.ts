/**
 * One running server that serves an agent.
 *
 * States: *quiet* (no trace on the relay) until `announce` or `begin`; *present* (a record that is renewed) until `end`;
 * *over*. A health check that only lists tools stays quiet. Only `begin`, at a call, makes the agent known.
 */
import type { Arrivals } from './arrivals.js';
import { beat } from './beat.js';
import { beginningBehindOthers } from './beginning.js';
import type { Inbox } from './inbox.js';
import type { Kept } from './kept.js';
import { LISTENING_MS } from './listening.js';
import type { MessageName } from './message-name.js';
import { NameClock } from './name-clock.js';
import type { Draft, Published, Sent } from './outbox.js';
import { HEARTBEAT_MS } from './presence.js';
import type { Relay } from './relay.js';
import { SessionTopics } from './session-topics.js';
import type { About, ClientInfo, Standing } from './sighting.js';
import { findWorkingDirectory } from './working-directory.js';

// How often a call makes sure that its record is still there, in milliseconds.
const LOOK_EVERY_MS = 1000;

/** How an agent came to its name; `project` is the top folder that it is named after. */
export type Naming =
  | { readonly by: 'id' }
  | { readonly by: 'roster' }
  | { readonly by: 'project'; readonly project: string };

export class Session {
  readonly inbox: Inbox;
  readonly kept: Kept;
  /** As the client named itself; set when it has. */
  client: ClientInfo | undefined;
  /** What the last reply with mail left pending and counted; set by whoever makes replies. */
  leftPending: readonly MessageName[] = [];
  readonly #topics: SessionTopics;
  readonly #order: NameClock;
  #since: string;
  #arrivals: Arrivals | undefined;
  #about: About = {};
  #heartbeat: NodeJS.Timeout | undefined;
  #over = false;
  #begunAt = Number.NEGATIVE_INFINITY;
  // When a tool was called last, and as of which call the record says so.
  #calledAt: number | undefined;
  #recordedAt: number | undefined;

  constructor(
    private readonly relay: Relay,
    readonly agent: string,
    readonly id: string,
    /** How the agent came to its name. */
    readonly naming: Naming = { by: 'id' },
  ) {
    this.inbox = relay.inboxOf(agent, id);
    this.kept = relay.keptOf(agent, this.inbox);
    this.#topics = new SessionTopics(relay.topics, agent, relay.sessionTopics, relay.warn);
    this.#order = new NameClock(relay.clock);
    this.#since = new Date(relay.clock.now()).toISOString();
  }

  /** When it began: ISO 8601, UTC. Later than of all sessions of the agent that were there when it showed itself. */
  get since(): string {
    return this.#since;
  }

  /** Looks for this agent's mail while somebody subscribes; ends with the session. */
  get arrivals(): Arrivals {
    this.#arrivals ??= this.relay.arrivalsOf(this.agent);
    return this.#arrivals;
  }

  /** How it stands among the sessions of its agent; see `Presence.standing`. */
  async standing(): Promise<Standing> {
    return this.relay.presence.standing(this.agent, this.id, this.since);
  }

  /** What others may know of this session, until it is said anew. A session that is present says it at once. */
  async describe(about: About): Promise<void> {
    this.#about = { ...this.#about, ...about };
    // As with the heartbeat: the next renewal says it too.
    if (this.#heartbeat !== undefined) await this.#renew().catch(() => {});
  }

  get about(): About {
    return this.#about;
  }

  /** Makes the session present, and keeps its record renewed; nothing the second time. */
  async announce(): Promise<void> {
    if (this.#heartbeat !== undefined || this.#over) return;
    // The other things that this process does now and then fall together with it.
    beat(this.relay.clock);
    this.#heartbeat = setInterval(() => {
      beat(this.relay.clock);
      // A record that cannot be renewed now may be the next time; the calls themselves report a relay that is gone.
      this.#renew().catch(() => {});
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
    try {
      this.#since = await beginningBehindOthers(this.relay.presence, this);
      await this.#renew();
      // Older sessions of the agent stop waiting for its mail, and ring no more.
      await this.relay.store.ring(this.agent);
      const { client } = this;
      const cwd = findWorkingDirectory();
      await this.relay.events.note({
        event: 'session_started',
        agent: this.agent,
        session: this.id,
        pid: process.pid,
        ...(cwd === undefined ? {} : { cwd }),
        ...(client === undefined ? {} : { client: shortened(client).name }),
      });
    } catch (error) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = undefined;
      throw error;
    }
    await this.#topics.join();
    // What a session of before held when it died: nobody is rung for it, and this one may not be called for long.
    await this.inbox.recover().catch(() => {});
  }

  /**
   * A tool was called: the session is present, and its agent known from now on. Whether its record is still there is looked
   * at once a second, or now, with `look`. That a tool was called gets into the record with the next renewal; at once only
   * where the record would have others believe that nobody listens here.
   */
  async begin(look = false): Promise<void> {
    const now = this.relay.clock.now();
    this.#calledAt = now;
    if (!look && this.#heartbeat !== undefined && Math.abs(now - this.#begunAt) < LOOK_EVERY_MS && !this.#isNews(now))
      return;
    await this.announce();
    await this.#renewIfLost();
    await this.#topics.join();
    // On a full disk mail can still be read: what others know of this session can wait.
    if (this.#isNews(now)) await this.#renew().catch(() => {});
    await this.relay.agents.markServed(this.agent).catch(() => {});
    this.#begunAt = now;
  }

  async send(draft: Draft): Promise<Sent> {
    return this.relay.send(this.agent, draft, this.#order);
  }

  /** As `send`, with the follow-up left to the caller, for when the answer is out. */
  async publish(draft: Draft): Promise<Published> {
    return this.relay.publish(this.agent, draft, this.#order);
  }

  /** Ends the agent's membership, also where it was to begin with the session. False for one that is no member. */
  async leave(topic: string): Promise<boolean> {
    this.#topics.drop(topic);
    return this.relay.topics.leave(this.agent, topic);
  }

  /** Takes back the record and gives back unwritten mail. The agent and its mail stay. */
  async end(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#arrivals?.close();
    const present = this.#heartbeat !== undefined;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    if (!present) return;
    try {
      await this.inbox.close();
    } finally {
      await this.relay.presence.withdraw(this.agent, this.id);
      await this.relay.events.note({ event: 'session_ended', agent: this.agent, session: this.id });
    }
  }

  /** A relay that was removed under a running server comes back with the next call, and its agents with it. */
  async #renewIfLost(): Promise<void> {
    if (await this.relay.presence.isAnnounced(this.agent, this.id)) return;
    this.relay.agents.forgetServed(this.agent);
    this.#topics.forget();
    await this.#renew();
  }

  /** Whether a call of `now` is more than the record lets others expect. */
  #isNews(now: number): boolean {
    return this.#recordedAt === undefined || Math.abs(now - this.#recordedAt) > LISTENING_MS;
  }

  async #renew(): Promise<void> {
    if (this.#over) return;
    const cwd = findWorkingDirectory();
    const session = {
      session: this.id,
      pid: process.pid,
      ...(cwd === undefined ? {} : { cwd }),
      since: this.since,
      ...this.#about,
      ...(this.client === undefined ? {} : { client: shortened(this.client) }),
    };
    const calledAt = this.#calledAt;
    await this.relay.presence.announce(this.agent, session, calledAt);
    this.#recordedAt = calledAt;
  }
}

/** A client names itself: as long as a name is, and no longer. */
function shortened({ name, version }: ClientInfo): ClientInfo {
  return { name: name.slice(0, 64), version: version.slice(0, 32) };
}
