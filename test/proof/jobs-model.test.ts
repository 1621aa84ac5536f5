/**
 * Jobs do what a model of a hundred lines says, over commands at random from several processes. JOBS_SEED, which is printed,
 * does the same again, and with JOBS_PATH and JOBS_COMMANDS (`path` and `replayPath` of a failure) the counterexample alone.
 * JOBS_RUNS is the number of runs.
 */
import * as fc from 'fast-check';
import { test } from 'vitest';
import { compareMail, JOB_COMMANDS } from '../helpers/jobs-commands.js';
import { JobsModel } from '../helpers/jobs-model.js';
import { RelayWorld } from '../helpers/relay-world.js';

const { JOBS_RUNS, JOBS_SEED, JOBS_PATH, JOBS_COMMANDS } = process.env;
const RUNS = Number(JOBS_RUNS ?? 300);
const seed = Number(JOBS_SEED ?? Date.now() % 1_000_000_007);
const replayed = JOBS_COMMANDS === undefined ? {} : { replayPath: JOBS_COMMANDS };

console.log(`model test of jobs: JOBS_SEED=${seed}`);

test('whatever happens, every job is in the state that the model says, and each end is told once', {
  timeout: 60_000 + RUNS * 200,
}, async () => {
  const sequence = fc.commands(JOB_COMMANDS, { maxCommands: 50, size: 'max', ...replayed });
  const property = fc.asyncProperty(sequence, async (chosen) => {
    const world = new RelayWorld();
    const relays = [1, 2, 3].map(() => world.process().relay);
    const office = { world, relays, onlooker: world.process().relay };
    const model = new JobsModel(world.clock.now());
    await fc.asyncModelRun(() => ({ model, real: office }), chosen);
    await compareMail(model, office);
    await world.close();
  });
  await fc.assert(property, { seed, numRuns: RUNS, ...(JOBS_PATH === undefined ? {} : { path: JOBS_PATH }) });
});
