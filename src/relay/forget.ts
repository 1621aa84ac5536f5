/** Gives up an agent that nobody will serve again: its inbox, its topics, and its name among those that `all` reaches. */
import { HUMAN, listNames } from '../model/agent-id.js';
import { DispatchError, isDispatchError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Ending } from './endings.js';
import { openJobsOf } from './jobs/jobs-of-agent.js';
import { AGENTS, agentKey, endedKey, inboxKey, readKey, takenBy, takenKey } from './keys.js';
import { type Held, surveyMail } from './mailbox.js';
import type { Relay } from './relay.js';
import { wasShown } from './was-shown.js';

export interface Forgotten {
  readonly agent: string;
  /** What was given up with it; empty unless that was asked for. */
  readonly dropped: readonly Dropped[];
  /** Jobs that waited for it. */
  readonly cancelled: readonly string[];
  /** The topics that it was a member of, without their mark. */
  readonly topics: readonly string[];
}

export interface Dropped {
  readonly id: string;
  readonly from: string;
  readonly standing: Held['standing'];
}

/**
 * 1. Refuse for an agent that is live, or served by a worker; for one that holds a job, or whose work is parked, since that
 *    must not be decided by the way; and, without `drop`, for one with mail that has not expired, or jobs that wait for it.
 * 2. Set aside what is broken, as the agent's own session would: it is kept, in the quarantine.
 * 3. End every message: `refused`, or `expired` where it had. Never `acked`: nobody dealt with it.
 * 4. When each sender has its receipt, remove the folders, then its memberships, then the name.
 * Jobs that wait for it are cancelled before that, and their submitters told. Those that it has submitted go on.
 * Cut short anywhere, it can be done again; no message is gone without its receipt.
 *
 * @throws DispatchError `AGENT_IS_LIVE`, `INBOX_NOT_EMPTY`, `NOT_FOUND` before any effect; `STORE_UNAVAILABLE` when a message
 * could not be ended, or a receipt not be written, with the name kept; `INBOX_NOT_EMPTY` also when something is left at the end, with the name kept.
 */
export async function forgetAgent(relay: Relay, agent: string, { drop = false } = {}): Promise<Forgotten> {
  const { store, endings } = relay;
  await assertNotLive(relay, agent);
  const isThere = (await store.list('')).includes(agent) || (await store.list(AGENTS)).includes(agent);
  const { queued, held: holds, parked } = await openJobsOf(relay, agent);
  if (
    !isThere &&
    queued.length + holds.length + parked.length === 0 &&
    !(await relay.topics.areJoinedBy(agent)) &&
    !(await relay.slots.has(agent))
  ) {
    throw new DispatchError(
      'NOT_FOUND',
      `There is no agent ${agent} to forget: it has no inbox, is in no topic, and was never served.`,
      {
        id: agent,
      },
    );
  }
  const waiting = (await surveyMail(relay, agent)).filter(({ expired }) => !expired).length;
  if (holds.length > 0) throw hasJobs(agent, 'held', holds);
  if (parked.length > 0) throw hasJobs(agent, 'parked', parked);
  if (waiting > 0 && !drop) throw notEmpty(agent, waiting);
  if (queued.length > 0 && !drop) throw hasJobs(agent, 'queued', queued);
  const cancelled = await cancelAll(relay, queued, `${agent} was given up`);

  await relay.mail.scan(agent, true);
  const held = await surveyMail(relay, agent);
  // Looked at again as late as can be: a session that began meanwhile would show what is being given up.
  await assertNotLive(relay, agent);
  const ending: (Ending & Held)[] = [];
  for (const one of held) {
    const was = await wasShown(store, one.key, one.name);
    ending.push({ ...one, state: one.expired ? 'expired' : 'refused', was });
  }
  const ended = await endings.endOpen(agent, ending);
  const over = ending.filter((_, index) => ended[index]);
  await relay.events.note(
    ...over.map(({ expired, name: { id, from }, was }) => {
      return { event: expired ? ('expired' as const) : ('dropped' as const), id, from, to: agent, was };
    }),
  );
  if (!(await endings.finish(agent))) {
    const why = `The mail of ${agent} was given up, and the receipts for its senders cannot be written now. Forget it again later.`;
    throw new DispatchError('STORE_UNAVAILABLE', why, { outcome: 'unknown' });
  }
  await pruneFolders(relay, agent);
  const left = (await store.list(inboxKey(agent))).length;
  if (left > 0) {
    throw new DispatchError(
      'INBOX_NOT_EMPTY',
      `The inbox of ${agent} still holds something: mail that arrived just now, or files that are no mail. Look into ${agent}/ in ${store.location}, and forget it again.`,
      { agent, messages: left },
    );
  }
  const topics = await relay.topics.leaveAll(agent);
  await relay.slots.forget(agent);
  await store.remove(agentKey(agent));
  const dropped = over
    .filter(({ expired }) => !expired)
    .map(({ name, standing }) => ({ id: name.id, from: name.from, standing }));
  return { agent, dropped, cancelled, topics };
}

async function assertNotLive({ presence, jobs }: Relay, agent: string): Promise<void> {
  const isServed = (await jobs.workers.serving(agent)).length > 0;
  if (!isServed && !(await presence.isLive(agent))) return;
  const what = isServed ? `A worker does the jobs of ${agent}. Stop it` : `${agent} has a live session. Close it`;
  throw new DispatchError('AGENT_IS_LIVE', `${what} first; \`who\` shows where it runs.`, { agent });
}

const JOBS_THAT = {
  held: ['Held by', 'Wait until the lease ends, which `mcp-dispatch job show` tells; then forget it again.'],
  parked: [
    'Waiting for your word, and meant for',
    'Decide first, with `mcp-dispatch recover <job>` or `mcp-dispatch review`: `mcp-dispatch jobs` lists them.',
  ],
  queued: ['Waiting for', '`forget --drop` cancels them, and tells the submitters.'],
} as const;

function hasJobs(agent: string, which: keyof typeof JOBS_THAT, jobs: readonly Job[]): DispatchError {
  const [what, then] = JOBS_THAT[which];
  const ids = listNames(jobs.map(({ id }) => id));
  const data = { agent, jobs: jobs.length };
  return new DispatchError('INBOX_NOT_EMPTY', `${what} ${agent}: ${ids}. ${then} Nothing was done.`, data);
}

/** The ids of those that are over then; one that was claimed meanwhile is not. */
async function cancelAll({ jobs }: Relay, waiting: readonly Job[], why: string): Promise<string[]> {
  const cancelled: string[] = [];
  for (const { id } of waiting) {
    try {
      if ((await jobs.cancel(id, HUMAN, why)).state === 'cancelled') cancelled.push(id);
    } catch (error) {
      if (!isDispatchError(error, 'ALREADY_FINISHED') && !isDispatchError(error, 'NOT_FOUND')) throw error;
    }
  }
  return cancelled;
}

function notEmpty(agent: string, messages: number): DispatchError {
  const what = messages === 1 ? '1 message that is' : `${messages} messages that are`;
  return new DispatchError(
    'INBOX_NOT_EMPTY',
    `The mail of ${agent} holds ${what} not acknowledged. \`inbox ${agent}\` shows what; \`forget ${agent} --drop\` gives it up, and tells the senders that it was refused.`,
    { agent, messages },
  );
}

async function pruneFolders({ store }: Relay, agent: string): Promise<void> {
  for (const session of await store.list(takenKey(agent))) await store.prune(takenBy(agent, session));
  for (const folder of [takenKey(agent), readKey(agent), endedKey(agent), inboxKey(agent)]) await store.prune(folder);
}
