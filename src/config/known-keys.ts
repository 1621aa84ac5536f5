/**
 * The keys and tables of the schema by name, and what to say of those that are not in it.
 *
 * A path is what stands in the file, from the top down. A name is the path without `dispatch`, with dots. A row is what the
 * schema calls it: a name in which `<agent>` stands for the agent of an executor.
 */
import { findNearest } from './nearest.js';
import { SECTION, SETTINGS, type Setting } from './schema.js';

export type Table = Readonly<Record<string, unknown>>;

export const KNOWN: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.key, setting]));
const KEYS = [...KNOWN.keys()];
const LEAVES = KEYS.map(leafOf);

const EXECUTORS = 'executors';
/** The row of the table of each executor. */
export const EXECUTOR = `${EXECUTORS}.<agent>`;

const NAMED_TABLES = [...new Set(KEYS.map(tableOf))].filter((name) => name !== '');
const HEADERS = [SECTION, ...NAMED_TABLES, ...NAMED_TABLES.map((name) => `${SECTION}.${name}`)];

/** The rows of the tables; "" is the top level, and `[dispatch]`, which is as good as it. */
export const TABLES: ReadonlySet<string> = new Set(['', EXECUTORS, ...NAMED_TABLES]);

/** Quotes are part of the name, so the one key `"limits.inbox_bytes"` is not `inbox_bytes` in `[limits]`. */
export function nameOf(path: readonly string[]): string {
  return showPath(withoutSection(path));
}

export function rowOf(path: readonly string[]): string {
  const [first, agent, ...rest] = withoutSection(path);
  if (first !== EXECUTORS || agent === undefined) return nameOf(path);
  return rest.length === 0 ? EXECUTOR : `${EXECUTOR}.${showPath(rest)}`;
}

/** The agent of whose executor this path is the table, or a key in it. */
export function agentOf(path: readonly string[]): string {
  return withoutSection(path)[1] ?? '';
}

function withoutSection(path: readonly string[]): readonly string[] {
  return path[0] === SECTION ? path.slice(1) : path;
}

/** The table of a key, or the table around a table; "" for none. */
export function tableOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

/** What is left of a name inside of its table. */
export function leafOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The path as it would be written in the file, without the quotes where it needs none; each part cut to 80. */
export function showPath(path: readonly string[]): string {
  return path
    .map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part)))
    .map((part) => (part.length > 80 ? `${part.slice(0, 77)}...` : part))
    .join('.');
}

/** Deeper than any table that a person writes by hand; the rest of the path would only flood the message. */
const MAX_DEPTH = 6;

/** One finding for each key of an unknown table; one for the table itself when its own name is the mistake. */
export function unknownKeys(path: readonly string[], value: unknown): { path: readonly string[]; message: string }[] {
  if (!isTable(value) || path.length >= MAX_DEPTH) return [{ path, message: `unknown key. ${hintFor(path)}` }];
  const meant = nearestHeader(path);
  if (meant !== undefined) return [{ path, message: `unknown table. Did you mean [${meant}]?` }];
  const inside = Object.entries(value).flatMap(([key, inner]) => unknownKeys([...path, key], inner));
  if (inside.length > 0) return inside;
  const known = HEADERS.map((header) => `[${header}]`).join(', ');
  return [{ path, message: `unknown table. Known tables: ${known}.` }];
}

function nearestHeader(path: readonly string[]): string | undefined {
  const around = showPath(path.slice(0, -1));
  // Of [executor.codex] it is the first part that is wrong.
  const plain = (header: string) => header.replace(/\.<agent>$/, '');
  const beside = HEADERS.filter((header) => tableOf(plain(header)) === around);
  const near = findNearest(path.at(-1) ?? '', beside.map(plain).map(leafOf));
  return beside.find((header) => leafOf(plain(header)) === near);
}

function hintFor(path: readonly string[]): string {
  const name = path.at(-1) ?? '';
  const here = keysIn(rowOf(path.slice(0, -1)));
  if (here.includes(name)) return 'Write it without the quotes.';
  // The very name of a key of another table says more than a similar name in this one.
  const near = LEAVES.includes(name) ? undefined : findNearest(name, here);
  if (near !== undefined) return `Did you mean "${near}"?`;
  const leaf = findNearest(name, LEAVES);
  const key = KEYS.find((candidate) => leafOf(candidate) === leaf);
  if (key === undefined) return `Known keys: ${(here.length === 0 ? KEYS : here).join(', ')}.`;
  return `Did you mean "${leafOf(key)}"? It stands ${placeOf(tableOf(key))}.`;
}

/** What may be written in this table. At the top that is `limits.inbox_bytes` too. Nothing when it is unknown. */
function keysIn(table: string): readonly string[] {
  if (table === '') return KEYS;
  return KEYS.filter((key) => key.startsWith(`${table}.`)).map((key) => key.slice(table.length + 1));
}

function placeOf(table: string): string {
  if (table === '') return `at the top of the file, before any [table], or under [${SECTION}]`;
  return `under [${table}] or [${SECTION}.${table}]`;
}
