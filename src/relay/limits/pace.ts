/**
 * The loop stop: how many messages went between agents within an hour, in one thread by anybody, or outside of threads among the
 * agents of one group, since the human last had a word there. A ring of any number of agents comes to its end by it.
 *
 * What others say is known once they have recorded it, which they do after their answer: as many senders as speak at the
 * same moment may overshoot the limit by one each.
 */
import { EVERYONE, HUMAN } from '../../model/agent-id.js';
import type { Clock } from '../../model/clock.js';
import type { Store } from '../../store/store.js';
import { paceKey } from '../keys.js';
import { Groups } from './groups.js';
import { LogTail } from './log-tail.js';
import { HOUR_MS, heardBy, hourOf, paceRecord, parsePace, type Spoken, UNTHREADED } from './pace-log.js';
import { type Counted, Period } from './period.js';

// Tens of thousands of messages in an hour; beyond that the oldest are not counted.
const TAIL_BYTES = 4 * 1024 * 1024;
const LATE_MS = 60_000;
const MOST_COUNTED = 100_000;

export type Utterance = Spoken & Counted;

export interface TooMuch {
  /** Milliseconds since 1970. */
  readonly retryAt: number;
  /** The agents of the group; undefined in a thread. */
  readonly group: readonly string[] | undefined;
}

export class Pace {
  readonly #period: Period;
  readonly #tails = new Map<string, LogTail>();
  #said: Utterance[] = [];
  /** Records of this process that will be met in the log again, and how many of each. */
  readonly #own = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    /** Of the log: a thread's, or `unthreaded`. */
    private readonly name: string,
  ) {
    this.#period = new Period(clock, HOUR_MS);
  }

  /** Brings in what others recorded. What is known stands when that fails. */
  async refresh(): Promise<void> {
    const now = this.clock.now();
    const hours = [hourOf(now - HOUR_MS), hourOf(now)] as const;
    // Later ones were read before the clock was set back: they must not be read again when it comes there.
    for (const hour of this.#tails.keys()) if (hour < hours[0]) this.#tails.delete(hour);
    for (const hour of hours) {
      const tail = this.#tails.get(hour) ?? new LogTail(this.store, paceKey(hour, this.name), TAIL_BYTES);
      this.#tails.set(hour, tail);
      const justCome = !tail.isNew;
      // Records follow their messages soon, so an hour that is over grows no more.
      if (justCome && hour === hours[0] && now % HOUR_MS > LATE_MS) continue;
      for (const record of await tail.records()) this.#hear(record, justCome);
    }
    if (this.#said.length > MOST_COUNTED) this.#said.splice(0, this.#said.length - MOST_COUNTED);
  }

  /** Why `from` may not speak to `recipients` now; undefined when it may. */
  tooMuch(from: string, recipients: readonly string[], max: number): TooMuch | undefined {
    if (this.#said.some((one) => !this.#period.counts(one))) {
      this.#said = this.#said.filter((one) => this.#period.counts(one));
    }
    // Spares the groups nearly always: none can have said more than all together.
    if (this.#said.length < max) return undefined;
    if (this.name !== UNTHREADED) return { retryAt: this.#period.freeAt(this.#said, max), group: undefined };
    const groups = new Groups(this.#said);
    // Whoever has said a word to agents that talk in circles can still write to all others.
    if (![...recipients, heardBy(recipients)].some((to) => groups.together(to, from))) return undefined;
    const among = this.#said.filter((one) => groups.together(one.from, from));
    if (among.length < max) return undefined;
    return { retryAt: this.#period.freeAt(among, max), group: groups.membersWith(from) };
  }

  /** Counts what is about to be said. */
  reserve(from: string, to: string): Utterance {
    const said = { from, to, ...this.#period.begin() };
    this.#said.push(said);
    return said;
  }

  /** It was said, and its record will follow; `false` when it was not, and does not count after all. */
  settle(reserved: Utterance, said: boolean): void {
    if (said) {
      const record = paceRecord(reserved);
      this.#own.set(record, (this.#own.get(record) ?? 0) + 1);
    } else {
      this.#said = this.#said.filter((one) => one !== reserved);
    }
  }

  /** Its record could not be written: a like one in the log is another's. */
  unrecorded(reserved: Utterance): void {
    this.#forgetOwn(paceRecord(reserved));
  }

  #hear(record: string, justCome: boolean): void {
    if (this.#forgetOwn(record)) return;
    const spoken = parsePace(record);
    if (spoken === undefined) return;
    if (spoken.from === HUMAN) {
      this.#lift(spoken.to);
      return;
    }
    const counted = this.#period.count(spoken.at, justCome);
    if (counted !== undefined) this.#said.push({ ...spoken, ...counted });
  }

  /** The human had a word: what stands before it in the log counts no more. By place, since clocks can be set. */
  #lift(to: string): void {
    if (this.name !== UNTHREADED || to === EVERYONE) {
      this.#said = [];
      return;
    }
    if (!this.#said.some((one) => one.from === to || one.to === to)) return;
    const groups = new Groups(this.#said);
    this.#said = this.#said.filter((one) => !groups.together(one.from, to));
  }

  #forgetOwn(record: string): boolean {
    const count = this.#own.get(record);
    if (count === undefined) return false;
    if (count > 1) this.#own.set(record, count - 1);
    else this.#own.delete(record);
    return true;
  }
}
