/** Whose business a job is, and whether anybody will take it up. */
import { kindOf } from '../model/address.js';
import { normalizeName } from '../model/agent-id.js';
import { type Job, takes } from '../model/job.js';
import { normalizeTarget, parseTopic } from '../model/topic.js';
import { notFound } from '../relay/jobs/job-table.js';
import { standingText } from '../relay/jobs/spawn-words.js';
import type { Relay } from '../relay/relay.js';
import type { ToolContext } from './tool.js';

type Asker = Pick<ToolContext, 'relay' | 'session'>;

/** The job, where it is the caller's business: it submitted it, it is for it or a topic of its, or it had a part in it. */
export async function findJob(id: string, { relay, session }: Asker): Promise<Job | undefined> {
  const job = await relay.jobs.look(id);
  if (job === undefined) return undefined;
  const { agent } = session;
  if (job.from === agent || job.to === agent || job.lease?.agent === agent) return job;
  if (job.history.some(({ by }) => by === agent)) return job;
  if (kindOf(job.to) !== 'topic') return undefined;
  return (await relay.topics.membership(parseTopic(job.to), agent)) === undefined ? undefined : job;
}

/** @throws DispatchError `NOT_FOUND`, the same for a job that is not there and one that is not the caller's business. */
export async function readJob(id: string, asker: Asker): Promise<Job> {
  const job = await findJob(id, asker);
  if (job === undefined) throw notFound(id);
  return job;
}

/** An address to compare with those of jobs. */
export function normalizeAddress(text: string): string {
  return text.includes('/') ? text.trim() : normalizeTarget(text);
}

/** An agent to compare with submitters. */
export const normalizeAgent = normalizeName;

export interface Prospects {
  /** How many live workers serve the address; undefined where sessions do its jobs. */
  readonly workers?: number;
  /** Why it may wait for long. */
  readonly note?: string;
}

/** Who will take up a job that waits. */
export async function prospectsOf(job: Job, { jobs }: Pick<Relay, 'jobs'>): Promise<Prospects> {
  const { to, write, worktree } = job;
  const kind = kindOf(to);
  if (kind === 'topic') return {};
  const serving = await jobs.workers.serving(to);
  const workers = serving.length;
  const forWorkers = workers > 0 || kind === 'lane' || jobs.executors.includes(to);
  if (!forWorkers) return {};
  const whose = kind === 'lane' ? '--lanes' : `--agent ${to}`;
  const start = (options: string) => `one: \`mcp-dispatch worker ${whose}${options}\``;
  const option = worktree ? ' --writes worktrees' : ' --allow-writes';
  if (workers === 0) {
    const alone = await autospawnNote(job, jobs);
    return {
      workers,
      note: alone ?? `No worker is alive. The job waits until a person starts ${start(write ? option : '')}.`,
    };
  }
  if (serving.some(({ writes }) => takes(writes, job))) return { workers };
  const note = `No live worker takes jobs that may write${worktree ? '' : ' outside of a worktree'}. The job waits until a person starts ${start(option)}.`;
  return { workers, note };
}

/** What this server does about it itself; undefined where it may do nothing. */
async function autospawnNote(job: Job, { autospawn }: Pick<Relay, 'jobs'>['jobs']): Promise<string | undefined> {
  const target = autospawn?.launch === undefined ? undefined : autospawn.targetOf(job.to);
  if (autospawn === undefined || target?.takes(job) !== true) return undefined;
  const told = await autospawn.standing(target).catch(() => undefined);
  if (told === undefined) return undefined;
  const { standing, spawns } = told;
  if (standing.state === 'starting' || standing.state === 'running') return 'A worker is being started.';
  if (standing.state === 'idle') return 'A worker is started when the job is free.';
  return `No worker is started now: ${standingText(standing, spawns)}. The operator's \`mcp-dispatch doctor\` tells more.`;
}
