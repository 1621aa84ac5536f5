import { expect, it } from 'vitest';
import { forgottenWorktrees } from '../../../src/relay/doctor/worktrees.js';
import { claimNext, holder, submit } from '../../helpers/job-world.js';
import { DAY, RelayWorld } from '../../helpers/relay-world.js';

it('worktrees of ended jobs are found after a week, and those of jobs that are not over are not', async () => {
  const world = new RelayWorld({ executors: ['codex'] });
  const { relay } = world.process();
  const note = (job: string) => ({
    job,
    token: 1,
    repo: '/repo/.git',
    path: `/state/${job}`,
    branch: `mcp-dispatch/${job}`,
    base: 'a'.repeat(40),
    session: 's'.repeat(20),
    at: new Date(world.clock.now()).toISOString(),
    begun: true,
  });
  await world.session('alice');
  const done = await submit(relay, 'alice', 'codex', { write: true, worktree: true });
  const { token } = await claimNext(relay, holder('codex'));
  await relay.jobs.settle(done.id, token, { outcome: 'completed' });
  const parked = await submit(relay, 'alice', 'codex', { write: true, worktree: true });
  const second = await claimNext(relay, holder('codex'));
  await relay.jobs.settle(parked.id, second.token, { outcome: 'released' });
  for (const id of [done.id, parked.id]) await relay.jobs.worktrees.keep(note(id));
  const find = () => forgottenWorktrees.run({ relay } as never);
  world.clock.advance(6 * DAY);
  expect(await find()).toEqual([]);
  world.clock.advance(2 * DAY);
  expect(await find()).toMatchObject([
    { severity: 'note', message: expect.stringContaining('1 worktree of a job that ended waits') },
  ]);
  await world.close();
});
