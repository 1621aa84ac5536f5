/**
 * The power goes at every point of joining a topic, changing the role and leaving: a new process finds the membership as it
 * was last answered, or as the call that was cut off would have made it. And the check can fail: it does without the syncs.
 */
import { describe, expect, it } from 'vitest';
import type { Topics } from '../../src/relay/topics.js';
import { CrashRecorder } from '../helpers/crash-recording.js';
import { crashStates } from '../helpers/crash-states.js';
import { fingerprint, type ImageFolder } from '../helpers/disk-image.js';
import { DiskWorld } from '../helpers/disk-world.js';
import { posix } from '../helpers/store-relay.js';

// Thousands of small relays are made and opened.
const PATIENCE = { timeout: 240_000 };

/** Each call, and what is there once it has answered. */
const CALLS: readonly (readonly [(topics: Topics) => Promise<unknown>, string])[] = [
  [(topics) => topics.join('bob', 'build'), 'member'],
  [(topics) => topics.join('bob', 'build', 'reviewer'), 'member as reviewer'],
  [(topics) => topics.join('bob', 'build'), 'member as reviewer'],
  [(topics) => topics.leave('bob', 'build'), 'no member'],
  [(topics) => topics.join('bob', 'build', 'fixer'), 'member as fixer'],
];

async function stateOf(topics: Topics): Promise<string> {
  const membership = await topics.membership('build', 'bob');
  if (membership === undefined)
    return (await topics.listed('build')).length === 0 ? 'no member' : 'something that is no membership';
  return membership.role === undefined ? 'member' : `member as ${membership.role}`;
}

/** What a new process finds on a disk like that. */
async function foundIn(world: DiskWorld, tree: ImageFolder): Promise<string> {
  world.restore(tree);
  return stateOf(world.process().relay.topics);
}

/** What a new process finds to be wrong after any cut, and how many states the cuts left. */
async function wrongAfterCuts(durability: 'full' | 'process'): Promise<{ wrong: string[]; states: number }> {
  const world = new DiskWorld();
  const recorder = new CrashRecorder(world);
  const { relay } = world.process({ system: recorder.system, durability });
  recorder.start();
  const answered: { after: number; state: string; next: string }[] = [];
  let state = 'no member';
  for (const [call, then] of CALLS) {
    answered.push({ after: recorder.operations.length, state, next: then });
    await call(relay.topics);
    state = then;
  }
  answered.push({ after: recorder.operations.length, state, next: state });
  recorder.stop();

  const wrong: string[] = [];
  // Most cuts leave what an earlier one has left too.
  const seen = new Map<number, string>();
  let states = 0;
  for (let cut = 0; cut <= recorder.operations.length; cut++) {
    const last = answered.findLast(({ after }) => after <= cut);
    for (const tree of crashStates(recorder, cut, { renames: 'whole', sparse: true })) {
      states++;
      const print = fingerprint(tree);
      const found = seen.get(print) ?? (await foundIn(world, tree));
      seen.set(print, found);
      if (found !== last?.state && found !== last?.next)
        wrong.push(`after ${cut} operations: ${found}, and not ${last?.state}`);
    }
  }
  return { wrong, states };
}

// Windows has no sync of a folder to leave out.
describe.skipIf(!posix)('after a power cut', () => {
  it('at any point of joining and leaving, the membership is what was answered', PATIENCE, async () => {
    const { wrong, states } = await wrongAfterCuts('full');
    expect(wrong).toEqual([]);
    expect(states).toBeGreaterThan(800);
  });

  it('the check finds what is lost when nothing is synced', PATIENCE, async () => {
    expect((await wrongAfterCuts('process')).wrong.length).toBeGreaterThan(0);
  });
});
