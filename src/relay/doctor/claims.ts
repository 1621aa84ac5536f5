/** Mail that was claimed for a reply and is still neither read nor given back: nobody else is shown it. */
import type { Finding } from '../../model/finding.js';
import { isSessionId } from '../../model/ids.js';
import { takenBy, takenKey } from '../keys.js';
import { parseName } from '../message-name.js';
import { recoverTaken } from '../recover.js';
import { listOf, MINUTE_MS, ownersOf, placeOf, type RelayCheck, type Subject } from './subject.js';

// A reply is made and written in milliseconds; one that waits for its client is cancelled long before.
const LONG_MS = 10 * MINUTE_MS;

export const claimedByEnded: RelayCheck = {
  code: 'mail-claimed-by-ended-session',
  async run(subject) {
    const found: Finding[] = [];
    for (const { agent, session, messages } of await claims(subject)) {
      if (!(await subject.relay.presence.isOver(agent, session))) continue;
      found.push({
        severity: 'warning',
        path: placeOf(subject, takenBy(agent, session)),
        message: `${counted(messages)} claimed by a session that is over, so nobody is shown ${messages === 1 ? 'it' : 'them'} until a session of ${agent} looks.`,
        repair: {
          does: 'give the mail back, marked as redelivered',
          run: async () => {
            await recoverTaken(subject.relay, agent);
          },
        },
      });
    }
    return found;
  },
};

export const claimedLong: RelayCheck = {
  code: 'mail-claimed-for-long',
  async run(subject) {
    const { store, clock, presence } = subject.relay;
    const found: Finding[] = [];
    for (const { agent, session, messages } of await claims(subject)) {
      if (await presence.isOver(agent, session)) continue;
      // A move does not touch the times of a file, but those of the folder: the last claim is no younger. A store that has
      // no folders cannot tell.
      const since = (await store.read(takenBy(agent, session), 0))?.modifiedAt;
      if (since === undefined || clock.now() - since < LONG_MS) continue;
      found.push({
        severity: 'warning',
        path: placeOf(subject, takenBy(agent, session)),
        message: `${counted(messages)} claimed by a live session for ${Math.floor((clock.now() - since) / MINUTE_MS)} minutes, so nobody else is shown ${messages === 1 ? 'it' : 'them'}. \`mcp-dispatch who\` shows the process: it may be stopped, or its client hang. The mail comes back when it ends.`,
      });
    }
    return found;
  },
};

interface Claims {
  readonly agent: string;
  readonly session: string;
  readonly messages: number;
}

async function claims(subject: Subject): Promise<Claims[]> {
  const found: Claims[] = [];
  for (const agent of await ownersOf(subject)) {
    for (const session of (await listOf(subject, takenKey(agent))).filter(isSessionId)) {
      const names = await listOf(subject, takenBy(agent, session));
      const messages = names.filter((name) => parseName(name) !== undefined).length;
      if (messages > 0) found.push({ agent, session, messages });
    }
  }
  return found;
}

function counted(messages: number): string {
  return messages === 1 ? '1 message is' : `${messages} messages are`;
}
