/** A token is its agent's: one that another agent came by holds nothing. */
import { DispatchError } from '../model/errors.js';
import { formatToken, type Job } from '../model/job.js';

/**
 * That whoever holds an old token, or one of nobody's, is refused is for the core to say.
 * @throws DispatchError `NOT_ALLOWED` for the token by which another agent holds the job.
 */
export function assertOwnToken({ id, token, lease }: Job, given: string, agent: string): void {
  if (lease === null || lease.agent === agent || token === null || formatToken(token) !== given) return;
  const why = `Another agent holds job ${id} by this token. Nothing was changed; a token is for the agent that claimed.`;
  throw new DispatchError('NOT_ALLOWED', why, { job: id });
}
