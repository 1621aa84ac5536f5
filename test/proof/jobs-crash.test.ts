/**
 * A process is killed before each system call of each operation on jobs that changes anything, and another one goes on: no job is lost, none is
 * done twice, what was answered stays, owed mail arrives once, and of what is left over the next sweeps leave nothing.
 */
import { describe, expect, it } from 'vitest';
import { actOnJobs, prepareJobs } from '../helpers/job-faults.js';
import { unnamedForPerson, violations, violationsAtRest } from '../helpers/job-ledger.js';
import { JOB_SCENARIOS } from '../helpers/job-scenarios.js';

// From the call on nothing that the process does has an effect, as when it is gone.
const KILLED = 'EKILLED';

describe.each(JOB_SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  it('is cut off by kill -9 at any step, and no job is lost, done twice or told of twice', async () => {
    const prepared = await prepareJobs(scenario);
    expect(prepared.changing.length).toBeGreaterThan(3);
    // What only looks leaves the disk as it was, so the cuts are before what changes it, and behind the last.
    for (const at of [...prepared.changing, prepared.calls.length]) {
      const fault = { at, errno: KILLED, forGood: true };
      const { world, stage, faulty } = await actOnJobs(scenario, prepared, fault);
      const { relay } = world.process();
      const hint = `killed before call ${at}, ${faulty.struck}`;
      expect(await violations(relay, stage.ledger, stage.clock.now()), hint).toEqual([]);
      expect(await unnamedForPerson(relay), hint).toEqual([]);
      if (scenario.isRepeated === true) {
        await scenario.run({ ...stage, relay });
        const { jobs } = await relay.jobs.list.page({ limit: 1000 });
        const same = jobs.filter(({ request_id }) => request_id !== null);
        expect(
          same.map(({ id }) => stage.ledger.submitted.has(id)),
          hint,
        ).toEqual([true]);
      }
      expect(await violationsAtRest(relay, stage.clock, stage.ledger), hint).toEqual([]);
    }
  });
});
