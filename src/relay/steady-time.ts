/**
 * Which time may end things. A wall clock that somebody set forward would expire everything at once, for good, so what cannot
 * be undone waits for two observations that agree: a jump is believed when it has lasted for ten minutes. Mail past its
 * time is not shown meanwhile, and comes back when the clock is put right.
 *
 * Within one process the jump shows, since steady time does not jump with it. A process that starts after the jump cannot know.
 * A machine that slept looks the same, and what expired meanwhile is removed ten minutes later.
 */
import type { Clock } from '../model/clock.js';

/** In milliseconds of steady time. */
export const BELIEVED_AFTER_MS = 10 * 60 * 1000;

// Far above how far a clock is slewed between two looks, far below what a jump is worth holding back for.
const TOLERANCE_MS = 5000;

export class SteadyTime {
  #wall: number;
  #steady: number;
  #jumpedAt: number | undefined;

  constructor(private readonly clock: Clock) {
    this.#wall = clock.now();
    this.#steady = clock.steady();
  }

  /** Milliseconds since 1970: the wall clock, or, for ten minutes after it jumped forward, what it would show without that. */
  now(): number {
    const [wall, steady] = [this.clock.now(), this.clock.steady()];
    const expected = this.#wall + (steady - this.#steady);
    if (wall - expected > TOLERANCE_MS) {
      this.#jumpedAt ??= steady;
      if (steady - this.#jumpedAt < BELIEVED_AFTER_MS) return expected;
    }
    this.#jumpedAt = undefined;
    this.#wall = wall;
    this.#steady = steady;
    return wall;
  }
}
