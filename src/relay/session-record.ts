/** What stands in the files below `.presence/`: the record of a session, and the file that other programs write too. */
import * as z from 'zod/v4';
import { isSessionId } from '../model/ids.js';
import { lazy } from '../model/lazy.js';

// Far above what any record of ours holds: what is shown of one must leave room in a reply for the others.
const text = (most: number) => z.string().max(most);

// Shown to models and on terminals as it is.
const word = (most: number) => text(most).regex(/^[a-z][a-z-]*$/);

/** A client renames its session at each `/clear`; the last names are enough to find it. */
export const MOST_ALIASES = 8;

const sessionRecord = lazy(() =>
  z.object({
    session: z.string().refine(isSessionId),
    pid: z.number().int(),
    since: text(64),
    cwd: z.string().optional(),
    client: z.object({ name: text(256), version: text(256) }).optional(),
    // Null before the first call, absent where the version that wrote it does not say. Whatever else it is, it is no reason
    // to disbelieve the record: that would take the mail of a live session away.
    called_at: z.string().nullable().optional().catch(undefined),
    // What only helps: a record is as good without.
    client_process: z
      .object({ pid: z.number().int(), start: text(64).optional() })
      .optional()
      .catch(undefined),
    aliases: z.array(text(128)).max(MOST_ALIASES).optional().catch(undefined),
    wake: z
      .object({ on: word(16), methods: z.array(word(32)).max(8) })
      .optional()
      .catch(undefined),
    host: z.string(),
    boot: z.string().optional(),
    namespace: z.string().optional(),
    start: z.string().optional(),
  }),
);
export type SessionRecord = z.output<ReturnType<typeof sessionRecord>>;

const sharedPresence = lazy(() =>
  z.object({
    agent_id: z.string(),
    pid: z.number().int(),
    started: text(64),
    session: z.string().optional(),
  }),
);
export type SharedPresence = z.output<ReturnType<typeof sharedPresence>>;

/** The record of `session`; undefined for anything that is none, or another session's. */
export function parseSessionRecord(bytes: Uint8Array, session: string): SessionRecord | undefined {
  const parsed = sessionRecord().safeParse(parseJson(bytes));
  return parsed.success && parsed.data.session === session ? parsed.data : undefined;
}

export function parseSharedPresence(bytes: Uint8Array): SharedPresence | undefined {
  const parsed = sharedPresence().safeParse(parseJson(bytes));
  return parsed.success ? parsed.data : undefined;
}

/** Milliseconds since 1970; null for no call yet, undefined where the record does not say. */
export function calledAtOf({ called_at }: SessionRecord): number | null | undefined {
  if (called_at === null || called_at === undefined) return called_at;
  const at = Date.parse(called_at);
  return Number.isNaN(at) ? undefined : at;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
