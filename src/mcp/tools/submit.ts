import * as z from 'zod/v4';
import { text, threadId, ttlSeconds, waitSeconds } from '../../model/draft.js';
import { isDispatchError } from '../../model/errors.js';
import { DEFAULT_ATTEMPTS } from '../../model/job.js';
import { maxAttempts, requestId, reviewReason, task } from '../../model/job-draft.js';
import type { Submitted } from '../../relay/jobs/submission.js';
import { prospectsOf } from '../job-places.js';
import { waitForJob } from '../job-waiting.js';
import { sayHowItEnded } from '../patience.js';
import { addJob, reviewNote } from '../shown-job.js';
import { defineTool, type ToolContext } from '../tool.js';

// A topic may have more members than a reply should spend on them.
const MEMBERS_SHARE = 0.1;

export const submit = defineTool({
  name: 'submit',
  title: 'Give work',
  description:
    'Gives work to an agent, to the first member of a "#topic" that claims it, or to a lane (a repository from jobs). It is stored durably, held by one at a time, and its end comes as mail. ' +
    'Returns job_id, state, deduped and, where workers do it, workers, the number alive. For words alone use dispatch; poll shows what became of it.',
  input: () =>
    z.strictObject({
      to: text('must be a string').describe('Agent id from who, "#topic", or a lane such as "acme/api".'),
      task: task().describe('JSON object with a "prompt", what to do, and any other fields.'),
      request_id: requestId().optional().describe('Any name: repeating the call with it makes no second job.'),
      thread_id: threadId().optional().describe('Thread of its mail. Default: none.'),
      write: z
        .boolean('must be true or false')
        .optional()
        .describe('true: it may change things; never run again unattended.'),
      worktree: z
        .boolean('must be true or false')
        .optional()
        .describe('With write: in a git worktree of its own; poll tells its branch.'),
      review: reviewReason().optional().describe('Why a person has to approve of it before it can be claimed.'),
      ttl: ttlSeconds().optional().describe('Seconds until it expires unclaimed. Default: 0, never.'),
      max_attempts: maxAttempts().optional().describe(`Claims until it fails. Default: ${DEFAULT_ATTEMPTS}.`),
      wait_seconds: waitSeconds()
        .optional()
        .describe('Wait up to this long for its end, then answer as poll. 0 to 240. Default: 0.'),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  alwaysLoad: false,
  searchHint: 'delegate work, give a job or task to an agent',
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    const submitted = await relay.jobs.submit(session.agent, {
      to: args.to,
      task: args.task,
      requestId: args.request_id,
      threadId: args.thread_id,
      write: args.write,
      worktree: args.worktree,
      ttl: args.ttl,
      maxAttempts: args.max_attempts,
      review: args.review,
    });
    const seconds = args.wait_seconds ?? 0;
    if (seconds > 0) return addWaited(submitted, seconds, context);
    const { job, deduped } = submitted;
    reply.set('job_id', job.id).set('state', job.state).set('to', job.to).setAlways('deduped', deduped);
    const { workers, note } = job.state === 'queued' ? await prospectsOf(job, relay) : {};
    if (workers !== undefined) reply.setAlways('workers', workers);
    addAudience(submitted, context);
    const notes = [reviewNote(job), submitted.neverSeen ? strangerNote(job.to) : note].filter(
      (one) => one !== undefined,
    );
    reply.set('note', notes.length === 0 ? undefined : notes.join(' '));
  },
});

/** Waits, and answers as `poll`. However the wait ends: what was made is made, and its id is not lost. */
async function addWaited(submitted: Submitted, seconds: number, context: ToolContext): Promise<void> {
  const { reply } = context;
  const { id, state } = submitted.job;
  reply.setAlways('deduped', submitted.deduped);
  const saying = `${id} is submitted; waiting for its end.`;
  try {
    const { job, waited } = await waitForJob(id, { seconds, saying, saidFirst: true }, context);
    sayHowItEnded(reply, waited);
    if (job === undefined) {
      reply.set('job_id', id).set('note', 'The relay was removed, and the job with it.');
      return;
    }
    if (job.state === 'queued') addAudience(submitted, context);
    await addJob(job, context);
    if (job.state === 'queued' && submitted.neverSeen) reply.set('note', strangerNote(job.to));
  } catch (error) {
    if (!isDispatchError(error, 'STORE_UNAVAILABLE') && !isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    reply
      .set('job_id', id)
      .set('state', state)
      .set('wait_ended', 'failed')
      .set('note', 'It is submitted, and cannot be looked at now; poll tells how it stands.');
  }
}

function addAudience({ notListening, listeningUnknown, cannotWake }: Submitted, { reply }: ToolContext): void {
  const share = Math.trunc(reply.maxBytes * MEMBERS_SHARE);
  reply.setBounded('not_listening', notListening, 'not_listening_more', share);
  reply.setBounded('listening_unknown', listeningUnknown, 'listening_unknown_more', share);
  reply.setBounded('cannot_wake', cannotWake, 'cannot_wake_more', share);
}

function strangerNote(agent: string): string {
  return `No session and no worker has ever served "${agent}" here. The job waits for one; if the name is a mistake, cancel it: who and jobs list what there is.`;
}
