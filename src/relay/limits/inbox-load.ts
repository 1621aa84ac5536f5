/**
 * How much the inboxes hold: pending, claimed and read mail that has not expired, by the sizes in the names. Mail of another program has no size
 * in its name: it counts as a message, and as no bytes, before it was read as after.
 *
 * Counting lists the inbox, and a listing of 9,000 names costs more than a send. So a count is kept, grows with what this
 * process sends, and is taken anew after 5 seconds, or after one where it says that the inbox is full. In
 * between, each other process can put in what it sends in 5 seconds: by so much an inbox may hold more than its limit.
 */
import type { Clock } from '../../model/clock.js';
import { isSessionId } from '../../model/ids.js';
import type { Store } from '../../store/store.js';
import { inboxKey, readKey, takenBy, takenKey } from '../keys.js';
import { isExpired, parseName, SUFFIX } from '../message-name.js';
import type { LimitSettings, Met } from './settings.js';

const RECOUNT_MS = 5000;
const RECOUNT_FULL_MS = 1000;
// A count is three numbers; a relay of more agents counts more often.
const MOST_INBOXES = 4096;

interface Load {
  messages: number;
  bytes: number;
  readonly countedAt: number;
}

export class InboxLoads {
  readonly #loads = new Map<string, Load>();
  readonly #maxMessages: number;
  readonly #maxBytes: number;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    settings: LimitSettings,
  ) {
    this.#maxMessages = settings.inboxMessages ?? 0;
    this.#maxBytes = settings.inboxBytes ?? 0;
  }

  get areLimited(): boolean {
    return this.#maxMessages > 0 || this.#maxBytes > 0;
  }

  /** Sees to it that the count is recent enough for a message of `bytes`. What is known stands when that fails. */
  async refresh(agent: string, bytes: number): Promise<void> {
    const load = this.#loads.get(agent);
    const age = load === undefined ? Number.POSITIVE_INFINITY : this.clock.steady() - load.countedAt;
    if (age < (this.fullFor(agent, bytes) === undefined ? RECOUNT_MS : RECOUNT_FULL_MS)) return;
    const counted = await this.#count(agent);
    this.#loads.delete(agent);
    this.#loads.set(agent, counted);
    if (this.#loads.size <= MOST_INBOXES) return;
    const [oldest] = this.#loads.keys();
    if (oldest !== undefined) this.#loads.delete(oldest);
  }

  /** The limit that a message of `bytes` would exceed, as far as is known; undefined when it may come in. */
  fullFor(agent: string, bytes: number): Met | undefined {
    const { messages, bytes: held } = this.#loads.get(agent) ?? { messages: 0, bytes: 0 };
    if (this.#maxMessages > 0 && messages + 1 > this.#maxMessages) {
      return { limit: 'inbox_messages', max: this.#maxMessages };
    }
    if (this.#maxBytes > 0 && held + bytes > this.#maxBytes) return { limit: 'inbox_bytes', max: this.#maxBytes };
    return undefined;
  }

  /** Adds messages of `bytes` in all to what is known; negative numbers take away. */
  add(agent: string, messages: number, bytes: number): void {
    const load = this.#loads.get(agent);
    if (load === undefined) return;
    load.messages += messages;
    load.bytes += bytes;
  }

  async #count(agent: string): Promise<Load> {
    const countedAt = this.clock.steady();
    const now = this.clock.now();
    const load = { messages: 0, bytes: 0, countedAt };
    for (const folder of await this.#folders(agent)) {
      for (const fileName of await this.store.list(folder)) {
        if (!fileName.endsWith(SUFFIX)) continue;
        const name = parseName(fileName);
        if (name !== undefined && isExpired(name, now)) continue;
        load.messages++;
        load.bytes += name?.bytes ?? 0;
      }
    }
    return load;
  }

  async #folders(agent: string): Promise<string[]> {
    const sessions = (await this.store.list(takenKey(agent))).filter(isSessionId);
    return [inboxKey(agent), ...sessions.map((session) => takenBy(agent, session)), readKey(agent)];
  }
}
