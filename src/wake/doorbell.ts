/**
 * When to ring: one doorbell for all that waits for an agent, in one session.
 *
 * - *quiet*: nothing waits that is worth a ring.
 * - *gathering*: something new was seen, and may not be alone; rings half a second later, whatever else comes meanwhile.
 * - *patient*: what waits was announced, by a ring or with the reply of a call. It is announced again after a minute, and
 *   then after twice as long each time, up to a quarter of an hour. After a ring, what comes in that pause waits for its
 *   end, too; after a call it does not, since whoever called a tool just now is there.
 * - *busy*: a tool call runs, and its reply will carry the mail. Nothing is rung; its end begins all of it afresh.
 *
 * Time is steady time, so that a clock that is set changes nothing, and a machine that slept rings once when it wakes.
 */
import type { Clock } from '../model/clock.js';
import type { Candidate } from '../relay/mail.js';
import type { Judgement } from '../relay/worth.js';

export const GATHER_MS = 500;
export const FIRST_PAUSE_MS = 60_000;
export const LONGEST_PAUSE_MS = 15 * 60_000;
// When there is more mail to judge than is opened at a time.
const GO_ON_MS = 1000;
// A timer may go off a little before its time.
const EARLY_MS = 50;

/** None of them may take for ever; what they reject with is passed to `failed`. */
export interface DoorbellParts {
  readonly agent: string;
  readonly clock: Pick<Clock, 'steady'>;
  /** What waits, looked at now. */
  look(): Promise<readonly Candidate[]>;
  /** What of it is not worth a ring. */
  judge(waiting: readonly Candidate[]): Promise<Judgement>;
  /** True when this session is the one to ring. */
  isNewest(): Promise<boolean>;
  ring(waiting: readonly Candidate[]): Promise<void>;
  failed(error: unknown): void;
}

export class Doorbell {
  #waiting: readonly Candidate[] = [];
  // Cores of names, each only as long as it waits.
  #announced = new Set<string>();
  #passedOver = new Set<string>();
  #freshAt: number | undefined;
  #againAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #pauseMs = FIRST_PAUSE_MS;
  #calls = 0;
  // How many there were: one that began and ended during a look has made the look stale.
  #callsBegun = 0;
  #ringing = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: DoorbellParts) {}

  /** Somebody looked, and this waits. */
  see(waiting: readonly Candidate[]): void {
    // Nobody is woken for what they wrote themselves.
    this.#waiting = waiting.filter(({ name }) => name.from !== this.parts.agent);
    const cores = new Set(this.#waiting.map(({ name }) => name.core));
    const hadAnnounced = this.#announced.size > 0;
    for (const known of [this.#announced, this.#passedOver])
      for (const core of known) if (!cores.has(core)) known.delete(core);
    // Read, here or in another session: somebody is there.
    if (hadAnnounced && this.#announced.size === 0) this.#startAfresh();
    this.#plan();
  }

  callBegan(): void {
    this.#calls++;
    this.#callsBegun++;
    this.#plan();
  }

  /** `left`: cores of what the reply of the call left over and so announced. */
  callEnded(left: Iterable<string>): void {
    this.#calls--;
    for (const core of left) this.#announced.add(core);
    this.#freshAt = undefined;
    this.#startAfresh();
    this.#plan();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #startAfresh(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#againAt = this.parts.clock.steady() + FIRST_PAUSE_MS;
  }

  /** What waits and is worth a ring. */
  #worthy(): Candidate[] {
    return this.#waiting.filter(({ name }) => !this.#passedOver.has(name.core));
  }

  #plan(): void {
    clearTimeout(this.#timer);
    // Each of these ends with another plan, but for the last.
    if (this.#calls > 0 || this.#ringing || this.#closed) return;
    const worthy = this.#worthy();
    if (worthy.length === 0) {
      this.#freshAt = undefined;
      this.#startAfresh();
      return;
    }
    const now = this.parts.clock.steady();
    if (worthy.every(({ name }) => this.#announced.has(name.core))) this.#freshAt = undefined;
    else this.#freshAt ??= now;
    const dueAt = Math.max(this.#notBefore, this.#freshAt === undefined ? this.#againAt : this.#freshAt + GATHER_MS);
    this.#timer = setTimeout(() => void this.#ring(), Math.max(0, dueAt - now));
    this.#timer.unref();
  }

  /** What was to be rung for may be gone, and what is left may have been announced a moment ago. */
  #isDue(): boolean {
    const worthy = this.#worthy();
    if (worthy.length === 0) return false;
    if (worthy.some(({ name }) => !this.#announced.has(name.core))) return true;
    return this.parts.clock.steady() >= this.#againAt - EARLY_MS;
  }

  async #ring(): Promise<void> {
    const { parts } = this;
    this.#ringing = true;
    const callsBegun = this.#callsBegun;
    try {
      // What was seen half a second ago may have been read since.
      this.see(await parts.look());
      const { passedOver, unfinished } = await parts.judge(this.#worthy());
      for (const core of passedOver) this.#passedOver.add(core);
      if (!this.#isDue()) return;
      if (unfinished) return this.#holdFor(GO_ON_MS);
      const isNewest = await parts.isNewest();
      if (this.#callsBegun !== callsBegun || this.#closed) return;
      for (const { name } of this.#waiting) this.#announced.add(name.core);
      this.#freshAt = undefined;
      if (!isNewest) {
        // The newer one rings for it. Should that end, this one asks again.
        this.#againAt = parts.clock.steady() + FIRST_PAUSE_MS;
        return;
      }
      this.#holdFor(this.#pauseMs);
      this.#againAt = this.#notBefore;
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      await parts.ring(this.#waiting);
    } catch (error) {
      this.#holdFor(FIRST_PAUSE_MS);
      parts.failed(error);
    } finally {
      this.#ringing = false;
      this.#plan();
    }
  }

  #holdFor(ms: number): void {
    this.#notBefore = this.parts.clock.steady() + ms;
  }
}
