import * as z from 'zod/v4';
import { DispatchError } from '../../model/errors.js';
import { DEFAULT_LEASE_SECONDS, type Job, MOST_LEASE_SECONDS } from '../../model/job.js';
import { claimToken, jobId, leaseSeconds, outcomeOffset } from '../../model/job-draft.js';
import { assertOwnToken } from '../job-holder.js';
import { readJob } from '../job-places.js';
import { addPaged } from '../paged.js';
import { isoOf } from '../shown-job.js';
import { defineTool, type ToolContext } from '../tool.js';

const WRITES =
  'This job may change things. It is never run again unattended: if your lease ends before you settle it, or you release it, it waits for a person.';

// Nobody makes it for an agent in a session: what it writes where is up to its own tools.
const IN_A_WORKTREE =
  'Its submitter wants the changes in a git worktree of their own, on a new branch: make one, and name its path and branch in the result.';

export const claim = defineTool({
  name: 'claim',
  title: 'Take a job',
  description:
    'Takes a job for you or a topic of yours: returns found, job_id, task, token (proof that you hold it), attempt, write, and lease_until, before which nobody else gets it. ' +
    'With job_id and token it renews the lease, also after a restart, and says cancel_requested when the submitter wants it no more. settle ends it; jobs lists without taking.',
  input: () =>
    z.strictObject({
      job_id: jobId().optional().describe('Default: the oldest that is free.'),
      lease_seconds: leaseSeconds()
        .optional()
        .describe(`From now, 1 to ${MOST_LEASE_SECONDS}. Default: ${DEFAULT_LEASE_SECONDS}, or as before.`),
      token: claimToken().optional().describe('With job_id: from your claim, to renew.'),
      offset: outcomeOffset().optional().describe('With token: show the task too, from this byte on.'),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  alwaysLoad: false,
  searchHint: 'take over a job, task or work that waits for me',
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    const { job_id, token, offset } = args;
    assertTogether('token', token, 'job_id', job_id);
    assertTogether('offset', offset, 'token', token);
    const holder = { agent: session.agent, session: session.id };
    const found = job_id === undefined ? undefined : await readJob(job_id, context);
    const isHeld = found?.lease?.session === session.id;
    if (found !== undefined && token !== undefined) {
      assertOwnToken(found, token, session.agent);
      // One who only asks whether it is still wanted does not mean to hold it for less long than before.
      const seconds = args.lease_seconds ?? found.lease?.seconds;
      const job = await relay.jobs.renew(found.id, token, holder, seconds);
      addLease(job, token, context);
      reply.set('renewed', true);
      if (offset !== undefined) addTask(job, context, offset);
      return;
    }
    const wanted = {
      addresses: await relay.jobs.addressesOf(session.agent),
      leaseSeconds: args.lease_seconds ?? (isHeld ? found.lease?.seconds : undefined),
    };
    if (found !== undefined) {
      return addClaimed(await relay.jobs.claim(found.id, holder, wanted), isHeld, context);
    }
    const claimed = await relay.jobs.claimNext(holder, wanted);
    if ('job' in claimed) return addClaimed(claimed, false, context);
    const { againAt } = claimed;
    reply
      .setAlways('found', false)
      .set('again_at', againAt === undefined ? undefined : isoOf(Math.max(againAt, relay.clock.now())))
      .set(
        'note',
        againAt === undefined
          ? 'No job is free for you. A new one comes with mail.'
          : 'No job is free for you now. One that others hold, or that was given back, may be at again_at; a new one comes with mail.',
      );
  },
});

function addClaimed({ job, token }: { job: Job; token: string }, isHeld: boolean, context: ToolContext): void {
  const { relay, reply } = context;
  if (!isHeld) {
    reply.whenDropped(() => relay.jobs.giveBack({ job, token }));
  }
  addLease(job, token, context);
  addTask(job, context, 0);
}

function addLease(job: Job, token: string, { reply }: ToolContext): void {
  const { lease, cancel } = job;
  reply
    .setAlways('found', true)
    .set('job_id', job.id)
    .set('token', token)
    .set('from', job.from)
    .set('to', job.to)
    .set('thread_id', job.thread_id)
    .set('attempt', job.attempts)
    .set('max_attempts', job.max_attempts)
    .set('lease_until', lease === null ? undefined : isoOf(lease.until))
    .set('lease_seconds', lease?.seconds)
    .set('cancel_requested', cancel !== null)
    .set('cancel_reason', cancel?.reason)
    .set('write', job.write)
    .set('worktree', job.worktree)
    .set('note', job.write ? (job.worktree ? `${IN_A_WORKTREE} ${WRITES}` : WRITES) : undefined);
}

/** Whole, or the prompt first and what else there is behind it. */
function addTask({ task }: Job, { reply }: ToolContext, offset: number): void {
  if (offset === 0 && reply.fits('task', task)) {
    reply.set('task', task);
    return;
  }
  const { prompt, ...fields } = task;
  const others = Object.keys(fields).length === 0 ? null : fields;
  addPaged(
    reply,
    'task',
    [
      { name: 'prompt', value: prompt },
      { name: 'fields', value: others },
    ],
    offset,
  );
}

function assertTogether(argument: string, value: unknown, other: string, there: unknown): void {
  if (value === undefined || there !== undefined) return;
  throw new DispatchError('INVALID_ARGUMENT', `claim: ${argument} goes with ${other}. Nothing was done.`, { argument });
}
