/**
 * What became of a message, for its sender. A receipt is an empty file whose name says everything; the sender's own
 * folder holds only what changed, so looking costs by its own mail and not by the relay.
 *
 * The end of a message (acknowledged, expired, refused, superseded, quarantined) is recorded, synced, once it is decided and
 * before the file is removed: see `Endings`. That it was shown is recorded after the message has moved to `read/`, and not synced: losing it claims less than happened, never more.
 */
import { isRecipient } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import { isDispatchError } from '../model/errors.js';
import { isSessionId } from '../model/ids.js';
import type { Entry, Store } from '../store/store.js';
import { smallest } from './best.js';
import { namesInFolder } from './folder-names.js';
import {
  endedKey,
  inboxKey,
  parseEndedMark,
  parseReadMark,
  RECEIPTS,
  readKey,
  receiptKey,
  seenReceiptKey,
  takenBy,
  takenKey,
} from './keys.js';
import { markedReadAt } from './marked-read.js';
import { isExpired, type MessageName, parseName } from './message-name.js';
import {
  isEnd,
  latestReceipts,
  parseReceipt,
  type Receipt,
  type ReceiptState,
  receiptName,
  whatOf,
} from './receipt-name.js';
import { findSent, type SentNote, sweepSent } from './sent-log.js';
import { wasShown } from './was-shown.js';

/** `unknown` is said where there is no evidence. */
export interface Whereabouts {
  readonly to: string;
  readonly state: ReceiptState | 'pending' | 'unknown';
  /** Absent where it is not known. */
  readonly at?: number;
  /** As in a receipt: of an end, whether the message had been shown; of `read`, by what. */
  readonly how?: string;
}

export class Receipts {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    /** How long receipts are kept, seen or not. */
    private readonly retentionMs: number,
  ) {}

  /** The entry that records a change for the sender `from`; written by the caller, together with others. */
  entry(from: string, receipt: Omit<Receipt, 'at'>, at = this.clock.now()): Entry {
    return { key: receiptKey(from, receiptName({ ...receipt, at })), value: '' };
  }

  /**
   * Of mail for `to`, what has no end on record. Of what has one the sender may have been told, so it only remains to remove
   * it: somebody was killed before that, or another program has put it back.
   */
  async withoutEnd<T extends { readonly name: MessageName }>(to: string, mail: readonly T[]): Promise<T[]> {
    const ends = new Map<string, ReadonlySet<string>>();
    for (const { from } of mail.map(({ name }) => name)) {
      if (ends.has(from)) continue;
      const receipts = (await this.#namesFor(from)).flatMap((name) => parseReceipt(name) ?? []);
      ends.set(from, new Set(receipts.flatMap((receipt) => (isEnd(receipt) && receipt.to === to ? [receipt.id] : []))));
    }
    return mail.filter(({ name }) => ends.get(name.from)?.has(name.id) !== true);
  }

  /**
   * What changed and was not yet shown to `sender`: the latest state of each message and recipient, newest first, at
   * most `limit`, with the number of the rest. `markSeen` is for when the reply that carries them was written.
   */
  async changes(
    sender: string,
    limit: number,
  ): Promise<{ receipts: Receipt[]; rest: number; markSeen(shown: number): Promise<void> }> {
    const { latest, older } = latestReceipts(await this.store.list(receiptKey(sender)));
    const chosen = smallest(latest.values(), limit, (a, b) => (a > b ? -1 : 1));
    return {
      receipts: chosen.flatMap((name) => parseReceipt(name) ?? []),
      rest: latest.size - chosen.length,
      markSeen: async (shown) => {
        for (const name of chosen.slice(0, shown)) {
          const replaced = (older.get(whatOf(name)) ?? []).map((each) => receiptKey(sender, each));
          await this.store.removeAll(replaced, { durable: false });
          await this.store.move(receiptKey(sender, name), seenReceiptKey(sender, name));
        }
      },
    };
  }

  /**
   * Where each copy of a message of `sender` is now; empty when there is no trace that it sent such a message. Its notes
   * tell where to look; a note that was lost in a crash costs a look through the whole relay, and no answer.
   * A copy that is found nowhere is looked for twice, because it may be on its way between two places.
   */
  async lookUp(sender: string, id: string): Promise<Whereabouts[]> {
    return this.locate(sender, await this.recipientsOf(sender, id), id);
  }

  /** To whom `sender` sent a message; nobody when there is no trace that it did. The name is empty when only receipts are left. */
  async recipientsOf(sender: string, id: string): Promise<SentNote> {
    return (await findSent(this.store, sender, id)) ?? (await this.#searchRelay(sender, id));
  }

  /** `lookUp` for a message of which it is known whom it went to. In the order of the recipients. */
  async locate(sender: string, { core, recipients }: SentNote, id: string): Promise<Whereabouts[]> {
    const found: Whereabouts[] = [];
    for (const to of recipients) {
      found.push(
        (await this.#locate(sender, core, id, to)) ??
          (await this.#locate(sender, core, id, to)) ?? { to, state: 'unknown' },
      );
    }
    return found;
  }

  /** Whom a message went to, from its receipts and from the names in all inboxes. */
  async #searchRelay(sender: string, id: string): Promise<SentNote> {
    const recipients = new Set<string>();
    let core = '';
    for (const name of await this.#namesFor(sender)) {
      const receipt = parseReceipt(name);
      if (receipt?.id === id) recipients.add(receipt.to);
    }
    for (const owner of (await this.store.list('')).filter(isRecipient)) {
      for (const name of await this.#namesOf(owner)) {
        if (name.id !== id || name.from !== sender) continue;
        recipients.add(owner);
        core = name.core;
      }
    }
    return { core, recipients: [...recipients].sort() };
  }

  /** The names of all mail of `owner`, in the order in which it moves: what moves on meanwhile is met later. */
  async #namesOf(owner: string): Promise<MessageName[]> {
    const names: MessageName[] = [];
    try {
      const folders = [inboxKey(owner)];
      for (const session of await this.store.list(takenKey(owner))) {
        if (isSessionId(session)) folders.push(takenBy(owner, session));
      }
      for (const folder of [...folders, readKey(owner), endedKey(owner)]) {
        for (const fileName of await this.store.list(folder)) {
          const name = parseName(fileName);
          if (name !== undefined) names.push(name);
        }
      }
    } catch (error) {
      // Something else than a folder in the place of an inbox concerns its owner only.
      if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    }
    return names;
  }

  /** Forgets receipts and notes past their retention. */
  async sweep(now: number): Promise<void> {
    for (const sender of (await this.store.list(RECEIPTS)).filter(isRecipient)) {
      for (const key of [
        (name?: string) => receiptKey(sender, name),
        (name?: string) => seenReceiptKey(sender, name),
      ]) {
        await this.#removeOlder(key, now - this.retentionMs);
      }
    }
    await sweepSent(this.store, now);
  }

  /** The names of all receipts of a sender, seen or not; receipts move in this order. */
  async #namesFor(sender: string): Promise<string[]> {
    return [...(await this.store.list(receiptKey(sender))), ...(await this.store.list(seenReceiptKey(sender)))];
  }

  async #removeOlder(key: (name?: string) => string, before: number): Promise<void> {
    const names = await namesInFolder(this.store, key());
    const old = names.filter((name) => /^\d{13}[.-]/.test(name) && Number(name.slice(0, 13)) < before);
    if (old.length > 0) await this.store.removeAll(old.map(key), { durable: false });
  }

  async #locate(sender: string, core: string, id: string, to: string): Promise<Whereabouts | undefined> {
    // A sender may have thousands of other messages: only receipts of this one are parsed.
    const names = (await this.#namesFor(sender)).filter((name) => name.endsWith(`.${id}.${to}`));
    const end = names.flatMap((name) => parseReceipt(name) ?? []).find(isEnd);
    if (end !== undefined) return { to, state: end.state, at: end.at, how: end.how };
    const isIt = (name: string) =>
      core !== '' && name.startsWith(core) && (name[core.length] === '.' || name[core.length] === '~');
    const over = (await this.store.list(endedKey(to))).find(isIt);
    const ended = parseEndedMark(parseName(over ?? '')?.mark ?? '');
    if (ended !== undefined) return { to, state: ended.state, at: ended.at, how: ended.was };
    const shown = (await this.store.list(readKey(to))).find(isIt);
    if (shown !== undefined)
      return this.#past(shown)
        ? { to, state: 'expired', how: 'read' }
        : { to, state: 'read', ...parseReadMark(parseName(shown)?.mark ?? '') };
    const waiting = (await this.store.list(inboxKey(to))).find(isIt);
    if (waiting !== undefined) {
      const at = await markedReadAt(this.store, inboxKey(to, waiting));
      const name = this.#past(waiting);
      if (name !== undefined)
        return { to, state: 'expired', how: await wasShown(this.store, inboxKey(to, waiting), name) };
      return at === undefined ? { to, state: 'pending' } : { to, state: 'read', at };
    }
    for (const session of (await this.store.list(takenKey(to))).filter(isSessionId)) {
      if ((await namesInFolder(this.store, takenBy(to, session))).some(isIt)) return { to, state: 'pending' };
    }
    return undefined;
  }

  /** Expired, and not swept yet. */
  #past(fileName: string): MessageName | undefined {
    const name = parseName(fileName);
    return name !== undefined && isExpired(name, this.clock.now()) ? name : undefined;
  }
}
