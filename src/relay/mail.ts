/**
 * Reads the mail in a folder: by name where the name is ours, by content where another program wrote the file. Everything
 * that decides whether a file is a message, and whose, is here.
 */
import { EVERYONE, normalizeName } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import { DispatchError, isDispatchError } from '../model/errors.js';
import { MAX_STORED_BYTES, type Message, parseMessage } from '../model/message.js';
import type { Store } from '../store/store.js';
import type { Endings } from './endings.js';
import type { EventLog } from './events.js';
import { inboxKey, readKey, readName } from './keys.js';
import { coreName, counterOf, isExpired, type MessageName, parseName, SUFFIX } from './message-name.js';
import type { Quarantine } from './quarantine.js';

/** A message in an inbox, known by its name. */
export interface Candidate {
  readonly fileName: string;
  readonly name: MessageName;
}

export interface Scan {
  /** Unread and not expired: the one predicate for "pending". */
  readonly pending: Candidate[];
  readonly expired: Candidate[];
}

// A file of another program may be visible before it is written whole.
const MAY_BE_HALF_WRITTEN_MS = 5000;
const REDELIVERED_MARK = 'r';

export class Mail {
  readonly #unreadable = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly quarantine: Quarantine,
    private readonly endings: Endings,
    private readonly events: EventLog,
    private readonly warn: (text: string) => void,
  ) {}

  /**
   * What waits in the inbox of `agent`. Files of other programs are opened for that. With `own`, which only the agent's own
   * session may say, what is wrong with them is put right: broken ones are set aside, those marked as read moved to `read/`.
   */
  async scan(agent: string, own: boolean): Promise<Scan> {
    const now = this.clock.now();
    const pending: Candidate[] = [];
    const expired: Candidate[] = [];
    for (const fileName of await this.#listInbox(agent, own)) {
      if (!fileName.endsWith(SUFFIX)) continue;
      const name = parseName(fileName) ?? (await this.#foreign(agent, fileName, own));
      if (name === undefined) continue;
      (isExpired(name, now) ? expired : pending).push({ fileName, name });
    }
    return { pending, expired };
  }

  /** The message of a candidate in the inbox of `agent`; undefined when it is gone, not readable now, or was set aside. */
  async open(agent: string, candidate: Candidate): Promise<Message | undefined> {
    return this.openAt(agent, inboxKey(agent, candidate.fileName), candidate);
  }

  /**
   * The same for a candidate that is at another key. Without `own`, for whoever only looks: what is broken stays where it is,
   * and so does what another program marked as read, whose `state` says so.
   */
  async openAt(agent: string, key: string, candidate: Candidate, own = true): Promise<Message | undefined> {
    const message = await this.#load(agent, key, candidate.fileName, own, candidate.name);
    if (message === undefined || !own) return message;
    if (message.state === 'read' && key === inboxKey(agent, candidate.fileName)) {
      await this.#keepAsRead(agent, candidate.fileName, candidate.name.core);
      return undefined;
    }
    return message;
  }

  /**
   * Why a file in the inbox of `agent` is not a message, in words of ours; undefined for one that is, that is gone, or that
   * may be half written. For whoever only looks.
   */
  async findProblem(agent: string, fileName: string): Promise<string | undefined> {
    const read = await this.store.read(inboxKey(agent, fileName), MAX_STORED_BYTES);
    if (read === undefined || this.clock.now() - read.modifiedAt < MAY_BE_HALF_WRITTEN_MS) return undefined;
    const problem = read.ok ? this.#judge(agent, read.bytes, parseName(fileName)) : read.unsafe;
    return typeof problem === 'string' ? problem : undefined;
  }

  /** Sets a file in the inbox of `agent` aside if it is not a message, as its own session would. */
  async setAsideIfBroken(agent: string, fileName: string): Promise<void> {
    await this.#load(agent, inboxKey(agent, fileName), fileName, true, parseName(fileName));
  }

  /** Something else than a folder in the place of an inbox concerns its owner only. */
  async #listInbox(agent: string, own: boolean): Promise<readonly string[]> {
    try {
      return await this.store.list(inboxKey(agent));
    } catch (error) {
      if (own || !isDispatchError(error, 'RELAY_UNSAFE')) throw error;
      return [];
    }
  }

  async #foreign(agent: string, fileName: string, own: boolean): Promise<MessageName | undefined> {
    const message = await this.#load(agent, inboxKey(agent, fileName), fileName, own, undefined);
    if (message === undefined) return undefined;
    // Other programs name a file after the millisecond of sending, which the timestamp inside may have rounded.
    const sentAt = /^\d{13}(?=\D)/.exec(fileName)?.[0] ?? Date.parse(message.timestamp);
    const core = coreName(message, Number(sentAt), counterOf(fileName), 0);
    if (message.state === 'read') {
      if (own) await this.#keepAsRead(agent, fileName, core);
      return undefined;
    }
    return parseName(core + SUFFIX);
  }

  async #keepAsRead(agent: string, fileName: string, core: string): Promise<void> {
    await this.store.move(inboxKey(agent, fileName), readKey(agent, readName(core, 'other', this.clock.now())));
  }

  async #load(
    agent: string,
    key: string,
    fileName: string,
    own: boolean,
    name: MessageName | undefined,
  ): Promise<Message | undefined> {
    let read: Awaited<ReturnType<Store['read']>>;
    try {
      read = await this.store.read(key, MAX_STORED_BYTES);
    } catch (error) {
      // One file that cannot be read must not hold back the others; a lack of file handles concerns them all.
      const { errno } = isDispatchError(error, 'STORE_UNAVAILABLE') ? error.data : {};
      if (errno !== 'EACCES' && errno !== 'EPERM' && errno !== 'EIO') throw error;
      if (!this.#unreadable.has(key)) this.warn(error instanceof DispatchError ? error.message : String(error));
      this.#unreadable.add(key);
      return undefined;
    }
    if (read === undefined) return undefined;
    const problem = read.ok ? this.#judge(agent, read.bytes, name) : read.unsafe;
    if (typeof problem !== 'string') return problem;
    if (own && this.clock.now() - read.modifiedAt >= MAY_BE_HALF_WRITTEN_MS) {
      const isTaken =
        name === undefined
          ? await this.quarantine.take(key, agent, fileName, problem)
          : await this.endings.setAside(agent, key, name, problem);
      if (isTaken) {
        const known = name === undefined ? {} : { id: name.id, from: name.from };
        await this.events.note({ event: 'quarantined', to: agent, reason: problem, ...known });
      }
    }
    return undefined;
  }

  #judge(agent: string, bytes: Uint8Array, name: MessageName | undefined): Message | string {
    const parsed = parseMessage(bytes);
    if ('problem' in parsed) return parsed.problem;
    const { message } = parsed;
    if (name !== undefined && (message.id !== name.id || message.from !== name.from))
      return 'its id or sender is not the one in its name';
    const to = normalizeName(message.to);
    if (to !== agent && to !== EVERYONE && !to.startsWith('#')) return 'it is addressed to another agent';
    return message;
  }
}

/** File name in an inbox for mail whose earlier reply was not written. */
export function redeliveredName(core: string): string {
  return `${core}~${REDELIVERED_MARK}${SUFFIX}`;
}

export function isRedelivered(name: MessageName): boolean {
  return name.mark === REDELIVERED_MARK;
}

/** Urgent mail first, then by time of sending. */
export function byUrgencyThenTime(a: Candidate, b: Candidate): number {
  if (a.name.priority !== b.name.priority) return a.name.priority === 'urgent' ? -1 : 1;
  return a.name.core < b.name.core ? -1 : a.name.core > b.name.core ? 1 : 0;
}
