/** Mail that a session had claimed when it died: new again, marked as redelivered, because its reply may not have been written. */
import { isSessionId } from '../model/ids.js';
import type { Store } from '../store/store.js';
import { inboxKey, takenBy, takenKey } from './keys.js';
import { redeliveredName } from './mail.js';
import { parseName } from './message-name.js';
import type { Presence } from './presence.js';

/**
 * Gives back what sessions of `agent` had claimed that are over; `own` is left alone. Of several racing callers one moves
 * each message.
 */
export async function recoverTaken(store: Store, presence: Presence, agent: string, own?: string): Promise<void> {
  for (const session of await store.list(takenKey(agent))) {
    // Anything else in there is no session's: a file that some file manager left, say.
    if (!isSessionId(session) || session === own || !(await presence.isOver(agent, session))) continue;
    for (const fileName of await store.list(takenBy(agent, session))) {
      const name = parseName(fileName);
      if (name === undefined) continue;
      await store.move(takenBy(agent, session, fileName), inboxKey(agent, redeliveredName(name.core)));
    }
    await store.prune(takenBy(agent, session));
  }
}
