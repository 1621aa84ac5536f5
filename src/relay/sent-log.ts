/**
 * What a sender has published and to whom: one log a day, so that its mail can be looked up by id. A finding aid: it is not
 * synced, and without it the mail is as safe.
 *
 *     1771360200000-00042.no.0000000000000.--------.0000412.alice.msg-k3j9x0q2m4ab bob carol .
 *
 * The last word tells a whole note from one that a crash left torn, whose names cannot be believed. Recipients behind a "?"
 * may have got it: their inbox could not be synced. A send that is tried again notes whom no note names yet, so one
 * message may have several.
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

/** What all notes of a message say together. */
export interface FoundNote extends SentNote {
  /** Which of the recipients had it in their inbox, synced, before that was noted. */
  readonly published: readonly string[];
}

/** Whom a send reached. */
export interface Reached {
  readonly published: readonly string[];
  /** Who may have got it. */
  readonly unsure: readonly string[];
}

const WHOLE = '.';
const UNSURE = '?';
const DAY = /^\d{4}-\d{2}-\d{2}$/;
// Half a million messages a day.
const MAX_LOG_BYTES = 128 * 1024 * 1024;

export async function noteSent(store: Store, from: string, core: string, reached: Reached): Promise<void> {
  const { published, unsure } = reached;
  const words = [core, ...published, ...(unsure.length === 0 ? [] : [UNSURE, ...unsure]), WHOLE];
  await store.append(sentKey(from, dayOfName(core)), words.join(' '));
}

/**
 * What the notes of a message say, undefined when there is none. All of them are in the log of the day in its name: with the
 * `core` only that one is read, without it the newest days come first.
 */
export async function findSent(store: Store, from: string, id: string, core?: string): Promise<FoundNote | undefined> {
  const days =
    core === undefined ? (await store.list(sentKey(from))).filter((name) => DAY.test(name)).sort() : [dayOfName(core)];
  for (const day of days.reverse()) {
    const read = await store.read(sentKey(from, day), MAX_LOG_BYTES);
    const found = read?.ok === true ? unite(Buffer.from(read.bytes).toString('utf8'), id) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whom of `reached` no note of the message tells of yet. */
export function notNoted({ published, unsure }: Reached, noted: FoundNote | undefined): Reached {
  return {
    published: published.filter((to) => noted?.published.includes(to) !== true),
    unsure: unsure.filter((to) => noted?.recipients.includes(to) !== true),
  };
}

function unite(log: string, id: string): FoundNote | undefined {
  let name: string | undefined;
  const recipients = new Set<string>();
  const published = new Set<string>();
  for (const line of log.split('\n')) {
    // The name is parsed for the few lines that may be the one.
    if (!line.includes(id) || !line.endsWith(` ${WHOLE}`)) continue;
    const [core = '', ...words] = line.split(' ');
    if (parseName(core + SUFFIX)?.id !== id) continue;
    name ??= core;
    const unsureFrom = words.includes(UNSURE) ? words.indexOf(UNSURE) : words.length;
    words.forEach((word, index) => {
      if (!isRecipient(word)) return;
      recipients.add(word);
      if (index < unsureFrom) published.add(word);
    });
  }
  return name === undefined ? undefined : { core: name, recipients: [...recipients], published: [...published] };
}

/** Forgets the notes of days past their retention. */
export async function sweepSent(store: Store, now: number): Promise<void> {
  const oldest = dayOf(now - SENT_RETENTION_MS);
  for (const sender of (await store.list(SENT)).filter(isRecipient)) {
    const old = (await namesInFolder(store, sentKey(sender))).filter((day) => DAY.test(day) && day < oldest);
    for (const day of old) await store.remove(sentKey(sender, day), { durable: false });
  }
}

/** A name begins with the time. */
function dayOfName(core: string): string {
  return dayOf(Number(core.slice(0, 13)));
}

/** The log of a day holds what has a name of that day, UTC. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
