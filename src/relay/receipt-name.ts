/**
 * The name of a receipt's file, which says everything:
 *
 *     1771360200000.acked.read.msg-k3j9x0q2m4ab.bob
 *     when          state how  id               recipient
 *
 * A sender may have ten thousand of them, so what needs all of them works on the names and parses the few that are shown.
 */
import { isRecipient } from '../model/agent-id.js';

export const RECEIPT_STATES = ['read', 'acked', 'expired', 'refused', 'superseded', 'quarantined'] as const;
export type ReceiptState = (typeof RECEIPT_STATES)[number];
/** `read` is the only state that is no end. */
export type End = Exclude<ReceiptState, 'read'>;

export interface Receipt {
  readonly id: string;
  readonly to: string;
  readonly state: ReceiptState;
  /** `read`: by which kind of reply (`peek`, `piggyback`, `wait`); otherwise whether it had been shown: `read` or `unread`. */
  readonly how: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const TIME_DIGITS = 13;
const NAME = new RegExp(
  `^(\\d{${TIME_DIGITS}})\\.(${RECEIPT_STATES.join('|')})\\.([a-z]+)\\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})\\.([a-z0-9_-]{1,64})$`,
);

export function receiptName({ at, state, how, id, to }: Receipt): string {
  return `${String(at).padStart(TIME_DIGITS, '0')}.${state}.${how}.${id}.${to}`;
}

/** What a file name says; undefined for one that is no receipt. */
export function parseReceipt(name: string): Receipt | undefined {
  const [, at, state, how = '', id = '', to = ''] = NAME.exec(name) ?? [];
  if (state === undefined || !isRecipient(to)) return undefined;
  return { id, to, state: state as ReceiptState, how, at: Number(at) };
}

/** True for an end; `read` is the only state that is none. */
export function isEnd({ state }: Pick<Receipt, 'state'>): boolean {
  return state !== 'read';
}

/** What a receipt is of, its message and recipient, as the end of its name has them. */
export function whatOf(name: string): string {
  return name.slice(name.indexOf('.', name.indexOf('.', TIME_DIGITS + 1) + 1) + 1);
}

/**
 * Of each message and recipient the receipt that counts, by `whatOf`, and those that it replaces, where there are any. An end
 * counts more than `read`, whatever the times; of two that are alike, the later.
 */
export function latestReceipts(names: Iterable<string>): {
  readonly latest: ReadonlyMap<string, string>;
  readonly older: ReadonlyMap<string, readonly string[]>;
} {
  const latest = new Map<string, string>();
  const older = new Map<string, string[]>();
  const recipients = new Map<string, boolean>();
  for (const name of names) {
    if (!NAME.test(name)) continue;
    const to = name.slice(name.lastIndexOf('.') + 1);
    const known = recipients.get(to) ?? isRecipient(to);
    recipients.set(to, known);
    if (!known) continue;
    const what = whatOf(name);
    const other = latest.get(what);
    if (other === undefined) {
      latest.set(what, name);
      continue;
    }
    const [counts, replaced] = precedes(other, name) ? [name, other] : [other, name];
    latest.set(what, counts);
    const list = older.get(what);
    if (list === undefined) older.set(what, [replaced]);
    else list.push(replaced);
  }
  return { latest, older };
}

function precedes(a: string, b: string): boolean {
  const [aIsRead, bIsRead] = [a.startsWith('read.', TIME_DIGITS + 1), b.startsWith('read.', TIME_DIGITS + 1)];
  return aIsRead === bIsRead ? a < b : aIsRead;
}
