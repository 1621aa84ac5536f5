/** Who can be written to: live agents with their sessions, and offline ones with what waits for them. */
import { HUMAN } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import type { Agents } from './agents.js';
import { judge, type Listening } from './listening.js';
import type { Mail } from './mail.js';
import type { Presence } from './presence.js';
import { type LiveSession, liveAmong, type Sighting } from './sighting.js';
import type { Membership, Topics } from './topics.js';

export interface Attendance extends Listening {
  readonly agent: string;
  /** Empty for an agent that is offline. */
  readonly sessions: readonly LiveSession[];
  readonly unread: number;
  /** When a session last served it, milliseconds since 1970; undefined for a name that only has mail. */
  readonly servedAt: number | undefined;
}

export type Member = Attendance & Membership;

/** Where a member stands in the list of a topic: by rank, then by name. */
export interface Place {
  readonly agent: string;
  /** 0 for one that has a presence, 1 for the others. */
  readonly rank: number;
}

/** Place in the list: 0 for live, 1 for offline with waiting mail, 2 for the rest. */
export function rankOf({ sessions, unread }: Attendance): number {
  if (sessions.length > 0) return 0;
  return unread > 0 ? 1 : 2;
}

export class RollCall {
  constructor(
    private readonly agents: Agents,
    private readonly presence: Presence,
    private readonly mail: Mail,
    private readonly topics: Topics,
    private readonly clock: Clock,
  ) {}

  /**
   * Every agent that is live, has mail waiting, or is reached by `all`, once each: live ones first, then those with
   * waiting mail, then the rest; by name within. The human is listed while mail waits for it.
   */
  async take(): Promise<Attendance[]> {
    const served = await this.agents.allServed();
    const reached = new Set(await this.agents.everyone(served));
    const attendance: Attendance[] = [];
    for (const agent of [...(await this.agents.known()), HUMAN]) {
      const seen = agent === HUMAN ? [] : await this.#look(agent);
      const unread = await this.unread(agent);
      if (liveAmong(seen).length === 0 && unread === 0 && !reached.has(agent)) continue;
      attendance.push(this.#entry(agent, seen, unread, served.get(agent)));
    }
    return attendance.sort((a, b) => rankOf(a) - rankOf(b) || (a.agent < b.agent ? -1 : 1));
  }

  /**
   * The members of a topic, those that have a presence first, by name within. Nothing is read of each: a topic can have
   * thousands, and an answer shows some. Which of them are members indeed, and live, is told by `member`.
   */
  async places(topic: string): Promise<Place[]> {
    const present = new Set(await this.presence.names());
    const places = (await this.topics.listed(topic)).map((agent) => ({ agent, rank: present.has(agent) ? 0 : 1 }));
    return places.sort((a, b) => a.rank - b.rank || (a.agent < b.agent ? -1 : 1));
  }

  /** One member of a topic; undefined for an agent that is none. */
  async member(topic: string, agent: string): Promise<Member | undefined> {
    const membership = await this.topics.membership(topic, agent);
    if (membership === undefined) return undefined;
    const servedAt = await this.agents.servedAt(agent);
    return { ...membership, ...this.#entry(agent, await this.#look(agent), await this.unread(agent), servedAt) };
  }

  #entry(agent: string, seen: readonly Sighting[], unread: number, servedAt: number | undefined): Attendance {
    const sessions = liveAmong(seen).map(({ session }) => session);
    return { agent, sessions, unread, servedAt, ...judge(agent, seen, servedAt, this.clock.now()) };
  }

  async #look(agent: string): Promise<Sighting[]> {
    const seen: Sighting[] = [];
    for await (const sighting of this.presence.sightings(agent)) seen.push(sighting);
    return seen;
  }

  async unread(agent: string): Promise<number> {
    return (await this.mail.scan(agent, false)).pending.length;
  }
}
