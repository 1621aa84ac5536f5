/**
 * The whole life of a message, put together from what is known: the event log, the receipts of its sender, and the names
 * in the mailboxes. Each fact says where it comes from, and nothing is concluded from the absence of another.
 */
import { isSender } from '../model/agent-id.js';
import { isDispatchError } from '../model/errors.js';
import type { LoggedEvent } from './events.js';
import { RECEIPTS, receiptKey, SENT, seenReceiptKey } from './keys.js';
import { type Held, surveyMail } from './mailbox.js';
import { parseReceipt } from './receipt-name.js';
import type { Whereabouts } from './receipts.js';
import type { Relay } from './relay.js';

export type Source = 'log' | 'receipt' | 'mailbox';
type Of<E extends LoggedEvent['event']> = Extract<LoggedEvent, { event: E }>;

const COPY_EVENTS = ['shown', 'returned', 'acked', 'expired', 'dropped', 'withdrawn', 'quarantined'] as const;
export type CopyEvent = Of<(typeof COPY_EVENTS)[number]>;

/** Where a copy is now, or how it ended. */
export interface Place {
  readonly state: Whereabouts['state'] | 'dropped' | 'withdrawn' | 'waiting, expired';
  readonly source: Source;
  /** ISO 8601; absent where it is not known. */
  readonly at?: string;
  readonly how?: string;
}

export interface CopyTrace {
  readonly to: string;
  /** Undefined where there is no evidence. */
  readonly now: Place | undefined;
  /** From the log, in its order. */
  readonly events: readonly CopyEvent[];
  /** The attempts to wake its recipient while it waited, of those that name it. */
  readonly rings: readonly Of<'rang'>[];
}

/** One message of one sender; two senders can use one id, and are then two messages. */
export interface MessageTrace {
  readonly id: string;
  readonly from: string;
  /** Undefined where the log has no evidence of the sending. */
  readonly sent: Of<'sent'> | undefined;
  readonly copies: readonly CopyTrace[];
  /** Newer messages that replace it, and messages that answer it, as the log has them. */
  readonly supersededBy: readonly Of<'sent'>[];
  readonly answers: readonly Of<'sent'>[];
}

/** What is known of the messages of this id; empty when nothing is. Changes nothing. */
export async function traceMessage(relay: Relay, id: string): Promise<MessageTrace[]> {
  const events: LoggedEvent[] = [];
  for await (const batch of relay.log.mentioning(id)) events.push(...batch);
  const own = events.filter((event): event is Of<'sent'> | CopyEvent => 'id' in event && event.id === id);
  const rings = events.filter((event): event is Of<'rang'> => event.event === 'rang' && event.ids.includes(id));
  const sendings = united(events.filter((event) => event.event === 'sent'));
  const related = sendings.filter((event) => event.id !== id);
  const logged = own.flatMap(({ from }) => (from === undefined ? [] : [from]));
  const senders =
    logged.length > 0 ? new Map(logged.map((from) => [from, new Set<string>()])) : await findSenders(relay, id);
  const traces: MessageTrace[] = [];
  for (const [from, owners] of senders) {
    const ofSender = own.filter((event) => event.from === from);
    const sent = sendings.find((event) => event.id === id && event.from === from);
    const copies = ofSender.filter((event): event is CopyEvent => event.event !== 'sent');
    traces.push({
      id,
      from,
      sent,
      copies: await copiesOf(
        relay,
        id,
        from,
        new Set([...(sent?.to ?? []), ...copies.map(({ to }) => to), ...owners]),
        { events: copies, rings },
      ),
      supersededBy: related.filter((event) => event.supersedes === id && event.from === from),
      answers: related.filter((event) => event.reply_to === id),
    });
  }
  return traces;
}

/** Each sending once, as its first try noted it, with the recipients of all its events: a later try may have reached more. */
function united(events: readonly Of<'sent'>[]): Of<'sent'>[] {
  const sendings = new Map<string, Of<'sent'>>();
  for (const event of events) {
    const key = `${event.id} ${event.from}`;
    const known = sendings.get(key) ?? event;
    // Events of two processes within one millisecond come in any order.
    const [first, later] = known.again === true ? [event, known] : [known, event];
    sendings.set(key, { ...first, to: [...new Set([...first.to, ...later.to])] });
  }
  return [...sendings.values()];
}

async function copiesOf(
  relay: Relay,
  id: string,
  from: string,
  recipients: ReadonlySet<string>,
  logged: Pick<CopyTrace, 'events' | 'rings'>,
): Promise<CopyTrace[]> {
  const places = new Map<string, Place | undefined>();
  for (const to of recipients) places.set(to, undefined);
  for (const whereabouts of await relay.receipts.lookUp(from, id)) places.set(whereabouts.to, placeOf(whereabouts));
  const copies: CopyTrace[] = [];
  for (const [to, place] of places) {
    const ofCopy = logged.events.filter((event) => event.to === to);
    const now = place ?? (await standingIn(relay, to, from, id)) ?? endIn(ofCopy);
    copies.push({ to, now, events: ofCopy, rings: logged.rings.filter(({ agent }) => agent === to) });
  }
  return copies;
}

/** `Receipts.lookUp` takes ends from receipts, and everything else from where the file is. */
function placeOf({ state, at, how }: Whereabouts): Place | undefined {
  if (state === 'unknown') return undefined;
  const facts = {
    ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
    ...(how === undefined ? {} : { how }),
  };
  // Only a receipt knows when a message has expired.
  if (state === 'expired' && at === undefined) return { state: 'waiting, expired', source: 'mailbox', ...facts };
  return { state, source: state === 'pending' || state === 'read' ? 'mailbox' : 'receipt', ...facts };
}

/** Files of other programs do not carry the name by which `lookUp` goes. */
async function standingIn(relay: Relay, to: string, from: string, id: string): Promise<Place | undefined> {
  const held = (await heldBy(relay, to)).find(({ name }) => name.id === id && name.from === from);
  if (held === undefined) return undefined;
  return { state: held.expired ? 'waiting, expired' : held.standing, source: 'mailbox' };
}

/** An end is noted when the file is gone; being shown or returned is no place to be. */
function endIn(events: readonly CopyEvent[]): Place | undefined {
  const end = events.findLast(({ event }) => event !== 'shown' && event !== 'returned');
  if (end === undefined || end.event === 'shown' || end.event === 'returned') return undefined;
  return { state: end.event, source: 'log', at: end.at, ...('was' in end ? { how: end.was } : {}) };
}

/**
 * Who sent a message of which the log knows nothing, and whose mail holds it: by the mailboxes and receipts, and, if they do
 * not tell, by the senders' notes.
 */
async function findSenders(relay: Relay, id: string): Promise<Map<string, Set<string>>> {
  const { store, receipts } = relay;
  const senders = new Map<string, Set<string>>();
  const add = (sender: string, ...owners: string[]) =>
    senders.set(sender, new Set([...(senders.get(sender) ?? []), ...owners]));
  for (const owner of await relay.agents.inboxes()) {
    for (const { name } of await heldBy(relay, owner)) if (name.id === id) add(name.from, owner);
  }
  for (const sender of (await store.list(RECEIPTS)).filter(isSender)) {
    const names = [...(await store.list(receiptKey(sender))), ...(await store.list(seenReceiptKey(sender)))];
    if (names.some((name) => parseReceipt(name)?.id === id)) add(sender);
  }
  if (senders.size > 0) return senders;
  for (const sender of (await store.list(SENT)).filter(isSender)) {
    if ((await receipts.lookUp(sender, id)).length > 0) add(sender);
  }
  return senders;
}

/** What is held for `owner`. Something else than a folder in the place of an inbox holds nothing. */
export async function heldBy(relay: Relay, owner: string): Promise<Held[]> {
  try {
    return await surveyMail(relay, owner);
  } catch (error) {
    if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    return [];
  }
}
