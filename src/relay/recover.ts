/** Mail that a session had claimed when it died: new again, marked as redelivered, because its reply may not have been written. */
import { isSessionId } from '../model/ids.js';
import { namesInFolder } from './folder-names.js';
import { inboxKey, takenBy, takenKey } from './keys.js';
import { redeliveredName } from './mail.js';
import { parseName } from './message-name.js';
import type { Relay } from './relay.js';

/**
 * Gives back what sessions of `agent` had claimed that are over; `own` is left alone. Of several racing callers one moves
 * each message, and rings: whoever waits for mail waits for that too.
 * @returns whether `own` has claimed anything, or had.
 */
export async function recoverTaken(
  { store, presence, events }: Pick<Relay, 'store' | 'presence' | 'events'>,
  agent: string,
  own?: string,
): Promise<boolean> {
  let isAnyBack = false;
  const sessions = await store.list(takenKey(agent));
  for (const session of sessions) {
    // Anything else in there is no session's: a file that some file manager left, say.
    if (!isSessionId(session) || session === own || !(await presence.isOver(agent, session))) continue;
    for (const fileName of await namesInFolder(store, takenBy(agent, session))) {
      const name = parseName(fileName);
      if (name === undefined) continue;
      const back = inboxKey(agent, redeliveredName(name.core));
      if (!(await store.move(takenBy(agent, session, fileName), back))) continue;
      isAnyBack = true;
      await events.note({ event: 'returned', id: name.id, from: name.from, to: agent, why: 'session over' });
    }
    await store.prune(takenBy(agent, session));
  }
  if (isAnyBack) await store.ring(agent);
  return own !== undefined && sessions.includes(own);
}
