/** Where things are in a relay: one function for each kind of key. Described for others in docs/relay-format.md. */
import { SUFFIX } from './message-name.js';
import type { End } from './receipt-name.js';
import type { WasShown } from './was-shown.js';

export const AGENTS = '.agents';
export const HOOKS = '.hooks';
export const JOBS = '.jobs';
export const KEYS = '.keys';
export const LOG = '.log';
export const PACE = '.pace';
export const PRESENCE = '.presence';
export const QUARANTINE = '.quarantine';
export const RECEIPTS = '.receipts';
export const REFUSED = '.refused';
export const ROSTER = '.roster';
export const SENT = '.sent';
export const SLOTS = '.slots';
export const SUPERSEDED = '.superseded';
export const TOPICS = '.topics';

/** Mail that nobody has claimed. */
export const inboxKey = (agent: string, fileName?: string) => (fileName === undefined ? agent : `${agent}/${fileName}`);

/** Sessions that have claimed mail whose reply is not written. */
export const takenKey = (agent: string) => `${agent}/taken`;

/** Mail that a session has claimed. */
export const takenBy = (agent: string, session: string, fileName?: string) =>
  fileName === undefined ? `${agent}/taken/${session}` : `${agent}/taken/${session}/${fileName}`;

/** Mail that was shown and is not acknowledged. */
export const readKey = (agent: string, fileName?: string) =>
  fileName === undefined ? `${agent}/read` : `${agent}/read/${fileName}`;

/** Mail that has ended and whose receipt may not be written yet. */
export const endedKey = (agent: string, fileName?: string) =>
  fileName === undefined ? `${agent}/ended` : `${agent}/ended/${fileName}`;

/** In which part of an agent's mail a key is. */
export function partOf(key: string): 'inbox' | 'taken' | 'read' {
  const [, folder, ...within] = key.split('/');
  if (within.length === 0) return 'inbox';
  return folder === 'read' ? 'read' : 'taken';
}

/** How a message came to be read, and the letter for it; `other` is another program's word. */
const READ_MARKS = { peek: 'p', piggyback: 'g', wait: 'w', other: 'o' } as const;
export type ReadHow = keyof typeof READ_MARKS;

/** File name of a message in `read/`: how it was shown and when. */
export const readName = (core: string, how: ReadHow, at: number) => `${core}~${READ_MARKS[how]}${at}${SUFFIX}`;

/** What the mark in such a name says, as far as it is understood. */
export function parseReadMark(mark: string): { at?: number; how?: ReadHow } {
  const [, letter, at] = /^([a-z])(\d{13})/.exec(mark) ?? [];
  const how = (Object.keys(READ_MARKS) as ReadHow[]).find((each) => READ_MARKS[each] === letter);
  return { ...(at === undefined ? {} : { at: Number(at) }), ...(how === undefined ? {} : { how }) };
}

const END_MARKS = { acked: 'a', expired: 'e', refused: 'f', superseded: 's', quarantined: 'q' } as const;
const WAS_MARKS = { read: 'r', unread: 'u', maybe: 'm' } as const;

/** File name of a message in `ended/`: how it ended, whether it had been shown, and when. */
export const endedName = (core: string, end: End, was: WasShown, at: number) =>
  `${core}~${END_MARKS[end]}${WAS_MARKS[was]}${String(at).padStart(13, '0')}${SUFFIX}`;

/** What the mark in such a name says; undefined for one that says nothing of the kind. */
export function parseEndedMark(mark: string): { state: End; was: WasShown; at: number } | undefined {
  const [, end, shown, at] = /^([a-z])([a-z])(\d{13})$/.exec(mark) ?? [];
  const state = (Object.keys(END_MARKS) as End[]).find((each) => END_MARKS[each] === end);
  const was = (Object.keys(WAS_MARKS) as WasShown[]).find((each) => WAS_MARKS[each] === shown);
  return state === undefined || was === undefined ? undefined : { state, was, at: Number(at) };
}

/** Since when an agent is known, and when a session served it last. */
export const agentKey = (agent: string) => `${AGENTS}/${agent}`;

/** The presence file that other programs read too. */
export const presenceFile = (agent: string) => `${PRESENCE}/${agent}.json`;

/** One record a live session. */
export const sessionKey = (agent: string, session?: string) =>
  session === undefined ? `${PRESENCE}/${agent}` : `${PRESENCE}/${agent}/${session}`;

/** Who serves a roster name by claim. */
export const rosterKey = (agent: string) => `${ROSTER}/${agent}`;

/** Which project a name belongs to that was given by the project, and who works under it. */
export const slotKey = (agent: string) => `${SLOTS}/${agent}`;

/** Where a sender finds what became of its mail. */
export const receiptKey = (sender: string, name?: string) =>
  name === undefined ? `${RECEIPTS}/${sender}` : `${RECEIPTS}/${sender}/${name}`;

/** Receipts that the sender has been shown. */
export const seenReceiptKey = (sender: string, name?: string) =>
  name === undefined ? `${RECEIPTS}/${sender}/seen` : `${RECEIPTS}/${sender}/seen/${name}`;

/** Logs of what a sender has published, one a day: a finding aid. */
export const sentKey = (sender: string, day?: string) =>
  day === undefined ? `${SENT}/${sender}` : `${SENT}/${sender}/${day}`;

export const quarantineKey = (name: string) => `${QUARANTINE}/${name}`;

/** What happened in the relay: one log a day and process. */
export const logKey = (day: string, writer?: string) =>
  writer === undefined ? `${LOG}/${day}` : `${LOG}/${day}/${writer}`;

/** What a sender has sent under an idempotency key, and the copies of it that are not published yet. */
export const sendKeyKey = (sender: string, name?: string) =>
  name === undefined ? `${KEYS}/${sender}` : `${KEYS}/${sender}/${name}`;

/** Which messages that an agent may have seen were superseded, and by which. */
export const supersededKey = (reader: string, name?: string) =>
  name === undefined ? `${SUPERSEDED}/${reader}` : `${SUPERSEDED}/${reader}/${name}`;

/** How much is said in a thread, or outside of threads: one log an hour. */
export const paceKey = (hour: string, name?: string) =>
  name === undefined ? `${PACE}/${hour}` : `${PACE}/${hour}/${name}`;

/** How many sends to an agent were refused, until it is told. */
export const refusedKey = (agent: string, name?: string) =>
  name === undefined ? `${REFUSED}/${agent}` : `${REFUSED}/${agent}/${name}`;

/** Who is a member of a topic. */
export const topicKey = (topic: string, agent?: string) =>
  agent === undefined ? `${TOPICS}/${topic}` : `${TOPICS}/${topic}/${agent}`;

/** What hooks have announced to the sessions of an agent, and what went wrong with them. */
export const hooksKey = (agent: string, name?: string) =>
  name === undefined ? `${HOOKS}/${agent}` : `${HOOKS}/${agent}/${name}`;

/** A job: a record. */
export const jobKey = (id?: string) => (id === undefined ? `${JOBS}/records` : `${JOBS}/records/${id}`);

/** Names of the jobs of an address that have not ended, or whose submitter is not told yet. */
export const openJobKey = (segment?: string, name?: string) => below(`${JOBS}/open`, segment, name);

/** Names of the jobs of an address that are over, while they are retained. */
export const doneJobKey = (segment?: string, name?: string) => below(`${JOBS}/done`, segment, name);

/** Names of the jobs that an agent has submitted. */
export const jobsByKey = (from?: string, name?: string) => below(`${JOBS}/by`, from, name);

/** Names of the jobs that wait for a person. */
export const personKey = (name?: string) => below(`${JOBS}/person`, name);

/** Which job a submitter has made under a request id. */
export const jobRequestKey = (from?: string, name?: string) => below(`${JOBS}/requests`, from, name);

/** Outcomes that are too large for the record of their job, whole. */
export const jobOutcomeKey = (name?: string) => below(`${JOBS}/outcomes`, name);

/** Who runs the jobs of an address. */
export const workerKey = (segment?: string, session?: string) => below(`${JOBS}/workers`, segment, session);

/** What is known of the workers that were started by themselves, by the name in `[worker] autospawn`. */
export const spawnKey = (name?: string) => below(`${JOBS}/spawns`, name);

/** Where the worktrees of jobs are. */
export const worktreeKey = (name?: string) => below(`${JOBS}/worktrees`, name);

/** What workers of an address listen to. No agent has such a name. */
export const jobChannel = (segment: string) => `jobs.${segment}`;

const below = (...segments: readonly (string | undefined)[]) =>
  segments.filter((segment) => segment !== undefined).join('/');
