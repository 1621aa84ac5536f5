/**
 * How often one agent sent in the last minute: read from its own log of what it sent, which all its sessions and scripts
 * write, and merged with what this process sent and has not noted there yet.
 *
 * A send is noted once its answer is out, so sessions of one agent that send at the same moment may overshoot the limit by
 * one each.
 */
import type { Clock } from '../../model/clock.js';
import type { Store } from '../../store/store.js';
import { sentKey } from '../keys.js';
import { dayOf } from '../sent-log.js';
import { LogTail } from './log-tail.js';
import { type Counted, Period } from './period.js';

const MINUTE_MS = 60_000;
// Thousands of sends; a first look that finds a fuller minute counts less than there was.
const TAIL_BYTES = 512 * 1024;
const RECORD = /^((\d{13})-\d{5}\.\S+) /;

export class SendRate {
  readonly #period: Period;
  readonly #tails = new Map<string, LogTail>();
  #counted: Counted[] = [];
  /** By the core of their name: what this process sent is met again in the log, and a send that is tried again may be noted twice. */
  #known = new Map<string, Counted>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly from: string,
  ) {
    this.#period = new Period(clock, MINUTE_MS);
  }

  /** Brings in what others noted. What is known stands when that fails. */
  async refresh(): Promise<void> {
    const now = this.clock.now();
    const first = dayOf(now - MINUTE_MS);
    // Later ones were read before the clock was set back: they must not be read again when it comes there.
    for (const day of this.#tails.keys()) if (day < first) this.#tails.delete(day);
    for (const day of new Set([first, dayOf(now)])) {
      const tail = this.#tails.get(day) ?? new LogTail(this.store, sentKey(this.from, day), TAIL_BYTES);
      this.#tails.set(day, tail);
      const justCome = !tail.isNew;
      for (const record of await tail.records()) {
        const [, core = '', time] = RECORD.exec(record) ?? [];
        if (time === undefined || this.#known.has(core)) continue;
        const counted = this.#period.count(Number(time), justCome);
        if (counted === undefined) continue;
        this.#counted.push(counted);
        this.#known.set(core, counted);
      }
    }
  }

  /** When the next send is accepted, milliseconds since 1970; undefined for now. */
  fullUntil(max: number): number | undefined {
    this.#counted = this.#counted.filter((one) => this.#period.counts(one));
    for (const [core, one] of this.#known) if (!this.#period.counts(one)) this.#known.delete(core);
    return this.#counted.length < max ? undefined : this.#period.freeAt(this.#counted, max);
  }

  /** Counts a send that is about to happen. */
  reserve(): Counted {
    const counted = this.#period.begin();
    this.#counted.push(counted);
    return counted;
  }

  /** It happened, under this name; undefined when it did not, and is not counted after all. */
  settle(reserved: Counted, core: string | undefined): void {
    if (core !== undefined) this.#known.set(core, reserved);
    else this.#counted = this.#counted.filter((one) => one !== reserved);
  }
}
