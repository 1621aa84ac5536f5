/**
 * What a test plants in an inbox, and what must become of it. The kinds themselves are in planted-nodes.ts (what is no plain
 * file), planted-bytes.ts (what is in one), planted-fields.ts (what a message says of itself) and planted-names.ts.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** When the planted messages say that they were sent: 2026-02-17T20:30:00Z. */
export const SENT_AT = 1_771_360_200_000;

/** The largest file that is read as a message. */
export const CAP_BYTES = 8 * 1024 * 1024;

export const onWindows = process.platform === 'win32';
export const isRoot = process.getuid?.() === 0;

/** For servers that are sent far more in a minute than agents send, none of which has to survive a power cut. */
export const UNHINDERED = `durability = "process"
watch = false
[limits]
sends_per_minute = 0
thread_messages_per_hour = 0
inbox_messages = 0
inbox_bytes = 0
`;

/** Where a kind is planted: the path it has to stand at, and what is around it. */
export interface Spot {
  readonly path: string;
  readonly relay: string;
  /** A folder beside the relay, which nothing may touch. */
  readonly outside: string;
}

export type Fate =
  /** Moved to the quarantine, once, for this reason. */
  | { readonly is: 'set aside'; readonly reason: string; readonly receiptFor?: string }
  /** Shown as new mail; the message shown has these fields. */
  | { readonly is: 'delivered'; readonly shows: object }
  /** Neither shown nor moved. */
  | { readonly is: 'left' }
  /** Never shown, ended with a receipt for its sender. */
  | { readonly is: 'expired'; readonly receiptFor: string };

export interface PlantedKind {
  readonly name: string;
  /** Name of the file. @default that of a message of another program */
  readonly fileName?: string;
  readonly fate: Fate;
  /** Why it cannot be made here; false when it can. */
  readonly skip?: string | false;
  /** Makes it, at once or in time; a text that it gives is the reason why it could not be made. */
  plant(spot: Spot): unknown;
}

export const setAside = (reason: string, receiptFor?: string): Fate =>
  receiptFor === undefined ? { is: 'set aside', reason } : { is: 'set aside', reason, receiptFor };
export const delivered = (shows: object = { content: 'planted' }): Fate => ({ is: 'delivered', shows });
export const LEFT: Fate = { is: 'left' };

/** A file of these bytes. */
export const file = (name: string, bytes: string | Uint8Array, fate: Fate, fileName?: string): PlantedKind => ({
  name,
  fate,
  ...(fileName === undefined ? {} : { fileName }),
  plant: (spot) => writeFileSync(spot.path, bytes, { mode: 0o600 }),
});

/** A message as another program writes it, with some fields replaced, or left out with undefined. */
export const planted = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'msg-planted00001',
  from: 'mallory',
  to: 'bob',
  timestamp: new Date(SENT_AT).toISOString(),
  content: 'planted',
  ...fields,
});

export const json = (fields: Record<string, unknown> = {}): string => JSON.stringify(planted(fields));

/** The JSON text of a message with `text` as one more field, for what no JavaScript value stringifies to. */
export const withRaw = (text: string): string => json().replace(/}$/, `,${text}}`);

export const nested = (levels: number, open = '{"a":', close = '}'): string =>
  `${open.repeat(levels)}1${close.repeat(levels)}`;

export const DEFAULT_FILE_NAME = `${SENT_AT}-mallory.json`;

/** A file name in the form of our own. */
export const nameOfOurs = ({
  time = String(SENT_AT),
  expiry = '0000000000000',
  from = 'alice',
  id = 'msg-planted00001',
  mark = '',
} = {}): string => `${time}-00000.no.${expiry}.--------.0000100.${from}.${id}${mark}.json`;

/** As if it had been there for a minute: what is younger than 5 s may be half written. */
export function age(at: string): void {
  const then = Date.now() / 1000 - 60;
  lutimesSync(at, then, then);
}

/** What tells a file from any other, its bytes included: a move leaves all of it the same. */
export function fingerprint(at: string): string {
  const stat = lstatSync(at);
  const about = [stat.ino, stat.mode, stat.uid, stat.size, stat.mtimeMs];
  if (stat.isSymbolicLink()) about.push(readlinkSync(at) as never);
  const readable = stat.isFile() && stat.size <= 2 * CAP_BYTES && (isRoot || (stat.mode & 0o400) !== 0);
  if (readable) about.push(createHash('sha256').update(readFileSync(at)).digest('hex') as never);
  if (stat.isDirectory()) about.push(readdirSync(at).join('/') as never);
  return about.join(' ');
}

/** What is in the quarantine of a relay: the files set aside, and the reason of each. */
export function quarantineOf(relay: string): Map<string, string> {
  const folder = path.join(relay, '.quarantine');
  const found = new Map<string, string>();
  if (!existsSync(folder)) return found;
  const names = readdirSync(folder);
  for (const name of names) {
    if (name.endsWith('.reason')) continue;
    const reason = path.join(folder, `${name}.reason`);
    found.set(path.join(folder, name), existsSync(reason) ? readFileSync(reason, 'utf8') : 'no reason given');
  }
  return found;
}

/** Makes a kind in an inbox, old enough to be judged. Gives where it stands, or why it could not be made. */
export async function plantInto(
  inbox: string,
  kind: PlantedKind,
  around: Omit<Spot, 'path'>,
): Promise<{ readonly at: string } | { readonly skip: string }> {
  if (typeof kind.skip === 'string') return { skip: kind.skip };
  mkdirSync(inbox, { recursive: true, mode: 0o700 });
  const at = path.join(inbox, kind.fileName ?? DEFAULT_FILE_NAME);
  const problem = await kind.plant({ ...around, path: at });
  if (typeof problem === 'string') return { skip: problem };
  age(at);
  return { at };
}
