import * as z from 'zod/v4';
import { markTopic, parseTopic } from '../../model/topic.js';
import { defineTool } from '../tool.js';

export const leave = defineTool({
  name: 'leave',
  title: 'Leave a topic',
  description: 'Ends what join began; mail that has arrived stays. Returns left.',
  input: () =>
    z.strictObject({
      topic: z.string('must be a string').describe('Its name, from who.'),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  piggyback: true,

  async handle(args, { session, reply }) {
    const topic = parseTopic(args.topic);
    const left = await session.leave(topic);
    reply.set('agent_id', session.agent).set('topic', markTopic(topic)).setAlways('left', left);
    if (!left) reply.set('note', `You were not a member of ${markTopic(topic)}. Nothing has changed.`);
  },
});
