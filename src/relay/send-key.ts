/**
 * Sends that can be tried again: what was sent under an idempotency key, for 24 hours.
 *
 * The first send under a key goes three steps:
 * 1. Each recipient's copy is staged in `.keys/<sender>/`, and behind them a record of the message (id, name, recipients) is
 *    created exclusively; all of it is synced. Of several that try at once the record of one counts.
 * 2. Each staged copy is moved into its inbox. A move succeeds once, whoever makes it: a retry that overtakes a slow or
 *    stopped first try publishes, and the first then finds nothing left to publish. Making the copy in the inbox instead
 *    would let the slow one make it again after the message was read and acknowledged.
 * 3. A copy that is neither staged, nor in the mailbox, nor told of by a receipt or by the sender's note of what was
 *    published, was lost in a power cut, and is made again under the same name. Receipts are kept for a day at least,
 *    longer than any key.
 */
import { digestOfJson, sha256 } from '../model/digest.js';
import { DispatchError, isDispatchError } from '../model/errors.js';
import { isMessageId, newSessionId } from '../model/ids.js';
import { type Message, serializeMessage } from '../model/message.js';
import { normalizeTarget } from '../model/topic.js';
import type { CreateOutcome, Store } from '../store/store.js';
import { inboxKey, KEYS, sendKeyKey } from './keys.js';
import { isExpired, parseName, SUFFIX } from './message-name.js';
import type { Draft, Refused } from './outbox.js';
import type { Relay } from './relay.js';
import { findSent } from './sent-log.js';

/** How long the same key means the same send, in milliseconds. */
export const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

// Later than any retry that still counts.
const SWEEP_AFTER_MS = KEY_LIFETIME_MS + 60 * 60 * 1000;
const MAX_RECORD_BYTES = 1024 * 1024;
const RECORD_NAME = /^[0-9a-f]{32}$/;

/** What a key stands for. */
export interface KeyedSend {
  /** Core of the message's name. */
  readonly core: string;
  readonly message: Message;
  readonly recipients: readonly string[];
  /** Who was refused at the first try, before anything was published. */
  readonly refused: readonly Refused[];
}

interface KeyRecord {
  readonly at: number;
  readonly digest: string;
  readonly core: string;
  /** The message without what the retry brings itself. */
  readonly envelope: Omit<Message, 'content' | 'payload'>;
  readonly recipients: readonly string[];
  readonly refused: readonly Refused[];
}

export class SendKey {
  readonly #name: string;
  readonly #digest: string;

  constructor(
    private readonly relay: Pick<Relay, 'store' | 'clock' | 'receipts'>,
    private readonly from: string,
    key: string,
    private readonly draft: Draft,
  ) {
    this.#name = sha256(key).slice(0, 32);
    this.#digest = digestOf(draft);
  }

  /**
   * What was sent under this key in the last 24 hours; undefined for nothing.
   * @throws DispatchError `IDEMPOTENCY_CONFLICT` when that was something else.
   */
  async find(): Promise<KeyedSend | undefined> {
    const record = await this.#findCurrent();
    if (record === undefined) return undefined;
    const { core, envelope, recipients, refused } = record;
    if (record.digest !== this.#digest) {
      throw new DispatchError(
        'IDEMPOTENCY_CONFLICT',
        `This idempotency_key was used for another message, ${envelope.id}, in the last 24 hours. Nothing was sent. To send something new, use a new key; to repeat that send, repeat all of its arguments.`,
        { id: envelope.id },
      );
    }
    const { content, payload = null } = this.draft;
    // The fields in the order in which they were written: a copy that is made again is the same to the byte.
    const { id, from, to, timestamp, priority, ...rest } = envelope;
    const message = { id, from, to, timestamp, priority, content, payload, ...rest };
    return { core, message, recipients, refused };
  }

  /**
   * Reserves the key for a send, synced, with nothing published yet. What it returns is to be published: this one, or that of
   * another process that was first.
   * @throws DispatchError `IDEMPOTENCY_CONFLICT`; `STORE_UNAVAILABLE` with nothing published, and the same call can be repeated.
   */
  async reserve(send: KeyedSend): Promise<KeyedSend> {
    const { core, message, recipients, refused } = send;
    const { content: _content, payload: _payload, ...envelope } = message;
    const record: KeyRecord = {
      at: this.relay.clock.now(),
      digest: this.#digest,
      core,
      envelope,
      recipients,
      refused,
    };
    const shared = { shared: serializeMessage(message) };
    const staged = recipients.map((to) => ({ key: this.#staged(message.id, to), value: shared }));
    const own = { key: sendKeyKey(this.from, this.#name), value: JSON.stringify(record) };
    const outcomes = await this.relay.store.createAll([...staged, own]);
    const reserved = outcomes.at(-1);
    if (reserved?.state === 'created') return send;
    if (reserved?.state === 'exists') {
      await this.#discard(staged.map(({ key }) => key));
      const first = await this.find();
      if (first !== undefined) return first;
    }
    const error = reserved?.state === 'failed' ? reserved.error : undefined;
    if (reserved?.state === 'failed' && reserved.outcome === 'none') await this.#discard(staged.map(({ key }) => key));
    throw new DispatchError(
      isDispatchError(error) ? error.code : 'STORE_UNAVAILABLE',
      `Not sent, nothing was delivered. ${error?.message ?? 'The idempotency_key was being forgotten just now.'} Repeat the call with the same idempotency_key.`,
      { outcome: 'none' },
      error,
    );
  }

  /** Publishes what is not published yet. The outcomes stand in the order of the recipients; `created` is said of what this call published. */
  async publish({ core, message, recipients }: KeyedSend): Promise<CreateOutcome[]> {
    const outcomes: CreateOutcome[] = [];
    for (const to of recipients) {
      try {
        outcomes.push({ state: (await this.#publishTo(core, message, to)) ? 'created' : 'exists' });
      } catch (error) {
        if (!isDispatchError(error)) throw error;
        outcomes.push({ state: 'failed', error, outcome: error.data.outcome === 'unknown' ? 'unknown' : 'none' });
      }
    }
    return outcomes;
  }

  async #publishTo(core: string, message: Message, to: string): Promise<boolean> {
    const { store, receipts } = this.relay;
    const inbox = inboxKey(to, core + SUFFIX);
    if (await store.move(this.#staged(message.id, to), inbox, { durable: true })) return true;
    // One that another try moved, and perhaps did not get to sync.
    if (await store.move(inbox, inbox, { durable: true })) return false;
    const [copy] = await receipts.locate(this.from, { core, recipients: [to] }, message.id);
    if (copy?.state !== 'unknown') return false;
    // A Python server acknowledges without a receipt.
    if ((await findSent(store, this.from, message.id, core))?.published.includes(to)) return false;
    return store.create(inbox, serializeMessage(message));
  }

  /** The record that counts, synced; one that does not count any more is taken away. */
  async #findCurrent(): Promise<KeyRecord | undefined> {
    const { store, clock } = this.relay;
    const key = sendKeyKey(this.from, this.#name);
    for (;;) {
      const record = await this.#read();
      if (record === undefined) return undefined;
      // A record of the future is of a clock that was set back since, and must not count until that time has come.
      if (Math.abs(clock.now() - record.at) >= KEY_LIFETIME_MS || (await this.#diedUnpublished(record))) {
        await takeAway(store, key, (bytes) => parseRecord(bytes)?.core === record.core);
        await this.#discard(record.recipients.map((to) => this.#staged(record.envelope.id, to)));
      } else if (await store.move(key, key, { durable: true })) {
        // A first try may have been killed before it synced: what a retry publishes must not outlive its record.
        return record;
      }
    }
  }

  /** Nobody got it and it has expired, so to tell of it as sent would be untrue. */
  async #diedUnpublished({ digest, core, envelope, recipients }: KeyRecord): Promise<boolean> {
    const { store, clock } = this.relay;
    const name = parseName(core + SUFFIX);
    if (digest !== this.#digest || name === undefined || !isExpired(name, clock.now())) return false;
    const held = new Set((await store.list(sendKeyKey(this.from))).map((each) => sendKeyKey(this.from, each)));
    return recipients.every((to) => held.has(this.#staged(envelope.id, to)));
  }

  async #read(): Promise<KeyRecord | undefined> {
    const read = await this.relay.store.read(sendKeyKey(this.from, this.#name), MAX_RECORD_BYTES);
    if (read === undefined) return undefined;
    const record = read.ok ? parseRecord(read.bytes) : undefined;
    if (record !== undefined) return record;
    const where = `${sendKeyKey(this.from, this.#name)} in ${this.relay.store.location}`;
    throw new DispatchError(
      'STORE_UNAVAILABLE',
      `The record of this idempotency_key, ${where}, cannot be understood, so it is not known whether the message was sent. Move that file away to send it, or use another key.`,
      { outcome: 'none' },
    );
  }

  #staged(id: string, to: string): string {
    return sendKeyKey(this.from, `${this.#name}.${id}.${to}`);
  }

  async #discard(keys: readonly string[]): Promise<void> {
    // What stays is swept: no record names it.
    await this.relay.store.removeAll(keys, { durable: false }).catch(() => {});
  }
}

/** Forgets keys that nobody can use any more, and copies that were never published: their sends were never answered. */
export async function sweepSendKeys({ store }: Pick<Relay, 'store'>, now: number): Promise<void> {
  for (const sender of await store.list(KEYS)) {
    for (const name of await store.list(sendKeyKey(sender))) {
      const key = sendKeyKey(sender, name);
      const isOld = (modifiedAt: number) => Math.abs(now - modifiedAt) >= SWEEP_AFTER_MS;
      const read = await store.read(key, 0);
      if (read === undefined || !isOld(read.modifiedAt)) continue;
      // Only a record can have been made anew under its name.
      if (RECORD_NAME.test(name)) await takeAway(store, key, (_, modifiedAt) => isOld(modifiedAt));
      else await store.remove(key, { durable: false });
    }
    await store.prune(sendKeyKey(sender));
  }
}

/**
 * Removes a record that `isIt`. Between the look at it and this, another process may have taken it away and made a new one:
 * so it is moved aside first, looked at again, and put back where it is another one. For the moment in between it is missed,
 * by a third process only; one that has made a record of its own by then keeps that.
 */
export async function takeAway(
  store: Store,
  key: string,
  isIt: (bytes: Uint8Array, modifiedAt: number) => boolean,
): Promise<void> {
  const aside = `${key}.${newSessionId()}`;
  if (!(await store.move(key, aside))) return;
  const read = await store.read(aside, MAX_RECORD_BYTES);
  if (read?.ok === true && !isIt(read.bytes, read.modifiedAt)) await store.create(key, read.bytes);
  await store.remove(aside, { durable: false });
}

/** The same for two drafts that ask for the same, however their target is spelled and their payload ordered. */
function digestOf(draft: Draft): string {
  const { target, content, priority = 'normal', threadId, replyTo, payload, ttl, mustRead = false, supersedes } = draft;
  const asked = [normalizeTarget(target), content, priority, threadId, replyTo, payload, ttl, mustRead, supersedes];
  // Only where it says something: a key of a version that knew nothing of it means the same send.
  return digestOfJson(draft.includeSelf === true ? [...asked, 'include_self'] : asked);
}

/** A record as this program writes it; undefined for anything else. */
function parseRecord(bytes: Uint8Array): KeyRecord | undefined {
  let record: KeyRecord;
  try {
    record = JSON.parse(Buffer.from(bytes).toString('utf8')) as KeyRecord;
  } catch {
    return undefined;
  }
  const isWhole =
    typeof record?.at === 'number' &&
    typeof record.digest === 'string' &&
    parseName(`${record.core}${SUFFIX}`) !== undefined &&
    isMessageId(String(record.envelope?.id)) &&
    Array.isArray(record.recipients) &&
    Array.isArray(record.refused);
  return isWhole ? record : undefined;
}
