/** What stands in a relay directory, read by the grammar of docs/relay-format.md and without the program's help. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Body } from './checker-journal.js';

/** A message file in somebody's mail. */
export interface Stored {
  readonly inbox: string;
  readonly state: 'pending' | 'read' | 'expired';
  readonly id: string;
  readonly from: string;
  readonly body: Body;
}

/** What a receipt says, or the name of a message that has ended and whose receipt may not be written yet. */
export interface Recorded {
  readonly sender: string;
  readonly id: string;
  readonly to: string;
  readonly state: string;
}

export interface RelayFacts {
  readonly stored: readonly Stored[];
  readonly recorded: readonly Recorded[];
  /** Files being written, which belong to nobody when all is quiet. */
  readonly temporaries: number;
  /** What must not be there at all, in words. */
  readonly violations: readonly string[];
}

const NAME =
  /^\d{13}-\d{5}\.[nu]([mo])\.(\d{13})\.(?:[0-9a-f]{8}|-{8})\.(\d{7})\.([a-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})(?:~[a-z0-9]+)?\.json$/;
const ENDED = /~([aefsq])[rum]\d{13}\.json$/;
const ENDS: { readonly [letter: string]: string } = {
  a: 'acked',
  e: 'expired',
  f: 'refused',
  s: 'superseded',
  q: 'quarantined',
};
const RECEIPT = /^\d{13}\.([a-z]+)\.[a-z]+\.([A-Za-z0-9_-]{1,64})\.([a-z0-9_-]{1,64})$/;

/** @param elsewhere folders in which the program has nothing to write. */
export function readRelay(relay: string, elsewhere: readonly string[] = [], now = Date.now()): RelayFacts {
  const stored: Stored[] = [];
  const recorded: Recorded[] = [];
  const violations = elsewhere.flatMap((folder) =>
    filesBelow(folder).map((file) => `outside: ${path.join(folder, file)} was written`),
  );
  const files = filesBelow(relay, (file, problem) => violations.push(`rights: ${file} ${problem}`));
  for (const file of files) {
    const [top = '', ...rest] = file.split('/');
    const name = rest.at(-1) ?? '';
    if (top === '.receipts') {
      const [, state, id, to] = RECEIPT.exec(name) ?? [];
      if (state === undefined || id === undefined || to === undefined) violations.push(`strange: ${file}`);
      else recorded.push({ sender: rest[0] ?? '', id, to, state });
    } else if (!top.startsWith('.')) {
      const message = readMessage(relay, file, top, name, now);
      const end = file.startsWith(`${top}/ended/`) ? ENDS[ENDED.exec(name)?.[1] ?? ''] : undefined;
      if (typeof message === 'string') violations.push(message);
      else if (end !== undefined) recorded.push({ sender: message.from, id: message.id, to: top, state: end });
      else stored.push(message);
    }
  }
  return { stored, recorded, temporaries: files.filter((file) => file.startsWith('.tmp/')).length, violations };
}

function readMessage(relay: string, file: string, inbox: string, name: string, now: number): Stored | string {
  const [, must, expiry, size, from, id] = NAME.exec(name) ?? [];
  if (from === undefined || id === undefined) return `strange: ${file} is in nobody's form`;
  const bytes = readFileSync(path.join(relay, file));
  if (bytes.length !== Number(size)) return `torn: ${file} holds ${bytes.length} bytes`;
  let message: { [field: string]: unknown };
  try {
    message = JSON.parse(bytes.toString('utf8'));
  } catch {
    return `torn: ${file} is no JSON`;
  }
  if (message.id !== id || message.from !== from) return `forged: ${file} says ${message.id} of ${message.from}`;
  const isPast = must === 'o' && Number(expiry) > 0 && Number(expiry) <= now;
  return {
    inbox,
    state: isPast ? 'expired' : file.startsWith(`${inbox}/read/`) ? 'read' : 'pending',
    id,
    from,
    body: {
      content: String(message.content),
      priority: String(message.priority),
      thread: message.thread_id as string | null,
      payload: message.payload,
    },
  };
}

/** Relative paths of all files, with slashes. Reports what others could read. */
function filesBelow(folder: string, report: (file: string, problem: string) => void = () => {}, below = ''): string[] {
  return readdirSync(path.join(folder, below)).flatMap((name) => {
    const file = below === '' ? name : `${below}/${name}`;
    const stat = lstatSync(path.join(folder, file));
    const mode = stat.mode & 0o777;
    if (process.platform !== 'win32' && mode !== (stat.isDirectory() ? 0o700 : 0o600))
      report(file, `has mode ${mode.toString(8)}`);
    if (stat.isDirectory()) return filesBelow(folder, report, file);
    if (!stat.isFile()) report(file, 'is neither file nor folder');
    return [file];
  });
}
