/** A job as it is stored: the value of one record, changed by compare-and-set only. */
import * as z from 'zod/v4';
import { isJobId } from './ids.js';
import { lazy } from './lazy.js';
import type { JsonObject } from './message.js';

export const JOB_STATES = [
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
  'expired',
  'needs_recovery',
  'needs_review',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What a job never leaves again. `needs_recovery` and `needs_review` are none of them: they wait for a person. */
const ENDED: ReadonlySet<JobState> = new Set(['completed', 'failed', 'cancelled', 'expired']);

export function isEnded(state: JobState): boolean {
  return ENDED.has(state);
}

/** True for a job that goes no further until a person has decided. */
export function waitsForPerson({ state }: Pick<Job, 'state'>): boolean {
  return state === 'needs_recovery' || state === 'needs_review';
}

/** How often a job is tried at most, where its submitter does not say. */
export const DEFAULT_ATTEMPTS = 3;
export const MOST_ATTEMPTS = 20;

/** Seconds. */
export const DEFAULT_LEASE_SECONDS = 120;
export const MOST_LEASE_SECONDS = 3600;

/** Bytes of the JSON of a task, whatever a message may have: the record of a job holds it, and a store reads 1 MiB of one. */
export const MAX_TASK_BYTES = 512 * 1024;

/** Bytes of the JSON of a result, and UTF-16 units of an error, that stand in the record itself. */
export const INLINE_RESULT_BYTES = 8192;
export const INLINE_ERROR_LENGTH = 2000;

/** Bytes of the JSON of a result and an error together. What is larger belongs into a file of its author's. */
export const MAX_OUTCOME_BYTES = 1024 * 1024;

/** UTF-16 units of why a person is asked, and of what a person says to a decision. */
export const MAX_REASON_LENGTH = 500;
export const MAX_NOTE_LENGTH = 1000;

/** Who holds a job, and until when. */
export interface Lease {
  readonly agent: string;
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly seconds: number;
}

/** A fencing token: its number grows with each claim, its nonce is known to who claimed. */
export interface Token {
  readonly number: number;
  readonly nonce: string;
}

export interface Transition {
  /** Counts the transitions of the job, from 1. */
  readonly n: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly state: JobState;
  /** Who did it: an agent, `human`, or `system` for what time did. */
  readonly by: string;
  readonly attempt?: number | undefined;
  /** In words of this program. */
  readonly why?: string | undefined;
}

/** Mail about a transition that is still to be published; under a key of its own, so that it is sent once. */
export interface OwedMail {
  /** The transition's. */
  readonly n: number;
  readonly from: string;
  /** To the assignees that there is a job, or to the submitter what became of it. */
  readonly to: 'assignees' | 'submitter';
  readonly state: JobState;
  readonly why?: string | undefined;
  /** Words of whoever asked for a review, or of the person who decided; kept here, so that the mail stays the same. */
  readonly words?: string | undefined;
}

/** That a person is to approve of a job, or was asked to. */
export interface Review {
  /** `before` it runs, or `after` it ran, with what it came to. */
  readonly when: 'before' | 'after';
  /** Words of who asked. */
  readonly reason: string;
  /** The submitter, or who held the job. */
  readonly asked_by: string;
  /** ISO 8601, UTC. */
  readonly asked_at: string;
  /** Absent while it waits, and where the job was cancelled instead. */
  readonly decided?: {
    readonly how: 'approved' | 'rejected';
    readonly by: string;
    /** ISO 8601, UTC. */
    readonly at: string;
    readonly note: string | null;
  };
}

/** Where a chained line of the event log stands. */
export interface AuditHead {
  readonly log: string;
  readonly seq: number;
  /** SHA-256, 64 hex digits. */
  readonly hash: string;
}

/** Which jobs that may write somebody takes: none, those that have a git worktree of their own, or all. */
export const WRITES = ['none', 'worktrees', 'all'] as const;
export type Writes = (typeof WRITES)[number];

/** Whether who takes such writes takes this job. */
export function takes(writes: Writes, { write, worktree }: Pick<Job, 'write' | 'worktree'>): boolean {
  return !write || writes === 'all' || (writes === 'worktrees' && worktree);
}

export interface Job {
  readonly id: string;
  readonly from: string;
  /** An agent id, a topic such as `#build`, or a lane such as `acme/api`. */
  readonly to: string;
  readonly task: Task;
  readonly request_id: string | null;
  readonly thread_id: string | null;
  /** Whether its assignees are told of it by mail, and not workers by their bell. */
  readonly offered: boolean;
  /** Whether it may change things, which is never done again unattended. */
  readonly write: boolean;
  /** Whether that is to be done in a git worktree of its own; only where it may write. Old records have none: false. */
  readonly worktree: boolean;
  readonly state: JobState;
  /** Claims that count; at most `max_attempts`. */
  readonly attempts: number;
  readonly max_attempts: number;
  /** The newest fencing token; null before the first claim. */
  readonly token: Token | null;
  /** Of the one that holds it; null when nobody does. */
  readonly lease: Lease | null;
  /** Milliseconds since 1970 before which nobody may claim it again; null for at once. */
  readonly not_before: number | null;
  /** Seconds; 0 is never. */
  readonly ttl: number;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at: string | null;
  readonly cancel: { readonly by: string; readonly at: string; readonly reason: string | null } | null;
  /** The newest one; null where nobody asked. `history` tells all. */
  readonly review: Review | null;
  /** Whole, or its beginning as text where `outcome_bytes` says that the whole is in a file. */
  readonly result: unknown;
  readonly error: string | null;
  /** Bytes of the file that holds result and error whole; null where the record does. */
  readonly outcome_bytes: number | null;
  /** Its name among the outcomes; null where there is none. */
  readonly outcome_name: string | null;
  /** Transitions so far. */
  readonly n: number;
  /** The first ones and the newest ones, where there are many. */
  readonly history: readonly Transition[];
  readonly owed: readonly OwedMail[];
  /** Lines of the audit that were the newest of their processes when these changed the job, the last one last; at most 8. */
  readonly audit: readonly AuditHead[];
}

export type Task = JsonObject & { readonly prompt: string };

const storedJob = lazy(() => {
  const at = z.string().max(64);
  const state = z.enum(JOB_STATES);
  const name = z.string().max(256);
  const count = z.number().int().min(0);
  const why = z.string().max(500).optional();
  const words = z.string().max(2000).optional();
  return z.looseObject({
    id: z.string().refine(isJobId),
    from: name,
    to: name,
    task: z.looseObject({ prompt: z.string().min(1) }),
    request_id: z.string().nullable(),
    thread_id: z.string().nullable(),
    offered: z.boolean(),
    // "worktree" is one that may write in a worktree: a program that knows of none cannot read it, and so does not take it for
    // a job that may write where a person works.
    write: z.union([z.boolean(), z.literal('worktree')]),
    worktree: z.boolean().default(false),
    state,
    attempts: count,
    max_attempts: count,
    token: z.object({ number: count, nonce: name }).nullable(),
    lease: z.object({ agent: name, session: name, until: z.number(), seconds: z.number() }).nullable(),
    not_before: z.number().nullable(),
    ttl: z.number().min(0),
    created_at: at.refine(isTime),
    updated_at: at,
    ended_at: at.refine(isTime).nullable(),
    cancel: z.object({ by: name, at, reason: z.string().nullable() }).nullable(),
    // Records of before there were reviews have none.
    review: z
      .looseObject({
        when: z.enum(['before', 'after']),
        reason: z.string(),
        asked_by: name,
        asked_at: at.refine(isTime),
        decided: z
          .looseObject({
            how: z.enum(['approved', 'rejected']),
            by: name,
            at: at.refine(isTime),
            note: z.string().nullable(),
          })
          .optional(),
      })
      .nullable()
      .default(null),
    result: z.unknown(),
    error: z.string().nullable(),
    outcome_bytes: count.nullable(),
    outcome_name: z
      .string()
      .regex(/^[a-z0-9.-]{1,64}$/)
      .nullable(),
    n: count,
    history: z.array(z.object({ n: count, at, state, by: name, attempt: count.optional(), why })),
    owed: z.array(z.object({ n: count, from: name, to: z.enum(['assignees', 'submitter']), state, why, words })),
    audit: z.array(z.object({ log: name, seq: count, hash: z.string().regex(/^[0-9a-f]{64}$/) })),
  });
});

/** The job in the value of a record; undefined for anything that is none. Fields of a newer version are kept. */
export function parseJob(value: Uint8Array): Job | undefined {
  try {
    const parsed = storedJob().safeParse(JSON.parse(Buffer.from(value).toString('utf8')));
    if (!parsed.success) return undefined;
    const { write, worktree, ...job } = parsed.data;
    const inWorktree = write === 'worktree';
    return { ...job, write: write !== false, worktree: worktree || inWorktree } as unknown as Job;
  } catch {
    return undefined;
  }
}

export function serializeJob(job: Job): string {
  return JSON.stringify(job.worktree ? { ...job, write: 'worktree' } : job);
}

/** As its holder has it: `3.k3j9x0q2m4ab...`. */
export function formatToken({ number, nonce }: Token): string {
  return `${number}.${nonce}`;
}

/** Undefined for what is no token. */
export function parseToken(text: string): Token | undefined {
  const [, number, nonce] = /^([1-9][0-9]{0,14})\.([a-z0-9]{20})$/.exec(text.trim()) ?? [];
  return number === undefined || nonce === undefined ? undefined : { number: Number(number), nonce };
}

function isTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}
