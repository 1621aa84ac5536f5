/**
 * Names of jobs in the listings of an address or a submitter: `<13-digit milliseconds of its making>.<job id>`, and for one
 * that is over `.<13-digit milliseconds of its end>` behind it. Sorted by name they are sorted by time.
 */
import { isJobId } from '../../model/ids.js';
import type { Job } from '../../model/job.js';

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

/** Undefined for what is no such name. */
export function parseJobName(name: string): JobName | undefined {
  const [, created, id = '', ended] = /^(\d{13})\.([a-z0-9-]+)(?:\.(\d{13}))?$/.exec(name) ?? [];
  if (!isJobId(id)) return undefined;
  return { name, id, createdAt: Number(created), endedAt: ended === undefined ? undefined : Number(ended) };
}

function digits(ms: number): string {
  return String(Math.max(0, ms)).padStart(13, '0');
}
