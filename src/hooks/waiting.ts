/** What waits for an agent, by the names of the files alone. Looks only: moves, marks and sets aside nothing. */
import { isSessionId } from '../model/ids.js';
import { namesInFolder } from '../relay/folder-names.js';
import { inboxKey, parseReadMark, readKey, takenBy, takenKey } from '../relay/keys.js';
import { isExpired, type MessageName, parseName, SUFFIX } from '../relay/message-name.js';
import type { Office } from './office.js';

/** Mail of others that `agent` was not shown: urgent first, then by age. What a session that is over had claimed is new again. */
export async function findUnread(office: Office, agent: string): Promise<MessageName[]> {
  const names = await readInbox(office, agent);
  for (const session of await namesInFolder(office.store, takenKey(agent))) {
    if (!isSessionId(session) || !(await office.presence.isOver(agent, session))) continue;
    names.push(...parsed(await namesInFolder(office.store, takenBy(agent, session))));
  }
  const now = office.clock.now();
  return names.filter((name) => name.from !== agent && !isExpired(name, now)).sort(byUrgencyThenTime);
}

/** Mail that `agent` was shown before `before`, in milliseconds since 1970, and has not acknowledged; oldest first. */
export async function findKept(
  { store, clock }: Office,
  agent: string,
  before = Number.POSITIVE_INFINITY,
): Promise<MessageName[]> {
  const now = clock.now();
  return parsed(await namesInFolder(store, readKey(agent)))
    .filter((name) => !isExpired(name, now) && (parseReadMark(name.mark).at ?? 0) < before)
    .sort((a, b) => (a.core < b.core ? -1 : 1));
}

async function readInbox(office: Office, agent: string): Promise<MessageName[]> {
  const fileNames = (await namesInFolder(office.store, inboxKey(agent))).filter((name) => name.endsWith(SUFFIX));
  const names = parsed(fileNames);
  if (names.length === fileNames.length) return names;
  // Files of other programs have to be opened.
  const { pending } = await (await office.mail()).scan(agent, false);
  return pending.map(({ name }) => name);
}

function parsed(fileNames: readonly string[]): MessageName[] {
  return fileNames.flatMap((fileName) => parseName(fileName) ?? []);
}

function byUrgencyThenTime(a: MessageName, b: MessageName): number {
  if (a.priority !== b.priority) return a.priority === 'urgent' ? -1 : 1;
  return a.core < b.core ? -1 : 1;
}
