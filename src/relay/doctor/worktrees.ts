/** Worktrees that jobs have left and nobody has looked at for long. */
import { isEnded, parseJob } from '../../model/job.js';
import { jobKey, worktreeKey } from '../keys.js';
import { DAY_MS, placeOf, type RelayCheck, unlessReplaced } from './subject.js';

const LONG_DAYS = 7;

export const forgottenWorktrees: RelayCheck = {
  code: 'worktree-forgotten',
  async run(subject) {
    const { jobs, clock, store } = subject.relay;
    let waiting = 0;
    for (const { job: id, at } of await unlessReplaced(() => jobs.worktrees.list(), [])) {
      if (clock.now() - Date.parse(at) < LONG_DAYS * DAY_MS) continue;
      // Not by a look at the job, which does what time has done.
      const value = (await unlessReplaced(() => store.readRecord(jobKey(id)), undefined))?.value;
      const job = value === undefined ? undefined : parseJob(value);
      if (value === undefined || (job !== undefined && isEnded(job.state))) waiting++;
    }
    if (waiting === 0) return [];
    const what = waiting === 1 ? '1 worktree of a job' : `${waiting} worktrees of jobs`;
    const message = `${what} that ended ${waiting === 1 ? 'waits' : 'wait'} for longer than ${LONG_DAYS} days. \`mcp-dispatch worktrees\` lists them; merge what you want, then \`mcp-dispatch worktrees remove <job> --discard\`.`;
    return [{ severity: 'note', path: placeOf(subject, worktreeKey()), message }];
  },
};
