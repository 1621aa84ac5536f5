/**
 * The time for which something counts. Other processes leave wall-clock times, and somebody may set that clock: each time is
 * translated when it is met, and from then on what counts ends with the first of the two clocks that says so. So no step
 * of the clock makes anything count for longer than the period in a process that was there. One that starts while a clock
 * that was set back relives an hour counts what it finds of that hour; that too is over within the period.
 */
import type { Clock } from '../../model/clock.js';

export interface Counted {
  /** Milliseconds since 1970, as its sender said. */
  readonly at: number;
  /** By `Clock.steady`. */
  readonly until: number;
}

// Clocks of one machine agree; a name may be a little ahead, since it counts on within a millisecond.
const AHEAD_MS = 5000;

export class Period {
  constructor(
    private readonly clock: Clock,
    readonly lengthMs: number,
  ) {}

  /**
   * How long something of the time `at` counts; undefined when it does no more. What lies in the future is of before a step
   * back of the clock: it counts from now on when it has `justCome`, and not at all when it may have been there for long.
   */
  count(at: number, justCome: boolean): Counted | undefined {
    const age = this.clock.now() - at;
    if (age >= this.lengthMs || (age < -AHEAD_MS && !justCome)) return undefined;
    return { at, until: this.clock.steady() + this.lengthMs - Math.max(0, age) };
  }

  /** Something that happens now. */
  begin(): Counted {
    return { at: this.clock.now(), until: this.clock.steady() + this.lengthMs };
  }

  counts({ at, until }: Counted): boolean {
    return this.clock.steady() < until && this.clock.now() - at < this.lengthMs;
  }

  /** When fewer than `max` of these will count, milliseconds since 1970. There are at least `max`, which is at least 1. */
  freeAt(counted: readonly Counted[], max: number): number {
    const steady = this.clock.steady();
    const left = counted.map(({ until }) => until - steady).sort((a, b) => a - b);
    return Math.ceil(this.clock.now() + (left[left.length - max] ?? 0));
  }
}
