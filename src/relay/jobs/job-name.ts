/**
 * Names of jobs in the listings of an address or a submitter: `<13-digit milliseconds of its making>.<job id>`, and for one
 * that is over `.<13-digit milliseconds of its end>` behind it. Sorted by name they are sorted by time. Among those that wait for
 * a person the time is that since when it does.
 */
import { isJobId } from '../../model/ids.js';
import { type Job, waitsForPerson } from '../../model/job.js';

export interface JobName {
  readonly name: string;
  readonly id: string;
  readonly createdAt: number;
  /** Undefined for one that is open. */
  readonly endedAt: number | undefined;
}

export function openName({ created_at, id }: Pick<Job, 'created_at' | 'id'>): string {
  return `${digits(Date.parse(created_at))}.${id}`;
}

export function doneName(job: Job): string {
  return `${openName(job)}.${digits(Date.parse(job.ended_at ?? job.updated_at))}`;
}

/** Its name among those that wait for a person; undefined for one that does not. The same until a person has decided. */
export function personName(job: Job): string | undefined {
  if (!waitsForPerson(job)) return undefined;
  return openName({ created_at: waitingSince(job), id: job.id });
}

/** ISO 8601, UTC: since when it waits for a person, of a job that does. */
export function waitingSince({ history, created_at }: Pick<Job, 'history' | 'created_at'>): string {
  return history.at(-1)?.at ?? created_at;
}

/** Undefined for what is no such name. */
export function parseJobName(name: string): JobName | undefined {
  const [, created, id = '', ended] = /^(\d{13})\.([a-z0-9-]+)(?:\.(\d{13}))?$/.exec(name) ?? [];
  if (!isJobId(id)) return undefined;
  return { name, id, createdAt: Number(created), endedAt: ended === undefined ? undefined : Number(ended) };
}

function digits(ms: number): string {
  return String(Math.max(0, ms)).padStart(13, '0');
}
