/**
 * The mail of an agent, seen by whoever is not its session: the person at the terminal, a command. Looking moves, marks
 * and sets aside nothing, so it can be done at any time, beside any number of sessions.
 */
import { isSessionId } from '../model/ids.js';
import type { Message } from '../model/message.js';
import { namesInFolder } from './folder-names.js';
import { inboxKey, readKey, takenBy, takenKey } from './keys.js';
import { byUrgencyThenTime, type Candidate } from './mail.js';
import { isExpired, parseName, threadHash } from './message-name.js';
import type { Relay } from './relay.js';

export interface Held extends Candidate {
  readonly key: string;
  /** Mail that a session has claimed for a reply not yet written counts as pending. */
  readonly standing: 'pending' | 'read';
  readonly expired: boolean;
}

export interface Seen {
  readonly message: Message;
  readonly standing: 'pending' | 'read';
}

type Parts = Pick<Relay, 'store' | 'clock' | 'mail'>;

/** Everything that is held for `agent`, each message once, in no order. */
export async function surveyMail({ store, clock, mail }: Parts, agent: string): Promise<Held[]> {
  const held = new Map<string, Held>();
  const now = clock.now();
  const add = (fileName: string, key: string, standing: Held['standing']) => {
    const name = parseName(fileName);
    if (name !== undefined) held.set(name.core, { fileName, name, key, standing, expired: isExpired(name, now) });
  };
  // In the order in which mail moves: what moves meanwhile is met twice, and the later place counts.
  const { pending, expired } = await mail.scan(agent, false);
  for (const { fileName, name } of [...pending, ...expired]) {
    const key = inboxKey(agent, fileName);
    held.set(name.core, { fileName, name, key, standing: 'pending', expired: isExpired(name, now) });
  }
  for (const session of (await store.list(takenKey(agent))).filter(isSessionId)) {
    for (const fileName of await namesInFolder(store, takenBy(agent, session)))
      add(fileName, takenBy(agent, session, fileName), 'pending');
  }
  for (const fileName of await store.list(readKey(agent))) add(fileName, readKey(agent, fileName), 'read');
  return [...held.values()];
}

/**
 * What is in the mail of `agent` and has not expired: pending mail first, urgent before normal, then what was read and not
 * acknowledged; each by age. `more` counts what is beyond `limit`.
 */
export async function lookAtMail(
  relay: Parts,
  agent: string,
  { limit, threadId }: { readonly limit: number; readonly threadId?: string | undefined },
): Promise<{ messages: Seen[]; more: number }> {
  const hash = threadId === undefined ? undefined : threadHash(threadId);
  const candidates = (await surveyMail(relay, agent))
    .filter(({ expired, name }) => !expired && (hash === undefined || name.thread === hash))
    .sort((a, b) => {
      if (a.standing !== b.standing) return a.standing === 'pending' ? -1 : 1;
      return a.standing === 'pending' ? byUrgencyThenTime(a, b) : a.name.core < b.name.core ? -1 : 1;
    });
  const messages: Seen[] = [];
  let opened = 0;
  for (const candidate of candidates) {
    if (messages.length === limit) break;
    opened++;
    const message = await relay.mail.openAt(agent, candidate.key, candidate, false);
    if (message === undefined || (threadId !== undefined && message.thread_id !== threadId)) continue;
    messages.push({ message, standing: message.state === 'read' ? 'read' : candidate.standing });
  }
  return { messages, more: candidates.length - opened };
}
