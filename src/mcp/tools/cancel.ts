import * as z from 'zod/v4';
import { DispatchError } from '../../model/errors.js';
import { jobId, reason } from '../../model/job-draft.js';
import { readJob } from '../job-places.js';
import { isoOf } from '../shown-job.js';
import { defineTool } from '../tool.js';

export const cancel = defineTool({
  name: 'cancel',
  title: 'Cancel a job',
  description:
    'Cancels a job that you submitted. One that waits ends at once; the holder of one that runs is told when it renews. Returns state and cancel_requested. What you hold yourself is given back with settle.',
  input: () =>
    z.strictObject({
      job_id: jobId().describe('A job that you submitted.'),
      reason: reason().optional().describe('Why, in one line.'),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  searchHint: 'stop or withdraw a job, task or work',
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    const { id, from, lease } = await readJob(args.job_id, context);
    if (from !== session.agent) {
      const instead =
        lease?.agent === session.agent ? 'You hold it: settle it as failed or released.' : 'Leave it unclaimed.';
      const why = `Job ${id} is not yours to cancel: only its submitter can. ${instead} Nothing was changed.`;
      throw new DispatchError('NOT_ALLOWED', why, { job: id });
    }
    const job = await relay.jobs.cancel(id, session.agent, args.reason ?? null);
    reply.set('job_id', id).set('state', job.state);
    if (job.lease === null) return;
    reply
      .set('cancel_requested', true)
      .set('held_by', job.lease.agent)
      .set('lease_until', isoOf(job.lease.until))
      .set(
        'note',
        `Its holder hears of this when it renews, and may still complete it. If the lease ends first, ${job.write ? 'the job waits for a person, since it may have changed things' : 'the job is cancelled'}.`,
      );
  },
});
