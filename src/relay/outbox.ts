/** Sends: one message to the inboxes of its recipients, and an answer that claims no more than happened. */
import { EVERYONE } from '../model/agent-id.js';
import { MAX_TIME_MS } from '../model/clock.js';
import { DispatchError, isDispatchError } from '../model/errors.js';
import { newMessageId } from '../model/ids.js';
import { type JsonObject, type Message, type Priority, serializeMessage } from '../model/message.js';
import { utf8Bytes } from '../model/text.js';
import type { CreateOutcome } from '../store/store.js';
import type { SentEvent } from './events.js';
import { inboxKey } from './keys.js';
import type { Admission, Outgoing } from './limits/limits.js';
import { coreName, parseName, SUFFIX } from './message-name.js';
import type { NameClock } from './name-clock.js';
import type { Relay } from './relay.js';
import { type KeyedSend, SendKey } from './send-key.js';
import { findSent, noteSent, notNoted, type Reached } from './sent-log.js';
import type { Withdrawal } from './withdrawals.js';

export interface Draft {
  readonly target: string;
  readonly content: string;
  readonly priority?: Priority;
  readonly threadId?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly payload?: JsonObject | undefined;
  /** Seconds; 0 is never. @default the configured `default_ttl` */
  readonly ttl?: number | undefined;
  readonly mustRead?: boolean | undefined;
  /** The same key and content again, within 24 hours, is the same message; see `SendKey`. */
  readonly idempotencyKey?: string | undefined;
  /** Whether the sender gets it too, of a topic that it is a member of. @default false */
  readonly includeSelf?: boolean | undefined;
  /** Id of a message of the same sender that this one replaces; see `Withdrawals`. */
  readonly supersedes?: string | undefined;
  /** Mail of this program about a job; see `Outgoing`. */
  readonly ofJob?: Outgoing['ofJob'];
}

export interface Sent {
  readonly message: Message;
  /** Whose inboxes hold the message or held it, durably where the store is. Never empty. */
  readonly queuedTo: readonly string[];
  readonly refused: readonly Refused[];
  /** Who of `queuedTo` nobody listens for now; the human, who has no session, is left out. */
  readonly notListening: readonly string[];
  /** Of whom of `queuedTo` that cannot be said either way; see `Listening`. */
  readonly listeningUnknown: readonly string[];
  /** Who of `queuedTo` has a session, and it is known that nothing wakes that one for this message. */
  readonly cannotWake: readonly string[];
  /** True when no session ever served the one name it was sent to, as far as the relay knows. */
  readonly neverSeen: boolean;
  /** True when an earlier send under the same key made this message. */
  readonly deduplicated: boolean;
  /** What became of the message that this one supersedes, by recipient. Empty without one. */
  readonly superseded: readonly Withdrawal[];
}

export interface Published {
  readonly sent: Sent;
  followUp(): Promise<void>;
}

export interface Refused {
  readonly to: string;
  readonly code: string;
  /** The limit that was met, and its value. */
  readonly limit?: string;
  /** Present when the copy may nevertheless be there. */
  readonly outcome?: 'unknown';
}

/** A message, before it is published. */
interface Prepared extends KeyedSend {
  /** The bytes of its file, as text. */
  readonly value: string;
  /** The limits' leave for these recipients, to be settled. */
  readonly admission: Admission;
}

export class Outbox {
  constructor(
    private readonly relay: Pick<
      Relay,
      'store' | 'clock' | 'agents' | 'listeners' | 'receipts' | 'events' | 'withdrawals' | 'limits'
    >,
    private readonly limits: { readonly maxMessageBytes: number; readonly defaultTtlSeconds: number },
  ) {}

  /** `publish`, with its follow-up done when this returns. */
  async send(from: string, draft: Draft, order: NameClock): Promise<Sent> {
    const { sent, followUp } = await this.publish(from, draft, order);
    await followUp();
    return sent;
  }

  /**
   * Publishes a message from `from`. What it returns as queued is in those inboxes and synced; a broadcast is sent if anyone
   * got it. `followUp` notes what was sent and rings the recipients. It never fails, is no part of the promise, and can wait
   * until the answer is out.
   * @throws DispatchError `MESSAGE_TOO_LARGE`, `INVALID_ARGUMENT`, `IDEMPOTENCY_CONFLICT`, `NOT_FOUND` (of a message to
   * supersede), and what `Agents.resolve` and `Limits.admit` throw, before anything is published; `STORE_UNAVAILABLE` when nobody got it, with
   * `outcome: "unknown"` and the id where a copy may be there all the same.
   */
  async publish(from: string, draft: Draft, order: NameClock): Promise<Published> {
    // Before any effect: a message that is not one's own cannot be superseded.
    const old = draft.supersedes === undefined ? undefined : await this.relay.withdrawals.find(from, draft.supersedes);
    const { send, outcomes, deduplicated, admission } = await this.#publish(from, draft, order);
    const { message, core, recipients } = send;
    // Under a key, a copy that exists is this message: an earlier try published it.
    const isThere = ({ state }: CreateOutcome) =>
      state === 'created' || (state === 'exists' && draft.idempotencyKey !== undefined);
    const queuedTo = recipients.filter((_, index) => isThere(outcomes[index] as CreateOutcome));
    const failed = recipients.flatMap((to, index) => refusal(to, outcomes[index] as CreateOutcome, isThere));
    const uncertain = failed.filter(({ outcome }) => outcome === 'unknown').map(({ to }) => to);
    admission?.settle(core, [...queuedTo, ...uncertain]);
    // What exists, another try published, and most likely noted.
    const isRetry = deduplicated || outcomes.some(({ state }) => state === 'exists');
    const followUp = async () => {
      await admission?.followUp();
      await this.#followUp(send, { published: queuedTo, unsure: uncertain }, isRetry);
    };
    if (queuedTo.length === 0) {
      await followUp();
      throw nobodyGotIt(message.id, failed, outcomes);
    }
    const refused = [...send.refused, ...failed];
    const missed = refused.map(({ to }) => to);
    const superseded =
      old === undefined ? [] : await this.relay.withdrawals.supersede(old, message, { reached: queuedTo, missed });
    const audience = await this.#audience(message, queuedTo);
    return { sent: { message, queuedTo, refused, deduplicated, superseded, ...audience }, followUp };
  }

  /** Publishes the message of the draft, or, under a key that was used before, what is still to be published of that one. */
  async #publish(
    from: string,
    draft: Draft,
    order: NameClock,
  ): Promise<{ send: KeyedSend; outcomes: CreateOutcome[]; deduplicated: boolean; admission?: Admission }> {
    if (draft.idempotencyKey === undefined) {
      const send = await this.#prepare(from, draft, order);
      const { admission } = send;
      return { send, outcomes: await orGivenUp(admission, this.#publishAll(send)), deduplicated: false, admission };
    }
    const key = new SendKey(this.relay, from, draft.idempotencyKey, draft);
    let first = await key.find();
    // A key that is known meets no limit: its message was admitted when it was new.
    if (first !== undefined) return { send: first, outcomes: await key.publish(first), deduplicated: true };
    const prepared = await this.#prepare(from, draft, order);
    const { admission } = prepared;
    first = await orGivenUp(admission, key.reserve(prepared));
    const outcomes = await orGivenUp(admission, key.publish(first));
    if (first.message.id === prepared.message.id) return { send: first, outcomes, deduplicated: false, admission };
    // Another process was quicker with this key.
    admission.settle('', []);
    return { send: first, outcomes, deduplicated: true };
  }

  /** The message with its name and its recipients. Nothing of it is anywhere yet. */
  async #prepare(from: string, draft: Draft, order: NameClock): Promise<Prepared> {
    const now = this.relay.clock.now();
    const ttl = draft.ttl ?? this.limits.defaultTtlSeconds;
    if (now + ttl * 1000 > MAX_TIME_MS) {
      throw new DispatchError(
        'INVALID_ARGUMENT',
        `ttl ${ttl} ends after the year 9999. Give seconds, or 0 for a message that never expires.`,
        { argument: 'ttl' },
      );
    }
    const { to, recipients } = await this.relay.agents.resolve(draft.target, from, draft.includeSelf);
    const message: Message = {
      id: newMessageId(),
      from,
      to,
      timestamp: new Date(now).toISOString(),
      priority: draft.priority ?? 'normal',
      content: draft.content,
      payload: draft.payload ?? null,
      thread_id: draft.threadId ?? null,
      reply_to: draft.replyTo ?? null,
      ...(draft.supersedes === undefined ? {} : { supersedes: draft.supersedes }),
      ttl,
      must_read: draft.mustRead ?? false,
      state: 'pending',
    };
    const value = serializeMessage(message);
    const bytes = utf8Bytes(value);
    if (bytes > this.limits.maxMessageBytes && draft.ofJob === undefined) {
      throw new DispatchError(
        'MESSAGE_TOO_LARGE',
        `The message would take ${bytes} bytes as stored (UTF-8 JSON), the limit is ${this.limits.maxMessageBytes}. Shorten it, split it, or write it to a file and send the path.`,
        { bytes, maxBytes: this.limits.maxMessageBytes },
      );
    }
    const { ofJob } = draft;
    const admission = await this.relay.limits.admit({ from, recipients, bytes, threadId: message.thread_id, ofJob });
    const { time, counter } = order.next();
    return {
      message,
      core: coreName(message, time, counter, bytes),
      value,
      admission,
      recipients: admission.recipients,
      refused: admission.refused,
    };
  }

  /** One file, linked into all inboxes. */
  async #publishAll({ value, core, recipients }: Prepared): Promise<CreateOutcome[]> {
    const shared = { shared: value };
    return this.relay.store.createAll(recipients.map((to) => ({ key: inboxKey(to, core + SUFFIX), value: shared })));
  }

  /** Who is there to hear of it. A help only, like the follow-up: what cannot be found out now is left out. */
  async #audience({ to, priority }: Message, recipients: readonly string[]) {
    const { agents, listeners } = this.relay;
    const audience = await listeners.audienceOf(recipients, { urgent: priority === 'urgent', direct: to !== EVERYONE });
    const isStranger = agents.roster === undefined && audience.notListening[0] === to;
    const servedAt = isStranger ? await agents.servedAt(to).catch(() => 0) : 0;
    return { ...audience, neverSeen: servedAt === undefined };
  }

  /** What comes after publishing only helps, so its failure must not make a sent message look unsent. */
  async #followUp({ message, core }: KeyedSend, reached: Reached, isRetry: boolean): Promise<void> {
    const { store, events } = this.relay;
    const { from, id } = message;
    const noted = isRetry ? await findSent(store, from, id, core).catch(() => undefined) : undefined;
    const fresh = notNoted(reached, noted);
    const event = this.#eventOf(message, core, [...fresh.published, ...fresh.unsure], noted !== undefined);
    if (event.to.length === 0) return;
    try {
      await noteSent(store, from, core, fresh);
    } catch {
      // A finding aid: without it the message is as safe, and its receipts come all the same.
    }
    for (const to of event.to) await store.ring(to);
    await events.note(event);
  }

  #eventOf(message: Message, core: string, to: readonly string[], again: boolean): SentEvent {
    return {
      event: 'sent',
      id: message.id,
      from: message.from,
      to,
      ...(again ? { again } : {}),
      ...(message.to === to[0] ? {} : { target: message.to }),
      bytes: parseName(core + SUFFIX)?.bytes ?? 0,
      ...(message.thread_id === null ? {} : { thread_id: message.thread_id }),
      ...(message.reply_to === null ? {} : { reply_to: message.reply_to }),
      ...(message.supersedes === undefined ? {} : { supersedes: message.supersedes }),
      ...(message.priority === 'urgent' ? { priority: message.priority } : {}),
      ...(this.relay.events.withContent ? { content: message.content } : {}),
    };
  }
}

/** What is not published takes no place. */
async function orGivenUp<T>(admission: Admission, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    admission.settle('', []);
    throw error;
  }
}

function refusal(to: string, outcome: CreateOutcome, isThere: (outcome: CreateOutcome) => boolean): Refused[] {
  if (isThere(outcome) || outcome.state === 'created') return [];
  if (outcome.state === 'exists') return [{ to, code: 'EXISTS' }];
  const code = isDispatchError(outcome.error) ? outcome.error.code : 'INTERNAL';
  return [outcome.outcome === 'unknown' ? { to, code, outcome: 'unknown' } : { to, code }];
}

function nobodyGotIt(id: string, refused: readonly Refused[], outcomes: readonly CreateOutcome[]): DispatchError {
  const error = outcomes.flatMap((outcome) => (outcome.state === 'failed' ? [outcome.error] : []))[0];
  const why = error?.message ?? 'The name of the message is taken.';
  const code = isDispatchError(error) ? error.code : 'STORE_UNAVAILABLE';
  if (refused.some(({ outcome }) => outcome === 'unknown')) {
    return new DispatchError(
      code,
      `outcome: unknown. ${why} Message ${id} may or may not arrive; ask what became of it with peek(message_id="${id}") before you send it again.`,
      {
        id,
        outcome: 'unknown',
      },
    );
  }
  return new DispatchError(code, `Not sent, nothing was delivered. ${why}`, { outcome: 'none' });
}
