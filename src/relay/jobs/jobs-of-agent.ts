/** What an agent has to do with jobs that are not over: for giving the agent up. */
import type { Job, JobState } from '../../model/job.js';
import type { Relay } from '../relay.js';

export interface JobsOfAgent {
  /** Jobs that wait for it under its own name, also those that a person is to approve of before. */
  readonly queued: readonly Job[];
  /** What it holds, also of a topic, until its lease ends. */
  readonly held: readonly Job[];
  /** Under its name, begun or done, until a person decides. */
  readonly parked: readonly Job[];
}

export async function openJobsOf({ jobs }: Pick<Relay, 'jobs'>, agent: string): Promise<JobsOfAgent> {
  const all = async (state: JobState, to?: string): Promise<Job[]> => {
    const found: Job[] = [];
    let cursor: string | undefined;
    do {
      const page = await jobs.list.page({ state, to, cursor, limit: 100 });
      found.push(...page.jobs);
      cursor = page.next;
    } while (cursor !== undefined);
    return found;
  };
  const reviewed = await all('needs_review', agent);
  const isDone = ({ review }: Job) => review?.when === 'after';
  return {
    queued: [...(await all('queued', agent)), ...reviewed.filter((job) => !isDone(job))],
    held: (await all('running')).filter(({ to, lease }) => to === agent || lease?.agent === agent),
    parked: [...(await all('needs_recovery', agent)), ...reviewed.filter(isDone)],
  };
}
