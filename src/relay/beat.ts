/**
 * The beat of a process: what it does now and then while nobody calls is done in one wake-up. Waking is most of what an idle
 * process costs, since everything it needs has left the caches of the processor meanwhile.
 */
import type { Clock } from '../model/clock.js';

const BEAT_MS = 10_000;
// A timer may fire a little early; the beat that it was for is not to be had twice.
const EARLY_MS = 50;

// Each process has its own: if all had one, all would wake at once.
const origins = new WeakMap<Clock, number>();

/** A beat is now: what is to fall together counts from here. */
export function beat(clock: Pick<Clock, 'now' | 'steady'>): void {
  origins.set(clock, clock.steady());
}

/** Milliseconds from now to the last beat within `ms`, which is 10 s or more; at most 50 ms more than `ms`. */
export function untilBeat(clock: Pick<Clock, 'now' | 'steady'>, ms: number): number {
  const now = clock.steady();
  const origin = origins.get(clock) ?? now;
  origins.set(clock, origin);
  const wait = origin + Math.floor((now - origin + ms) / BEAT_MS) * BEAT_MS - now;
  return wait < EARLY_MS ? wait + BEAT_MS : wait;
}
