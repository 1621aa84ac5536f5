/** Jobs in a relay in memory: submitters and holders that the test speaks for. */
import { DispatchError } from '../../src/model/errors.js';
import type { Job } from '../../src/model/job.js';
import type { Claim, Claimed } from '../../src/relay/jobs/claims.js';
import type { JobDraft } from '../../src/relay/jobs/submission.js';
import type { Holder } from '../../src/relay/jobs/transitions.js';
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import { claimAll } from './relay-world.js';

let sessions = 0;

/** A session of `agent` that need not be live. */
export function holder(agent: string): Holder {
  return { agent, session: `s${String(sessions++).padStart(19, '0')}` };
}

export async function submit(relay: Relay, from: string, to: string, draft: Partial<JobDraft> = {}): Promise<Job> {
  const { job } = await relay.jobs.submit(from, { to, task: { prompt: 'Do it.' }, ...draft });
  return job;
}

/** The next job of the holder's own name, which there must be. */
export async function claimNext(relay: Relay, who: Holder, claim: Partial<Claim> = {}): Promise<Claimed> {
  const claimed = await relay.jobs.claimNext(who, { addresses: [who.agent], ...claim });
  if (!('job' in claimed)) throw new Error(`there is nothing to claim for ${who.agent}`);
  return claimed;
}

/** The payloads of the mail about jobs that the agent has not read, and who says it; reads it. */
export async function jobMail(session: Session): Promise<{ from: string; state: string; content: string }[]> {
  const claim = await claimAll(session.inbox);
  await claim.commit();
  return claim.delivered.map(({ message }) => ({
    from: message.from,
    state: String(message.payload?.state),
    content: message.content,
  }));
}

/** What the promise rejects with, which must be one of our errors. */
export async function refusalOf(promise: Promise<unknown>): Promise<DispatchError> {
  const error = await promise.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );
  if (error instanceof DispatchError) return error;
  throw new Error(`not refused, but: ${error}`);
}

/** The code of its refusal; `nothing` where it was not refused. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing',
    (error: unknown) => (error instanceof DispatchError ? error.code : String(error)),
  );
}
