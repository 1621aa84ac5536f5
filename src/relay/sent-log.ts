/**
 * What a sender has published and to whom: one log a day, so that its mail can be looked up by id. A finding aid: it is not
 * synced, and without it the mail is as safe.
 *
 *     1771360200000-00042.no.0000000000000.--------.0000412.alice.msg-k3j9x0q2m4ab bob carol .
 *
 * The last word tells a whole note from one that a crash left torn, whose names cannot be believed.
 */
import { isRecipient } from '../model/agent-id.js';
import type { Store } from '../store/store.js';
import { namesInFolder } from './folder-names.js';
import { SENT, sentKey } from './keys.js';
import { parseName, SUFFIX } from './message-name.js';

/** Notes outlive the receipts, for mail that waits long. In milliseconds. */
export const SENT_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

export interface SentNote {
  /** The core of the message's name. */
  readonly core: string;
  readonly recipients: readonly string[];
}

const WHOLE = '.';
const DAY = /^\d{4}-\d{2}-\d{2}$/;
// Half a million messages a day.
const MAX_LOG_BYTES = 128 * 1024 * 1024;

export async function noteSent(store: Store, from: string, core: string, recipients: readonly string[]): Promise<void> {
  // A name begins with the time.
  await store.append(sentKey(from, dayOf(Number(core.slice(0, 13)))), [core, ...recipients, WHOLE].join(' '));
}

/** The note of a message, undefined when there is none. Looks through the newest days first. */
export async function findSent(store: Store, from: string, id: string): Promise<SentNote | undefined> {
  const days = (await store.list(sentKey(from))).filter((name) => DAY.test(name)).sort();
  for (const day of days.reverse()) {
    const read = await store.read(sentKey(from, day), MAX_LOG_BYTES);
    if (read?.ok !== true) continue;
    for (const line of Buffer.from(read.bytes).toString('utf8').split('\n')) {
      // The name is parsed for the few lines that may be the one.
      if (!line.includes(id) || !line.endsWith(` ${WHOLE}`)) continue;
      const [core = '', ...recipients] = line.split(' ');
      if (parseName(core + SUFFIX)?.id === id) return { core, recipients: recipients.filter(isRecipient) };
    }
  }
  return undefined;
}

/** Forgets the notes of days past their retention. */
export async function sweepSent(store: Store, now: number): Promise<void> {
  const oldest = dayOf(now - SENT_RETENTION_MS);
  for (const sender of (await store.list(SENT)).filter(isRecipient)) {
    const old = (await namesInFolder(store, sentKey(sender))).filter((day) => DAY.test(day) && day < oldest);
    for (const day of old) await store.remove(sentKey(sender, day), { durable: false });
  }
}

/** The log of a day holds what has a name of that day, UTC. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
