/** What stands among the topics and is no membership, and members that nothing is sent to. */
import { isAgentId } from '../../model/agent-id.js';
import type { Finding } from '../../model/finding.js';
import { isTopic, TOPIC_RULE } from '../../model/topic.js';
import { TOPICS, topicKey } from '../keys.js';
import { listOf, placeOf, type RelayCheck, type Subject, unlessReplaced } from './subject.js';

export const strayTopics: RelayCheck = {
  code: 'topic-unreadable',
  async run(subject) {
    const found: Finding[] = [];
    for (const topic of await listOf(subject, TOPICS)) {
      if (isTopic(topic)) {
        found.push(...(await strayMembers(subject, topic)));
      } else {
        const message = `This is no topic, and passed over. ${TOPIC_RULE} Look what put it there, and move it away.`;
        found.push({ severity: 'note', path: placeOf(subject, topicKey(topic)), message });
      }
    }
    return found;
  },
};

async function strayMembers(subject: Subject, topic: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const name of await listOf(subject, topicKey(topic))) {
    const path = placeOf(subject, topicKey(topic, name));
    if (!isAgentId(name)) {
      const message = 'This has no name of an agent, and is passed over. Look what put it there, and move it away.';
      found.push({ severity: 'note', path, message });
    } else if ((await unlessReplaced(() => subject.relay.topics.membership(topic, name), undefined)) === undefined) {
      const message = `This cannot be read as a membership, so ${name} does not get what is sent to #${topic}. It is mended when ${name} joins again; a folder has to be moved away first.`;
      found.push({ severity: 'warning', path, message });
    }
  }
  return found;
}

export const membersNotOnRoster: RelayCheck = {
  code: 'member-not-on-roster',
  async run(subject) {
    const { roster } = subject.relay.agents;
    if (roster === undefined) return [];
    const found: Finding[] = [];
    for (const topic of (await listOf(subject, TOPICS)).filter(isTopic)) {
      for (const agent of (await listOf(subject, topicKey(topic))).filter(isAgentId)) {
        if (roster.includes(agent)) continue;
        found.push({
          severity: 'note',
          path: placeOf(subject, topicKey(topic, agent)),
          message: `${agent} is not on the roster, so it does not get what is sent to #${topic}. Add the name to agents in the configuration, or end its memberships: mcp-dispatch forget ${agent}`,
        });
      }
    }
    return found;
  },
};
