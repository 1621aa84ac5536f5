/** Names of mail, as a listing of an inbox gives them. */
import type { Candidate } from '../../src/relay/mail.js';
import { coreName, parseName, SUFFIX } from '../../src/relay/message-name.js';
import { START } from '../helpers/relay-world.js';

let counter = 0;

export function candidate(
  id: string,
  { from = 'alice', urgent = false, at = START }: { from?: string; urgent?: boolean; at?: number } = {},
): Candidate {
  const message = {
    id,
    from,
    to: 'bob',
    timestamp: new Date(at).toISOString(),
    priority: urgent ? ('urgent' as const) : ('normal' as const),
    content: 'x',
    payload: null,
    thread_id: null,
    reply_to: null,
    ttl: 0,
    must_read: false,
    state: 'pending' as const,
  };
  const fileName = coreName(message, at, counter++ % 100_000, 100) + SUFFIX;
  const name = parseName(fileName);
  if (name === undefined) throw new Error(`${fileName} is no name`);
  return { fileName, name };
}
