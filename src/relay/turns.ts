/**
 * Which mail goes into the next reply when not all of it does: the senders take turns, one message each, so that none can
 * starve the others by sending much, by marking all of it urgent, or by messages that fill a reply.
 *
 * 1. Each sender's own mail stays in order: its urgent messages first, then by age.
 * 2. In the first round those come first who have waited longest, by replies that served others and not them; then those who
 *    were not served in the reply before; then those who were. Among equals urgent mail comes first, then the older.
 * 3. In each further round all are equal: urgent first, then the older.
 */
import { smallest } from './best.js';
import { byUrgencyThenTime, type Candidate } from './mail.js';

// More than any reply holds, so that one selection nearly always suffices.
const SELECTION = 128;

const NEW = 1;

export class Turns {
  /** For each sender whose mail waited at the last reply: 0 if it was served, else 1 and the replies that passed it over. */
  #waited = new Map<string, number>();
  /** Those with mail in the selection that was begun last. */
  #senders: readonly string[] = [];

  /** All candidates in the order in which they are to be chosen. */
  *of(candidates: readonly Candidate[]): Generator<Candidate> {
    const chosen = new Set<Candidate>();
    const queues = queuesOf(candidates, SELECTION);
    this.#senders = queues.map(({ from }) => from);
    for (const candidate of this.#rounds(queues, SELECTION)) {
      chosen.add(candidate);
      yield candidate;
    }
    // Only an inbox full of unreadable or contested mail gets past the first selection.
    const rest = candidates.filter((candidate) => !chosen.has(candidate));
    yield* this.#rounds(queuesOf(rest, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  }

  /**
   * Notes whom a reply `served`, of those that it was chosen from. With `whole` these are all that have mail, and others are
   * forgotten; without, those in one thread.
   */
  note(served: ReadonlySet<string>, whole: boolean): void {
    // A reply that had room for nothing passes over nobody.
    if (served.size === 0) return;
    const waited = new Map(whole ? [] : this.#waited);
    for (const sender of this.#senders) waited.set(sender, served.has(sender) ? 0 : this.#waitedOf(sender) + 1);
    this.#waited = waited;
  }

  #waitedOf(sender: string): number {
    return this.#waited.get(sender) ?? NEW;
  }

  /** At most `most` candidates, round by round. */
  *#rounds(queues: readonly Queue[], most: number): Generator<Candidate> {
    let round = queues;
    let compare = (a: Queue, b: Queue) => this.#waitedOf(b.from) - this.#waitedOf(a.from) || byNext(a, b);
    for (let given = 0; round.length > 0 && given < most; ) {
      for (const queue of smallest(round, Math.min(most - given, round.length), compare)) {
        given++;
        yield queue.take();
      }
      round = round.filter(({ next }) => next !== undefined);
      compare = byNext;
    }
  }
}

/** The mail of one sender, in order from the first that is taken on. */
class Queue {
  /** The first of its mail; undefined when all is taken. */
  next: Candidate | undefined;
  #all: Candidate[] = [];
  #bound: Candidate | undefined;
  #taken = 0;

  constructor(
    readonly from: string,
    private readonly most: number,
  ) {}

  /** Keeps what can be among the first `most`. */
  add(candidate: Candidate): void {
    if (this.#bound !== undefined && byUrgencyThenTime(candidate, this.#bound) >= 0) return;
    if (this.next === undefined || byUrgencyThenTime(candidate, this.next) < 0) this.next = candidate;
    this.#all.push(candidate);
    if (this.#all.length < 2 * this.most) return;
    this.#all = this.#all.sort(byUrgencyThenTime).slice(0, this.most);
    this.#bound = this.#all.at(-1);
  }

  take(): Candidate {
    // Of many senders only a few get so far that the order of their mail matters.
    if (this.#taken === 0) this.#all.sort(byUrgencyThenTime);
    const taken = this.#all[this.#taken++] as Candidate;
    this.next = this.#all[this.#taken];
    return taken;
  }
}

function queuesOf(candidates: readonly Candidate[], most: number): Queue[] {
  const queues = new Map<string, Queue>();
  let queue: Queue | undefined;
  for (const candidate of candidates) {
    const { from } = candidate.name;
    // Mail of one sender often stands together.
    if (queue?.from !== from) {
      queue = queues.get(from);
      if (queue === undefined) {
        queue = new Queue(from, most);
        queues.set(from, queue);
      }
    }
    queue.add(candidate);
  }
  return [...queues.values()];
}

function byNext(a: Queue, b: Queue): number {
  return byUrgencyThenTime(a.next as Candidate, b.next as Candidate);
}
