/** Mail that was shown and not acknowledged: counted, shown again on request, and acknowledged. */
import { DispatchError, isDispatchError } from '../model/errors.js';
import { isMessageId, isSessionId } from '../model/ids.js';
import type { Message } from '../model/message.js';
import type { CreateOutcome, Entry } from '../store/store.js';
import { smallest } from './best.js';
import { namesInFolder } from './folder-names.js';
import type { Inbox } from './inbox.js';
import { inboxKey, readKey, takenBy, takenKey } from './keys.js';
import type { Candidate } from './mail.js';
import { isExpired, type MessageName, parseName, threadHash } from './message-name.js';
import { isEnd, type Receipt } from './receipt-name.js';
import type { Relay } from './relay.js';
import { type WasShown, wasShown } from './was-shown.js';

/** `unacked` is exact up to here. */
export const UNACKED_LIMIT = 1000;

export interface Page {
  readonly messages: readonly Message[];
  /** Continues after this page; undefined when it was the last. */
  readonly cursor: string | undefined;
}

export interface Acked {
  readonly acked: readonly string[];
  readonly notFound: readonly string[];
}

interface Place {
  readonly key: string;
  readonly name: MessageName;
}

const PAGE_SELECTION = 128;

// A name that says "never expires", as nearly all do: to parse each of a thousand would be most of a reply.
const WITHOUT_END = /^\d{13}-\d{5}\.[nu][mo]\.0{13}\./;

// From an inbox to `taken/`, and from there to `read/`.
const ROUNDS = 4;

// Sorts before every name, and is a cursor like any other.
const BEGINNING = '0';

export class Kept {
  constructor(
    private readonly agent: string,
    private readonly relay: Pick<Relay, 'store' | 'clock' | 'mail' | 'receipts' | 'events'>,
    private readonly inbox: Inbox,
  ) {}

  /** How many messages are read and not acknowledged: exact to 1,000, then 1,000 with `more`. */
  async count(): Promise<{ count: number; more: boolean }> {
    const counted = await this.relay.store.count(readKey(this.agent), UNACKED_LIMIT + 1);
    if (counted > UNACKED_LIMIT) return { count: UNACKED_LIMIT, more: true };
    if (counted === 0) return { count: 0, more: false };
    // What has expired is no longer to be acknowledged, though a sweep has yet to remove it.
    const now = this.relay.clock.now();
    const kept = (await this.relay.store.list(readKey(this.agent))).filter((fileName) => {
      if (WITHOUT_END.test(fileName)) return true;
      const name = parseName(fileName);
      return name !== undefined && !isExpired(name, now);
    });
    return { count: kept.length, more: false };
  }

  /**
   * Read mail by age, from behind `cursor`. `fits` says whether the next one still has room; the first one that has not
   * ends the page.
   */
  async page(options: {
    cursor?: string;
    threadId?: string;
    limit: number;
    fits(message: Message): boolean;
  }): Promise<Page> {
    const now = this.relay.clock.now();
    const hash = options.threadId === undefined ? undefined : threadHash(options.threadId);
    const after = options.cursor ?? '';
    const candidates: Candidate[] = [];
    for (const fileName of await this.relay.store.list(readKey(this.agent))) {
      const name = parseName(fileName);
      if (name === undefined || name.core <= after || isExpired(name, now)) continue;
      if (hash === undefined || name.thread === hash) candidates.push({ fileName, name });
    }
    const messages: Message[] = [];
    let cursor: string | undefined;
    const chosen = smallest(candidates, PAGE_SELECTION, (a, b) => (a.name.core < b.name.core ? -1 : 1));
    for (const candidate of chosen) {
      const message = await this.#open(candidate);
      if (message !== undefined && (options.threadId === undefined || message.thread_id === options.threadId)) {
        if (messages.length === options.limit || !options.fits(message))
          return { messages, cursor: cursor ?? (after || BEGINNING) };
        messages.push(message);
      }
      cursor = candidate.name.core;
    }
    return { messages, cursor: candidates.length > chosen.length ? cursor : undefined };
  }

  /** A message that was shown before; undefined when it is not here. */
  async find(id: string): Promise<Message | undefined> {
    const now = this.relay.clock.now();
    for (const fileName of await this.relay.store.list(readKey(this.agent))) {
      const name = parseName(fileName);
      if (name?.id !== id || isExpired(name, now)) continue;
      const message = await this.#open({ fileName, name });
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /**
   * Ends messages: the sender's receipt first, synced, then the message goes. Shown or not makes no difference, and what the
   * receipt says of it is what the mail shows, or `shown`, by whoever has shown it without a session; an id that
   * is not in this agent's mail, somebody else's included, is `notFound`.
   * @throws DispatchError `STORE_UNAVAILABLE` when a receipt could not be written; then nothing was acknowledged, and
   * `outcome` is `"unknown"` when a sender may be told so all the same. Also when a message could not be removed; then some
   * may be. Either way the same ids can be acknowledged again.
   */
  async ack(ids: readonly string[], { shown = false } = {}): Promise<Acked> {
    const wanted = [...new Set(ids)];
    const places = await this.#locate(wanted.filter(isMessageId));
    const found = [...places];
    const were = new Map<string, WasShown>();
    for (const [id, { key, name }] of found) were.set(id, shown ? 'read' : await wasShown(this.relay.store, key, name));
    const receipts = found.map(([id, { name }]) =>
      this.relay.receipts.entry(name.from, { id, to: this.agent, state: 'acked', how: were.get(id) as WasShown }),
    );
    const outcomes = await this.relay.store.createAll(receipts);
    const failure = outcomes.find((outcome) => outcome.state === 'failed');
    if (failure?.state === 'failed') throw await this.#unrecorded(failure.error, receipts, outcomes);
    const done = new Set<string>();
    let left = found;
    // Claimed by another session or shown meanwhile: its receipt stands, so it is removed where it is now.
    for (let round = 0; round < ROUNDS && left.length > 0; round++) {
      const removed = await this.#removeAll(left.map(([, { key }]) => key));
      for (const [index, [id]] of left.entries()) if (removed[index]) done.add(id);
      const missed = left.flatMap(([id]) => (done.has(id) ? [] : [id]));
      left = missed.length === 0 ? [] : [...(await this.#locate(missed))];
    }
    const missed = found.flatMap(([id, { name }], index) =>
      done.has(id) ? [] : [{ name, receipt: receipts[index] as Entry }],
    );
    if (missed.length > 0) await this.#takeBackUntrue(missed);
    const acked = wanted.filter((id) => done.has(id));
    await this.relay.events.note(
      ...acked.flatMap((id) => {
        const [place, was] = [places.get(id), were.get(id)];
        if (place === undefined || was === undefined) return [];
        return [{ event: 'acked' as const, id, from: place.name.from, to: this.agent, was }];
      }),
    );
    return { acked, notFound: wanted.filter((id) => !done.has(id)) };
  }

  /** What a sweep or its sender has ended between the look and the removal was not acknowledged. By another session it was. */
  async #takeBackUntrue(missed: readonly { readonly name: MessageName; readonly receipt: Entry }[]): Promise<void> {
    const endedOtherwise = (receipt: Receipt) => isEnd(receipt) && receipt.state !== 'acked';
    const standing = new Set(await this.relay.receipts.withoutEnd(this.agent, missed, endedOtherwise));
    await this.relay.receipts.takeBack(missed.flatMap((one) => (standing.has(one) ? [] : [one.receipt])));
  }

  /** Takes back the receipts that stand: a sender must not be told "acked" of what its reader was told is not. */
  async #unrecorded(cause: Error, receipts: readonly Entry[], outcomes: readonly CreateOutcome[]) {
    const mayStand = receipts.filter((_, index) => {
      const outcome = outcomes[index];
      return outcome?.state === 'created' || (outcome?.state === 'failed' && outcome.outcome === 'unknown');
    });
    const known = isDispatchError(cause) ? cause.data : {};
    try {
      await this.relay.receipts.takeBack(mayStand, { durable: true });
    } catch {
      const why = `${cause.message} The messages are still here, but their senders may be told that you acknowledged them; acknowledge the same ids again.`;
      return new DispatchError('STORE_UNAVAILABLE', why, { ...known, outcome: 'unknown' }, cause);
    }
    const why = `${cause.message} Nothing was acknowledged; acknowledge again later.`;
    return new DispatchError('STORE_UNAVAILABLE', why, { ...known, outcome: 'none' }, cause);
  }

  async #removeAll(keys: readonly string[]): Promise<boolean[]> {
    try {
      return await this.relay.store.removeAll(keys);
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      // The receipts stand, so the senders see these messages as acknowledged already.
      const why = `${error.message} Some of the messages may be acknowledged; acknowledge the same ids again.`;
      throw new DispatchError(error.code, why, { ...error.data, outcome: 'unknown' }, error);
    }
  }

  async #open(candidate: Candidate): Promise<Message | undefined> {
    return this.relay.mail.openAt(this.agent, readKey(this.agent, candidate.fileName), candidate);
  }

  /** Where the messages of these ids are: as remembered, else by listing. */
  async #locate(ids: readonly string[]): Promise<Map<string, Place>> {
    const places = new Map<string, Place>();
    const missing = new Set<string>();
    for (const id of ids) {
      const fileName = this.inbox.shownAs(id);
      const name = fileName === undefined ? undefined : parseName(fileName);
      const key = fileName === undefined ? undefined : readKey(this.agent, fileName);
      // Reading nothing of it tells whether it is there.
      if (name === undefined || key === undefined || (await this.relay.store.read(key, 0)) === undefined)
        missing.add(id);
      else if (!isExpired(name, this.relay.clock.now())) places.set(id, { key, name });
    }
    const look = (name: MessageName | undefined, key: string) => {
      if (name !== undefined && missing.has(name.id) && !isExpired(name, this.relay.clock.now())) {
        places.set(name.id, { key, name });
        missing.delete(name.id);
      }
    };
    if (missing.size > 0) {
      for (const fileName of await this.relay.store.list(readKey(this.agent))) {
        look(parseName(fileName), readKey(this.agent, fileName));
      }
    }
    if (missing.size > 0) {
      for (const { fileName, name } of (await this.relay.mail.scan(this.agent, true)).pending) {
        look(name, inboxKey(this.agent, fileName));
      }
    }
    if (missing.size > 0) {
      for (const session of (await this.relay.store.list(takenKey(this.agent))).filter(isSessionId)) {
        for (const fileName of await namesInFolder(this.relay.store, takenBy(this.agent, session))) {
          look(parseName(fileName), takenBy(this.agent, session, fileName));
        }
      }
    }
    return places;
  }
}
