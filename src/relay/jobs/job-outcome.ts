/**
 * Outcomes of jobs: short ones stand in the record, longer ones in a file beside it, of which the record has the name. Each
 * settle writes a file of its own, before anything is decided: of two under one token, only the accepted one is ever read.
 */
import { DispatchError, isDispatchError } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import { INLINE_ERROR_LENGTH, INLINE_RESULT_BYTES, type Job, MAX_OUTCOME_BYTES, type Token } from '../../model/job.js';
import { utf8Bytes } from '../../model/text.js';
import type { Store } from '../../store/store.js';
import { jobOutcomeKey } from '../keys.js';
import type { Settlement } from './jobs.js';
import type { Outcome } from './transitions.js';

export interface WholeOutcome {
  readonly result: unknown;
  readonly error: string | null;
}

/**
 * What of an outcome stands in the record; what is larger is in a file by then, durably.
 * @throws DispatchError `INVALID_ARGUMENT` for one that is too large; `STORE_UNAVAILABLE`, and the job is as it was.
 */
export async function keepOutcome(
  store: Store,
  id: string,
  { number }: Token,
  { result, error }: Settlement,
): Promise<Outcome> {
  const whole: WholeOutcome = { result: result ?? null, error: error ?? null };
  const text = JSON.stringify(whole.result);
  const bytes = utf8Bytes(JSON.stringify(whole));
  if (bytes > MAX_OUTCOME_BYTES) {
    const why = `The outcome takes ${bytes} bytes as JSON, the limit is ${MAX_OUTCOME_BYTES}. Nothing was changed, and you still hold job ${id}. Write it to a file and give the path as result.`;
    throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'result', bytes, maxBytes: MAX_OUTCOME_BYTES });
  }
  const isShort = utf8Bytes(text) <= INLINE_RESULT_BYTES && (whole.error?.length ?? 0) <= INLINE_ERROR_LENGTH;
  if (isShort) return { ...whole, outcomeBytes: null, outcomeName: null };
  const outcomeName = `${id}.${number}.${newSessionId()}`;
  try {
    await store.put(jobOutcomeKey(outcomeName), JSON.stringify(whole), { durable: true });
  } catch (thrown) {
    if (!isDispatchError(thrown, 'STORE_UNAVAILABLE')) throw thrown;
    // A file that no record names is nothing.
    throw new DispatchError(thrown.code, thrown.message, { ...thrown.data, outcome: 'none' }, thrown);
  }
  const inline =
    utf8Bytes(text) <= INLINE_RESULT_BYTES ? whole.result : cut(textOf(whole.result), INLINE_RESULT_BYTES / 4);
  return {
    result: inline,
    error: whole.error === null ? null : cut(whole.error, INLINE_ERROR_LENGTH),
    outcomeBytes: bytes,
    outcomeName,
  };
}

/** Undefined where the record holds all of it, and for a file that is gone. */
export async function readOutcome(store: Store, { outcome_name }: Job): Promise<WholeOutcome | undefined> {
  if (outcome_name === null) return undefined;
  const read = await store.read(jobOutcomeKey(outcome_name), MAX_OUTCOME_BYTES + 1024);
  if (read?.ok !== true) return undefined;
  try {
    return JSON.parse(Buffer.from(read.bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).toWellFormed();
}
