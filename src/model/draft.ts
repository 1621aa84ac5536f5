/**
 * The rules for what a message may be made of, whoever writes it: a model through a tool, a person through a command.
 * What was wrong is said in words that follow the argument's name.
 */
import * as z from 'zod/v4';
import { MAX_TIME_MS } from './clock.js';
import { lazy } from './lazy.js';
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_VALUES, MAX_THREAD_ID, PRIORITIES } from './message.js';
import { countValues, isNestedAtMost, isWellFormedThroughout } from './text.js';
import { MAX_ROLE } from './topic.js';

const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const wellFormed = (value: string) => value.isWellFormed();
const NOT_UNICODE = 'has half of a surrogate pair, which no UTF-8 text can hold; send whole characters';

/** A field of text that ends up in a message. */
export const text = (problem = 'must be a string') => z.string(problem).refine(wellFormed, NOT_UNICODE);

export const content = lazy(() => text().refine((value) => value.trim() !== '', 'must not be empty'));

export const priority = lazy(() => z.enum(PRIORITIES, 'must be "normal" or "urgent"'));

/** A name or a few words. `none` is what leaving it out means. */
const line = (most: number, none: string, control = 'must not contain control characters') =>
  z
    .string('must be a string')
    .trim()
    .min(1, `must not be empty; leave it out for ${none}`)
    .max(most, `may have at most ${most} characters`)
    .refine((value) => !CONTROL.test(value), control)
    .refine(wellFormed, NOT_UNICODE);

export const threadId = lazy(() => line(MAX_THREAD_ID, 'no thread'));

export const messageId = lazy(() =>
  z
    .string('must be a string')
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be a message id such as "msg-k3j9x0q2m4ab"'),
);

/** A name of the caller's own for one send, so that trying it again sends nothing twice. */
export const idempotencyKey = lazy(() => line(128, 'none'));

/** An object, or its JSON text. `problem` says what it must be, where it is something else. */
export const jsonObject = (problem: string) =>
  z.preprocess(
    (value, context) => {
      const parsed = parseIfText(value);
      // The schema would drop it without a word.
      if (parsed !== null && typeof parsed === 'object' && Object.hasOwn(parsed, '__proto__')) {
        context.addIssue('must not have a key "__proto__"');
      }
      return parsed;
    },
    bounded(z.looseObject({}, problem)),
  );

/** Any JSON. What looks like the JSON text of an object or a list is taken for that. */
export const jsonValue = lazy(() => z.preprocess(parseIfText, bounded(z.unknown())));

/** What can be walked through, and written as UTF-8. */
function bounded<T extends z.ZodType>(schema: T) {
  return schema
    .refine((value) => isNestedAtMost(value, MAX_PAYLOAD_DEPTH), `may nest at most ${MAX_PAYLOAD_DEPTH} levels deep`)
    .refine(
      (value) => !isNestedAtMost(value, MAX_PAYLOAD_DEPTH) || countValues(value) <= MAX_PAYLOAD_VALUES,
      `may hold at most ${MAX_PAYLOAD_VALUES} values; write them to a file and send its path`,
    )
    .refine((value) => !isNestedAtMost(value, MAX_PAYLOAD_DEPTH) || isWellFormedThroughout(value), NOT_UNICODE);
}

export const payload = lazy(() => jsonObject('must be a JSON object, such as {"commit": "abc123"}'));

export const ttlSeconds = lazy(() =>
  z
    .int('must be a whole number of seconds')
    .min(0, 'must not be negative; 0 is never')
    .max(Math.trunc(MAX_TIME_MS / 1000), 'ends after the year 9999; 0 is never'),
);

/** What a member does in a topic, in its own words. */
export const role = lazy(() => line(MAX_ROLE, 'none', 'must be one line, without control characters'));

// How long a call may wait for mail. Longer, and clients give the call up.
const MOST_WAIT_SECONDS = 240;

export const waitSeconds = lazy(() =>
  z
    .int(`must be a whole number of seconds, 0 to ${MOST_WAIT_SECONDS}`)
    .min(0, `must be from 0 to ${MOST_WAIT_SECONDS} seconds`)
    .max(MOST_WAIT_SECONDS, `must be from 0 to ${MOST_WAIT_SECONDS} seconds; call again to wait longer`),
);

/** How many messages one answer may show. */
export const limit = lazy(() =>
  z.int('must be a whole number from 1 to 100').min(1, 'must be from 1 to 100').max(100, 'must be from 1 to 100'),
);

/** A list or an object that came as its JSON text; anything else as it is. */
export function parseIfText(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
