import type { Entry } from '../store/store.js';
import type { Claim, ClaimOptions, Delivered } from './claim.js';
import type { NotedEvent, ShownBy } from './events.js';
import { inboxKey, readKey, readName, takenBy, takenKey } from './keys.js';
import { byUrgencyThenTime, type Candidate, isRedelivered, redeliveredName } from './mail.js';
import { type MessageName, parseName, SUFFIX, threadHash } from './message-name.js';
import { recoverTaken } from './recover.js';
import type { Relay } from './relay.js';
import { Turns } from './turns.js';

interface Taken {
  readonly core: string;
  readonly from: string;
  readonly id: string;
  /** In `taken/<session>/`, and in the inbox after a release. */
  readonly fileName: string;
  readonly redelivered: boolean;
}

type Parts = Pick<Relay, 'store' | 'clock' | 'mail' | 'receipts' | 'presence' | 'events' | 'withdrawals'>;

// A session acknowledges what it was shown lately; older mail is found by listing.
const REMEMBERED = 10_000;

export class Inbox {
  #unsettled: (() => Promise<void>)[] = [];
  readonly #claims = new Set<Claim>();
  readonly #shown = new Map<string, string>();
  readonly #turns = new Turns();

  constructor(
    readonly agent: string,
    private readonly session: string,
    private readonly relay: Parts,
  ) {}

  /**
   * Claims pending mail for one reply. When not all of it has room, senders take turns: see `Turns`. Nothing is shown twice
   * unless `redelivered`.
   */
  async claim(options: ClaimOptions): Promise<Claim> {
    if (this.#unsettled.length > 0) await this.#settleLate();
    if (await this.recover()) await this.#recoverStray();
    const taken: Taken[] = [];
    const delivered: (Delivered & { readonly candidate: Candidate })[] = [];
    const scan = await this.relay.mail.scan(this.agent, true);
    const { superseded, untold } = await this.relay.withdrawals.marksFor(this.agent);
    const pending = superseded.size === 0 ? scan.pending : await this.#stillCurrent(scan.pending, superseded);
    const matching = this.#matching(pending, options);
    let gone = 0;
    try {
      for (const candidate of this.#turns.of(matching)) {
        if (delivered.length === options.limit) break;
        const next = await this.#open(candidate, options, superseded);
        if (next === undefined) {
          gone++;
          continue;
        }
        const putIn = options.offer(next);
        if (putIn === undefined) break;
        const { core, from, id } = candidate.name;
        const fileName = next.redelivered ? redeliveredName(core) : core + SUFFIX;
        const claimed = await this.relay.store.move(
          inboxKey(this.agent, candidate.fileName),
          takenBy(this.agent, this.session, fileName),
        );
        if (!claimed) {
          gone++;
          continue;
        }
        putIn();
        taken.push({ core, from, id, fileName, redelivered: next.redelivered });
        delivered.push({ ...next, candidate });
      }
    } catch (error) {
      // What is claimed stands in the reply already: it is delivered, and the next call meets the error.
      if (delivered.length === 0) throw error;
    }
    // One that was asked for by its id takes nobody's turn.
    if (options.messageId === undefined) {
      this.#turns.note(new Set(taken.map(({ from }) => from)), options.threadId === undefined);
    }
    delivered.sort((a, b) => byUrgencyThenTime(a.candidate, b.candidate));
    return this.#claimOf(taken, delivered, {
      by: options.by,
      more: matching.length - delivered.length - gone,
      elsewhere: pending.length - matching.length,
      sawExpired: scan.expired.length > 0,
      waiting: this.#waiting(pending, taken),
      superseded,
      withdrawn: untold,
    });
  }

  /** Gives back everything that is claimed and whose reply will not be written any more. For the end of the session. */
  async close(): Promise<void> {
    await this.#settleLate();
    for (const claim of [...this.#claims]) await claim.release();
    await this.relay.store.prune(takenBy(this.agent, this.session));
    await this.relay.store.prune(takenKey(this.agent));
  }

  /** What is pending now, in no order. */
  async pendingNow(): Promise<readonly Candidate[]> {
    return (await this.relay.mail.scan(this.agent, false)).pending;
  }

  /** Makes pending again what sessions that are over had claimed; `claim` does that too. See `recoverTaken`. */
  async recover(): Promise<boolean> {
    return recoverTaken(this.relay, this.agent, this.session);
  }

  /** Whether any of these can be shown, of the thread where one is given. Opens as few as possible, and moves none. */
  async hasMail(candidates: readonly Candidate[], threadId?: string): Promise<boolean> {
    const hash = threadId === undefined ? undefined : threadHash(threadId);
    for (const candidate of candidates) {
      // A name only has the hash of its thread.
      if (hash !== undefined && candidate.name.thread !== hash) continue;
      const key = inboxKey(this.agent, candidate.fileName);
      const message = await this.relay.mail.openAt(this.agent, key, candidate, false);
      if (message === undefined || message.state === 'read') continue;
      if (threadId === undefined || message.thread_id === threadId) return true;
    }
    return false;
  }

  /** Where this session last saw a message that it has shown; a hint, for acknowledging without a listing. */
  shownAs(id: string): string | undefined {
    return this.#shown.get(id);
  }

  /** The message of a candidate as it is delivered; undefined when it is gone, or not of the thread after all. */
  async #open(
    candidate: Candidate,
    { threadId }: ClaimOptions,
    superseded: Claim['superseded'],
  ): Promise<Delivered | undefined> {
    const message = await this.relay.mail.open(this.agent, candidate);
    if (message === undefined || (threadId !== undefined && message.thread_id !== threadId)) return undefined;
    const replacesSeen =
      message.supersedes === undefined ? [] : [...superseded].flatMap(([old, by]) => (by === message.id ? [old] : []));
    return { message, redelivered: isRedelivered(candidate.name), replacesSeen };
  }

  #matching(pending: Candidate[], { threadId, messageId }: ClaimOptions): Candidate[] {
    if (messageId !== undefined) return pending.filter(({ name }) => name.id === messageId);
    if (threadId === undefined) return pending;
    const hash = threadHash(threadId);
    return pending.filter(({ name }) => name.thread === hash);
  }

  /** What its sender withdrew while it was on its way into a reply that was never written is not shown again. */
  async #stillCurrent(pending: Candidate[], superseded: Claim['superseded']): Promise<Candidate[]> {
    const current: Candidate[] = [];
    for (const candidate of pending) {
      if (!superseded.has(candidate.name.id)) current.push(candidate);
      else await this.relay.withdrawals.withdrawReturned(this.agent, candidate, superseded.get(candidate.name.id));
    }
    return current;
  }

  #waiting(pending: readonly Candidate[], taken: readonly Taken[]): MessageName[] {
    const cores = new Set(taken.map(({ core }) => core));
    return pending.flatMap(({ name }) => (cores.has(name.core) ? [] : [name]));
  }

  #claimOf(
    taken: Taken[],
    delivered: Delivered[],
    { by, ...facts }: Omit<Claim, 'delivered' | 'commit' | 'release'> & { by: ShownBy },
  ): Claim {
    let settling = false;
    const settle = async (how: () => Promise<void>) => {
      // Settled once: a cancel that arrives while the reply is being written must not undo it.
      if (settling) return;
      settling = true;
      try {
        await this.#settle(how);
      } finally {
        this.#claims.delete(claim);
      }
    };
    const claim: Claim = {
      delivered,
      ...facts,
      commit: () => settle(() => this.#commit(taken, by)),
      release: () => settle(() => this.#release(taken)),
    };
    // Nothing is to be settled of an empty one.
    if (taken.length > 0) this.#claims.add(claim);
    return claim;
  }

  async #commit(taken: readonly Taken[], by: ShownBy): Promise<void> {
    const entries: Entry[] = [];
    const shown: NotedEvent[] = [];
    try {
      for (const one of taken) {
        const kept = readName(one.core, by, this.relay.clock.now());
        // False when another session acknowledged it meanwhile, or an earlier attempt got this far.
        const moved = await this.relay.store.move(
          takenBy(this.agent, this.session, one.fileName),
          readKey(this.agent, kept),
        );
        if (!moved) continue;
        this.#remember(one.id, kept);
        const { id, from, redelivered } = one;
        entries.push(this.relay.receipts.entry(from, { id, to: this.agent, state: 'read', how: by }));
        shown.push({ event: 'shown', id, from, to: this.agent, by, ...(redelivered ? { redelivered } : {}) });
      }
    } finally {
      if (entries.length > 0) await this.relay.store.createAll(entries, { durable: false });
      await this.relay.events.note(...shown);
    }
  }

  async #release(taken: readonly Taken[]): Promise<void> {
    for (const { fileName, id, from } of taken) {
      const back = inboxKey(this.agent, fileName);
      if (!(await this.relay.store.move(takenBy(this.agent, this.session, fileName), back))) continue;
      await this.relay.events.note({ event: 'returned', id, from, to: this.agent, why: 'not written' });
    }
  }

  /** Settles what could not be settled when its reply ended: what was shown must not be given back, nor the other way. */
  async #settleLate(): Promise<void> {
    const late = this.#unsettled;
    this.#unsettled = [];
    const results = await Promise.allSettled(late.map((how) => this.#settle(how)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #settle(how: () => Promise<void>): Promise<void> {
    try {
      await how();
    } catch (error) {
      this.#unsettled.push(how);
      throw error;
    }
  }

  /** Mail that this session claimed without getting to know of it: the move was done and reported an error. */
  async #recoverStray(): Promise<void> {
    if (this.#claims.size > 0) return;
    for (const fileName of await this.relay.store.list(takenBy(this.agent, this.session))) {
      const name = parseName(fileName);
      if (name === undefined) continue;
      const back = inboxKey(this.agent, redeliveredName(name.core));
      await this.relay.store.move(takenBy(this.agent, this.session, fileName), back);
    }
  }

  #remember(id: string, fileName: string): void {
    this.#shown.set(id, fileName);
    if (this.#shown.size <= REMEMBERED) return;
    const [oldest] = this.#shown.keys();
    if (oldest !== undefined) this.#shown.delete(oldest);
  }
}
