/**
 * Which mail is worth waking a model for, by `wake.on`. The name of a message tells its urgency; whether it is a broadcast
 * stands inside, so of new mail that is not urgent a few are opened, and only until one is worth it.
 */
import { EVERYONE, normalizeName } from '../model/agent-id.js';
import { inboxKey } from '../relay/keys.js';
import type { Candidate, Mail } from '../relay/mail.js';
import type { Judgement } from './doorbell.js';

/** `direct`: addressed to the agent or a topic of its, or urgent. */
export type WakeOn = 'direct' | 'urgent' | 'all' | 'none';

/** Messages opened for one judgement. */
export const MOST_OPENED = 50;

/** What of `waiting` is passed over; the newest is looked at first, since it is what came just now. */
export async function judgeWorth(
  on: WakeOn,
  agent: string,
  waiting: readonly Candidate[],
  mail: Pick<Mail, 'openAt'>,
): Promise<Judgement> {
  const passedOver = new Set<string>();
  if (on === 'all') return { passedOver, unfinished: false };
  const normal = waiting.filter(({ name }) => name.priority !== 'urgent');
  if (on !== 'direct') {
    for (const { name } of normal) passedOver.add(name.core);
    return { passedOver, unfinished: false };
  }
  if (normal.length < waiting.length) return { passedOver, unfinished: false };
  const newestFirst = [...normal].sort((a, b) => (a.name.core < b.name.core ? 1 : -1));
  for (const candidate of newestFirst.slice(0, MOST_OPENED)) {
    const message = await mail.openAt(agent, inboxKey(agent, candidate.fileName), candidate, false);
    // What cannot be read is nothing to wake anybody for.
    if (message !== undefined && normalizeName(message.to) !== EVERYONE) return { passedOver, unfinished: false };
    passedOver.add(candidate.name.core);
  }
  return { passedOver, unfinished: normal.length > MOST_OPENED };
}
