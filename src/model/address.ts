/** Where work can be addressed: an agent, a topic, or a lane. */
import { EVERYONE, HUMAN, isAgentId, normalizeName, parseAgentId } from './agent-id.js';
import { DispatchError } from './errors.js';
import { hasTopicMark, isTopic, markTopic, parseTopic } from './topic.js';

export type Address =
  | { readonly kind: 'agent'; readonly text: string }
  | { readonly kind: 'topic'; readonly text: string; readonly topic: string }
  /** `text` as it came, without surrounding space: whether there is such a lane, the operator's list says. */
  | { readonly kind: 'lane'; readonly text: string };

/**
 * The address in an argument. Two spellings of one agent or topic are one address.
 * @throws DispatchError `INVALID_ARGUMENT` for everyone and the human, who take no work; `INVALID_AGENT_ID`.
 */
export function parseAddress(text: string, what = 'to'): Address {
  if (hasTopicMark(text)) {
    const topic = parseTopic(text, what);
    return { kind: 'topic', text: markTopic(topic), topic };
  }
  if (text.includes('/')) return { kind: 'lane', text: text.trim() };
  const name = normalizeName(text);
  if (name === EVERYONE || name === HUMAN) {
    const who = name === HUMAN ? 'The human takes no jobs' : 'A job is for one, not for all';
    const why = `${what}: ${who}. Name an agent, a "#topic" whose first free member does it, or a lane such as "acme/api"; to say something use dispatch.`;
    throw new DispatchError('INVALID_ARGUMENT', why, { argument: what });
  }
  return { kind: 'agent', text: parseAgentId(text, what) };
}

/** What a stored address is. */
export function kindOf(address: string): Address['kind'] {
  if (address.includes('/')) return 'lane';
  return address.startsWith('#') ? 'topic' : 'agent';
}

/**
 * The address as one segment of a key. Lanes are lowered, since file systems may fold case: two lanes that differ in nothing
 * else share a queue, and each job there still names its own.
 */
export function addressSegment(address: string): string {
  switch (kindOf(address)) {
    case 'agent':
      return address;
    case 'topic':
      return `topic.${address.slice(1)}`;
    case 'lane':
      return `lane.${address.replace('/', '.').toLowerCase()}`;
  }
}

/** The address of such a segment; of a lane in lower case. */
export function addressOf(segment: string): string {
  if (segment.startsWith('topic.')) return markTopic(segment.slice('topic.'.length));
  // The name of an owner has no dot.
  return segment.startsWith('lane.') ? segment.slice('lane.'.length).replace('.', '/') : segment;
}

/** True for a segment that `addressSegment` may have made. */
export function isAddressSegment(segment: string): boolean {
  if (segment.startsWith('topic.')) return isTopic(segment.slice('topic.'.length));
  return isAgentId(segment) || /^lane\.[a-z0-9-]{1,64}\.[a-z0-9._-]{1,128}$/.test(segment);
}
