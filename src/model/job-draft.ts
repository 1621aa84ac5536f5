/** The rules for what a job may be made of, whoever submits it. What was wrong follows the argument's name. */
import * as z from 'zod/v4';
import { idempotencyKey, jsonObject, jsonValue, text } from './draft.js';
import { isJobId } from './ids.js';
import {
  DEFAULT_LEASE_SECONDS,
  MAX_NOTE_LENGTH,
  MAX_REASON_LENGTH,
  MOST_ATTEMPTS,
  MOST_LEASE_SECONDS,
  type Task,
} from './job.js';
import { lazy } from './lazy.js';

const SHAPE = 'must be a JSON object with a "prompt", such as {"prompt": "Find out why the build is red."}';

/** An object with a prompt, or its JSON text. */
export const task = lazy(() =>
  jsonObject(SHAPE)
    .refine((value) => typeof value.prompt === 'string' && value.prompt.trim() !== '', `needs a "prompt": it ${SHAPE}`)
    // No program can be given it.
    .refine((value) => !String(value.prompt).includes('\0'), 'has a NUL character in its prompt; leave it out')
    .transform((value) => value as Task),
);

/** A name of the submitter's own for one job, so that submitting it again makes no second one. */
export const requestId = idempotencyKey;

export const jobId = lazy(() =>
  z.string('must be a string').trim().refine(isJobId, 'must be a job id such as "job-k3j9x0q2m4ab"'),
);

export const maxAttempts = lazy(() =>
  z
    .int(`must be a whole number from 1 to ${MOST_ATTEMPTS}`)
    .min(1, `must be from 1 to ${MOST_ATTEMPTS}`)
    .max(MOST_ATTEMPTS, `must be from 1 to ${MOST_ATTEMPTS}`),
);

export const leaseSeconds = lazy(() =>
  z
    .int(`must be a whole number of seconds, 1 to ${MOST_LEASE_SECONDS}`)
    .min(1, `must be from 1 to ${MOST_LEASE_SECONDS} seconds`)
    .max(
      MOST_LEASE_SECONDS,
      `must be from 1 to ${MOST_LEASE_SECONDS} seconds; claim again with the token to hold it longer than ${DEFAULT_LEASE_SECONDS}`,
    ),
);

const line = (most: number) =>
  text()
    .trim()
    .max(most, `may have at most ${most} characters`)
    .refine((value) => !/[\p{Cc}\u2028\u2029]/u.test(value), 'must be one line, without control characters');

export const reason = lazy(() => line(MAX_REASON_LENGTH));

/** Why a person is to approve of a job before it runs. */
export const reviewReason = lazy(() =>
  reason().refine((value) => value !== '', 'must say what a person is to look at'),
);

/** What a person says to a decision; blank is none. */
export const reviewNote = lazy(() => line(MAX_NOTE_LENGTH));

/** As `claim` gave it. What is none, and whose it is, is for the fencing to say. */
export const claimToken = lazy(() => z.string('must be a string').trim().max(64, 'is too long for a token of claim'));

/** In bytes of UTF-8. */
export const outcomeOffset = lazy(() => z.int('must be a whole number of bytes').min(0, 'must not be negative'));

/** A result: any JSON, or the JSON text of an object or a list. How large it may be, the job says. */
export const anyJson = jsonValue;

export const errorText = lazy(() => text());
