/** What the server itself has to say in a reply, beside what was asked for. */
import { forTerminal } from '../model/text.js';
import type { Sighting } from '../relay/sighting.js';
import type { ToolContext } from './tool.js';

const MOST_OTHERS = 3;
const MOST_PATH_CHARACTERS = 200;
// A reply that may be small keeps most of its room for what was asked: three paths, each character four bytes when escaped.
const PATH_SHARE = 1 / 40;

/**
 * Says that other live sessions serve the same agent, and whether there was anything to say. Looked up anew at each call: one
 * that has ended is never mentioned.
 */
export async function noticeOtherSessions({ relay, session, reply }: ToolContext): Promise<boolean> {
  const others = await relay.presence.others(session.agent, session.id);
  if (others.length === 0) return false;
  const mostCharacters = Math.min(MOST_PATH_CHARACTERS, Math.trunc(reply.maxBytes * PATH_SHARE));
  const shown = others.slice(-MOST_OTHERS).map((other) => describe(other, mostCharacters));
  if (others.length > MOST_OTHERS) shown.push(`${others.length - MOST_OTHERS} more`);
  const who = others.length === 1 ? 'Another live session serves' : `${others.length} other live sessions serve`;
  reply.notice(
    `${who} ${session.agent} too: ${shown.join(', ')}. Each new message is shown to only one of you. If that is not meant, it is for the user to give each window an id of its own.`,
  );
  return true;
}

function describe({ session: { session, pid, cwd }, process }: Sighting, mostCharacters: number): string {
  const where = cwd === undefined ? '' : ` in ${quotePath(cwd, mostCharacters)}`;
  const whose = session === undefined ? ', a server of another program' : '';
  return `pid ${pid}${process === 'stopped' ? ' (stopped)' : ''}${whose}${where}`;
}

/** A path may hold anything: on one line, well-formed, its end kept where it is too long, and in quotes to show where it stops. */
function quotePath(path: string, mostCharacters: number): string {
  const end = path.length <= mostCharacters ? path : `...${path.slice(3 - mostCharacters)}`;
  return JSON.stringify(forTerminal(end, mostCharacters));
}
