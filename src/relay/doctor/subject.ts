/** What the checks of the domain look at, and how they name places. */
import { isRecipient } from '../../model/agent-id.js';
import { isDispatchError } from '../../model/errors.js';
import type { Check } from '../../model/finding.js';
import type { Relay } from '../relay.js';

export interface Subject {
  readonly relay: Relay;
  /** Milliseconds. */
  readonly receiptRetentionMs: number;
  /** Milliseconds. */
  readonly logRetentionMs: number;
}

export type RelayCheck = Check<Subject>;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A key as people find it. */
export function placeOf({ relay }: Subject, key: string): string {
  return key === '' ? relay.store.location : `${relay.store.location}/${key}`;
}

/** What `look` sees; `instead` where something else is in the place of a folder, which is a finding of its own. */
export async function unlessReplaced<T>(look: () => Promise<T>, instead: T): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    return instead;
  }
}

/** What stands below a prefix. */
export async function listOf({ relay }: Subject, prefix: string): Promise<readonly string[]> {
  return unlessReplaced(() => relay.store.list(prefix), []);
}

/** True for the one part of a record in a directory that says which state it is in, also of one that has ended. */
export function isHead(part: string): boolean {
  return /^\d+\.[a-z0-9]+$/.test(part);
}

/** Owners of an inbox, the human included. */
export async function ownersOf(subject: Subject): Promise<string[]> {
  return (await listOf(subject, '')).filter(isRecipient);
}
