/** Mail that was shown and not acknowledged: counted, shown again on request, and acknowledged. */
import { DispatchError, isDispatchError } from '../model/errors.js';
import { isMessageId, isSessionId } from '../model/ids.js';
import type { Message } from '../model/message.js';
import { smallest } from './best.js';
import type { Ending } from './endings.js';
import { namesInFolder } from './folder-names.js';
import type { Inbox } from './inbox.js';
import { inboxKey, readKey, takenBy, takenKey } from './keys.js';
import type { Candidate } from './mail.js';
import { isExpired, type MessageName, parseName, threadHash } from './message-name.js';
import type { Relay } from './relay.js';
import { wasShown } from './was-shown.js';

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
    private readonly relay: Pick<Relay, 'store' | 'clock' | 'mail' | 'endings' | 'events'>,
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
   * Ends messages, see `Endings`. Shown or not makes no difference, and what the receipt says of it is what the mail shows, or
   * `shown`, by whoever has shown it without a session; an id that is not in this agent's mail, somebody else's included,
   * is `notFound`.
   * @throws DispatchError `STORE_UNAVAILABLE` when a message could not be ended; with `outcome` `"none"` nothing was
   * acknowledged, with `"unknown"` some may be, and what is then `notFound` was.
   */
  async ack(ids: readonly string[], { shown = false } = {}): Promise<Acked> {
    const wanted = [...new Set(ids)];
    const done = new Set<string>();
    let missing = wanted.filter(isMessageId);
    // Claimed by another session or shown meanwhile: it ends where it is now.
    for (let round = 0; round < ROUNDS && missing.length > 0; round++) {
      const found = [...(await this.#locate(missing)).values()];
      const endings: Ending[] = [];
      for (const { key, name } of found) {
        const was = shown ? 'read' : await wasShown(this.relay.store, key, name);
        endings.push({ key, name, state: 'acked', was });
      }
      const ended = await this.#end(endings, done.size > 0);
      const over = endings.filter((_, index) => ended[index]);
      for (const { name } of over) done.add(name.id);
      await this.relay.events.note(
        ...over.map(({ name: { id, from }, was }) => ({ event: 'acked' as const, id, from, to: this.agent, was })),
      );
      missing = found.flatMap(({ name: { id } }) => (done.has(id) ? [] : [id]));
    }
    return { acked: wanted.filter((id) => done.has(id)), notFound: wanted.filter((id) => !done.has(id)) };
  }

  async #end(endings: readonly Ending[], isAnyDone: boolean): Promise<boolean[]> {
    try {
      return await this.relay.endings.end(this.agent, endings);
    } catch (error) {
      if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
      const isNone = error.data.outcome === 'none' && !isAnyDone;
      const why = isNone
        ? 'Nothing was acknowledged; acknowledge again later.'
        : 'Some of the messages may be acknowledged; acknowledge the same ids again: what is not found then was.';
      const data = { ...error.data, outcome: isNone ? 'none' : 'unknown' };
      throw new DispatchError(error.code, `${error.message} ${why}`, data, error);
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
