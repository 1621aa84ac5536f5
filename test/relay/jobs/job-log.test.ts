import { expect, it } from 'vitest';
import type { Job } from '../../../src/model/job.js';
import { eventOf } from '../../../src/relay/jobs/job-log.js';
import { due, released } from '../../../src/relay/jobs/transitions.js';
import { claimNext, holder, submit } from '../../helpers/job-world.js';
import { RelayWorld } from '../../helpers/relay-world.js';

it.each(['codex', 'system'])('a job that %s gives back was released, and one that it loses was lost', async (agent) => {
  const world = new RelayWorld({ executors: ['codex'] });
  const { relay } = world.process();
  await submit(relay, 'alice', 'codex');
  const { job } = await claimNext(relay, { ...holder('codex') });
  // The worker of the lanes holds its jobs in the name of the system.
  const before: Job = { ...job, lease: { ...(job.lease as NonNullable<Job['lease']>), agent } };
  const now = world.clock.now();
  const given = released(before, before.token as NonNullable<Job['token']>, false, now);
  expect(eventOf({ before, after: given })).toMatchObject({ event: 'job.released', by: agent, attempt: 1 });
  const lost = due(before, now + 3_600_000) as Job;
  expect(eventOf({ before, after: lost })).toMatchObject({ event: 'job.lease_lost', by: agent, attempt: 1 });
  await world.close();
});
