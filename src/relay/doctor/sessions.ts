/** Presence of sessions that are over. It is never believed; a server that was killed leaves it behind. */
import type { Finding } from '../../model/finding.js';
import { isSessionId } from '../../model/ids.js';
import { presenceFile, sessionKey } from '../keys.js';
import { listOf, placeOf, type RelayCheck, type Subject, unlessReplaced } from './subject.js';

const MAX_RECORD_BYTES = 16 * 1024;

export const endedSessions: RelayCheck = {
  code: 'presence-of-ended-session',
  async run(subject) {
    const found: Finding[] = [];
    for (const agent of await unlessReplaced(() => subject.relay.presence.names(), [])) {
      for (const session of await listOf(subject, sessionKey(agent))) {
        if (!isSessionId(session) || !(await isEnded(subject, agent, session))) continue;
        const path = placeOf(subject, sessionKey(agent, session));
        if (!(await isRecord(subject, sessionKey(agent, session)))) {
          found.push({
            severity: 'note',
            path,
            message: 'This is no record of a session, and nobody goes by it. Look what put it there, and move it away.',
          });
          continue;
        }
        found.push({
          severity: 'note',
          path,
          message:
            'The process of this session is gone, or it was not heard of for a day. The next sweep takes it back.',
          repair: { does: 'take the presence back', run: () => takeBack(subject, agent, session) },
        });
      }
    }
    return found;
  },
};

/** The file that other programs read too. Ours names the session that it is a shadow of. */
export const endedShared: RelayCheck = {
  code: 'presence-file-of-ended-process',
  async run(subject) {
    const { presence } = subject.relay;
    const found: Finding[] = [];
    for (const agent of await unlessReplaced(() => presence.names(), [])) {
      const shared = await readJson(subject, presenceFile(agent));
      if (shared === undefined || typeof shared.pid !== 'number') continue;
      const path = placeOf(subject, presenceFile(agent));
      const { session } = shared;
      if (typeof session === 'string') {
        if (!(await presence.isOver(agent, session))) continue;
        found.push({
          severity: 'note',
          path,
          message: 'The session that wrote this file is over; another program takes the agent for live by it.',
          // Of an agent whose sessions come and go, each look may meet the end of another one.
          evidence: session,
          repair: { does: 'take the file back', run: () => takeBack(subject, agent, session) },
        });
      } else if (!(await presence.isLive(agent))) {
        found.push({
          severity: 'note',
          path,
          message:
            'Another program wrote this file, and its process is gone. Nothing here goes by it; that program replaces it, or you can move it away.',
        });
      }
    }
    return found;
  },
};

async function isEnded({ relay: { presence } }: Subject, agent: string, session: string): Promise<boolean> {
  // One that ends in order takes its record with it.
  return (await presence.isOver(agent, session)) && (await presence.isAnnounced(agent, session));
}

async function takeBack({ relay: { presence, events } }: Subject, agent: string, session: string): Promise<void> {
  if (!(await presence.isOver(agent, session))) return;
  const announced = await presence.isAnnounced(agent, session);
  await presence.withdraw(agent, session);
  if (announced) await events.note({ event: 'session_lost', agent, session });
}

async function isRecord(subject: Subject, key: string): Promise<boolean> {
  return typeof (await readJson(subject, key))?.session === 'string';
}

async function readJson({ relay }: Subject, key: string): Promise<{ [field: string]: unknown } | undefined> {
  const read = await relay.store.read(key, MAX_RECORD_BYTES);
  if (read?.ok !== true) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(read.bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as { [field: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}
