/** When a session begins, so that the order of beginnings is that of the sessions, whatever the clock did between them. */
import { MAX_TIME_MS } from '../model/clock.js';
import type { Presence } from './presence.js';

/**
 * `since`, or one millisecond behind the latest of the agent's other live sessions where that is later: the clock was set
 * back after they began, or they began in the same millisecond. For a session that has not shown itself yet. ISO 8601, UTC.
 */
export async function beginningBehindOthers(
  presence: Pick<Presence, 'others'>,
  { agent, id, since }: { readonly agent: string; readonly id: string; readonly since: string },
): Promise<string> {
  let begunAt = Date.parse(since);
  for (const { session } of await presence.others(agent, id)) {
    // Another program's server has no order among ours, and a record may hold anything.
    const otherAt = session.session === undefined ? Number.NaN : Date.parse(session.since);
    if (otherAt >= begunAt && otherAt < MAX_TIME_MS) begunAt = otherAt + 1;
  }
  return new Date(begunAt).toISOString();
}
