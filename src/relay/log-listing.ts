/** Which logs there are: a folder a day, and in it a file a writer. What has another name is none. */
import { isDispatchError } from '../model/errors.js';
import { isSessionId } from '../model/ids.js';
import type { Store } from '../store/store.js';
import { LOG, logKey } from './keys.js';

/** `YYYY-MM-DD`, the oldest first. */
export async function listDays(store: Pick<Store, 'list'>): Promise<string[]> {
  return (await store.list(LOG)).filter(isDay).sort();
}

/** The keys of a day's logs, in no order. */
export async function listLogs(store: Pick<Store, 'list'>, day: string): Promise<string[]> {
  try {
    return (await store.list(logKey(day))).filter(isSessionId).map((writer) => logKey(day, writer));
  } catch (error) {
    // Something else than a folder in the place of a day.
    if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    return [];
  }
}

export function isDay(name: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(name) && !Number.isNaN(Date.parse(name));
}
