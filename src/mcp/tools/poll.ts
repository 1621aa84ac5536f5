import * as z from 'zod/v4';
import { waitSeconds } from '../../model/draft.js';
import { jobId, outcomeOffset } from '../../model/job-draft.js';
import { findJob } from '../job-places.js';
import { isSettled, waitForJob } from '../job-waiting.js';
import { sayHowItEnded } from '../patience.js';
import { addJob } from '../shown-job.js';
import { defineTool } from '../tool.js';

export const poll = defineTool({
  name: 'poll',
  title: 'Look at a job',
  description:
    'Shows one job that you submitted or were given: found, state, attempts, result, error, queue_position (1 is next), held_by, lease_until. ' +
    'What is too long comes as result_part or error_part, with next_offset. jobs lists them.',
  input: () =>
    z.strictObject({
      job_id: jobId().describe('From submit, jobs or mail.'),
      wait_seconds: waitSeconds()
        .optional()
        .describe('Wait up to this long until it has ended or needs a person. 0 to 240. Default: 0.'),
      offset: outcomeOffset().optional().describe('Show error and result from this byte on, a next_offset.'),
    }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  searchHint: 'status and result of a job or work given away',
  piggyback: true,

  async handle(args, context) {
    const { reply } = context;
    let job = await findJob(args.job_id, context);
    const seconds = args.wait_seconds ?? 0;
    if (job !== undefined && seconds > 0 && !isSettled(job)) {
      const saying = `${job.id} is ${job.state}; waiting for its end.`;
      const waited = await waitForJob(job.id, { seconds, saying }, context);
      job = waited.job;
      sayHowItEnded(reply, waited.waited);
    }
    reply.setAlways('found', job !== undefined);
    if (job === undefined) reply.set('job_id', args.job_id);
    else await addJob(job, context, args.offset);
  },
});
