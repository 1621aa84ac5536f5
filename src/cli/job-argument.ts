/** The job that a command is about. Its id is given whole: half of one that is copied from a list saves nothing. */
import { DispatchError } from '../model/errors.js';
import { isEnded, type Job } from '../model/job.js';
import { jobId } from '../model/job-draft.js';
import { forTerminal } from '../model/text.js';
import type { Relay } from '../relay/relay.js';

/** @throws DispatchError `INVALID_ARGUMENT`. */
export function parseJobId(command: string, text: string): string {
  const judged = jobId().safeParse(text);
  if (judged.success) return judged.data;
  const problem = judged.error.issues[0]?.message ?? 'is not valid';
  throw new DispatchError('INVALID_ARGUMENT', `${command}: the id ${problem}. Nothing was done.`, { argument: 'job' });
}

/** @throws DispatchError `NOT_FOUND`, and `STORE_UNAVAILABLE` for a record that cannot be understood. */
export async function readJob(relay: Relay, id: string): Promise<Job> {
  const job = await relay.jobs.look(id);
  if (job !== undefined) return job;
  const where = forTerminal(relay.store.location, 500);
  const why = `There is no job ${id} in ${where}. Jobs that ended are kept for 7 days; \`mcp-dispatch jobs\` lists those there are. For another relay set MCP_DISPATCH_DIR.`;
  throw new DispatchError('NOT_FOUND', why, { id });
}

/** @throws DispatchError `ALREADY_FINISHED`, for a person: the tools say it for agents. */
export function assertOpen({ id, state }: Job): void {
  if (!isEnded(state)) return;
  const why = `Job ${id} is over: ${state}. Nothing was changed; \`mcp-dispatch job show ${id}\` shows its outcome.`;
  throw new DispatchError('ALREADY_FINISHED', why, { job: id, state });
}
