/** Tells the person at the terminal of new mail, one line a message. It marks nothing. */
import { forTerminal } from '../model/text.js';
import type { Arrivals } from './arrivals.js';
import { inboxKey } from './keys.js';
import { byUrgencyThenTime, type Candidate, type Mail } from './mail.js';

// Gathers what arrives together.
const SETTLE_MS = 50;
const MOST_LINES = 10;
const MOST_CHARACTERS = 80;

export class Alerts {
  #announced = new Set<string>();
  #pending: readonly Candidate[] = [];
  #settling: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(
    private readonly agent: string,
    private readonly mail: Mail,
    private readonly arrivals: Arrivals,
    /** Writes one line. */
    private readonly say: (line: string) => void,
  ) {}

  /** Says how much waits already, in one line, and goes on to tell of what is new. */
  async start(): Promise<void> {
    const { pending } = await this.mail.scan(this.agent, false);
    this.#announced = namesOf(pending);
    if (pending.length > 0) this.say(`[dispatch >>>] ${count(pending.length)} waiting for ${this.agent}`);
    this.#unsubscribe = this.arrivals.subscribe({ looked: (now) => this.#looked(now) });
  }

  close(): void {
    clearTimeout(this.#settling);
    this.#unsubscribe?.();
  }

  #looked(pending: readonly Candidate[]): void {
    this.#pending = pending;
    if (this.#settling !== undefined || pending.every(({ fileName }) => this.#announced.has(fileName))) return;
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      const fresh = this.#pending.filter(({ fileName }) => !this.#announced.has(fileName));
      this.#announced = namesOf(this.#pending);
      // A line that cannot be made is left out: the next reply has the mail.
      void this.#announce(fresh.sort(byUrgencyThenTime)).catch(() => {});
    }, SETTLE_MS);
    this.#settling.unref();
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
}

function namesOf(candidates: readonly Candidate[]): Set<string> {
  return new Set(candidates.map(({ fileName }) => fileName));
}

function count(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`;
}
