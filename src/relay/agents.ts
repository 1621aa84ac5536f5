/** Which agents there are, and whom a target reaches. */
import {
  EVERYONE,
  HUMAN,
  isAgentId,
  isRecipient,
  isReserved,
  listNames,
  normalizeName,
  parseAgentId,
  quoteName,
} from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import { DispatchError } from '../model/errors.js';
import { hasTopicMark, markTopic, parseTopic } from '../model/topic.js';
import type { Store } from '../store/store.js';
import { AGENTS, agentKey } from './keys.js';
import type { Presence } from './presence.js';
import type { Topics } from './topics.js';

/** An agent belongs to `all` for this long after a session served it last, in milliseconds, where there is no roster. */
export const REMEMBERED_MS = 14 * 24 * 60 * 60 * 1000;

// How fresh "served last" is kept: far below the 14 days it is compared with.
const RENEW_MS = 60 * 60 * 1000;

// In an error; `who` lists the others.
const MOST_TOPICS_TOLD = 20;

export interface Target {
  /** As the message says it: an agent, `human`, `all`, or a topic such as `#build`. */
  readonly to: string;
  /** Whose inboxes it goes to; never empty. */
  readonly recipients: readonly string[];
}

export class Agents {
  readonly #renewed = new Map<string, number>();

  constructor(
    /** The names that exist; undefined in dynamic mode, where any valid name does. */
    readonly roster: readonly string[] | undefined,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly presence: Presence,
    private readonly topics: Topics,
  ) {}

  /** Notes that a session serves the agent: it is known from now on. */
  async markServed(agent: string): Promise<void> {
    const now = this.clock.now();
    if (now - (this.#renewed.get(agent) ?? 0) < RENEW_MS) return;
    await this.store.put(agentKey(agent), JSON.stringify({ served_at: new Date(now).toISOString() }));
    this.#renewed.set(agent, now);
  }

  /** Has the next `markServed` write again, because what was written is gone. */
  forgetServed(agent: string): void {
    this.#renewed.delete(agent);
  }

  /** When a session last served the agent, in milliseconds (an hour's precision); undefined for one never seen. */
  async servedAt(agent: string): Promise<number | undefined> {
    return (await this.store.read(agentKey(agent), 0))?.modifiedAt;
  }

  /** `servedAt` of every agent that has been served. */
  async allServed(): Promise<Map<string, number>> {
    const served = new Map<string, number>();
    for (const name of (await this.store.list(AGENTS)).filter(isAgentId)) {
      const servedAt = await this.servedAt(name);
      if (servedAt !== undefined) served.set(name, servedAt);
    }
    return served;
  }

  /**
   * Everyone `all` reaches: the roster; without one, whoever is live or was served in the last 14 days. In order of name.
   * `served` is what `allServed` has just told, for who needs it too.
   */
  async everyone(served?: ReadonlyMap<string, number>): Promise<string[]> {
    if (this.roster !== undefined) return [...this.roster];
    const names = new Set<string>();
    for (const [name, servedAt] of served ?? (await this.allServed())) {
      if (this.clock.now() - servedAt < REMEMBERED_MS) names.add(name);
    }
    for (const name of await this.presence.names()) {
      if (!names.has(name) && (await this.presence.isLive(name))) names.add(name);
    }
    return [...names].sort();
  }

  /**
   * Whom `text` reaches when `from` writes to it. `includeSelf` adds `from` to the others of a topic that it is a member of.
   * @throws DispatchError `INVALID_AGENT_ID`, `INVALID_ARGUMENT` (no name of a topic, or `includeSelf` without one),
   * `UNKNOWN_TARGET` (not on the roster, a topic without members), `NO_RECIPIENT` (`all` or a topic, and nobody else is there).
   */
  async resolve(text: string, from: string, includeSelf = false): Promise<Target> {
    if (hasTopicMark(text)) return this.#resolveTopic(parseTopic(text, 'target'), from, includeSelf);
    if (includeSelf) {
      throw new DispatchError(
        'INVALID_ARGUMENT',
        `include_self is for topics, and ${quoteName(text)} is none: the name of a topic begins with "#". Nothing was sent.`,
        { argument: 'include_self' },
      );
    }
    const name = normalizeName(text);
    if (name === EVERYONE) {
      const recipients = (await this.everyone()).filter((agent) => agent !== from);
      if (recipients.length > 0) return { to: EVERYONE, recipients };
      throw new DispatchError(
        'NO_RECIPIENT',
        'Nobody got it: "all" reaches no other agent here yet. Name an agent and the message waits for it; `who` lists those known.',
      );
    }
    if (name === HUMAN) return { to: HUMAN, recipients: [HUMAN] };
    const agent = parseAgentId(text, 'target', adviceOnTarget(name));
    if (this.roster !== undefined) {
      if (!this.roster.includes(agent)) {
        throw new DispatchError(
          'UNKNOWN_TARGET',
          `Nobody got it: there is no agent ${quoteName(agent)}. Known: ${listNames(this.roster)}; also "all" and "human".`,
          {
            target: agent,
            known: this.roster,
          },
        );
      }
    }
    return { to: agent, recipients: [agent] };
  }

  async #resolveTopic(topic: string, from: string, includeSelf: boolean): Promise<Target> {
    const to = markTopic(topic);
    const members = await this.topics.members(topic);
    const recipients = members.filter((agent) => includeSelf || agent !== from);
    if (recipients.length > 0) return { to, recipients };
    if (members.length > 0) {
      throw new DispatchError(
        'NO_RECIPIENT',
        `Nobody got it: you are the only member of ${to}. Others get what is sent after they have joined.`,
      );
    }
    const { topics, others } = await this.topics.some(MOST_TOPICS_TOLD);
    const names = topics.map(markTopic).join(', ');
    const told = others === 0 ? names : `${names} and ${others} more`;
    throw new DispatchError(
      'UNKNOWN_TARGET',
      `Nobody got it: ${to} has no members. ${topics.length === 0 ? 'There are no topics yet; join makes one.' : `Topics with members: ${told}.`}`,
      { target: to, known: topics.map(markTopic) },
    );
  }

  /** Names with an inbox, a presence or a history, the human excluded. */
  async known(): Promise<string[]> {
    const names = new Set([
      ...(await this.store.list('')),
      ...(await this.store.list(AGENTS)),
      ...(await this.presence.names()),
      ...(this.roster ?? []),
    ]);
    return [...names].filter((name) => isAgentId(name)).sort();
  }

  /** Owners of an inbox, the human included. */
  async inboxes(): Promise<string[]> {
    return (await this.store.list('')).filter(isRecipient);
  }
}

function adviceOnTarget(name: string): string | undefined {
  if (isReserved(name)) return `For the person at this machine write "${HUMAN}".`;
  if (/[,;]/.test(name)) return `Make one call for each agent, or write "${EVERYONE}".`;
  return undefined;
}
