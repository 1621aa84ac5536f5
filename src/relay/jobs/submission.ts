/** Submits: makes one job of what was asked for, however often and from how many processes it is asked for. */
import { addressSegment, parseAddress } from '../../model/address.js';
import { SYSTEM } from '../../model/agent-id.js';
import { MAX_TIME_MS } from '../../model/clock.js';
import { digestOfJson } from '../../model/digest.js';
import { DispatchError, isDispatchError } from '../../model/errors.js';
import { newJobId } from '../../model/ids.js';
import { DEFAULT_ATTEMPTS, type Job, type Task } from '../../model/job.js';
import { utf8Bytes } from '../../model/text.js';
import { jobChannel } from '../keys.js';
import type { Audience } from '../listening.js';
import type { Relay } from '../relay.js';
import type { JobChanges } from './job-changes.js';
import { refusedTarget } from './job-events.js';
import { reviewAsked } from './job-log.js';
import type { JobMail } from './job-mail.js';
import { isOver, JobRequest, type Reserved } from './job-request.js';
import type { JobTable } from './job-table.js';
import type { LaneList } from './lane-list.js';
import type { Workers } from './workers.js';

/** What a submitter asks for; each field checked by model/job-draft.ts. */
export interface JobDraft {
  readonly to: string;
  readonly task: Task;
  readonly requestId?: string | undefined;
  readonly threadId?: string | undefined;
  readonly write?: boolean | undefined;
  /** Whether that is done in a git worktree of its own; goes with `write`. */
  readonly worktree?: boolean | undefined;
  /** Seconds; 0 is never. @default 0 */
  readonly ttl?: number | undefined;
  readonly maxAttempts?: number | undefined;
  /** Why a person is to approve of it before anybody may claim it. */
  readonly review?: string | undefined;
}

export interface Submitted extends Audience {
  readonly job: Job;
  /** True when the job was there before, under this request id. */
  readonly deduped: boolean;
  /** How many live workers serve the address; undefined for one that no worker ever served, as far as is known here. */
  readonly workers: number | undefined;
  /** True when no session and no worker ever served the agent, as far as the relay knows. */
  readonly neverSeen: boolean;
}

/** Whom a job is for. */
interface Assignment {
  /** As the job says it. */
  readonly to: string;
  /** Agents that are told by mail; empty where workers do it. */
  readonly assignees: readonly string[];
  readonly workers: number | undefined;
}

const NOBODY: Audience = { notListening: [], listeningUnknown: [], cannotWake: [] };
const MOST_LANE_TASK = 8000;

export interface SubmissionOptions {
  /** Bytes of a task as JSON. */
  readonly maxTaskBytes: number;
  /** Names that the operator has written an executor for: workers do their jobs. */
  readonly executors: readonly string[];
  readonly lanes: LaneList | undefined;
}

type Parts = Pick<Relay, 'store' | 'clock' | 'agents' | 'listeners' | 'events' | 'limits'>;

export class Submission {
  #newest = 0;

  constructor(
    private readonly relay: Parts,
    private readonly table: JobTable,
    private readonly mail: JobMail,
    private readonly workers: Workers,
    private readonly changes: Pick<JobChanges, 'look' | 'tellOfWaiting'>,
    private readonly options: SubmissionOptions,
  ) {}

  /**
   * A new job, queued (or waiting for a review) and durable when this returns, or the one that was made of the same request. Its assignees are told
   * by mail, workers by their bell.
   * @throws DispatchError `INVALID_ARGUMENT`, `INVALID_AGENT_ID`, `MESSAGE_TOO_LARGE`, `UNKNOWN_TARGET`, `NO_RECIPIENT`,
   * `LANE_REFUSED`, `RATE_LIMITED`, `INBOX_FULL`, with nothing made; `REQUEST_CONFLICT`; `STORE_UNAVAILABLE`: then the same
   * call can be made again, which makes no second job where it has a request id.
   */
  async submit(from: string, draft: JobDraft): Promise<Submitted> {
    try {
      return await this.#submit(from, draft);
    } catch (error) {
      // Refused, and no doubt about it.
      if (isDispatchError(error) && error.code !== 'STORE_UNAVAILABLE') {
        const to = refusedTarget(draft.to);
        await this.relay.events.audit({ event: 'job.refused', from, to, why: error.code }).catch(() => {});
      }
      throw error;
    }
  }

  async #submit(from: string, draft: JobDraft): Promise<Submitted> {
    const address = parseAddress(draft.to);
    if (address.text === from) {
      const why = `to: ${from} is you. A job is for another; name an agent, a "#topic" or a lane.`;
      throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'to' });
    }
    if (draft.worktree && !draft.write) {
      const why = 'worktree: it goes with write. A job that changes nothing needs no worktree. Nothing was made.';
      throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'worktree' });
    }
    const digest = digestOf(address.text, draft);
    const request = draft.requestId === undefined ? undefined : new JobRequest(this.relay.store, from, draft.requestId);
    const first = await request?.find();
    if (first !== undefined) return this.#again(from, draft, address.text, first, digest, request);
    return this.#submitNew(from, draft, digest, request);
  }

  async #submitNew(from: string, draft: JobDraft, digest: string, request: JobRequest | undefined): Promise<Submitted> {
    const now = this.relay.clock.now();
    const bytes = this.#checkedBytes(draft, now);
    const { to, assignees, workers } = await this.#assign(draft, from);
    // An offer counts as the message that it is.
    const isOffered = assignees.length > 0 && draft.review === undefined;
    const recipients = isOffered ? assignees : [SYSTEM];
    const admission = await this.relay.limits.admit({ from, recipients, bytes, threadId: draft.threadId ?? null });
    let made: Submitted | undefined;
    try {
      const wanted = { id: newJobId(), created_at: this.#createdAt(now), digest };
      const reserved = (await request?.reserve(wanted)) ?? wanted;
      if (reserved.id !== wanted.id) return await this.#again(from, draft, to, reserved, digest, request);
      const job = newJob(from, to, draft, reserved, assignees.length > 0);
      if (!(await this.table.create(job))) return await this.#again(from, draft, to, reserved, digest, request);
      made = await this.#announce(job, assignees, workers);
      return made;
    } finally {
      admission.settle('', made === undefined || isOffered ? [] : recipients);
      await admission.followUp();
    }
  }

  /** The job that an earlier submit made under the request id, or was about to make when it was killed. */
  async #again(
    from: string,
    draft: JobDraft,
    to: string,
    reserved: Reserved,
    digest: string,
    request: JobRequest | undefined,
  ): Promise<Submitted> {
    if (reserved.digest !== digest) {
      const why = `This request_id stands for another job, ${reserved.id}. Nothing was made. For a new job use a new request_id; to ask for that one again, repeat its to, task, write, worktree and review.`;
      throw new DispatchError('REQUEST_CONFLICT', why, { job: reserved.id });
    }
    // It also tells whom a submitter that was killed did not get to tell.
    const job = await this.changes.look(reserved.id);
    if (job !== undefined) {
      // Whoever made it may have been killed before it was synced, and this answer promises it all the same.
      await this.table.read(reserved.id, { durable: true });
      return { job, deduped: true, workers: undefined, neverSeen: false, ...NOBODY };
    }
    // So old, it is of a job that was never made or is being forgotten just now, and must not be brought back.
    if (isOver(reserved, this.relay.clock.now())) {
      await request?.forget(reserved.id);
      return this.#submitNew(from, draft, digest, request);
    }
    const assignment = await this.#assign(draft, from);
    const made = newJob(from, assignment.to, draft, reserved, assignment.assignees.length > 0);
    if (!(await this.table.create(made))) return this.#again(from, draft, to, reserved, digest, request);
    return { ...(await this.#announce(made, assignment.assignees, assignment.workers)), deduped: true };
  }

  async #announce(job: Job, assignees: readonly string[], workers: number | undefined): Promise<Submitted> {
    const { id, from, to, write } = job;
    // The deed stands, noted or not.
    await this.relay.events.audit({ event: 'job.submitted', job: id, from, to, write }).catch(() => {});
    if (job.review?.when === 'before') await this.relay.events.audit(reviewAsked(job)).catch(() => {});
    this.changes.tellOfWaiting(job);
    await this.relay.store.ring(jobChannel(addressSegment(to)));
    const told = await this.mail
      .deliver(job)
      .then((delivered) => this.table.anchor(delivered))
      .catch(() => job);
    const audience = await this.relay.listeners.audienceOf(assignees, { urgent: false, direct: true });
    return { job: told, deduped: false, workers, neverSeen: await this.#isStranger(to, assignees), ...audience };
  }

  /** @throws DispatchError where there is nobody that it could be for. */
  async #assign({ to, task }: JobDraft, from: string): Promise<Assignment> {
    const address = parseAddress(to);
    if (address.kind === 'lane') {
      if (task.prompt.length > MOST_LANE_TASK) {
        const why = `task: the prompt for a lane may have at most ${MOST_LANE_TASK} characters; this one has ${task.prompt.length}. Nothing was made. Write it to a file of the repository and name that.`;
        throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'task' });
      }
      if (this.options.lanes === undefined) {
        const why = `${JSON.stringify(address.text)} would be a lane, and no lanes are configured here: only the operator can allow them, in [lanes]. Nothing was made.`;
        throw new DispatchError('LANE_REFUSED', why, { known: [] });
      }
      const lane = await this.options.lanes.resolve(address.text);
      const name = `${lane.org}/${lane.repo}`;
      return { to: name, assignees: [], workers: (await this.workers.serving(name)).length };
    }
    if (address.kind === 'agent') {
      const workers = (await this.workers.serving(address.text)).length;
      if (workers > 0 || this.options.executors.includes(address.text))
        return { to: address.text, assignees: [], workers };
    }
    const { recipients } = await this.relay.agents.resolve(address.text, from);
    return { to: address.text, assignees: recipients, workers: undefined };
  }

  /** Grows with each job, so that those of one submitter are taken in the order of submitting. */
  #createdAt(now: number): string {
    this.#newest = Math.max(now, this.#newest + 1);
    return new Date(this.#newest).toISOString();
  }

  #checkedBytes({ task, ttl = 0 }: JobDraft, now: number): number {
    const bytes = utf8Bytes(JSON.stringify(task));
    const { maxTaskBytes } = this.options;
    if (bytes > maxTaskBytes) {
      const why = `The task takes ${bytes} bytes as JSON, the limit is ${maxTaskBytes}. Nothing was made. Shorten the prompt, or write it to a file and name that.`;
      throw new DispatchError('MESSAGE_TOO_LARGE', why, { bytes, maxBytes: maxTaskBytes });
    }
    if (now + ttl * 1000 > MAX_TIME_MS) {
      const why = `ttl ${ttl} ends after the year 9999. Give seconds, or 0 for a job that never expires. Nothing was made.`;
      throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'ttl' });
    }
    return bytes;
  }

  async #isStranger(to: string, assignees: readonly string[]): Promise<boolean> {
    if (this.relay.agents.roster !== undefined || assignees[0] !== to) return false;
    return (await this.relay.agents.servedAt(to).catch(() => 0)) === undefined;
  }
}

/** Of what is asked for; what an older version knows nothing of only where it is there, so that its digests go on to count. */
function digestOf(to: string, { task, write = false, worktree = false, review }: JobDraft): string {
  return digestOfJson([
    to,
    task,
    write,
    ...(worktree ? ['worktree'] : []),
    ...(review === undefined ? [] : [{ review }]),
  ]);
}

function newJob(from: string, to: string, draft: JobDraft, { id, created_at }: Reserved, isTold: boolean): Job {
  const { review } = draft;
  const state = review === undefined ? 'queued' : 'needs_review';
  return {
    id,
    from,
    to,
    task: draft.task,
    request_id: draft.requestId ?? null,
    thread_id: draft.threadId ?? null,
    offered: isTold,
    write: draft.write ?? false,
    worktree: draft.worktree ?? false,
    state,
    attempts: 0,
    max_attempts: draft.maxAttempts ?? DEFAULT_ATTEMPTS,
    token: null,
    lease: null,
    not_before: null,
    ttl: draft.ttl ?? 0,
    created_at,
    updated_at: created_at,
    ended_at: null,
    cancel: null,
    review: review === undefined ? null : { when: 'before', reason: review, asked_by: from, asked_at: created_at },
    result: null,
    error: null,
    outcome_bytes: null,
    outcome_name: null,
    n: 1,
    history: [{ n: 1, at: created_at, state, by: from }],
    owed: isTold && state === 'queued' ? [{ n: 1, from, to: 'assignees', state: 'queued' }] : [],
    audit: [],
  };
}
