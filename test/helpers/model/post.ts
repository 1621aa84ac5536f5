/**
 * What is promised, in the fewest words: for every message and recipient exactly one state, whatever happens to sessions,
 * processes and the clock. It knows no store, no names of files and no order across senders.
 *
 * - *pending* until a reply carries it. While that reply is neither written nor given up, nobody else gets it.
 * - The reply was written: *read*. It was given up: pending as before. Its session died: pending, and redelivered, as
 *   soon as another session of the agent begins or looks, or a sweep does.
 * - *acked* when its reader says so, shown or not; *expired* when its time is over and it is not `must_read`, which a
 *   sweep makes final. Both ends are known for seven days.
 */
import { DAY } from '../relay-world.js';

export const AGENTS = ['alice', 'bob', 'carol'] as const;
export const INBOXES = [...AGENTS, 'human'] as const;
export type Agent = (typeof AGENTS)[number];

/** One session, in a process of its own. */
export interface Seat {
  readonly agent: Agent;
  alive: boolean;
  sent: number;
}

export interface Reply {
  readonly seat: Seat;
  readonly copies: readonly Copy[];
}

export interface Receipt {
  readonly state: 'read' | 'acked' | 'expired';
  readonly at: number;
}

/** A message in one inbox. */
export interface Copy {
  readonly id: string;
  readonly sender: Seat;
  /** Among what its sender's session sent. */
  readonly place: number;
  readonly to: string;
  readonly content: string;
  readonly thread: string | undefined;
  readonly urgent: boolean;
  readonly mustRead: boolean;
  readonly expiresAt: number | undefined;
  state: 'pending' | 'read' | 'acked' | 'expired';
  /** Carries it now. */
  reply: Reply | undefined;
  redelivered: boolean;
  /** Whether its reader had seen it when it expired; undefined while nobody can say. */
  how: 'read' | 'unread' | 'maybe' | undefined;
  /** Undefined before its end. */
  endedAt: number | undefined;
  /** Its end is too long ago to be known. */
  forgotten: boolean;
  /** What its sender was not told yet. */
  news: Receipt[];
}

const REMEMBERED_MS = 7 * DAY;

export class Post {
  readonly seats: Seat[] = [];
  readonly copies: Copy[] = [];
  readonly replies = new Set<Reply>();
  messages = 0;

  constructor(readonly start: number) {
    this.now = start;
  }

  now: number;

  get live(): Seat[] {
    return this.seats.filter(({ alive }) => alive);
  }

  get openReplies(): Reply[] {
    return [...this.replies].filter(({ seat }) => seat.alive);
  }

  /** Everyone that a session ever served, the sender excepted. */
  everyoneBut(agent: Agent): string[] {
    return [...new Set(this.seats.map((seat) => seat.agent))].filter((name) => name !== agent).sort();
  }

  copiesOf(id: string): Copy[] {
    return this.copies.filter((copy) => copy.id === id);
  }

  isPast({ expiresAt, mustRead }: Copy): boolean {
    return expiresAt !== undefined && expiresAt <= this.now && !mustRead;
  }

  isHeld({ state }: Copy): boolean {
    return state === 'pending' || state === 'read';
  }

  /** What its sender is told when it asks. */
  stateOf(copy: Copy): 'pending' | 'read' | 'acked' | 'expired' | 'unknown' {
    if (copy.forgotten) return 'unknown';
    if (!this.isHeld(copy)) return copy.state;
    return copy.reply === undefined && this.isPast(copy) ? 'expired' : copy.state;
  }

  /** What the next reply may carry. */
  waiting(agent: string): Copy[] {
    return this.copies.filter(
      (copy) => copy.to === agent && copy.state === 'pending' && copy.reply === undefined && !this.isPast(copy),
    );
  }

  /** What was shown, and is neither acknowledged nor over. */
  kept(agent: string): Copy[] {
    return this.copies.filter((copy) => copy.to === agent && copy.state === 'read' && !this.isPast(copy));
  }

  claim(seat: Seat, copies: readonly Copy[]): Reply {
    const reply = { seat, copies };
    for (const copy of copies) copy.reply = reply;
    this.replies.add(reply);
    return reply;
  }

  commit(reply: Reply): void {
    for (const copy of this.#close(reply)) {
      copy.state = 'read';
      copy.news.push({ state: 'read', at: this.now });
    }
  }

  release(reply: Reply): void {
    this.#close(reply);
  }

  /** What dead sessions of an agent had in hand. Nobody knows whether it was seen. */
  takeBackFromTheDead(agent: string): void {
    for (const reply of this.replies) {
      if (reply.seat.alive || reply.seat.agent !== agent) continue;
      for (const copy of this.#close(reply)) copy.redelivered = true;
    }
  }

  ack(copy: Copy): void {
    copy.reply = undefined;
    this.#finish(copy, 'acked');
  }

  sweep(): void {
    for (const inbox of INBOXES) this.takeBackFromTheDead(inbox);
    for (const copy of this.copies) {
      if (!this.isHeld(copy) || copy.reply !== undefined || !this.isPast(copy)) continue;
      copy.how = this.howPast(copy);
      this.#finish(copy, 'expired');
    }
    const oldest = this.now - REMEMBERED_MS;
    for (const copy of this.copies) {
      copy.news = copy.news.filter(({ at }) => at >= oldest);
      copy.forgotten ||= copy.endedAt !== undefined && copy.endedAt < oldest;
    }
  }

  /** Never read is said only of what no reply may have carried, and of nothing that the human can look at unseen. */
  howPast({ state, redelivered, to }: Copy): 'read' | 'unread' | 'maybe' {
    if (state === 'read') return 'read';
    return redelivered || to === 'human' ? 'maybe' : 'unread';
  }

  /** The latest news of each message and recipient: an end, or else that it was read. */
  newsFor(sender: string): { copy: Copy; receipt: Receipt }[] {
    return this.copies.flatMap((copy) => {
      if (copy.sender.agent !== sender) return [];
      const receipt = copy.news.find(({ state }) => state !== 'read') ?? copy.news.at(-1);
      return receipt === undefined ? [] : [{ copy, receipt }];
    });
  }

  #close(reply: Reply): Copy[] {
    this.replies.delete(reply);
    const carried = reply.copies.filter((copy) => copy.reply === reply);
    for (const copy of carried) copy.reply = undefined;
    return carried;
  }

  #finish(copy: Copy, state: 'acked' | 'expired'): void {
    copy.state = state;
    copy.endedAt = this.now;
    copy.news.push({ state, at: this.now });
  }
}
