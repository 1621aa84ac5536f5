/** `who --topic`: the members of a topic; and the topics that `who` lists beside the agents. */

import { forTerminal } from '../model/text.js';
import { markTopic } from '../model/topic.js';
import type { Relay } from '../relay/relay.js';
import type { Member } from '../relay/roll-call.js';
import { type Context, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { agoOf, table } from './layout.js';

export interface TopicSize {
  /** With its mark. */
  readonly topic: string;
  readonly members: number;
}

/** Every topic that has members, by name. */
export async function topicSizes({ topics }: Relay): Promise<TopicSize[]> {
  const sizes: TopicSize[] = [];
  for (const topic of await topics.names()) {
    const members = (await topics.listed(topic)).length;
    if (members > 0) sizes.push({ topic: markTopic(topic), members });
  }
  return sizes;
}

export function topicTable(sizes: readonly TopicSize[]): string[] {
  return table([['TOPIC', 'MEMBERS'], ...sizes.map(({ topic, members }) => [topic, String(members)])]);
}

export async function whoOfTopic(context: Context, topic: string): Promise<number> {
  const { relay } = await context.open();
  const members: Member[] = [];
  for (const { agent } of await relay.rollCall.places(topic)) {
    const member = await relay.rollCall.member(topic, agent);
    if (member !== undefined) members.push(member);
  }
  const answer = {
    relay: relay.store.location,
    topic: markTopic(topic),
    members: members.map(({ agent, role, sessions, unread, listening, reason, servedAt, joinedAt }) => ({
      agent_id: agent,
      role: role ?? null,
      joined_at: new Date(joinedAt).toISOString(),
      live: sessions.length > 0,
      listening,
      listening_reason: reason,
      unread,
      last_seen: servedAt === undefined ? null : new Date(servedAt).toISOString(),
    })),
    count: members.length,
  };
  await report(context, answer, () => lines(members, context, relay.clock.now()));
  if (members.length > 0) return EXIT.done;
  remark(context, `${markTopic(topic)} has no members. \`who\` lists the topics.`);
  return EXIT.nothing;
}

function lines(members: readonly Member[], { terminal: { style } }: Context, now: number): string[] {
  if (members.length === 0) return [];
  const rows = members.map(({ agent, role, sessions, unread, listening, reason, servedAt }) => [
    agent,
    role === undefined ? '-' : forTerminal(role, 64),
    sessions.length > 0 ? 'live' : servedAt === undefined ? 'never seen' : `seen ${agoOf(servedAt, now)}`,
    String(unread),
    `${listening}: ${reason}`,
  ]);
  const [head = '', ...body] = table([['MEMBER', 'ROLE', 'SESSION', 'UNREAD', 'LISTENING'], ...rows]);
  return [style.bold(head), ...body];
}
