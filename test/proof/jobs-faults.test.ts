/**
 * System calls of every operation on jobs fail in turn, once and for good. Whatever fails: an answer holds, an error is a
 * typed one and says truly whether there was an effect, and when the fault is over the same process goes on and every job
 * comes to one end, told of once.
 *
 * Every second call meets one of the errors, once or for good, and every write is cut short; with FAULTS=all every call meets
 * every error. The call that failed stands in the message of a failure.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isDispatchError } from '../../src/model/errors.js';
import type { Relay } from '../../src/relay/relay.js';
import { actOnJobs, type PreparedJobs, prepareJobs } from '../helpers/job-faults.js';
import { violations, violationsAtRest } from '../helpers/job-ledger.js';
import { JOB_SCENARIOS, type JobScenario } from '../helpers/job-scenarios.js';
import { type Fault, SHORT_WRITES } from '../helpers/store-faults.js';

const ERRNOS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'];
const ERRORS = [...ERRNOS, ...SHORT_WRITES];
// Two turns for each of them: once, and for good.
const EVERY_SECOND = 2 * 2 * ERRNOS.length;
const RUNS_ALL = process.env.FAULTS === 'all';

const isShort = (errno: string) => SHORT_WRITES.some((known) => known === errno);

// The number of calls must not depend on how fast the machine is.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['hrtime', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a caller asked to be changed, as of all jobs. */
async function changesOf(relay: Relay): Promise<string> {
  const { jobs } = await relay.jobs.list.page({ limit: 1000 });
  return JSON.stringify(jobs.map(({ id, n, lease, cancel, result, error }) => [id, n, lease, cancel, result, error]));
}

async function attempt(scenario: JobScenario, prepared: PreparedJobs, before: string, fault: Fault): Promise<void> {
  const { world, stage, faulty, error } = await actOnJobs(scenario, prepared, fault);
  const hint = `${fault.errno}${fault.forGood ? ' for good' : ''} at call ${fault.at} (${faulty.struck})`;
  expect(faulty.struck, `${hint}: the fault was not met`).toBeDefined();
  expect([...faulty.open], `${hint}: descriptors left open`).toEqual([]);
  const onlooker = world.process().relay;
  if (error !== undefined) {
    expect(isDispatchError(error), `${hint}: ${error}`).toBe(true);
    expect(error, hint).toMatchObject({ data: { outcome: expect.stringMatching(/^(none|unknown)$/) } });
    const isNone = isDispatchError(error) && error.data.outcome === 'none' && scenario.isCall !== false;
    if (isNone) expect(await changesOf(onlooker), `${hint}: "none" was said`).toBe(before);
  }
  expect(await violations(onlooker, stage.ledger, stage.clock.now()), hint).toEqual([]);

  faulty.arm(undefined);
  if (scenario.isRepeated === true) {
    await scenario.run(stage);
    expect(stage.ledger.submitted.size, hint).toBe(prepared.ledger.submitted.size + 1);
  }
  expect(await violationsAtRest(stage.relay, stage.clock, stage.ledger), `${hint}: when it was over`).toEqual([]);
}

async function untouched(prepared: PreparedJobs): Promise<string> {
  if (prepared.image === undefined) return '[]';
  const { world } = await actOnJobs({ name: '', run: async () => {} }, prepared, undefined);
  return changesOf(world.process().relay);
}

describe.each(JOB_SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  const cases = ERRORS.flatMap((errno) => [
    { errno, forGood: false },
    { errno, forGood: true },
  ]);
  it('keeps every promise when a system call fails, once or for good', async () => {
    const prepared = await prepareJobs(scenario);
    const before = await untouched(prepared);
    for (const [turn, { errno, forGood }] of cases.entries()) {
      const places = prepared.calls.flatMap((name, at) => (isShort(errno) && name !== 'writeSync' ? [] : [at]));
      const isChosen = (index: number) => RUNS_ALL || isShort(errno) || index % EVERY_SECOND === 2 * turn;
      const chosen = places.filter((_each, index) => isChosen(index));
      expect(chosen.length).toBeGreaterThan(0);
      for (const at of chosen) {
        await attempt(scenario, prepared, before, { at, errno, forGood });
      }
    }
  });
});
