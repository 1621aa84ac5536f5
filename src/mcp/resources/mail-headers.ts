/**
 * An agent's mail as headers, made from file names. Looking marks nothing, and no word of another agent is in them: content
 * and the names of threads reach a model in the answer of a tool only.
 */
import { byUrgencyThenTime } from '../../relay/mail.js';
import { type Held, surveyMail } from '../../relay/mailbox.js';
import { threadHash } from '../../relay/message-name.js';
import type { Relay } from '../../relay/relay.js';
import type { Reply } from '../reply.js';

interface Header {
  readonly id: string;
  readonly from: string;
  /** Seconds since it was sent. */
  readonly age_seconds: number;
  readonly priority?: 'urgent';
  /** The same for all messages of one thread. */
  readonly thread_hash?: string;
  /** Of the stored message; absent for that of another program. */
  readonly bytes?: number;
  /** Shown and not acknowledged. Absent for what waits. */
  readonly state?: 'read';
}

// More headers than this have no room in a reply of the usual size.
const MOST_OPENED = 100;

/** Puts in what waits, urgent first, then by age; then what was read and not acknowledged, by age. */
export async function headersOfInbox(relay: Relay, agent: string, reply: Reply): Promise<void> {
  const held = (await surveyMail(relay, agent)).filter(({ expired }) => !expired).sort(pendingFirst);
  const pending = held.filter(({ standing }) => standing === 'pending').length;
  reply
    .set('agent_id', agent)
    .set('pending', pending)
    .set('unacked', held.length - pending);
  putIn(
    reply,
    held.map((one) => headerOf(one, relay.clock.now())),
    held.length,
  );
}

/** The same for the messages of one thread. Each is opened: a name has no more than a hash of its thread. */
export async function headersOfThread(relay: Relay, agent: string, thread: string, reply: Reply): Promise<void> {
  const hash = threadHash(thread);
  const held = (await surveyMail(relay, agent))
    .filter(({ expired, name }) => !expired && name.thread === hash)
    .sort(pendingFirst);
  reply.set('agent_id', agent);
  const headers: Header[] = [];
  let opened = 0;
  for (const one of held) {
    if (opened === MOST_OPENED) break;
    opened++;
    const message = await relay.mail.openAt(agent, one.key, one, false);
    if (message?.thread_id === thread) headers.push(headerOf(one, relay.clock.now()));
  }
  putIn(reply, headers, headers.length + held.length - opened);
}

function putIn(reply: Reply, headers: readonly Header[], of: number): void {
  const list = reply.list<Header>('messages');
  for (const header of headers) {
    if (!list.has(header)) break;
    list.add(header);
  }
  if (list.length === 0) reply.setAlways('messages', []);
  if (list.length < of) reply.set('more', of - list.length);
}

function pendingFirst(a: Held, b: Held): number {
  if (a.standing !== b.standing) return a.standing === 'pending' ? -1 : 1;
  if (a.standing === 'pending') return byUrgencyThenTime(a, b);
  return a.name.core < b.name.core ? -1 : 1;
}

function headerOf({ name, standing }: Held, now: number): Header {
  return {
    id: name.id,
    from: name.from,
    age_seconds: Math.max(0, Math.floor((now - name.sentAt) / 1000)),
    ...(name.priority === 'urgent' ? { priority: 'urgent' } : {}),
    ...(name.thread === undefined ? {} : { thread_hash: name.thread }),
    ...(name.bytes === 0 ? {} : { bytes: name.bytes }),
    ...(standing === 'read' ? { state: 'read' } : {}),
  };
}
