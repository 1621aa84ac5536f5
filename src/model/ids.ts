/** Identifiers made here: message ids and session ids. Random, so that two processes need not agree on anything. */
import { customAlphabet } from 'nanoid';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

// 36^12 is 2^62: with a thousand million messages in one relay two share an id with a chance of one in nine; a shared
// id needs the same sender and millisecond too before it meets itself in a file name, and publishing never replaces.
const random12 = customAlphabet(ALPHABET, 12);
// A session id is the nonce that tells two processes with one PID apart: 36^20 is 2^103.
const random20 = customAlphabet(ALPHABET, 20);

/** What may stand as a message id in a file name and in a tool argument, ours or another program's. */
const MESSAGE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const SESSION_ID = /^[a-z0-9]{20}$/;

/** A new message id, such as `msg-k3j9x0q2m4ab`. */
export function newMessageId(): string {
  return `msg-${random12()}`;
}

/** A new session id: 20 characters of a-z and 0-9. */
export function newSessionId(): string {
  return random20();
}

export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text);
}

export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}
