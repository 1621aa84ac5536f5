/** Which jobs there are, newest first, a page at a time. */
import { addressSegment, isAddressSegment } from '../../model/address.js';
import type { Job, JobState } from '../../model/job.js';
import type { Store } from '../../store/store.js';
import { Breather } from '../breathing.js';
import { doneJobKey, openJobKey } from '../keys.js';
import { type JobName, parseJobName } from './job-name.js';
import { type JobTable, unlessBroken } from './job-table.js';

export interface JobQuery {
  /** Whose: what this agent has submitted, and what is addressed to `addresses`. Undefined for all there are. */
  readonly of?: { readonly agent: string; readonly addresses: readonly string[] } | undefined;
  readonly state?: JobState | undefined;
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly threadId?: string | undefined;
  /** As an earlier page gave it, or `cursorOf` the last job of it that was used. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
  /** How many were met whose record cannot be understood. Whose they are and what became of them is not known. */
  readonly broken: number;
}

// A filter that few jobs pass must not read thousands for one page; the next page goes on.
const MOST_READ = 500;
const OVER: ReadonlySet<JobState> = new Set(['completed', 'failed', 'cancelled', 'expired']);

export class JobList {
  constructor(
    private readonly store: Store,
    private readonly table: JobTable,
    private readonly look: (id: string) => Promise<Job | undefined>,
  ) {}

  async page(query: JobQuery): Promise<JobPage> {
    const names = await this.#names(query);
    const jobs: Job[] = [];
    let read = 0;
    let broken = 0;
    const breather = new Breather();
    let last: string | undefined;
    for (const { id, createdAt } of names) {
      const place = placeOf(createdAt, id);
      if (query.cursor !== undefined && place >= query.cursor) continue;
      if (jobs.length === query.limit || read === MOST_READ) return { jobs, next: last, broken };
      read++;
      await breather.step();
      last = place;
      const job = await unlessBroken(
        () => this.look(id),
        () => broken++,
      );
      if (job !== undefined && passes(job, query)) jobs.push(job);
    }
    return { jobs, next: undefined, broken };
  }

  /**
   * How many jobs wait before this one at its address, those that others hold not counted. Undefined for a job that does
   * not wait. Counted up to `limit`, among the 500 oldest there.
   */
  async position(job: Job, limit = 200): Promise<number | undefined> {
    if (job.state !== 'queued') return undefined;
    let before = 0;
    for (const { id } of (await this.table.open(job.to)).slice(0, MOST_READ)) {
      if (id === job.id || before === limit) return before;
      const other = await unlessBroken(() => this.table.read(id));
      if (other?.state === 'queued' && other.to === job.to) before++;
    }
    return before;
  }

  async #names({ of, state, from }: JobQuery): Promise<JobName[]> {
    const found = new Map<string, JobName>();
    const add = (names: readonly JobName[]) => {
      for (const name of names) found.set(name.id, name);
    };
    const segments =
      of === undefined
        ? [...new Set([...(await this.store.list(openJobKey())), ...(await this.store.list(doneJobKey()))])]
        : of.addresses.map(addressSegment);
    for (const segment of segments.filter(isAddressSegment)) {
      // What is open may be over by now, so it is looked at whatever was asked for.
      add(parsed(await this.store.list(openJobKey(segment))));
      if (state === undefined || OVER.has(state)) add(parsed(await this.store.list(doneJobKey(segment))));
    }
    if (of !== undefined && (from === undefined || from === of.agent)) add(await this.table.submittedBy(of.agent));
    return [...found.values()].sort((a, b) => (placeOf(a.createdAt, a.id) < placeOf(b.createdAt, b.id) ? 1 : -1));
  }
}

/** What a job must be to stand on a page. */
export type Filter = Pick<JobQuery, 'of' | 'state' | 'to' | 'from' | 'threadId'>;

function parsed(names: readonly string[]): JobName[] {
  return names.flatMap((name) => parseJobName(name) ?? []);
}

/** Where the page after this job begins. */
export function cursorOf({ created_at, id }: Pick<Job, 'created_at' | 'id'>): string {
  return placeOf(Date.parse(created_at), id);
}

function placeOf(createdAt: number, id: string): string {
  return `${String(createdAt).padStart(13, '0')}.${id}`;
}

export function passes(job: Job, { of, state, to, from, threadId }: Filter): boolean {
  if (of !== undefined && job.from !== of.agent && !of.addresses.includes(job.to)) return false;
  if (state !== undefined && job.state !== state) return false;
  if (to !== undefined && job.to !== to) return false;
  if (from !== undefined && job.from !== from) return false;
  return threadId === undefined || job.thread_id === threadId;
}
