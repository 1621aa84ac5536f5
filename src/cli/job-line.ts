/** What an event of a job says beside whose job it is. What an operator or a worker wrote goes through model/text.ts. */
import { forTerminal } from '../model/text.js';
import type { LoggedJobEvent } from '../relay/events.js';
import type { JobStartedEvent } from '../relay/jobs/job-events.js';

/** `by codex, attempt 2, exit code 1` */
export function jobDetailOf(event: LoggedJobEvent): string {
  const facts = [
    ...('by' in event && event.by !== undefined ? [`by ${event.by}`] : []),
    ...('attempt' in event && event.attempt !== undefined ? [`attempt ${event.attempt}`] : []),
    ...('token' in event && event.token !== undefined ? [`token ${event.token}`] : []),
    ...('when' in event ? [event.when === 'before' ? 'before it ran' : 'after it ran'] : []),
    ...('note' in event && event.note !== undefined
      ? [`note: ${event.note.bytes} bytes, sha256 ${event.note.sha256.slice(0, 8)}…`]
      : []),
    ...('write' in event && event.write ? ['may write'] : []),
    ...('why' in event && event.why !== undefined ? [forTerminal(event.why, 200)] : []),
    ...(event.event === 'job.started' ? [startOf(event)] : []),
  ];
  return facts.join(', ');
}

/** `codex: codex exec -- {prompt} (prompt: 412 bytes, sha256 9f86d081…)` */
function startOf({ executor, argv, argv_sha256, filled }: JobStartedEvent): string {
  const command = [...argv, ...(argv_sha256 === undefined ? [] : ['…'])].join(' ');
  const fillings = filled.map(
    ({ name, bytes, sha256 }) => `${forTerminal(name, 30)}: ${bytes} bytes, sha256 ${sha256.slice(0, 8)}…`,
  );
  const told = fillings.length === 0 ? '' : ` (${fillings.join('; ')})`;
  return `${forTerminal(executor, 70)}: ${forTerminal(command, 200)}${told}`;
}
