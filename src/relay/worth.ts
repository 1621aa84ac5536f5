/**
 * Which mail is worth waking a model for, by `wake.on`. The name of a message tells its urgency; whether it is a broadcast
 * stands inside, so of new mail that is not urgent a few are opened, and only until one is worth it.
 */
import { EVERYONE, normalizeName } from '../model/agent-id.js';
import type { Candidate } from './mail.js';

/** `direct`: addressed to the agent or a topic of its, or urgent. */
export type WakeOn = 'direct' | 'urgent' | 'all' | 'none';

/** Messages opened for one judgement. */
export const MOST_OPENED = 50;

export interface Judgement {
  /** Cores of the names of what is not worth it: broadcasts, perhaps. */
  readonly passedOver: ReadonlySet<string>;
  /** True when there was too much to judge at a time. */
  readonly unfinished: boolean;
}

/**
 * What of `waiting` is passed over; the newest is looked at first, since it is what came just now. `open` tells to whom a
 * message is addressed, undefined where that cannot be read.
 */
export async function judgeWorth(
  on: WakeOn,
  waiting: readonly Candidate[],
  open: (candidate: Candidate) => Promise<{ readonly to: string } | undefined>,
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
    const message = await open(candidate);
    // What cannot be read is nothing to wake anybody for.
    if (message !== undefined && normalizeName(message.to) !== EVERYONE) return { passedOver, unfinished: false };
    passedOver.add(candidate.name.core);
  }
  return { passedOver, unfinished: normal.length > MOST_OPENED };
}
