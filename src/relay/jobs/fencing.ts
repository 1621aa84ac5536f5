/** The one check of a fencing token: for renewing, completing, failing and releasing alike. */
import { DispatchError } from '../../model/errors.js';
import { isEnded, type Job, parseToken, type Token, waitsForPerson } from '../../model/job.js';

/** @throws DispatchError `INVALID_ARGUMENT` for what is no token at all. */
export function readToken(text: string, id: string): Token {
  const token = parseToken(text);
  if (token !== undefined) return token;
  const why = `token: this is no token of a job. The answer of claim has it, such as "1.k3j9x0q2m4abc5d6e7f8". Nothing of ${id} was changed.`;
  throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'token' });
}

/**
 * Passes for the newest token of a running job whose lease has not ended.
 * @throws DispatchError `ALREADY_FINISHED`, `HELD_BY_ANOTHER`, `LEASE_ENDED`; `NOT_ALLOWED` for a token that this job never had.
 */
export function checkToken(job: Job, token: Token, now: number): void {
  const { id, state } = job;
  const newest = job.token?.number ?? 0;
  const isForged = token.number > newest || (token.number === newest && token.nonce !== job.token?.nonce);
  if (isForged) {
    const why = `That token was never given out for job ${id}. Nothing was changed; claim(job_id="${id}") gives one where the job is free.`;
    throw new DispatchError('NOT_ALLOWED', why, { job: id });
  }
  if (isEnded(state)) throw alreadyFinished(job);
  if (token.number < newest && state === 'running') {
    const why = `Another holds job ${id} by now: your lease ended, and it was claimed again. Nothing was changed. Stop working on it; what you did is not its outcome.`;
    throw new DispatchError('HELD_BY_ANOTHER', why, { job: id });
  }
  if (token.number < newest || state !== 'running' || job.lease === null || job.lease.until <= now) {
    const then = waitsForPerson(job) ? 'it waits for a person' : `claim(job_id="${id}") takes it anew where it is free`;
    const why = `Your lease of job ${id} has ended. Nothing was changed. Stop working on it; ${then}.`;
    throw new DispatchError('LEASE_ENDED', why, { job: id, state });
  }
}

export function alreadyFinished({ id, state }: Job): DispatchError {
  const why = `Job ${id} is already finished: ${state}. Nothing was changed; poll(job_id="${id}") shows its outcome.`;
  return new DispatchError('ALREADY_FINISHED', why, { job: id, state });
}
