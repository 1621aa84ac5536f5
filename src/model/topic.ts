/**
 * Names of topics. A topic is named as an agent is, and marked with "#" where both may stand: `#build` is the topic, `build`
 * the agent of the same name. It is stored without the mark.
 */
import { isAgentId, isReserved, normalizeName, quoteName } from './agent-id.js';
import { DispatchError, isDispatchError } from './errors.js';

const MARK = '#';

/** UTF-16 units of a member's role. */
export const MAX_ROLE = 64;

export const TOPIC_RULE =
  'A topic is named like an agent: 1 to 64 characters of a-z, 0-9, "_" and "-", beginning with a letter or digit, not a reserved name, with or without "#" before it.';

/** True when `name` is already a normalized name of a topic, without the mark. */
export function isTopic(name: string): boolean {
  return isAgentId(name);
}

/** As it is written: `#build`. */
export function markTopic(topic: string): string {
  return MARK + topic;
}

/** Whether a target means a topic, be it a valid one or not. */
export function hasTopicMark(target: string): boolean {
  return normalizeName(target).startsWith(MARK);
}

/** A target as it is compared: two spellings of one agent or topic are the same. */
export function normalizeTarget(target: string): string {
  const name = normalizeName(target);
  return name.startsWith(MARK) ? markTopic(normalizeTopic(name)) : name;
}

/**
 * The normalized name, without the mark. Two spellings of one name are one topic.
 * @throws DispatchError `INVALID_ARGUMENT`, naming `what` (an argument, a variable) and the rule.
 */
export function parseTopic(text: string, what = 'topic'): string {
  const name = normalizeTopic(text);
  if (isTopic(name)) return name;
  const problem = isReserved(name)
    ? `${JSON.stringify(name)} is a reserved name`
    : `${quoteName(text)} is not the name of a topic`;
  throw new DispatchError('INVALID_ARGUMENT', `${what}: ${problem}. ${TOPIC_RULE}`, { argument: what });
}

/** The topics of a list that is separated by commas, each once, and what is wrong with the others. Empty parts are passed over. */
export function parseTopicList(text: string, what = 'MCP_DISPATCH_TOPICS'): { topics: string[]; problems: string[] } {
  const topics = new Set<string>();
  const problems: string[] = [];
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    try {
      topics.add(parseTopic(part, what));
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      problems.push(error.message);
    }
  }
  return { topics: [...topics], problems };
}

function normalizeTopic(text: string): string {
  const name = normalizeName(text);
  return name.startsWith(MARK) ? normalizeName(name.slice(MARK.length)) : name;
}
