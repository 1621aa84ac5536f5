/** A message as it is stored: the JSON of one file. Immutable once it is visible. */
import * as z from 'zod/v4';
import { isSender } from './agent-id.js';
import { MAX_TIME_MS } from './clock.js';
import { isMessageId } from './ids.js';
import { lazy } from './lazy.js';
import { countWrittenValues, isNestedAtMost, isWellFormedThroughout } from './text.js';

/** Largest stored message that is ever read, in bytes; the configured limit for sending is at most this. */
export const MAX_STORED_BYTES = 8 * 1024 * 1024;

/** How deep a payload may nest: far beyond what people write, far below what breaks a JSON writer. */
export const MAX_PAYLOAD_DEPTH = 64;

/**
 * How many values the lists and objects of a payload may hold together. Each costs a reader time, whatever its size: the
 * 500,000 that 8 MiB have room for held up a call for 7 s. What 64 KiB have room for is less than this.
 */
export const MAX_PAYLOAD_VALUES = 33_000;

// Beside the payload: the fields of a message, and those that only another program knows.
const MAX_STORED_VALUES = MAX_PAYLOAD_VALUES + 1000;

/** Longest thread id, in characters. */
export const MAX_THREAD_ID = 128;

export const PRIORITIES = ['normal', 'urgent'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface Message {
  readonly id: string;
  /** Agent id of the sender, or `human`; stamped by the sender's server, never by its model. */
  readonly from: string;
  /** Whom it was sent to: an agent id, `human`, or `all`. */
  readonly to: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly priority: Priority;
  readonly content: string;
  readonly payload: JsonObject | null;
  readonly thread_id: string | null;
  /** Id of the message that this one answers. */
  readonly reply_to: string | null;
  /** Id of the message of the same sender that this one replaces. Absent for none, so that older readers see no change. */
  readonly supersedes?: string;
  /** Seconds from `timestamp` until it expires; 0 is never. */
  readonly ttl: number;
  /** Does not expire before it is acknowledged. */
  readonly must_read: boolean;
  /** What it was when sent. Only another program's rewriting makes this `read`; our own state is where the file is. */
  readonly state: 'pending' | 'read';
}

export type JsonObject = { readonly [key: string]: unknown };

// What other programs write into a relay is read with goodwill: what is missing gets its default, what is unknown is
// left out. What decides where a message goes and whether it lives must be right.
const optional = <T extends z.ZodType>(schema: T, fallback: z.output<T>) =>
  z.preprocess((value) => value ?? fallback, schema);

const isTime = (text: string) => {
  const time = Date.parse(text);
  return time >= 0 && time <= MAX_TIME_MS;
};

// z.record would look at each of 33,000 keys, which takes longer than parsing them.
const isObject = (value: unknown) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Passes over a key that sets the prototype of whatever object the payload is copied to. */
const withoutPrototype = (payload: JsonObject): JsonObject =>
  Object.hasOwn(payload, '__proto__')
    ? Object.fromEntries(Object.entries(payload).filter(([key]) => key !== '__proto__'))
    : payload;

const storedMessage = lazy(() =>
  z.object({
    id: z.string().refine(isMessageId, 'id is not a message id'),
    from: z.string().refine(isSender, 'from is not an agent id'),
    to: z.string().min(1).max(128),
    // Date.parse passes over comments in brackets, of any length.
    timestamp: z.string().max(64).refine(isTime, 'timestamp is not a time'),
    // Other programs have priorities of their own; what is not urgent here is normal.
    priority: z.preprocess(
      (value) => (typeof value === 'string' && value !== 'urgent' ? 'normal' : (value ?? 'normal')),
      z.enum(PRIORITIES),
    ),
    content: z.string(),
    payload: optional(
      z
        .nullable(z.custom<JsonObject>(isObject, 'wrong type or value').transform(withoutPrototype))
        .refine((value) => isNestedAtMost(value, MAX_PAYLOAD_DEPTH), 'payload is too deep'),
      null,
    ),
    thread_id: optional(z.nullable(z.string().max(MAX_THREAD_ID)), null),
    reply_to: optional(z.nullable(z.string().max(128)), null),
    supersedes: z.preprocess(
      (value) => value ?? undefined,
      z.string().refine(isMessageId, 'supersedes is not a message id').optional(),
    ),
    // The Python server never expires what has a negative one.
    ttl: optional(z.number().max(MAX_TIME_MS), 0).transform((ttl) => Math.max(ttl, 0)),
    must_read: optional(z.boolean(), false),
    state: optional(z.enum(['pending', 'read']), 'pending'),
  }),
);

// A byte order mark is passed over: some shells and editors of Windows put one first.
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The message in the bytes of a file, or what is wrong with them in a few words of ours (never of the file's). */
export function parseMessage(bytes: Uint8Array): { readonly message: Message } | { readonly problem: string } {
  if (countWrittenValues(bytes) > MAX_STORED_VALUES) return { problem: 'too many values' };
  let text: string;
  let json: unknown;
  try {
    text = decoder.decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    return { problem: error instanceof SyntaxError ? 'not JSON' : 'not UTF-8' };
  }
  if (!isObject(json)) return { problem: 'not a JSON object' };
  const result = storedMessage().safeParse(json);
  if (result.success) {
    // JSON can escape half of a surrogate pair. Strict readers refuse a whole reply that holds one.
    if (/\\u[dD]/.test(text) && !isWellFormedThroughout(result.data)) return { problem: 'half of a surrogate pair' };
    return { message: result.data as Message };
  }
  const [issue] = result.error.issues;
  const field = issue?.path[0];
  return {
    problem: `field ${typeof field === 'string' ? field : '?'}: ${issue?.code === 'custom' ? issue.message : 'wrong type or value'}`,
  };
}

/** The bytes of a message's file, as text. */
export function serializeMessage(message: Message): string {
  return JSON.stringify(message);
}
