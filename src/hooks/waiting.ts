/** What waits for an agent, by the names of the files alone. Looks only: moves, marks and sets aside nothing. */
import { isSessionId } from '../model/ids.js';
import { namesInFolder } from '../relay/folder-names.js';
import { inboxKey, parseReadMark, readKey, takenBy, takenKey } from '../relay/keys.js';
import type { Candidate } from '../relay/mail.js';
import { isExpired, type MessageName, parseName, SUFFIX } from '../relay/message-name.js';
import type { Office } from './office.js';

// As large as a stored message can be.
const MOST_BYTES = 8 * 1024 * 1024;

/** Mail of others that `agent` was not shown: urgent first, then by age. What a session that is over had claimed is new again. */
export async function findUnread(office: Office, agent: string): Promise<Candidate[]> {
  const found = await readInbox(office, agent);
  for (const session of await namesInFolder(office.store, takenKey(agent))) {
    if (!isSessionId(session) || !(await office.presence.isOver(agent, session))) continue;
    found.push(...parsed(await namesInFolder(office.store, takenBy(agent, session))));
  }
  const now = office.clock.now();
  return found.filter(({ name }) => name.from !== agent && !isExpired(name, now)).sort(byUrgencyThenTime);
}

/** Mail that `agent` was shown before `before`, in milliseconds since 1970, and has not acknowledged; oldest first. */
export async function findKept(
  { store, clock }: Office,
  agent: string,
  before = Number.POSITIVE_INFINITY,
): Promise<MessageName[]> {
  const now = clock.now();
  return parsed(await namesInFolder(store, readKey(agent)))
    .map(({ name }) => name)
    .filter((name) => !isExpired(name, now) && (parseReadMark(name.mark).at ?? 0) < before)
    .sort((a, b) => (a.core < b.core ? -1 : 1));
}

/** To whom a message in the inbox of `agent` is addressed; undefined where that cannot be read. */
export async function readAddress(
  { store }: Office,
  agent: string,
  { fileName }: Candidate,
): Promise<{ readonly to: string } | undefined> {
  const read = await store.read(inboxKey(agent, fileName), MOST_BYTES);
  if (read === undefined || !read.ok) return undefined;
  try {
    const { to } = JSON.parse(Buffer.from(read.bytes).toString('utf8'));
    return typeof to === 'string' ? { to } : undefined;
  } catch {
    return undefined;
  }
}

async function readInbox(office: Office, agent: string): Promise<Candidate[]> {
  const fileNames = (await namesInFolder(office.store, inboxKey(agent))).filter((name) => name.endsWith(SUFFIX));
  const found = parsed(fileNames);
  if (found.length === fileNames.length) return found;
  // Files of other programs have to be opened.
  return [...(await (await office.mail()).scan(agent, false)).pending];
}

function parsed(fileNames: readonly string[]): Candidate[] {
  return fileNames.flatMap((fileName) => {
    const name = parseName(fileName);
    return name === undefined ? [] : [{ fileName, name }];
  });
}

function byUrgencyThenTime({ name: a }: Candidate, { name: b }: Candidate): number {
  if (a.priority !== b.priority) return a.priority === 'urgent' ? -1 : 1;
  return a.core < b.core ? -1 : 1;
}
