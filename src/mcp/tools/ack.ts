import * as z from 'zod/v4';
import { listOf } from '../arguments.js';
import { defineTool } from '../tool.js';

const MOST_IDS = 1000;

export const ack = defineTool({
  name: 'ack',
  title: 'Acknowledge messages',
  description:
    'Finishes messages: removes them from your mailbox for good and tells their senders "acked". For mail that you have dealt with; peek with include_read shows what is left. ' +
    'Returns acked, the number, and not_found, the ids that are not in your mailbox (acknowledged before, expired, or not yours).',
  input: () =>
    z.strictObject({
      message_ids: listOf(
        z.string('must be a string').trim().min(1, 'must not be empty').max(128, 'is too long for an id'),
        (list) => list.min(1, 'must name at least one message').max(MOST_IDS, `may name at most ${MOST_IDS} messages`),
      ).describe(`Ids of messages in your mailbox, 1 to ${MOST_IDS}.`),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: true,
  piggyback: true,

  async handle(args, { session, reply }) {
    const { acked, notFound } = await session.kept.ack(args.message_ids);
    reply.set('agent_id', session.agent).setAlways('acked', acked.length);
    reply.setBounded('not_found', notFound, 'not_found_more', Math.trunc(reply.maxBytes / 2));
  },
});
