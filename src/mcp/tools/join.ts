import * as z from 'zod/v4';
import { role } from '../../model/draft.js';
import { markTopic, parseTopic } from '../../model/topic.js';
import { defineTool } from '../tool.js';

// Who is there, for a first look: `who` pages through all of them.
const MEMBERS_SHARE = 0.1;

export const join = defineTool({
  name: 'join',
  title: 'Join a topic',
  description:
    'Makes you a member of a topic, a group that dispatch to "#name" reaches; you stay one until leave, also between sessions. Returns members, the number, and member_ids.',
  input: () =>
    z.strictObject({
      topic: z.string('must be a string').describe('Any name, such as "build".'),
      role: role().optional().describe('What you do there, one line. Default: as before.'),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  piggyback: true,

  async handle(args, { relay, session, reply }) {
    const topic = parseTopic(args.topic);
    const joined = await relay.topics.join(session.agent, topic, args.role);
    const members = await relay.topics.listed(topic);
    reply
      .set('agent_id', session.agent)
      .set('topic', markTopic(topic))
      .set('role', joined.role)
      .setAlways('members', members.length);
    reply.setBounded('member_ids', members, 'member_ids_more', Math.trunc(reply.maxBytes * MEMBERS_SHARE));
  },
});
