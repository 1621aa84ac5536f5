/** The life of a job, put together from what is known: the event log, and the record as it is now. */
import { isDispatchError } from '../../model/errors.js';
import { isOfJob, type LoggedJobEvent } from '../events.js';
import { jobKey } from '../keys.js';
import type { Relay } from '../relay.js';

export interface JobTrace {
  readonly id: string;
  /** From the log, in its order. */
  readonly events: readonly LoggedJobEvent[];
  /** From its record; undefined where there is none, or none that can be understood. */
  readonly now: { readonly state: string; readonly attempts?: number } | undefined;
}

/** Undefined where nothing is known of such a job. Changes nothing. */
export async function traceJob(
  { log, store }: Pick<Relay, 'log' | 'store'>,
  id: string,
): Promise<JobTrace | undefined> {
  const events: LoggedJobEvent[] = [];
  for await (const batch of log.mentioning(id))
    for (const event of batch) if (isOfJob(event) && event.job === id) events.push(event);
  const now = await standing(store, id);
  return events.length === 0 && now === undefined ? undefined : { id, events, now };
}

async function standing(store: Pick<Relay['store'], 'readRecord'>, id: string): Promise<JobTrace['now']> {
  try {
    const record = await store.readRecord(jobKey(id));
    if (record === undefined) return undefined;
    const { state, attempts } = JSON.parse(Buffer.from(record.value).toString('utf8')) ?? {};
    if (typeof state !== 'string') return undefined;
    return { state, ...(typeof attempts === 'number' ? { attempts } : {}) };
  } catch (error) {
    // The log tells the life of a job also where its record is damaged.
    if (!isDispatchError(error) && !(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
