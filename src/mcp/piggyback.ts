/** Puts mail into replies: the one place where a message gets into an answer, and where its claim is tied to the reply. */
import type { Message } from '../model/message.js';
import type { Claim, ClaimOptions, Delivered } from '../relay/inbox.js';
import { tellRefusals } from './refusal-notices.js';
import type { Reply, ReplyList } from './reply.js';
import { countNewer, type ShownMessage, showMessage, showPart } from './shown-message.js';
import type { ToolContext } from './tool.js';

export const DEFAULT_LIMIT = 20;

// Less than this is not worth beginning a message in: the next reply has more.
const SMALLEST_PART = 512;

/** What a list may take beside its first item. */
export const PART_MARGIN = 32;

/** Claims new mail for a list of the reply. A message that is larger than the room is begun if it is the first, at `offset`. */
export async function deliver(
  { session, reply, relay }: ToolContext,
  list: ReplyList<ShownMessage>,
  options: Omit<ClaimOptions, 'offer'>,
  offset = 0,
): Promise<Claim> {
  const now = relay.clock.now();
  const shown = new Map<Message, ShownMessage>();
  const putIn = (message: Message, item: ShownMessage) => () => {
    list.add(item);
    shown.set(message, item);
  };
  const offer = ({ message, redelivered }: Delivered) => {
    const showing = { reader: session.agent, redelivered, now };
    const whole = showMessage(message, showing);
    if (offset === 0 && list.has(whole)) return putIn(message, whole);
    if (list.length > 0 || reply.room < SMALLEST_PART) return undefined;
    return putIn(message, showPart(message, showing, offset, reply.room - PART_MARGIN));
  };
  const claim = await session.inbox.claim({ ...options, offer });
  // They were chosen by turns, and are shown by urgency and age.
  list.arrange(claim.delivered.flatMap(({ message }) => shown.get(message) ?? []));
  settleWith(reply, claim);
  countNewer(list.items, claim.waiting);
  reply.set(
    'now_superseded',
    claim.delivered.flatMap(({ message, replacesSeen }) =>
      replacesSeen === undefined ? [] : [{ id: replacesSeen, superseded_by: message.id }],
    ),
  );
  if (claim.sawExpired) relay.sweeper.sweepIfDue(true).catch(() => {});
  return claim;
}

/** Lets unread mail ride on the answer of another tool. */
export async function piggyback(context: ToolContext): Promise<void> {
  const { reply, session } = context;
  await tellRefusals(context);
  const unacked = await session.kept.count();
  const claim = await deliver(context, reply.list('new_messages'), { by: 'piggyback', limit: DEFAULT_LIMIT });
  reply.set('more', claim.more > 0 ? claim.more : undefined);
  setUnacked(reply, unacked.count, unacked.more);
}

/** What was shown and is not acknowledged, without what this reply shows. */
export function setUnacked(reply: Reply, count: number, more: boolean): void {
  reply.set('unacked', count > 0 ? count : undefined);
  reply.set('unacked_more', more);
}

function settleWith(reply: Reply, claim: Claim): void {
  if (claim.delivered.length === 0) return;
  reply.whenWritten(() => claim.commit());
  reply.whenDropped(() => claim.release());
}
