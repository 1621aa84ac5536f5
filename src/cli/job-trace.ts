/** What `trace` says of a job. */
import { forTerminal } from '../model/text.js';
import type { JobTrace } from '../relay/audit/job-trace.js';
import { jobDetailOf } from './job-line.js';
import { count, momentOf, table } from './layout.js';
import type { Style } from './terminal.js';

export function jobTraceJson({ id, events, now }: JobTrace): object {
  return {
    id,
    now: now === undefined ? { state: 'no evidence' } : { ...now, source: 'record' },
    events: events.map((event) => ({ ...event, source: 'log' })),
  };
}

export function jobTraceLines({ id, events, now }: JobTrace, style: Style): string[] {
  const [first] = events;
  const whose =
    first === undefined ? '' : `  from ${style.bold(first.from)} to ${style.bold(forTerminal(first.to, 70))}`;
  const rows = events.map((event) => [
    momentOf(event.at),
    event.event.slice('job.'.length).replace('_', ' '),
    jobDetailOf(event),
  ]);
  return [
    `${style.cyan(id)}${whose}`,
    ...(events.length === 0 ? [`  its life: ${style.yellow('no evidence in the log')}`] : []),
    ...table(rows).map((line) => `  ${line}  ${style.dim('(log)')}`),
    now === undefined ? `  now: ${style.yellow('no evidence of where it is now')}` : `  now: ${nowOf(now, style)}`,
  ];
}

function nowOf({ state, attempts }: NonNullable<JobTrace['now']>, style: Style): string {
  const tries = attempts === undefined ? '' : `, ${count(attempts, 'attempt')}`;
  return `${forTerminal(state, 30).replace('_', ' ')}${tries}  ${style.dim('(record)')}`;
}
