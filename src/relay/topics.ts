/**
 * Who is a member of which topic: `.topics/<topic>/<agent>`, a small JSON object with the role and when it joined.
 *
 * Membership is the agent's, whatever session asked for it, and lasts until it leaves or is forgotten. It is looked up anew
 * each time it decides something. A topic is there while it has members; its empty folder means nothing.
 *
 * A member is a name in the grammar, on the roster where there is one, with a plain file that can be understood. Everything
 * else in there is passed over, never followed, and named by `doctor`.
 */
import { isAgentId } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import { isTopic, MAX_ROLE } from '../model/topic.js';
import type { ReadOutcome, Store } from '../store/store.js';
import type { EventLog } from './events.js';
import { namesInFolder } from './folder-names.js';
import { TOPICS, topicKey } from './keys.js';

export interface Membership {
  /** What the member says it does there: one line, 1 to 64 characters, its own words. Undefined where it says nothing. */
  readonly role: string | undefined;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
}

export interface Joined extends Membership {
  /** False for one that was a member before. */
  readonly isNew: boolean;
}

// A role of 64 characters takes less than 400 bytes; a newer version may write more than this one does.
const MAX_BYTES = 4096;

export class Topics {
  readonly #roster: ReadonlySet<string> | undefined;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly events: EventLog,
    roster: readonly string[] | undefined,
  ) {
    this.#roster = roster === undefined ? undefined : new Set(roster);
  }

  /**
   * Makes `agent` a member, durably. One that is a member already keeps its time of joining, and its role unless another is
   * given. Names are normalized, `role` is checked by model/draft.ts.
   * @throws DispatchError `RELAY_UNSAFE` for something else in the topic's place; `STORE_UNAVAILABLE`.
   */
  async join(agent: string, topic: string, role?: string): Promise<Joined> {
    const joined = await this.#join(agent, topic, role);
    if (joined.isNew || joined.changed) {
      const said = joined.role === undefined ? {} : { role: joined.role };
      await this.events.note({ event: 'joined', agent, topic, ...said });
    }
    const { isNew, joinedAt } = joined;
    return { isNew, joinedAt, role: joined.role };
  }

  /** Ends a membership, durably. False for an agent that was no member; what else has its name there is left alone. */
  async leave(agent: string, topic: string): Promise<boolean> {
    if ((await this.membership(topic, agent)) === undefined) return false;
    const left = await this.store.remove(topicKey(topic, agent));
    if (left) await this.events.note({ event: 'left', agent, topic });
    return left;
  }

  /** Ends all memberships of an agent, on the roster or not. The topics it left, by name. */
  async leaveAll(agent: string): Promise<string[]> {
    const left: string[] = [];
    for (const topic of await this.names()) {
      if ((await this.#has(topic, agent)) && (await this.leave(agent, topic))) left.push(topic);
    }
    return left;
  }

  /** Whether the agent is a member of any topic, on the roster or not. */
  async areJoinedBy(agent: string): Promise<boolean> {
    for (const topic of await this.names()) if (await this.#has(topic, agent)) return true;
    return false;
  }

  /** The names of all topics, sorted; among them can be some that nobody is a member of any more. */
  async names(): Promise<string[]> {
    return (await namesInFolder(this.store, TOPICS)).filter(isTopic).sort();
  }

  /** The agents that are listed in a topic, sorted: its members, as far as that can be seen without a look at each. */
  async listed(topic: string): Promise<string[]> {
    return this.#agentsAmong(await namesInFolder(this.store, topicKey(topic)));
  }

  /**
   * The members of a topic now, sorted, each looked at.
   * @throws DispatchError `RELAY_UNSAFE` for something else in the topic's place; `STORE_UNAVAILABLE`: a member that cannot be
   * read is not left out.
   */
  async members(topic: string): Promise<string[]> {
    const members: string[] = [];
    for (const agent of this.#agentsAmong(await this.store.list(topicKey(topic)))) {
      if ((await this.membership(topic, agent)) !== undefined) members.push(agent);
    }
    return members;
  }

  /** Undefined for an agent that is no member. */
  async membership(topic: string, agent: string): Promise<Membership | undefined> {
    return parseMembership(await this.store.read(topicKey(topic, agent), MAX_BYTES));
  }

  /** Topics that have members, in order of name: at most `most` of them, and how many names were not looked at. */
  async some(most: number): Promise<{ topics: string[]; others: number }> {
    const names = await this.names();
    const topics: string[] = [];
    let looked = 0;
    for (; looked < names.length && topics.length < most; looked++) {
      const topic = names[looked] as string;
      if ((await this.listed(topic)).length > 0) topics.push(topic);
    }
    return { topics, others: names.length - looked };
  }

  /** Removes what topics without members leave behind. */
  async sweep(): Promise<void> {
    for (const topic of await this.names()) await this.store.prune(topicKey(topic));
  }

  async #join(agent: string, topic: string, role: string | undefined): Promise<Joined & { changed: boolean }> {
    const key = topicKey(topic, agent);
    // Ends: each round that decides nothing, another session of the agent has joined or left.
    for (;;) {
      const read = await this.store.read(key, MAX_BYTES);
      const before = parseMembership(read);
      const now = { role: role ?? before?.role, joinedAt: before?.joinedAt ?? this.clock.now() };
      const value = JSON.stringify({ role: now.role, joined_at: new Date(now.joinedAt).toISOString() });
      if (read === undefined) {
        if (await this.store.create(key, value)) return { ...now, isNew: true, changed: false };
      } else if (before === undefined || before.role !== now.role) {
        await this.store.put(key, value, { durable: true });
        return { ...now, isNew: before === undefined, changed: true };
      } else if (await this.store.move(key, key, { durable: true })) {
        // Whoever made it may have been killed before it was synced.
        return { ...now, isNew: false, changed: false };
      }
    }
  }

  /** Whatever stands in the place of the topic or of the membership: that is no reason to give up on the others. */
  async #has(topic: string, agent: string): Promise<boolean> {
    const names = await namesInFolder(this.store, topicKey(topic));
    return names.includes(agent) && (await this.membership(topic, agent)) !== undefined;
  }

  #agentsAmong(names: readonly string[]): string[] {
    return names.filter((name) => isAgentId(name) && (this.#roster?.has(name) ?? true)).sort();
  }
}

/** What a membership says; undefined for what is none. A role that cannot be shown is left out. */
function parseMembership(read: ReadOutcome | undefined): Membership | undefined {
  if (read?.ok !== true) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(read.bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object' || !('joined_at' in value)) return undefined;
  const joinedAt = typeof value.joined_at === 'string' ? Date.parse(value.joined_at) : Number.NaN;
  if (Number.isNaN(joinedAt)) return undefined;
  return { joinedAt, role: 'role' in value && isRole(value.role) ? value.role : undefined };
}

function isRole(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_ROLE) return false;
  return value.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(value);
}
