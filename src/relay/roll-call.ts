/** Who can be written to: live agents with their sessions, and offline ones with what waits for them. */
import { HUMAN } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import type { Agents } from './agents.js';
import { judge, type Listening } from './listening.js';
import type { Mail } from './mail.js';
import { type LiveSession, liveAmong, type Presence, type Sighting } from './presence.js';

export interface Attendance extends Listening {
  readonly agent: string;
  /** Empty for an agent that is offline. */
  readonly sessions: readonly LiveSession[];
  readonly unread: number;
  /** When a session last served it, milliseconds since 1970; undefined for a name that only has mail. */
  readonly servedAt: number | undefined;
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
    private readonly clock: Clock,
  ) {}

  /**
   * Every agent that is live, has mail waiting, or is reached by `all`, once each: live ones first, then those with
   * waiting mail, then the rest; by name within. The human is listed while mail waits for it.
   */
  async take(): Promise<Attendance[]> {
    const reached = new Set(await this.agents.everyone());
    const attendance: Attendance[] = [];
    for (const agent of [...(await this.agents.known()), HUMAN]) {
      const seen = agent === HUMAN ? [] : await this.#look(agent);
      const sessions = liveAmong(seen).map(({ session }) => session);
      const unread = await this.unread(agent);
      if (sessions.length === 0 && unread === 0 && !reached.has(agent)) continue;
      const servedAt = await this.agents.servedAt(agent);
      attendance.push({ agent, sessions, unread, servedAt, ...judge(agent, seen, servedAt, this.clock.now()) });
    }
    return attendance.sort((a, b) => rankOf(a) - rankOf(b) || (a.agent < b.agent ? -1 : 1));
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
