import * as z from 'zod/v4';
import { DispatchError } from '../../model/errors.js';
import { anyJson, claimToken, errorText, jobId } from '../../model/job-draft.js';
import { assertOwnToken } from '../job-holder.js';
import { readJob } from '../job-places.js';
import { isoOf, parkedNote } from '../shown-job.js';
import { defineTool } from '../tool.js';

const OUTCOMES = ['completed', 'failed', 'released'] as const;

export const settle = defineTool({
  name: 'settle',
  title: 'End your work on a job',
  description:
    'Ends your hold on a claimed job: completed or failed, of which its submitter is told, or released, given back for another. Returns the new state. An error says where your lease has ended.',
  input: () =>
    z.strictObject({
      job_id: jobId().describe('The job that you claimed.'),
      token: claimToken().describe('From your claim.'),
      outcome: z.enum(OUTCOMES, `must be one of ${OUTCOMES.join(', ')}`).describe('What came of it.'),
      result: anyJson().optional().describe('What you found or did: text or JSON, at most 1 MB.'),
      error: errorText().optional().describe('Why it failed.'),
    }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  searchHint: 'report the result of a job, complete or fail it',
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    const { job_id, token, outcome, result, error } = args;
    if (outcome === 'released' && (result !== undefined || error !== undefined)) {
      const argument = result === undefined ? 'error' : 'result';
      const why = `settle: ${argument} goes with completed or failed; a released job has no outcome. Nothing was done.`;
      throw new DispatchError('INVALID_ARGUMENT', why, { argument });
    }
    assertOwnToken(await readJob(job_id, context), token, session.agent);
    const job = await relay.jobs.settle(job_id, token, { outcome, result, error });
    reply
      .set('job_id', job_id)
      .set('state', job.state)
      .set('free_at', job.not_before === null ? undefined : isoOf(job.not_before));
    if (job.state === 'needs_recovery') reply.set('note', parkedNote(job));
  },
});
