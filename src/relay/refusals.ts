/**
 * The other side of a limit: the recipient hears how often it was met on its account. A refused send leaves a mark, an
 * empty file, whose name counts; counting is a rename, so one sender leaves one file a limit however much it sends.
 *
 *     .refused/bob/alice.inbox_messages.10000.12
 *                  from  limit          value refused
 *
 * Marks are not synced and none of them decides anything: a power cut may lose some. What was told is taken away
 * when the reply was written; what has been refused since stays for the next one.
 */
import { isRecipient, isSender } from '../model/agent-id.js';
import { isDispatchError } from '../model/errors.js';
import type { Store } from '../store/store.js';
import { REFUSED, refusedKey } from './keys.js';
import { LIMIT_NAMES, type LimitName, type Met, settingOf } from './limits/settings.js';

export interface Refusal extends Met {
  readonly from: string;
  readonly count: number;
}

/** What a reply can tell. Exactly one of the two ends it. */
export interface Untold {
  /** The most refused first; empty when there is nothing to tell. */
  readonly refusals: readonly Refusal[];
  /** The reply was written. */
  told(): Promise<void>;
  /** It was not. */
  untold(): void;
}

const NAME = /^([a-z0-9_-]{1,64})\.([a-z_]+)\.(\d{1,15})\.(\d{1,9})$/;
// Senders that meet limits; a script under ever new names makes no more files than that.
const MOST_MARKS = 256;
// A refused broadcast must not cost as much as one that is sent.
const MOST_MARKED = 100;
// Racing callers each win once; who loses more often counts one less.
const TRIES = 5;

export class Refusals {
  /** How many stand in replies that are being written. */
  readonly #inReply = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly retentionMs: number,
  ) {}

  /** Counts a send of `from` that was refused, for the first 100 of those whom it did not reach. Never fails. */
  async mark(from: string, met: Met, recipients: readonly string[]): Promise<void> {
    for (const to of recipients.slice(0, MOST_MARKED)) {
      try {
        await this.#markOne(to, { from, ...met, count: 1 });
      } catch (error) {
        // The sender has its answer all the same.
        if (!isDispatchError(error)) throw error;
      }
    }
  }

  /** What was refused on behalf of `agent`, and stands in no reply yet. */
  async untold(agent: string): Promise<Untold> {
    const refusals: Refusal[] = [];
    for (const mark of merged(await this.#marksOf(agent))) {
      const count = mark.count - (this.#inReply.get(keyOf(agent, mark)) ?? 0);
      if (count > 0) refusals.push({ ...mark, count });
    }
    const hold = (sign: 1 | -1) => {
      for (const refusal of refusals) {
        const key = keyOf(agent, refusal);
        const held = (this.#inReply.get(key) ?? 0) + sign * refusal.count;
        if (held > 0) this.#inReply.set(key, held);
        else this.#inReply.delete(key);
      }
    };
    hold(1);
    return {
      refusals: refusals.sort((a, b) => b.count - a.count || (a.from < b.from ? -1 : 1)),
      told: async () => {
        try {
          for (const refusal of refusals) await this.#takeAway(agent, refusal);
        } finally {
          hold(-1);
        }
      },
      untold: () => hold(-1),
    };
  }

  /** Forgets marks that nobody came to hear of, and counts that have been there for so long. */
  async sweep(now: number): Promise<void> {
    const oldest = now - this.retentionMs;
    for (const agent of (await this.store.list(REFUSED)).filter(isRecipient)) {
      for (const mark of await this.#marksOf(agent)) {
        const key = markKey(agent, mark);
        const made = (await this.store.read(key, 0))?.modifiedAt;
        if (made !== undefined && made < oldest) await this.store.remove(key, { durable: false });
      }
      await this.store.prune(refusedKey(agent));
    }
  }

  async #markOne(to: string, mark: Refusal): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const marks = await this.#marksOf(to);
      const before = marks.find((one) => isSame(one, mark));
      if (before === undefined) {
        if (marks.length >= MOST_MARKS) return;
        if (await this.store.create(markKey(to, mark), '', { durable: false })) return;
      } else {
        const after = { ...before, count: before.count + 1 };
        if (await this.store.move(markKey(to, before), markKey(to, after))) return;
      }
    }
  }

  /** Takes what was told off the count, which may have grown meanwhile; nothing when another session has done that. */
  async #takeAway(agent: string, told: Refusal): Promise<void> {
    let left = told.count;
    for (let tries = 0; left > 0 && tries < TRIES; tries++) {
      const marks = (await this.#marksOf(agent)).filter((mark) => isSame(mark, told));
      const [mark] = marks;
      if (mark === undefined || marks.reduce((sum, { count }) => sum + count, 0) < left) return;
      const key = markKey(agent, mark);
      const taken = Math.min(left, mark.count);
      const rest = { ...mark, count: mark.count - taken };
      const done =
        rest.count === 0
          ? await this.store.remove(key, { durable: false })
          : await this.store.move(key, markKey(agent, rest));
      if (done) left -= taken;
    }
  }

  /** The highest counts first. Two of one kind are there when two processes made the first mark at the same moment. */
  async #marksOf(agent: string): Promise<Refusal[]> {
    const names = await this.store.list(refusedKey(agent));
    return names.flatMap((name) => parseMark(name) ?? []).sort((a, b) => b.count - a.count);
  }
}

/** For the recipient. Only what the server knows: names of agents, counts, limits. */
export function describeRefusal(refusal: Refusal): string {
  const { from, count, limit } = refusal;
  return `${count} refused from ${from}: ${WHY[limit](from)} (${settingOf(refusal)}).`;
}

const WHY: Readonly<Record<LimitName, (from: string) => string>> = {
  inbox_messages: () => 'your inbox is full; acknowledged mail makes room',
  inbox_bytes: () => 'your inbox is full; acknowledged mail makes room',
  sends_per_minute: (from) => `${from} sends too fast`,
  thread_messages_per_hour: () => 'too many messages between agents without a word from the human',
};

function markKey(agent: string, refusal: Refusal): string {
  return `${keyOf(agent, refusal)}.${refusal.count}`;
}

/** The key without the count. */
function keyOf(agent: string, { from, limit, max }: Refusal): string {
  return refusedKey(agent, `${from}.${limit}.${max}`);
}

function merged(marks: readonly Refusal[]): Refusal[] {
  const kinds: Refusal[] = [];
  for (const mark of marks) {
    const place = kinds.findIndex((one) => isSame(one, mark));
    const before = kinds[place];
    if (before === undefined) kinds.push(mark);
    else kinds[place] = { ...before, count: before.count + mark.count };
  }
  return kinds;
}

function isSame(a: Refusal, b: Refusal): boolean {
  return a.from === b.from && a.limit === b.limit && a.max === b.max;
}

function parseMark(name: string): Refusal | undefined {
  const [, from = '', limit, max, count] = NAME.exec(name) ?? [];
  const known = LIMIT_NAMES.find((one) => one === limit);
  return known !== undefined && isSender(from)
    ? { from, limit: known, max: Number(max), count: Number(count) }
    : undefined;
}
