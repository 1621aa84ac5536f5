/** Identifiers made here: message ids and session ids. Random, so that two processes need not agree on anything. */
import { customRandom } from 'nanoid';
import { lazyBuiltin } from './lazy-builtin.js';

const crypto = lazyBuiltin<typeof import('node:crypto')>('node:crypto');

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

const POOL_BYTES = 4096;
let unused: Uint8Array = new Uint8Array();

// 36^12 is 2^62: with a thousand million messages in one relay two share an id with a chance of one in nine; a shared
// id needs the same sender and millisecond too before it meets itself in a file name, and publishing never replaces.
const random12 = customRandom(ALPHABET, 12, randomBytes);
// A session id is the nonce that tells two processes with one PID apart: 36^20 is 2^103.
const random20 = customRandom(ALPHABET, 20, randomBytes);

/** What may stand as a message id in a file name and in a tool argument, ours or another program's. */
const MESSAGE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const JOB_ID = /^job-[a-z0-9]{12}$/;

const SESSION_ID = /^[a-z0-9]{20}$/;

// One request for a hundred ids: asked for one at a time, randomness is a tenth of the work of a send.
function randomBytes(count: number): Uint8Array {
  if (unused.length < count) unused = crypto().randomBytes(POOL_BYTES);
  const bytes = unused.subarray(0, count);
  unused = unused.subarray(count);
  return bytes;
}

/** A new message id, such as `msg-k3j9x0q2m4ab`. */
export function newMessageId(): string {
  return `msg-${random12()}`;
}

/** A new session id: 20 characters of a-z and 0-9. */
export function newSessionId(): string {
  return random20();
}

/** A new job id, such as `job-k3j9x0q2m4ab`. */
export function newJobId(): string {
  return `job-${random12()}`;
}

export function isJobId(text: string): boolean {
  return JOB_ID.test(text);
}

export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text);
}

export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}
