/** The clock runs, jumps ahead or steps back; what has run its course is swept. */
import { deepStrictEqual } from 'node:assert/strict';
import * as fc from 'fast-check';
import { DAY, HOUR, MINUTE } from '../../relay-world.js';
import { command } from '../command.js';

// An agent that nobody served for 14 days is forgotten by "all", which is another test's matter.
const FARTHEST_MS = 13 * DAY;

export const clockStep = command({
  name: 'clockStep',
  given: fc.record({ ms: fc.constantFrom(1, 999, MINUTE, HOUR, DAY, 4 * DAY, -1, -MINUTE, -HOUR, -DAY) }),
  may: (post, { ms }) => Math.abs(post.now + ms - post.start) <= FARTHEST_MS,
  async run(post, office, { ms }) {
    office.world.clock.advance(ms);
    post.now += ms;
  },
});

export const sweep = command({
  name: 'sweep',
  given: fc.constant(undefined),
  async run(post, office) {
    deepStrictEqual(await office.observer.sweeper.sweep(), true);
    post.sweep();
  },
});
