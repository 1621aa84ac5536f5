/**
 * Gives each message of one session its place in time: strictly growing, also within a millisecond and when the wall
 * clock steps back, so that one session's mail is read in the order it was sent.
 */
import type { Clock } from '../model/clock.js';

const COUNTERS = 100_000;

export class NameClock {
  #time = 0;
  #counter = 0;

  constructor(private readonly clock: Clock) {}

  /** A time in milliseconds and a counter below 100,000, together greater than any given before. */
  next(): { readonly time: number; readonly counter: number } {
    const now = this.clock.now();
    if (now > this.#time) {
      this.#time = now;
      this.#counter = 0;
    } else if (++this.#counter === COUNTERS) {
      this.#time++;
      this.#counter = 0;
    }
    return { time: this.#time, counter: this.#counter };
  }
}
