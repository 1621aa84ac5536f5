import * as z from 'zod/v4';
import { limit, messageId, threadId, waitSeconds } from '../../model/draft.js';
import { DispatchError } from '../../model/errors.js';
import type { ShownBy } from '../../relay/events.js';
import type { Candidate } from '../../relay/mail.js';
import type { Whereabouts } from '../../relay/receipts.js';
import { cursor } from '../arguments.js';
import { tellHookFailures } from '../hook-notices.js';
import { sayHowItEnded } from '../patience.js';
import { DEFAULT_LIMIT, deliver, PART_MARGIN, setUnacked } from '../piggyback.js';
import { tellRefusals } from '../refusal-notices.js';
import { countNewer, type ShownMessage, showMessage, showPart } from '../shown-message.js';
import { defineTool, type ToolContext } from '../tool.js';

const MOST_RECEIPTS = 20;
const RECEIPTS_SHARE = 0.25;

const input = () =>
  z.strictObject({
    thread_id: threadId().optional().describe('Only messages of this thread. Default: all.'),
    include_read: z
      .boolean('must be true or false')
      .optional()
      .describe('true: also messages that you have read and not acknowledged, after the new ones.'),
    limit: limit().optional().describe(`At most this many messages, 1 to 100. Default: ${DEFAULT_LIMIT}.`),
    cursor: cursor(/^(?:0|\d{13}-\d{5}\.[A-Za-z0-9._-]+)$/)
      .optional()
      .describe('next_cursor of the answer before, to go on in the messages that include_read shows.'),
    message_id: messageId().optional().describe('Only this message, read or not. For one that you sent: its receipts.'),
    offset: z
      .int('must be a whole number of bytes')
      .min(0, 'must not be negative')
      .optional()
      .describe('With message_id: start at this byte, a next_offset from before. Default: 0.'),
    wait_seconds: waitSeconds()
      .optional()
      .describe(
        'Without new mail, wait up to this long for some. 0 to 240; clients may give a call up after 60. Default: 0.',
      ),
  });
type Args = z.output<ReturnType<typeof input>>;

export const peek = defineTool({
  name: 'peek',
  title: 'Read mail',
  description:
    'Returns your new messages, urgent ones first, then oldest first; each is new once. They stay in your mailbox as read until ack. ' +
    'Also returns sent_receipts (what became of messages you sent, since you last looked; sent_receipts_more counts the rest), more (how many new ones are left; call again) and unacked (how many older ones you read and never acknowledged; include_read shows them). ' +
    'A long message has content_bytes and next_offset: pass them as message_id and offset for the next part. New mail also arrives as new_messages in the answers of the other tools.',
  input,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  alwaysLoad: true,
  piggyback: false,

  async handle(args, context) {
    assertTogether('offset', args.offset, 'message_id', args.message_id !== undefined);
    assertTogether('cursor', args.cursor, 'include_read: true', args.include_read === true);
    const seconds = args.wait_seconds ?? 0;
    if (seconds === 0) {
      await show(args, context, 'peek');
      return;
    }
    assertNotWith('wait_seconds', 'message_id', args.message_id);
    assertNotWith('wait_seconds', 'cursor', args.cursor);
    await showWhenThere(args, seconds, context);
  },
});

/** Shows new mail as soon as there is some, and what there is to show when the wait has ended otherwise. */
async function showWhenThere(args: Args, seconds: number, context: ToolContext): Promise<void> {
  const { session, reply, relay } = context;
  const { thread_id } = args;
  const until = relay.clock.steady() + seconds * 1000;
  // What is there and cannot be shown, as it is no message: it is not waited for again.
  let inVain: ReadonlySet<string> = new Set();
  for (;;) {
    let seen: readonly Candidate[] = [];
    const waited = await context.wait({
      seconds: Math.max(0, (until - relay.clock.steady()) / 1000),
      isThere: (pending) => {
        seen = pending.filter(({ name }) => !inVain.has(name.core));
        return thread_id === undefined ? seen.length > 0 : session.inbox.hasMail(seen, thread_id);
      },
      saying: `Waiting for mail for ${session.agent}.`,
    });
    // A client that is leaving reads no answer: what there is to show is for the next session.
    if (waited === 'ending') showNothing(context);
    else if (await show(args, context, 'wait')) return;
    if (waited !== 'arrived') return sayHowItEnded(reply, waited);
    // What another call was quicker to take comes back if its reply is not written, and is waited for again.
    const tried = new Set([...inVain, ...seen.map(({ name }) => name.core)]);
    const still = (await session.inbox.pendingNow()).map(({ name }) => name.core);
    inVain = new Set(still.filter((core) => tried.has(core)));
    await context.startOver();
  }
}

function showNothing({ session, reply }: ToolContext): void {
  reply.set('agent_id', session.agent).setAlways('messages', []).setAlways('count', 0);
}

/** Puts all that was asked for into the reply; false where there is no new mail, not even some that has no room. */
async function show(args: Args, context: ToolContext, by: ShownBy): Promise<boolean> {
  const { relay, session, reply } = context;
  reply.set('agent_id', session.agent);
  await tellRefusals(context);
  await tellHookFailures(context);
  const unacked = await session.kept.count();
  if (args.message_id !== undefined) {
    const shown = await showOne(args.message_id, args.offset ?? 0, context);
    setUnacked(reply, unacked.count - (shown === 'kept' && !unacked.more ? 1 : 0), unacked.more);
    return shown === 'new';
  }
  const receipts = await relay.receipts.changes(session.agent, MOST_RECEIPTS);
  const most = args.limit ?? DEFAULT_LIMIT;
  const thread = args.thread_id === undefined ? {} : { threadId: args.thread_id };

  const shownReceipts = receipts.receipts.map(({ id, ...receipt }) => showReceipt(id, receipt));
  const shown = reply.setBounded(
    'sent_receipts',
    shownReceipts,
    'sent_receipts_more',
    Math.trunc(reply.maxBytes * RECEIPTS_SHARE),
  );
  if (receipts.rest > 0) reply.set('sent_receipts_more', receipts.rest + shownReceipts.length - shown);
  if (shown > 0) reply.whenWritten(() => receipts.markSeen(shown));

  // A page of read mail is asked for: new mail keeps for a reply of its own unless it is the first page.
  const isFirstPage = args.cursor === undefined;
  const list = reply.list<ShownMessage>('messages');
  const claim = await deliver(context, list, { by, limit: isFirstPage ? most : 0, ...thread });
  let count = claim.delivered.length;
  let read = 0;
  if (args.include_read === true) {
    const showing = { reader: session.agent, read: true, now: relay.clock.now(), superseded: claim.superseded };
    const page = await session.kept.page({
      ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      ...thread,
      limit: most - count,
      fits: (message) => {
        const whole = showMessage(message, showing);
        if (list.has(whole)) list.add(whole);
        else if (list.length === 0) list.add(showPart(message, showing, 0, reply.room - PART_MARGIN));
        else return false;
        return true;
      },
    });
    countNewer(list.items, claim.waiting);
    read = page.messages.length;
    count += read;
    reply.set('next_cursor', page.cursor);
  }
  if (count === 0) reply.setAlways('messages', []);
  reply.setAlways('count', count);
  reply.set('more', claim.more > 0 ? claim.more : undefined);
  setUnacked(reply, unacked.count - (unacked.more ? 0 : read), unacked.more);
  return claim.delivered.length + claim.more > 0;
}

/** One message by its id: new, read before, or one's own, which is answered with its receipts. */
async function showOne(id: string, offset: number, context: ToolContext): Promise<'new' | 'kept' | 'sent'> {
  const { relay, session, reply } = context;
  const list = reply.list<ShownMessage>('messages');
  const claim = await deliver(context, list, { by: 'peek', limit: 1, messageId: id }, offset);
  if (claim.delivered.length > 0) {
    reply.setAlways('count', 1);
    return 'new';
  }
  const message = await session.kept.find(id);
  if (message !== undefined) {
    const showing = { reader: session.agent, read: true, now: relay.clock.now(), superseded: claim.superseded };
    const whole = showMessage(message, showing);
    list.add(offset === 0 && list.has(whole) ? whole : showPart(message, showing, offset, reply.room - PART_MARGIN));
    countNewer(list.items, claim.waiting);
    reply.setAlways('count', 1);
    return 'kept';
  }
  const receipts = await relay.receipts.lookUp(session.agent, id);
  if (receipts.length === 0) {
    throw new DispatchError(
      'NOT_FOUND',
      `There is no message ${id} in your mailbox, nor one that you sent: it was acknowledged, has expired, or is another agent's.`,
      { id },
    );
  }
  reply.setAlways('messages', []).setAlways('count', 0);
  reply.setBounded(
    'sent_receipts',
    receipts.map((receipt) => showReceipt(id, receipt)),
    'sent_receipts_more',
    reply.room,
  );
  return 'sent';
}

function showReceipt(id: string, { to, state, how, at }: Whereabouts): object {
  return {
    id,
    to,
    state,
    ...(state === 'read' && how !== undefined ? { by: how } : {}),
    ...(state === 'expired' && how === 'unread' ? { never_read: true } : {}),
    ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
  };
}

function assertTogether(argument: string, value: unknown, other: string, isThere: boolean): void {
  if (value === undefined || isThere) return;
  throw new DispatchError('INVALID_ARGUMENT', `peek: ${argument} goes with ${other}. Nothing was done.`, { argument });
}

function assertNotWith(argument: string, other: string, value: unknown): void {
  if (value === undefined) return;
  throw new DispatchError('INVALID_ARGUMENT', `peek: ${argument} does not go with ${other}. Nothing was done.`, {
    argument,
  });
}
