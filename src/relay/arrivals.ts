/**
 * Looks for the mail of one agent on behalf of all who wait for it in this process: alerts, waiting calls, doorbells. A watch
 * is a hint and makes it prompt; a slow poll is the truth, and finds the mail of senders that ring no bell too. It marks nothing.
 *
 * States: *idle* while nobody subscribes; *watching* while hints come, with a look every 10 s or sooner; *polling*, every 2 s, when no
 * watch is wanted or to be had, the watched bell is gone, or mail was found that no hint announced. Entering it against the
 * operator's wish is warned of once; each poll tries to watch again when the watch ended.
 */
import { forTerminal } from '../model/text.js';
import type { Store, Watch } from '../store/store.js';
import { untilBeat } from './beat.js';
import type { Candidate, Mail } from './mail.js';
import { SUFFIX } from './message-name.js';

export interface Listener {
  /** After each look: everything that is pending now, in no order. Also called when nothing has changed. */
  looked(pending: readonly Candidate[]): void;
  /** The relay could not be looked at; the next poll tries again. */
  failed?(error: Error): void;
}

export interface ArrivalsOptions {
  /** Whether to watch. Without, everything is found by polling. */
  readonly watch: boolean;
  /** One line for the person at the terminal. */
  readonly warn: (text: string) => void;
}

// Milliseconds between two looks while hints come.
const WATCHING_POLL_MS = 10_000;
// Milliseconds between two looks while none come.
const POLLING_POLL_MS = 2000;
const POLLING = `${POLLING_POLL_MS / 1000} s`;
// Looking takes no more than a third of the time, however much arrives and however much there is to list.
const REST_MS = 10;
const REST_FACTOR = 2;
// A hint takes far less; mail older than this that none announced shows that hints do not come.
const HINT_LATE_MS = 2000;

export class Arrivals {
  readonly #listeners = new Set<Listener>();
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #restUntil = 0;
  #seen: ReadonlySet<string> | undefined;
  #hinted = false;
  // Somebody asked for a look while one was under way, which may have passed over what that one is to find.
  #again = false;
  #hintsMissing = false;
  #warned = false;
  #looking = false;
  // The first attempt to watch is over, so that a look may make another.
  #armed = false;
  // Counts the times that somebody began to wait: what an earlier time left running must not go on in the next.
  #term = 0;

  constructor(
    private readonly agent: string,
    private readonly parts: {
      readonly store: Store;
      readonly mail: Mail;
      readonly clock: { now(): number; steady(): number };
    },
    private readonly options: ArrivalsOptions,
  ) {}

  /** Tells the listener of each look, the first one as soon as may be, until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) void this.#begin();
    else this.#schedule(0);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop();
    };
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  get #isWatching(): boolean {
    return this.#watch?.active === true && !this.#hintsMissing;
  }

  async #begin(): Promise<void> {
    const term = ++this.#term;
    this.#schedule(0);
    await this.#arm(term);
    if (term === this.#term) this.#armed = true;
    // What came before the watch stood was rung for in vain.
    if (term === this.#term) this.#schedule(0);
  }

  #stop(): void {
    this.#term++;
    clearTimeout(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#seen = undefined;
    this.#hinted = false;
    this.#armed = false;
    const watch = this.#watch;
    this.#watch = undefined;
    watch?.close().catch(() => {});
  }

  async #arm(term: number): Promise<void> {
    if (!this.options.watch) return;
    try {
      await this.#watch?.close();
      const watch = await this.parts.store.watch(this.agent, () => {
        if (term !== this.#term) return;
        this.#hinted = true;
        this.#hintsMissing = false;
        this.#schedule(0);
      });
      if (term !== this.#term) {
        await watch.close();
        return;
      }
      this.#watch = watch;
      if (!watch.active) this.#warn(watch.reason ?? 'no reason given');
    } catch (error) {
      if (term !== this.#term) return;
      this.#watch = undefined;
      this.#warn(describe(error));
    }
  }

  /** Looks in `afterMs`, or earlier where that is planned already. */
  #schedule(afterMs: number): void {
    if (this.#listeners.size === 0) return;
    if (this.#looking) {
      this.#again ||= afterMs === 0;
      return;
    }
    const now = this.parts.clock.steady();
    const dueAt = Math.max(now + afterMs, this.#restUntil);
    if (dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#look(this.#term), dueAt - now);
    this.#timer.unref();
  }

  async #look(term: number): Promise<void> {
    const begunAt = this.parts.clock.steady();
    // In a process that was stopped the poll comes before the hints that are waiting for it.
    const isOverdue = begunAt - this.#dueAt > HINT_LATE_MS;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#looking = true;
    this.#again = false;
    const hinted = this.#hinted;
    this.#hinted = false;
    let failed = false;
    try {
      const { pending } = await this.parts.mail.scan(this.agent, false);
      if (term !== this.#term) return;
      if (!hinted && !isOverdue) this.#judgeHints(pending);
      this.#seen = new Set(pending.map(({ fileName }) => fileName));
      for (const listener of [...this.#listeners]) listener.looked(pending);
      if (this.options.watch && this.#watch?.active !== true && this.#armed) {
        if (this.#watch?.reason !== undefined) this.#warn(this.#watch.reason);
        await this.#arm(term);
      }
    } catch (error) {
      if (term !== this.#term) return;
      failed = true;
      this.#warnOnce(`Cannot look for mail (${forTerminal(describe(error), 200)}); trying again every ${POLLING}.`);
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const listener of [...this.#listeners]) listener.failed?.(failure);
    } finally {
      this.#looking = false;
      const endedAt = this.parts.clock.steady();
      this.#restUntil = endedAt + REST_MS + REST_FACTOR * (endedAt - begunAt);
      if (this.#again) this.#schedule(0);
      else
        this.#schedule(this.#isWatching && !failed ? untilBeat(this.parts.clock, WATCHING_POLL_MS) : POLLING_POLL_MS);
    }
  }

  /**
   * Mail in our own form was rung for: found late and without a hint, it shows that hints do not come here. What came back
   * from a reply that was not written may be of any age.
   */
  #judgeHints(pending: readonly Candidate[]): void {
    const seen = this.#seen;
    if (this.#watch?.active !== true || this.#hintsMissing || seen === undefined) return;
    const now = this.parts.clock.now();
    const late = pending.some(
      ({ fileName, name }) =>
        !seen.has(fileName) && fileName === name.core + SUFFIX && now - name.sentAt > HINT_LATE_MS,
    );
    if (!late) return;
    this.#hintsMissing = true;
    this.#warn('this file system gives no events');
  }

  #warn(reason: string): void {
    if (!this.options.watch) return;
    this.#warnOnce(`Cannot watch for mail (${forTerminal(reason, 200)}); looking every ${POLLING} instead.`);
  }

  #warnOnce(text: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.options.warn(text);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
