/**
 * Who said something when, in a thread or outside of threads: the evidence that agents talk in circles. One log an hour and
 * thread, one record a message, written by every sender once its message is out; not synced.
 *
 *     .pace/2026-02-17T20/9f86d081884c7d65
 *     1771360200000 alice bob .
 *
 * The name is the hash of the thread id, `unthreaded` outside of threads. Instead of several recipients stands `all`. What goes to the human alone is not
 * recorded; what the human says is, in its thread and outside of threads as well.
 */
import { EVERYONE, HUMAN, isRecipient, isSender } from '../../model/agent-id.js';
import { lazyBuiltin } from '../../model/lazy-builtin.js';
import type { Store } from '../../store/store.js';
import { PACE, paceKey } from '../keys.js';
import { WHOLE } from './log-tail.js';

const crypto = lazyBuiltin<typeof import('node:crypto')>('node:crypto');

export const HOUR_MS = 60 * 60 * 1000;

/** Name of the log of what is said outside of threads. */
export const UNTHREADED = 'unthreaded';

export interface Spoken {
  readonly at: number;
  readonly from: string;
  /** An agent, `human`, or `all` for several. */
  readonly to: string;
}

const HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}$/;

/** Name of the log of a thread. */
export function paceName(threadId: string | null): string {
  if (threadId === null) return UNTHREADED;
  return crypto().createHash('sha256').update(threadId).digest('hex').slice(0, 16);
}

export function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, 13);
}

/** To whom it went, as it is recorded. */
export function heardBy(recipients: readonly string[]): string {
  return recipients.length === 1 ? (recipients[0] as string) : EVERYONE;
}

export function paceRecord({ at, from, to }: Spoken): string {
  return `${String(at).padStart(13, '0')} ${from} ${to}`;
}

/** What a record without its end mark says; undefined for anything else. */
export function parsePace(record: string): Spoken | undefined {
  const [at = '', from = '', to = '', rest] = record.split(' ');
  if (!/^\d{13}$/.test(at) || !isSender(from) || rest !== undefined) return undefined;
  return to === EVERYONE || isRecipient(to) ? { at: Number(at), from, to } : undefined;
}

/** Records that something was said. */
export async function notePace(store: Store, threadId: string | null, spoken: Spoken): Promise<void> {
  const names = new Set([paceName(threadId)]);
  // To whomever the human writes, in whatever thread: those agents are not left to themselves.
  if (spoken.from === HUMAN) names.add(UNTHREADED);
  for (const name of names) await store.append(paceKey(hourOf(spoken.at), name), paceRecord(spoken) + WHOLE);
}

/** Removes the hours that no limit looks at any more. */
export async function sweepPace(store: Store, now: number): Promise<void> {
  const oldest = hourOf(now - HOUR_MS);
  for (const hour of await store.list(PACE)) {
    if (!HOUR.test(hour) || hour >= oldest) continue;
    const names = await store.list(paceKey(hour));
    await store.removeAll(
      names.map((name) => paceKey(hour, name)),
      { durable: false },
    );
    await store.prune(paceKey(hour));
  }
}
