import * as z from 'zod/v4';
import {
  content,
  idempotencyKey,
  messageId,
  payload,
  priority,
  text,
  threadId,
  ttlSeconds,
  waitSeconds,
} from '../../model/draft.js';
import type { Candidate } from '../../relay/mail.js';
import type { Sent } from '../../relay/outbox.js';
import type { Session } from '../../relay/session.js';
import { sayHowItEnded } from '../patience.js';
import { defineTool, type ToolContext } from '../tool.js';

// A broadcast may name more recipients than a reply should spend on them.
const RECIPIENTS_SHARE = 0.25;

export const dispatch = defineTool({
  name: 'dispatch',
  title: 'Send a message',
  description:
    'Sends a message to another agent, to the members of a "#topic", to "all" agents, or to "human" (the person at this machine). It is stored durably and waits until the recipient reads it, even while that agent is offline. ' +
    'Returns the message id and queued_to, the inboxes that hold it; not_listening names those of them where nobody is there to read it soon, listening_unknown those where that cannot be told, cannot_wake those with a session that this message does not wake. ' +
    'What becomes of it appears later in sent_receipts of peek. Use who to find names.',
  input: () =>
    z.strictObject({
      message: content().describe('What to say, as text. Not empty; at most about 64 KB with the payload.'),
      target: text('must be a string; make one call for each agent, or write "all"').describe(
        'Agent id from who, "#topic", "all" or "human".',
      ),
      priority: priority().optional().describe('"urgent" is read before normal mail. Default: normal.'),
      thread_id: threadId().optional().describe('Any name, to group messages of one conversation. Default: none.'),
      reply_to: messageId().optional().describe('Id of the message that this one answers.'),
      payload: payload().optional().describe('A JSON object with structured data beside the text.'),
      ttl: ttlSeconds()
        .optional()
        .describe(
          'Seconds until it expires unread or unacknowledged; 0 is never. Default: as configured, normally never.',
        ),
      must_read: z
        .boolean('must be true or false')
        .optional()
        .describe('true: does not expire before it is acknowledged.'),
      idempotency_key: idempotencyKey()
        .optional()
        .describe('Any name for this one send: repeating the call with it within 24 h sends nothing twice.'),
      include_self: z
        .boolean('must be true or false')
        .optional()
        .describe('true: with a topic that you are in, you get it too.'),
      supersedes: messageId()
        .optional()
        .describe('Id of an earlier message of yours that this one replaces: withdrawn where it is unread.'),
      wait_seconds: waitSeconds()
        .optional()
        .describe(
          'After sending, wait up to this long for mail that comes then, such as an answer. 0 to 240. Default: 0.',
        ),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  alwaysLoad: true,
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    const seconds = args.wait_seconds ?? 0;
    // Before the send: an answer may be as quick as this call.
    const before = seconds > 0 ? await pendingBefore(session) : [];
    const { sent, followUp } = await session.publish({
      target: args.target,
      content: args.message,
      priority: args.priority ?? 'normal',
      threadId: args.thread_id,
      replyTo: args.reply_to,
      payload: args.payload,
      ttl: args.ttl,
      mustRead: args.must_read,
      idempotencyKey: args.idempotency_key,
      supersedes: args.supersedes,
      includeSelf: args.include_self,
    });
    if (seconds > 0) {
      // Nobody answers a message that no bell was rung for.
      await followUp();
    } else {
      reply.whenWritten(followUp);
      reply.whenDropped(followUp);
    }
    const { message, queuedTo, refused, notListening, listeningUnknown, neverSeen, deduplicated, superseded } = sent;
    reply
      .set('sent', true)
      .set('id', message.id)
      .set('from', message.from)
      .set('to', message.to)
      .set('priority', message.priority)
      .set('thread_id', message.thread_id)
      .set('deduplicated', deduplicated);
    const share = Math.trunc(reply.maxBytes * RECIPIENTS_SHARE);
    reply.setBounded('queued_to', queuedTo, 'queued_to_more', share);
    reply.setBounded('refused', refused, 'refused_more', share);
    reply.setBounded('superseded', superseded, 'superseded_more', share);
    reply.setBounded('not_listening', notListening, 'not_listening_more', share);
    reply.setBounded('listening_unknown', listeningUnknown, 'listening_unknown_more', share);
    reply.setBounded('cannot_wake', sent.cannotWake, 'cannot_wake_more', share);
    if (neverSeen) {
      const isTopic = (await relay.topics.listed(message.to)).length > 0;
      const hint = isTopic ? ` There is a topic of that name: its members are reached by "#${message.to}".` : '';
      reply.set(
        'note',
        `No session has ever served "${message.to}" here. The message waits for one; if the name is a mistake, who lists the agents that exist.${hint}`,
      );
    }
    if (seconds > 0) await waitForNews(sent, before, seconds, context);
  },
});

/** What waits already; with what a session had claimed that has died, which is no news either. */
async function pendingBefore({ inbox }: Session): Promise<readonly Candidate[]> {
  await inbox.recover();
  return inbox.pendingNow();
}

/** Waits for mail that came after the send, which piggyback puts into the reply. */
async function waitForNews(
  { message, deduplicated }: Sent,
  before: readonly Candidate[],
  seconds: number,
  context: ToolContext,
): Promise<void> {
  const { relay, session, reply } = context;
  // A send that is repeated was done before: what came since then is news, and may well be the answer.
  const sentAt = deduplicated ? Date.parse(message.timestamp) : Number.POSITIVE_INFINITY;
  const old = new Set(before.flatMap(({ name }) => (name.sentAt < sentAt ? [name.core] : [])));
  // One's own mail is no answer: a copy of what went to a topic, say.
  const isThere = (pending: readonly Candidate[]) =>
    session.inbox.hasMail(pending.filter(({ name }) => !old.has(name.core) && name.from !== session.agent));
  const until = relay.clock.steady() + seconds * 1000;
  for (;;) {
    const waited = await context.wait({
      seconds: Math.max(0, (until - relay.clock.steady()) / 1000),
      isThere,
      saying: `${message.id} is sent; waiting for mail.`,
    });
    // Another call, whose turn came first, may have taken what arrived.
    if (waited !== 'arrived' || (await isThere(await session.inbox.pendingNow()))) return sayHowItEnded(reply, waited);
  }
}
