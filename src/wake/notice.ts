/**
 * The words of a doorbell: how much waits, from whom, which ids, and how to answer. Written by the server, of names and
 * numbers alone: agent ids and message ids are in a grammar, and nothing that a message says gets in. Clients give such a
 * line a place near that of the user, so it states facts and orders nothing.
 *
 * Each differs from all before, by its ids, its time and the age of the oldest: Claude Code drops a line that it has had.
 */
import { ageOf } from '../model/age.js';
import { listSome } from '../model/listed.js';
import { byUrgencyThenTime, type Candidate } from '../relay/mail.js';

/** One line of at most this many characters. */
export const MOST_CHARACTERS = 600;

const MOST_IDS = 5;
const MOST_SENDERS = 3;
// Ids of other programs can be 64 characters long; at least one is named, however long.
const ID_CHARACTERS = 100;
const SENDER_CHARACTERS = 66;

export interface Notice {
  /** Whose mail it is. */
  readonly agent: string;
  readonly text: string;
  readonly count: number;
  /** The senders as they stand in the text: `alice, carol and 2 more`. */
  readonly from: string;
  /** Of all that wait, urgent first, then by age. */
  readonly ids: readonly string[];
}

/** For `agent`, of at least one message; `now` is in milliseconds since 1970. */
export function composeNotice(agent: string, waiting: readonly Candidate[], now: number): Notice {
  const names = [...waiting].sort(byUrgencyThenTime).map(({ name }) => name);
  const urgent = names.filter(({ priority }) => priority === 'urgent').length;
  const from = listSome([...new Set(names.map((name) => name.from))], MOST_SENDERS, SENDER_CHARACTERS);
  const ids = names.map(({ id }) => id);
  const labels = names.map(({ id, priority }) => (priority === 'urgent' ? `${id} (urgent)` : id));
  const oldest = names.reduce((earliest, { sentAt }) => Math.min(earliest, sentAt), now);
  const one = names.length === 1;
  const text = [
    `mcp-dispatch: ${one ? '1 message waits' : `${names.length} messages wait`} for you (${agent})${urgent === 0 ? '' : `, ${urgent} urgent`}, from ${from}.`,
    `${one ? 'Sent' : 'The oldest was sent'} ${ageOf(oldest, now)} ago, as of ${clockTime(now)}.`,
    `${one ? 'Id' : 'Ids'}: ${listSome(labels, MOST_IDS, ID_CHARACTERS)}.`,
    `The peek tool of mcp-dispatch shows ${one ? 'it' : 'them'}; an answer reaches ${one ? 'the sender' : 'its sender'} through the dispatch tool of mcp-dispatch, and not through SendMessage.`,
    'Written by the mcp-dispatch server of this session, not by the user or another session.',
  ].join(' ');
  return { agent, text, count: names.length, from, ids };
}

function clockTime(now: number): string {
  return `${new Date(now).toISOString().slice(11, 19)} UTC`;
}
