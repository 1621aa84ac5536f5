/**
 * What stands in the files below `.presence/`: the record of a session, and the file that other programs write too. Read by
 * each hook of a client, which lives for a moment: to load a library for it would take longer than all that a hook does.
 */
import { isSessionId } from '../model/ids.js';

// Far above what any record of ours holds: what is shown of one must leave room in a reply for the others.
const MOST_OF_A_TIME = 64;
const MOST_OF_A_NAME = 256;
const MOST_OF_AN_ALIAS = 128;
const MOST_METHODS = 8;

// Shown to models and on terminals as it is.
const WORD = /^[a-z][a-z-]*$/;

/** A client renames its session at each `/clear`; the last names are enough to find it. */
export const MOST_ALIASES = 8;

export interface SessionRecord {
  readonly session: string;
  readonly pid: number;
  readonly since: string;
  readonly cwd?: string;
  readonly client?: { readonly name: string; readonly version: string };
  /** Null before the first call, absent where the version that wrote it does not say. */
  readonly called_at?: string | null;
  readonly client_process?: { readonly pid: number; readonly start?: string };
  readonly aliases?: readonly string[];
  readonly wake?: { readonly on: string; readonly methods: readonly string[] };
  readonly host: string;
  readonly boot?: string;
  readonly namespace?: string;
  readonly start?: string;
}

export interface SharedPresence {
  readonly agent_id: string;
  readonly pid: number;
  readonly started: string;
  readonly session?: string;
}

type Fields = { readonly [name: string]: unknown };

/** The record of `session`; undefined for anything that is none, or another session's. */
export function parseSessionRecord(bytes: Uint8Array, session: string): SessionRecord | undefined {
  const json = parseObject(bytes);
  if (json === undefined || json.session !== session || !isSessionId(session)) return undefined;
  const { pid, since, cwd, client, host, boot, namespace, start } = json;
  if (!isInteger(pid) || !isText(since, MOST_OF_A_TIME) || typeof host !== 'string') return undefined;
  if (![cwd, boot, namespace, start].every((text) => text === undefined || typeof text === 'string')) return undefined;
  if (client !== undefined && !isClient(client)) return undefined;
  // What only helps: a record is as good without. To disbelieve it would take the mail of a live session away.
  const { called_at, client_process, aliases, wake } = json;
  return {
    session,
    pid,
    since,
    host,
    ...(given({ cwd, boot, namespace, start }) as Partial<SessionRecord>),
    ...(client === undefined ? {} : { client: { name: client.name, version: client.version } }),
    ...(called_at === null || typeof called_at === 'string' ? { called_at } : {}),
    ...(isProcess(client_process) ? { client_process: onlyProcess(client_process) } : {}),
    ...(areTexts(aliases, MOST_ALIASES, MOST_OF_AN_ALIAS) ? { aliases } : {}),
    ...(isWake(wake) ? { wake: { on: wake.on, methods: wake.methods } } : {}),
  };
}

export function parseSharedPresence(bytes: Uint8Array): SharedPresence | undefined {
  const json = parseObject(bytes);
  if (json === undefined) return undefined;
  const { agent_id, pid, started, session } = json;
  if (typeof agent_id !== 'string' || !isInteger(pid) || !isText(started, MOST_OF_A_TIME)) return undefined;
  if (session !== undefined && typeof session !== 'string') return undefined;
  return { agent_id, pid, started, ...(session === undefined ? {} : { session }) };
}

/** What the session lets others know of itself beside that it lives; see `About`. */
export function aboutOf({ client_process, aliases, wake }: SessionRecord) {
  return {
    ...(client_process === undefined ? {} : { clientProcess: client_process }),
    ...(aliases === undefined ? {} : { aliases }),
    ...(wake === undefined ? {} : { wake }),
  };
}

/** Milliseconds since 1970; null for no call yet, undefined where the record does not say. */
export function calledAtOf({ called_at }: SessionRecord): number | null | undefined {
  if (called_at === null || called_at === undefined) return called_at;
  const at = Date.parse(called_at);
  return Number.isNaN(at) ? undefined : at;
}

function isClient(value: unknown): value is { name: string; version: string } {
  return isObject(value) && isText(value.name, MOST_OF_A_NAME) && isText(value.version, MOST_OF_A_NAME);
}

function isProcess(value: unknown): value is { pid: number; start?: string } {
  if (!isObject(value) || !isInteger(value.pid)) return false;
  return value.start === undefined || isText(value.start, MOST_OF_A_TIME);
}

function onlyProcess({ pid, start }: { pid: number; start?: string }): { pid: number; start?: string } {
  return start === undefined ? { pid } : { pid, start };
}

function isWake(value: unknown): value is { on: string; methods: string[] } {
  if (!isObject(value) || !areTexts(value.methods, MOST_METHODS, 32)) return false;
  return isText(value.on, 16) && [value.on, ...value.methods].every((word) => WORD.test(word));
}

function areTexts(value: unknown, mostItems: number, mostCharacters: number): value is string[] {
  return Array.isArray(value) && value.length <= mostItems && value.every((item) => isText(item, mostCharacters));
}

function isText(value: unknown, mostCharacters: number): value is string {
  return typeof value === 'string' && value.length <= mostCharacters;
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function parseObject(bytes: Uint8Array): Fields | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
