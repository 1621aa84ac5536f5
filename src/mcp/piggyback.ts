/** Puts mail into replies: the one place where a message gets into an answer, and where its claim is tied to the reply. */
import type { Message } from '../model/message.js';
import type { Claim, ClaimOptions, Delivered } from '../relay/claim.js';
import type { ShownBy } from '../relay/events.js';
import { type MessageName, threadHash } from '../relay/message-name.js';
import { tellHookFailures } from './hook-notices.js';
import { tellRefusals } from './refusal-notices.js';
import { jsonBytes, type Reply, type ReplyList } from './reply.js';
import { countNewer, type ShownMessage, showMessage, showPart } from './shown-message.js';
import type { ToolContext } from './tool.js';

export const DEFAULT_LIMIT = 20;

// Less than this is not worth beginning a message in: the next reply has more.
const SMALLEST_PART = 512;

/** What a list may take beside its first item. */
export const PART_MARGIN = 32;

/** Claims new mail for a list of the reply. A message that is larger than the room is begun if it is the first, at `offset`. */
export async function deliver(
  context: ToolContext,
  list: ReplyList<ShownMessage>,
  options: Omit<ClaimOptions, 'offer'>,
  offset = 0,
): Promise<Claim> {
  const { session, reply, relay } = context;
  const now = relay.clock.now();
  const shown = new Map<Message, ShownMessage>();
  const superseded = reply.list('now_superseded');
  const offer = ({ message, redelivered, replacesSeen }: Delivered) => {
    const showing = { reader: session.agent, redelivered, now };
    const replaced = replacesSeen.map((id) => ({ id, superseded_by: message.id }));
    const beside = replaced.length === 0 ? 0 : jsonBytes(replaced) + PART_MARGIN;
    const putIn = (item: ShownMessage) => () => {
      list.add(item);
      shown.set(message, item);
      for (const one of replaced) superseded.add(one);
    };
    const whole = showMessage(message, showing);
    if (offset === 0 && list.has(whole, beside)) return putIn(whole);
    if (list.length > 0 || reply.room - beside < SMALLEST_PART) return undefined;
    return putIn(showPart(message, showing, offset, reply.room - beside - PART_MARGIN));
  };
  const claim = await session.inbox.claim({ ...options, offer });
  session.leftPending = countedBy(options, claim.waiting);
  // They were chosen by turns, and are shown by urgency and age.
  list.arrange(claim.delivered.flatMap(({ message }) => shown.get(message) ?? []));
  settleWith(reply, claim);
  countNewer(list.items, claim.waiting);
  tellWithdrawn(context, claim);
  // Who asks for one thread may be waited for in another.
  reply.set('elsewhere', claim.elsewhere > 0 ? claim.elsewhere : undefined);
  if (claim.sawExpired) relay.sweeper.sweepIfDue(true).catch(() => {});
  return claim;
}

/** What `more` counts of what waits. A reply that was asked for a thread, or one message, says nothing of the others. */
function countedBy(
  { messageId, threadId }: Omit<ClaimOptions, 'offer'>,
  waiting: readonly MessageName[],
): readonly MessageName[] {
  if (messageId !== undefined) return [];
  if (threadId === undefined) return waiting;
  const hash = threadHash(threadId);
  return waiting.filter(({ thread }) => thread === hash);
}

/** Tells once what was withdrawn of mail that the agent was shown; without room for it, in the next reply. */
function tellWithdrawn({ session, reply, relay }: ToolContext, { withdrawn }: Claim): void {
  const told = withdrawn.slice(0, DEFAULT_LIMIT);
  if (told.length === 0 || jsonBytes(told) + PART_MARGIN > reply.room) return;
  reply.set('now_withdrawn', told);
  reply.whenWritten(() => relay.withdrawals.noteTold(session.agent, told));
}

/** Lets unread mail ride on the answer of another tool. */
export async function piggyback(context: ToolContext, by: ShownBy = 'piggyback'): Promise<void> {
  const { reply, session } = context;
  await tellRefusals(context);
  await tellHookFailures(context);
  const unacked = await session.kept.count();
  const claim = await deliver(context, reply.list('new_messages'), { by, limit: DEFAULT_LIMIT });
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
