import * as z from 'zod/v4';
import { threadId } from '../../model/draft.js';
import { isDispatchError } from '../../model/errors.js';
import { JOB_STATES, WRITES } from '../../model/job.js';
import { cursorOf } from '../../relay/jobs/job-list.js';
import { cursor } from '../arguments.js';
import { normalizeAddress, normalizeAgent } from '../job-places.js';
import { listedJob } from '../shown-job.js';
import { defineTool, type ToolContext } from '../tool.js';

const MOST_JOBS = 20;
// Of a first page; the rest is for the jobs.
const LANES_SHARE = 0.2;
const EXECUTORS_SHARE = 0.1;

export const jobs = defineTool({
  name: 'jobs',
  title: 'List jobs',
  description:
    'Lists jobs that you submitted, were given or may claim, newest first; poll shows one. The first page also has lanes, the repositories that take work, and executors, the agents whose jobs workers do.',
  input: () =>
    z.strictObject({
      state: z
        .enum(JOB_STATES, `must be one of ${JOB_STATES.join(', ')}`)
        .optional()
        .describe('Only jobs in this state.'),
      to: z.string('must be a string').optional().describe('Only jobs for this agent, "#topic", lane.'),
      from: z.string('must be a string').optional().describe('Only jobs of this submitter.'),
      thread_id: threadId().optional().describe('Only jobs of this thread.'),
      cursor: cursor(/^\d{13}\.job-[a-z0-9]{12}$/)
        .optional()
        .describe('next_cursor of the answer before.'),
    }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  searchHint: 'list work, tasks and jobs, lanes and executors',
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    if (args.cursor === undefined) await addPlaces(context);
    const page = await relay.jobs.list.page({
      of: { agent: session.agent, addresses: await relay.jobs.addressesOf(session.agent) },
      state: args.state,
      to: args.to === undefined ? undefined : normalizeAddress(args.to),
      from: args.from === undefined ? undefined : normalizeAgent(args.from),
      threadId: args.thread_id,
      cursor: args.cursor,
      limit: MOST_JOBS,
    });
    const list = reply.list('jobs');
    let next = page.next;
    for (const [index, job] of page.jobs.entries()) {
      const entry = listedJob(job, relay.clock.now());
      const before = page.jobs[index - 1];
      if (before !== undefined && !list.has(entry)) {
        next = cursorOf(before);
        break;
      }
      list.add(entry);
    }
    if (page.broken > 0) {
      const are = page.broken === 1 ? 'job cannot be understood and is' : 'jobs cannot be understood and are';
      reply.set('note', `${page.broken} ${are} left out; a person finds more with \`mcp-dispatch doctor\`.`);
    }
    if (list.length === 0) reply.setAlways('jobs', []);
    reply.setAlways('count', list.length).set('next_cursor', next);
  },
});

/** What work can be given to, beside agents in sessions. */
async function addPlaces({ relay, reply }: ToolContext): Promise<void> {
  const { jobs } = relay;
  try {
    const lanes = (await jobs.lanes?.list()) ?? [];
    reply.setBounded('lanes', lanes, 'lanes_more', Math.trunc(reply.maxBytes * LANES_SHARE));
  } catch (error) {
    // It takes no lane away from the jobs, and says what a submit would say.
    if (!isDispatchError(error, 'LANE_REFUSED')) throw error;
    reply.set('lanes_problem', error.message);
  }
  const executors: object[] = [];
  for (const agent of new Set([...jobs.executors, ...(await jobs.workers.agents())])) {
    const serving = await jobs.workers.serving(agent);
    if (serving.length === 0 && !jobs.executors.includes(agent)) continue;
    const writes = WRITES.findLast((each) => serving.some((worker) => worker.writes === each)) ?? 'none';
    executors.push({ agent, workers: serving.length, ...(writes === 'none' ? {} : { writes }) });
  }
  reply.setBounded('executors', executors, 'executors_more', Math.trunc(reply.maxBytes * EXECUTORS_SHARE));
}
