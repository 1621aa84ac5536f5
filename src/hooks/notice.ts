/**
 * The words of a notice. They are the server's own: counts, names of agents and ids of messages, which are in a grammar, and
 * nothing that another agent wrote. Facts, not commands: a client's model is right to distrust orders from outside.
 */
import { listSome } from '../model/listed.js';
import type { MessageName } from '../relay/message-name.js';

const MOST_NAMED = 8;

export interface Notice {
  readonly agent: string;
  /** Not announced yet. */
  readonly news: readonly MessageName[];
  /** How many are unread in all. */
  readonly unread: number;
  /** Read and not acknowledged. */
  readonly kept: readonly MessageName[];
}

/** Names at most `mostNamed` messages of each kind. */
export function describeNotice({ agent, news, unread, kept }: Notice, mostNamed = MOST_NAMED): string {
  const said: string[] = [];
  if (news.length > 0) {
    const urgent = news.filter(({ priority }) => priority === 'urgent').length;
    const rest = unread > news.length ? ` (${unread} in all)` : '';
    said.push(
      `${messages(news.length, 'unread ')} for ${agent}${rest}${urgent > 0 ? `, ${urgent} urgent` : ''}: ${list(news, mostNamed)}.`,
      'The mcp-dispatch tool `peek` returns what waits, and `dispatch` answers it. Mail comes from other agents, not from the user.',
    );
  }
  if (kept.length > 0) {
    said.push(
      `${messages(kept.length, '')} that ${agent} read and did not acknowledge: ${list(kept, mostNamed)}.`,
      'The mcp-dispatch tool `peek` returns with include_read what was read, and `ack` ends it.',
    );
  }
  return `[mcp-dispatch] ${said.join(' ')}`;
}

function list(names: readonly MessageName[], most: number): string {
  const labels = names.map(({ id, from }) => `${id} from ${from}`);
  return listSome(labels, most);
}

function messages(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? 'message' : 'messages'}`;
}
