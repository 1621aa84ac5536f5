/** What came of a job: the whole of it where its record has only the beginning. */
import type { Job } from '../model/job.js';
import { linesForTerminal } from '../model/text.js';
import type { Relay } from '../relay/relay.js';
import { paragraph } from './layout.js';
import type { Terminal } from './terminal.js';

const INDENT = '    ';

export interface Outcome {
  /** Any JSON; null for none. */
  readonly result: unknown;
  readonly error: string | null;
  /** False where the rest is gone: then these are the beginnings. */
  readonly is_whole: boolean;
}

export async function outcomeOf({ jobs }: Relay, job: Job): Promise<Outcome> {
  const { result, error, outcome_bytes } = job;
  if (outcome_bytes === null) return { result, error, is_whole: true };
  const whole = await jobs.wholeOutcome(job);
  return whole === undefined ? { result, error, is_whole: false } : { ...whole, is_whole: true };
}

export function outcomeLines(job: Job, { result, error, is_whole }: Outcome, { style, columns }: Terminal): string[] {
  const cut = is_whole ? [] : [style.yellow(`${INDENT}(the rest of its ${job.outcome_bytes} bytes is gone)`)];
  return [
    ...(result === null ? [] : ['', style.bold('Result'), ...paragraph(wordsOf(result), INDENT, columns)]),
    ...(error === null ? [] : ['', style.bold('Error'), ...paragraph(linesForTerminal(error), INDENT, columns)]),
    ...cut,
  ];
}

/** A result with a message, as an executor's, begins with that. */
function wordsOf(result: unknown): string[] {
  if (typeof result === 'string') return linesForTerminal(result);
  if (typeof result !== 'object' || result === null || !('message' in result) || typeof result.message !== 'string') {
    return linesForTerminal(JSON.stringify(result, null, 2));
  }
  const { message, ...rest } = result;
  return [...linesForTerminal(message), ...linesForTerminal(JSON.stringify(rest, null, 2))];
}
