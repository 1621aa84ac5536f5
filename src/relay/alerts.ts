/**
 * Tells the person at the terminal of new mail, one line a message. A watch only makes it prompt; a slow poll finds
 * everything, mail of senders that ring no bell included. It marks nothing.
 *
 * States: *watching* while hints come, with a poll every 15 s; *polling*, every 2 s, when there is no watch to be had, the
 * watched bell is gone, or mail was found that no hint announced. Entering it is warned of once; each poll tries to watch
 * again when the watch ended.
 */
import { forTerminal } from '../model/text.js';
import type { Store, Watch } from '../store/store.js';
import { inboxKey } from './keys.js';
import { byUrgencyThenTime, type Candidate, type Mail } from './mail.js';

const WATCHING_POLL_MS = 15_000;
const POLLING_POLL_MS = 2000;
// Gathers what arrives together.
const SETTLE_MS = 50;
// A hint takes far less; mail older than this that none announced shows that hints do not come.
const HINT_LATE_MS = 2000;
const MOST_LINES = 10;
const MOST_CHARACTERS = 80;

export class Alerts {
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #announced = new Set<string>();
  #hinted = false;
  #hintsMissing = false;
  #warned = false;
  #looking = false;
  #closed = false;

  constructor(
    private readonly agent: string,
    private readonly store: Store,
    private readonly mail: Mail,
    private readonly clock: { now(): number },
    /** Writes one line. */
    private readonly say: (line: string) => void,
  ) {}

  /** Says how much waits already, in one line, and starts watching. */
  async start(): Promise<void> {
    const { pending } = await this.mail.scan(this.agent, false);
    for (const { fileName } of pending) this.#announced.add(fileName);
    if (pending.length > 0) this.say(`[dispatch >>>] ${count(pending.length)} waiting for ${this.agent}`);
    await this.#arm();
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#watch?.close();
  }

  get #isWatching(): boolean {
    return this.#watch?.active === true && !this.#hintsMissing;
  }

  async #arm(): Promise<void> {
    try {
      await this.#watch?.close();
      this.#watch = await this.store.watch(this.agent, () => {
        this.#hinted = true;
        this.#hintsMissing = false;
        this.#schedule(SETTLE_MS);
      });
      if (!this.#watch.active) this.#warn(this.#watch.reason ?? 'no reason given');
    } catch (error) {
      this.#watch = undefined;
      this.#warn(error instanceof Error ? error.message : String(error));
    }
  }

  #schedule(afterMs = this.#isWatching ? WATCHING_POLL_MS : POLLING_POLL_MS): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look(), afterMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    const hinted = this.#hinted;
    this.#hinted = false;
    try {
      const fresh = await this.#fresh();
      if (fresh.length > 0) await this.#announce(fresh);
      if (!hinted) this.#judgeHints(fresh);
      if (this.#watch?.active !== true) {
        if (this.#watch?.reason !== undefined) this.#warn(this.#watch.reason);
        await this.#arm();
      }
    } catch (error) {
      this.#warn(error instanceof Error ? error.message : String(error));
    } finally {
      this.#looking = false;
      // A hint that came while looking may be for what was not there yet.
      if (this.#hinted) this.#schedule(SETTLE_MS);
      else this.#schedule();
    }
  }

  async #fresh(): Promise<Candidate[]> {
    const { pending } = await this.mail.scan(this.agent, false);
    const waiting = new Set(pending.map(({ fileName }) => fileName));
    const fresh = pending.filter(({ fileName }) => !this.#announced.has(fileName));
    this.#announced = waiting;
    return fresh.sort(byUrgencyThenTime);
  }

  async #announce(fresh: readonly Candidate[]): Promise<void> {
    for (const candidate of fresh.slice(0, MOST_LINES)) {
      const message = await this.mail.openAt(this.agent, inboxKey(this.agent, candidate.fileName), candidate);
      if (message === undefined) continue;
      const mark = message.priority === 'urgent' ? '!!!' : '>>>';
      this.say(`[dispatch ${mark}] Message from ${message.from}: ${forTerminal(message.content, MOST_CHARACTERS)}`);
    }
    if (fresh.length > MOST_LINES) this.say(`[dispatch >>>] and ${count(fresh.length - MOST_LINES)} more`);
  }

  /** Mail in our own form was rung for: found late and without a hint, it shows that hints do not come here. */
  #judgeHints(fresh: readonly Candidate[]): void {
    if (this.#watch?.active !== true || this.#hintsMissing) return;
    const late = fresh.some(
      ({ fileName, name }) => fileName.startsWith(name.core) && this.clock.now() - name.sentAt > HINT_LATE_MS,
    );
    if (!late) return;
    this.#hintsMissing = true;
    this.#warn('this file system gives no events');
  }

  #warn(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.say(
      `[dispatch] Cannot watch for mail (${forTerminal(reason, 200)}); looking every ${POLLING_POLL_MS / 1000} s instead.`,
    );
  }
}

function count(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`;
}
