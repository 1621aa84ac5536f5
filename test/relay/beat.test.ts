import { describe, expect, it } from 'vitest';
import { beat, untilBeat } from '../../src/relay/beat.js';
import { TestClock } from '../helpers/relay-world.js';

describe('the beat of a process', () => {
  it('brings what is done every 10 s and every 30 s together, whenever it began', () => {
    for (const late of [0, 1234, 9949]) {
      const begun = new TestClock();
      untilBeat(begun, 10_000);
      begun.advance(late);
      expect(late + untilBeat(begun, 10_000)).toBe(10_000);
      expect(late + untilBeat(begun, 30_000)).toBe(30_000);
    }
  });

  it('counts from where it was said to be', () => {
    const clock = new TestClock();
    untilBeat(clock, 10_000);
    clock.advance(4000);
    beat(clock);
    clock.advance(1000);
    expect(untilBeat(clock, 10_000)).toBe(9000);
  });

  it('is not had twice when a timer fires a little early', () => {
    const clock = new TestClock();
    untilBeat(clock, 10_000);
    clock.advance(9999.5);
    expect(untilBeat(clock, 10_000)).toBe(10_000.5);
  });
});
