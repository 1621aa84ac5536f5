/** Events of jobs as the tests write them, and the lines of an audit as an onlooker finds them. */
import { createHash } from 'node:crypto';
import type { JobEvent } from '../../src/relay/jobs/job-events.js';
import type { Store } from '../../src/store/store.js';

export const JOB = 'job-aaaaaaaaaaaa';

/** One of a job that `alice` gave to `bob`. */
export function submitted(job = JOB, to = 'bob'): JobEvent {
  return { event: 'job.submitted', job, from: 'alice', to, write: false };
}

const HOLDER = { by: 'bob', session: 's'.repeat(20), attempt: 1, token: 1 };

export function claimed(job = JOB): JobEvent {
  return { event: 'job.claimed', job, from: 'alice', to: 'bob', ...HOLDER, write: false };
}

export function completed(job = JOB): JobEvent {
  return { event: 'job.completed', job, from: 'alice', to: 'bob', ...HOLDER };
}

export interface Line {
  readonly log: string;
  readonly text: string;
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** All whole chained lines, by log, as they stand there. What is torn at the end is left out; it stands nowhere else. */
export async function linesOf(store: Pick<Store, 'list' | 'read'>): Promise<Line[][]> {
  const logs: Line[][] = [];
  for (const day of (await store.list('.log')).toSorted()) {
    for (const writer of (await store.list(`.log/${day}`)).toSorted()) {
      const log = `${day}/${writer}`;
      const held = await store.read(`.log/${log}`, 10_000_000);
      const texts = held?.ok === true ? Buffer.from(held.bytes).toString().split('\n') : [];
      const lines = texts.slice(1).flatMap((text, index) => {
        const [, seq, prev, hash] = /,"seq":(\d+),"prev":"([0-9a-f]+)","hash":"([0-9a-f]+)"\}$/.exec(text) ?? [];
        if (seq !== undefined && prev !== undefined && hash !== undefined)
          return [{ log, text, seq: Number(seq), prev, hash }];
        if (index < texts.length - 2 && !text.endsWith('}')) throw new Error(`${log}: torn in the middle: ${text}`);
        return [];
      });
      if (lines.length > 0) logs.push(lines);
    }
  }
  return logs;
}

/** What is wrong with the chain of one log, told by the description of it alone. */
export function faultOf(lines: readonly Line[]): string | undefined {
  let before: string | undefined;
  for (const [index, { log, text, seq, prev, hash }] of lines.entries()) {
    if (seq !== index + 1) return `${log}: ${seq} at place ${index + 1}`;
    if (prev !== (before ?? sha256(log))) return `${log}: ${seq} is not linked`;
    if (hash !== sha256(text.replace(`,"hash":"${hash}"`, ''))) return `${log}: ${seq} has another hash`;
    before = hash;
  }
  return undefined;
}
