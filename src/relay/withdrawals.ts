/**
 * Taking back what was sent: for a newer message that supersedes it, or without one.
 *
 * First a mark is made for each reader, an empty file in `.superseded/<reader>/`:
 *
 *     1771360200000.msg-k3j9x0q2m4ab.msg-p5d0w7c1x8zr
 *     when          superseded       by which ("-" for none, "--" once the reader was told)
 *
 * Then a copy that nobody was shown is ended (`superseded`), and its mark removed. What is left are marks of copies that were shown, or are just being shown: the reader's session tells
 * of them, and withdraws such a copy itself when it finds it in the inbox.
 */
import { isRecipient } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { isMessageId, isSessionId } from '../model/ids.js';
import type { Message } from '../model/message.js';
import { inboxKey, readKey, SUPERSEDED, supersededKey, takenBy, takenKey } from './keys.js';
import { type Candidate, redeliveredName } from './mail.js';
import { type MessageName, parseName, SUFFIX } from './message-name.js';
import type { Whereabouts } from './receipts.js';
import type { Relay } from './relay.js';
import type { SentNote } from './sent-log.js';
import { howUnshown, type WasShown } from './was-shown.js';

export interface Withdrawal {
  readonly to: string;
  /**
   * `withdrawn`, or the state in which the copy is all the same; `pending` is one that is just being shown, `kept` one whose
   * successor did not reach the recipient.
   */
  readonly outcome: 'withdrawn' | 'kept' | Whereabouts['state'];
}

const MARK = /^(\d{13})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})$/;
const NO_SUCCESSOR = '-';
const NO_SUCCESSOR_TOLD = '--';

/** What a reader has, had or is shown of which its sender thinks differently now. */
export interface Marks {
  /** By which message each was superseded; undefined for one that was withdrawn. */
  readonly superseded: ReadonlyMap<string, string | undefined>;
  /** Those that were withdrawn, of which the reader was not told yet. */
  readonly untold: readonly string[];
}

export class Withdrawals {
  constructor(
    private readonly relay: Pick<Relay, 'store' | 'clock' | 'receipts' | 'endings' | 'events'>,
    /** How long a mark is kept at least. */
    private readonly retentionMs: number,
  ) {}

  /**
   * Whom a message of `from` went to.
   * @throws DispatchError `NOT_FOUND` when there is no trace that it sent such a message.
   */
  async find(from: string, id: string): Promise<SentNote> {
    const note = await this.relay.receipts.recipientsOf(from, id);
    if (note.recipients.length > 0) return note;
    throw new DispatchError(
      'NOT_FOUND',
      `There is no message ${id} that ${from} sent, or it is long forgotten. Only one's own messages can be taken back; ids stand in the answer of dispatch. Nothing was done.`,
      { id },
    );
  }

  /** Takes back every copy that was not shown. Repeating it is harmless. In the order of the recipients. */
  async withdraw(from: string, note: SentNote, id: string, successor?: string): Promise<Withdrawal[]> {
    const done: Withdrawal[] = [];
    for (const { to, state } of await this.relay.receipts.locate(from, note, id)) {
      done.push({ to, outcome: await this.#withdrawFrom(from, note.core, { id, to, state, successor }) });
    }
    return done;
  }

  /**
   * Withdraws what `message` supersedes, where it `reached` the reader, who is told of it in place of the old one, and from
   * whom it was not meant for. Whom it `missed` keeps the old one. The new message is sent, whatever becomes of the old: what
   * could not be withdrawn now is said to be unknown.
   */
  async supersede(
    { core, recipients }: SentNote,
    { from, id, supersedes = '' }: Message,
    { reached, missed }: { readonly reached: readonly string[]; readonly missed: readonly string[] },
  ): Promise<Withdrawal[]> {
    const done: Withdrawal[] = [];
    for (const to of recipients) {
      if (missed.includes(to)) {
        done.push({ to, outcome: 'kept' });
        continue;
      }
      try {
        const copy = { core, recipients: [to] };
        done.push(...(await this.withdraw(from, copy, supersedes, reached.includes(to) ? id : undefined)));
      } catch {
        done.push({ to, outcome: 'unknown' });
      }
    }
    return done;
  }

  async #withdrawFrom(
    from: string,
    core: string,
    {
      id,
      to,
      state,
      successor,
    }: { id: string; to: string; state: Whereabouts['state']; successor: string | undefined },
  ): Promise<Whereabouts['state'] | 'withdrawn'> {
    if (state !== 'pending' && state !== 'read' && state !== 'acked') return state;
    // A second withdrawal has nothing to tell that the first did not.
    if (state !== 'pending' && successor === undefined && (await this.marksFor(to)).superseded.has(id)) return state;
    // The mark first: whatever happens from here on, the reader's session knows what to do with the copy.
    const mark = await this.#mark(to, id, successor);
    if (state !== 'pending') {
      // What was acknowledged need not have been shown.
      const was = state === 'read' ? 'read' : 'maybe';
      if (successor === undefined) await this.relay.events.note({ event: 'withdrawn', id, from, to, was });
      return state;
    }
    const ended = await this.#end(from, core, id, to, successor);
    if (ended === undefined) {
      const [now] = await this.relay.receipts.locate(from, { core, recipients: [to] }, id);
      return now?.state ?? 'unknown';
    }
    // What the reader was to be told of, and will never see, hands on what it replaced.
    if (successor !== undefined) await this.#remark(to, (by) => by === id, successor);
    // Nobody was shown it, so there is nobody to tell.
    if (ended === 'unread') await this.relay.store.remove(mark, { durable: false });
    return 'withdrawn';
  }

  async marksFor(reader: string): Promise<Marks> {
    const superseded = new Map<string, string | undefined>();
    const untold = new Set<string>();
    const names = await this.relay.store.list(supersededKey(reader));
    // The latest successor counts; names begin with the time.
    for (const name of names.length > 1 ? [...names].sort() : names) {
      const [, , id, successor] = MARK.exec(name) ?? [];
      if (id === undefined) continue;
      if (successor !== undefined && isMessageId(successor)) superseded.set(id, successor);
      else if (!superseded.has(id)) superseded.set(id, undefined);
      if (successor === NO_SUCCESSOR) untold.add(id);
    }
    return { superseded, untold: [...untold].filter((id) => superseded.get(id) === undefined) };
  }

  /** `reader` was told that these were withdrawn. */
  async noteTold(reader: string, ids: readonly string[]): Promise<void> {
    await this.#remark(reader, (by, id) => by === NO_SUCCESSOR && ids.includes(id), NO_SUCCESSOR_TOLD);
  }

  /** Withdraws what came back to the inbox of `reader` after it was superseded, or was left there by a crash. */
  async withdrawReturned(reader: string, candidate: Candidate, successor: string | undefined): Promise<void> {
    const { store, receipts } = this.relay;
    const { name, fileName } = candidate;
    const [unended] = await receipts.withoutEnd(reader, [candidate]);
    if (unended === undefined) await store.remove(inboxKey(reader, fileName));
    else await this.#end(name.from, name.core, name.id, reader, successor);
  }

  /** Forgets marks past their retention, of messages that the reader does not have any more. */
  async sweep(now: number): Promise<void> {
    const { store } = this.relay;
    for (const reader of (await store.list(SUPERSEDED)).filter(isRecipient)) {
      const old = (await store.list(supersededKey(reader))).filter((name) => {
        const at = MARK.exec(name)?.[1];
        return at !== undefined && now - Number(at) >= this.retentionMs;
      });
      if (old.length === 0) continue;
      const held = await this.#idsOf(reader);
      const gone = old.filter((name) => !held.has(MARK.exec(name)?.[2] ?? ''));
      await store.removeAll(
        gone.map((name) => supersededKey(reader, name)),
        { durable: false },
      );
    }
  }

  /** Gives whether it had been shown; undefined when it was not in the inbox any more, and then nothing has changed. */
  async #end(from: string, core: string, id: string, to: string, successor?: string): Promise<WasShown | undefined> {
    const { store, endings, events } = this.relay;
    const names: readonly string[] = await store.list(inboxKey(to));
    const fileName = [redeliveredName(core), core + SUFFIX].find((each) => names.includes(each));
    const name = parseName(fileName ?? '');
    if (fileName === undefined || name === undefined) return undefined;
    // Of a copy whose first reply may have been written nobody can say that it was never shown.
    const was = howUnshown(name);
    const [ended] = await endings.end(to, [{ key: inboxKey(to, fileName), name, state: 'superseded', was }]);
    if (ended !== true) return undefined;
    const by = successor === undefined ? {} : { superseded_by: successor };
    await events.note({ event: 'withdrawn', id, from, to, ...by });
    return was;
  }

  async #mark(reader: string, id: string, successor: string | undefined): Promise<string> {
    const at = String(this.relay.clock.now()).padStart(13, '0');
    const key = supersededKey(reader, `${at}.${id}.${successor ?? NO_SUCCESSOR}`);
    await this.relay.store.create(key, '');
    return key;
  }

  /** Gives the marks that `applies` chooses by their successor and their message another successor. */
  async #remark(reader: string, applies: (by: string, id: string) => boolean, successor: string): Promise<void> {
    const { store } = this.relay;
    for (const name of await store.list(supersededKey(reader))) {
      const [, at, id = '', by = ''] = MARK.exec(name) ?? [];
      if (id === '' || !applies(by, id)) continue;
      await store.move(supersededKey(reader, name), supersededKey(reader, `${at}.${id}.${successor}`), {
        durable: true,
      });
    }
  }

  async #idsOf(owner: string): Promise<Set<string>> {
    const { store } = this.relay;
    const sessions = (await store.list(takenKey(owner))).filter(isSessionId);
    const ids = new Set<string>();
    for (const folder of [inboxKey(owner), ...sessions.map((session) => takenBy(owner, session)), readKey(owner)]) {
      for (const fileName of await store.list(folder)) {
        const name: MessageName | undefined = parseName(fileName);
        if (name !== undefined) ids.add(name.id);
      }
    }
    return ids;
  }
}
