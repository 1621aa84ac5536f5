/**
 * The chain of the audit: each line of such a log names the hash of the line before it, and ends with its own.
 *
 *     {"at":"...","event":"job.claimed",...,"seq":2,"prev":"<64 hex>","hash":"<64 hex>"}
 *
 * - `seq` counts the lines of the log from 1.
 * - `prev` is the hash of the line before; of the first one the SHA-256 of where the log stands, `<day>/<writer>`, so that
 *   a log cannot pass for another.
 * - `hash` is the SHA-256 of the line's bytes without `,"hash":"..."`.
 *
 * There is no secret in it: who can rewrite a log to its end can chain it anew. That shows by the heads that jobs keep.
 */
import type { AuditHead } from '../../model/job.js';
import { lazyBuiltin } from '../../model/lazy-builtin.js';

const crypto = lazyBuiltin<typeof import('node:crypto')>('node:crypto');

/** Bytes of a chained line, its newline aside. Fields are bounded where they are made; this finds the one that is not. */
export const MAX_LINE_BYTES = 4096;

/**
 * `event` as the line that follows `before` in `log`, and where it stands.
 * @param before undefined for the first line of a log.
 * @throws RangeError for an event that has no room in a line.
 */
export function chainedLine(
  event: object,
  log: string,
  before: AuditHead | undefined,
): { readonly line: string; readonly head: AuditHead } {
  const seq = (before?.seq ?? 0) + 1;
  const text = JSON.stringify({ ...event, seq, prev: before?.hash ?? beginningOf(log) });
  const hash = sha256(text);
  const line = `${text.slice(0, -1)},"hash":"${hash}"}`;
  if (Buffer.byteLength(line) > MAX_LINE_BYTES)
    throw new RangeError(`a line of the audit has at most ${MAX_LINE_BYTES} bytes, not ${Buffer.byteLength(line)}`);
  return { line, head: { log, seq, hash } };
}

/** What the first line of a log names as the one before. */
export function beginningOf(log: string): string {
  return sha256(log);
}

export interface Link {
  readonly seq: number;
  readonly prev: string;
  /** As the line says, and as its bytes are. */
  readonly hash: string;
  readonly actual: string;
}

const END = /^,"seq":([1-9][0-9]{0,15}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const HASH_BYTES = ',"hash":""'.length + 64;
const LINK_BYTES = ',"seq":,"prev":""'.length + 16 + 64 + HASH_BYTES + 1;

/** How a line is linked; undefined for bytes that do not end as a chained line does. */
export function linkOf(line: Buffer): Link | undefined {
  // Latin 1 keeps each byte apart, so that nothing but these very bytes passes.
  const tail = line.toString('latin1', Math.max(0, line.length - LINK_BYTES));
  const [, seq, prev, hash] = END.exec(tail.slice(Math.max(0, tail.lastIndexOf(',"seq":')))) ?? [];
  if (seq === undefined || prev === undefined || hash === undefined) return undefined;
  const actual = crypto()
    .createHash('sha256')
    .update(line.subarray(0, line.length - 1 - HASH_BYTES))
    .update('}')
    .digest('hex');
  return { seq: Number(seq), prev, hash, actual };
}

function sha256(text: string): string {
  return crypto().createHash('sha256').update(text).digest('hex');
}
