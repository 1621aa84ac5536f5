/**
 * The name of a message's file, which carries what decisions need, so that counting, ordering, expiry, thread filter,
 * receipts and acknowledging open no file. Grammar of format 1 (docs/relay-format.md):
 *
 *     1771360200000-00042.nm.1771363800000.9f86d081.0000412.alice.msg-k3j9x0q2m4ab.json
 *     time          counter| expiry        thread   size    from  id
 *                          priority (n, u) and must_read (m, o)
 *
 * All parts up to the size have a fixed width; "." separates them, since ids hold none. Names sort by time of sending. An expiry of zeros is never, a thread of
 * dashes is none. Behind the id, "~" begins a mark: `~r` in an inbox is "redelivered".
 */
import { isSender } from '../model/agent-id.js';
import { expiryOf } from '../model/expiry.js';
import { isMessageId } from '../model/ids.js';
import { lazyBuiltin } from '../model/lazy-builtin.js';
import type { Message, Priority } from '../model/message.js';

export const SUFFIX = '.json';

const crypto = lazyBuiltin<typeof import('node:crypto')>('node:crypto');

const NO_THREAD = '--------';
const NEVER = '0000000000000';
const COUNTERS = 100_000;
const CORE =
  /^(\d{13})-(\d{5})\.([nu])([mo])\.(\d{13})\.([0-9a-f]{8}|-{8})\.(\d{7})\.([a-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})$/;

export interface MessageName {
  /** The name without mark and suffix: the same wherever the message is. */
  readonly core: string;
  readonly sentAt: number;
  readonly priority: Priority;
  readonly mustRead: boolean;
  /** Milliseconds since 1970, undefined for never. */
  readonly expiresAt: number | undefined;
  /** `threadHash` of the thread, undefined outside threads. */
  readonly thread: string | undefined;
  readonly bytes: number;
  readonly from: string;
  readonly id: string;
  /** What stands behind "~", empty for nothing. */
  readonly mark: string;
}

/** The core name of a message whose file has `bytes` bytes. `sentAt` and `counter` order it among its sender's. */
export function coreName(message: Message, sentAt: number, counter: number, bytes: number): string {
  const flags = `${message.priority === 'urgent' ? 'u' : 'n'}${message.must_read ? 'm' : 'o'}`;
  const expiresAt = expiryOf(Date.parse(message.timestamp), message.ttl);
  return [
    `${digits(sentAt, 13)}-${digits(counter, 5)}`,
    flags,
    expiresAt === undefined ? NEVER : digits(expiresAt, 13),
    message.thread_id === null ? NO_THREAD : threadHash(message.thread_id),
    digits(bytes, 7),
    message.from,
    message.id,
  ].join('.');
}

/** What a file name says, undefined when it does not follow the grammar. */
export function parseName(fileName: string): MessageName | undefined {
  if (!fileName.endsWith(SUFFIX)) return undefined;
  const name = fileName.slice(0, -SUFFIX.length);
  const tilde = name.indexOf('~');
  const core = tilde === -1 ? name : name.slice(0, tilde);
  const match = CORE.exec(core);
  if (match === null) return undefined;
  const [, sentAt = '', , priority, must, expiry = '', thread, bytes = '', from = '', id = ''] = match;
  if (!isSender(from) || !isMessageId(id)) return undefined;
  return {
    core,
    sentAt: Number(sentAt),
    priority: priority === 'u' ? 'urgent' : 'normal',
    mustRead: must === 'm',
    expiresAt: expiry === NEVER ? undefined : Number(expiry),
    thread: thread === NO_THREAD ? undefined : thread,
    bytes: Number(bytes),
    from,
    id,
    mark: tilde === -1 ? '' : name.slice(tilde + 1),
  };
}

/** The one predicate for "expired": past its time, and not held open by `must_read`. */
export function isExpired(name: Pick<MessageName, 'expiresAt' | 'mustRead'>, now: number): boolean {
  return name.expiresAt !== undefined && name.expiresAt <= now && !name.mustRead;
}

/** Eight hexadecimal digits of a thread id: a filter only, equality is decided by the message itself. */
export function threadHash(threadId: string): string {
  return hash(threadId);
}

/**
 * The counter for a file of another program, which has none. From its name, so that every session gives it the same, and
 * two files that hold the same id, sender and time do not become one.
 */
export function counterOf(fileName: string): number {
  return Number.parseInt(hash(fileName), 16) % COUNTERS;
}

function hash(text: string): string {
  return crypto().createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** What is too large for its place, such as a time after the year 2286, is written as the largest that fits. */
function digits(value: number, width: number): string {
  return String(Math.min(Math.trunc(value), 10 ** width - 1)).padStart(width, '0');
}
