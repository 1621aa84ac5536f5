/**
 * The relay does what a model of two hundred lines says, over commands at random on both stores. The seed is printed, and
 * with a failure the smallest counterexample that was found: MODEL_SEED does the same again; with MODEL_PATH and
 * MODEL_COMMANDS (`path` and `replayPath` of the failure) it does that counterexample alone. MODEL_RUNS is the number of runs.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFECTS } from '../helpers/model/defects.js';
import { relayFollowsModel } from '../helpers/model/run.js';

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH, MODEL_COMMANDS } = process.env;
const RUNS = Number(MODEL_RUNS ?? 2000);
const seed = Number(MODEL_SEED ?? Date.now() % 1_000_000_007);
// Far above what they need, so that a busy machine only makes them late.
const timeout = 60_000 + RUNS * 100;

console.log(`model test: MODEL_SEED=${seed}`);

describe.each([
  ['memory', Math.ceil(RUNS * 0.75)],
  ['filesystem', Math.ceil(RUNS * 0.25)],
] as const)('on the %s store', (adapter, numRuns) => {
  test('whatever happens, every message is in the one state that the model says', { timeout }, async () => {
    const replay = MODEL_PATH === undefined ? {} : { path: MODEL_PATH };
    await fc.assert(relayFollowsModel(adapter, MODEL_COMMANDS), { seed, numRuns, ...replay });
  });
});

test.each(DEFECTS)('a store that %s does not do what the model says', { timeout }, async (_, begin) => {
  const property = relayFollowsModel('memory', undefined, begin());
  const { failed, errorInstance } = await fc.check(property, { seed, numRuns: 2000, endOnFailure: true });
  // It is the comparison that failed, and not the program on the way there.
  expect([failed, errorInstance]).toEqual([true, expect.objectContaining({ code: 'ERR_ASSERTION' })]);
});
