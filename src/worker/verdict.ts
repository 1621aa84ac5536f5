/** From what a program did to what its job's submitter is told. */
import { MAX_OUTCOME_BYTES } from '../model/job.js';
import { utf8Bytes } from '../model/text.js';
import { reviewAskedBy } from './review-request.js';
import { type RunOutcome, TAIL_BYTES } from './run-outcome.js';
import type { Verdict } from './runner.js';

/** Characters of each stream that stand in a result. */
const TAIL_LENGTH = 8000;
/** Of the last words of a program in an error. */
const ERROR_LENGTH = 1500;
// Of a character that the beginning of a tail cuts in two.
const MOST_LOST = 3;
// Names, numbers and the error beside the message.
const OTHER_BYTES = 64 * 1024;

/** The result of a run: what `poll` shows of it. */
export interface RunResult {
  /** Null where the program was ended by a signal. */
  readonly exit_code: number | null;
  readonly duration_ms: number;
  /** What the program left in its output file or, where its template has none, printed on stdout. */
  readonly message: string | null;
  /** The message goes on behind this. */
  readonly message_cut?: true;
  /** The last of what it printed besides. */
  readonly output_tail: string;
}

export interface Judged {
  /** What the program is called in a sentence. */
  readonly name: string;
  readonly timeoutSeconds: number;
  /** Whether the template has `{output_file}`. */
  readonly hasOutputFile: boolean;
}

export function verdictOf(outcome: RunOutcome, { name, timeoutSeconds, hasOutputFile }: Judged): Verdict {
  const { exitCode, signal, endedBy, notStarted, isPassing, keeperLost } = outcome;
  const result = resultOf(outcome, hasOutputFile);
  if (notStarted !== undefined && isPassing) return { as: 'unbegun', why: notStarted };
  if (notStarted !== undefined) return { as: 'failed', error: `${name} was not started: ${notStarted}.` };
  if (endedBy === 'timeout') {
    const error = withLastWords(`${name} was ended: it took longer than ${timeoutSeconds} s.`, outcome);
    return { as: 'failed', error, result };
  }
  // Programs that heed SIGTERM often end with 0: that is no sign that the work was done.
  if (endedBy !== undefined) return { as: 'ended', why: endedBy, result };
  if (exitCode === 0) return { as: 'completed', result, exitCode, review: reviewOf(outcome, hasOutputFile) };
  if (keeperLost) return { as: 'unknown', why: 'what held the run has died' };
  const how = exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${exitCode}`;
  return { as: 'failed', error: withLastWords(`${name} ${how}.`, outcome), result, exitCode: exitCode ?? undefined };
}

/** By the true end of what it said: what is kept of a long message is its beginning, of long output its end. */
function reviewOf({ message, messageCut, messageEnd, stdout }: RunOutcome, hasOutputFile: boolean): string | undefined {
  if (!hasOutputFile) return reviewAskedBy(stdout, utf8Bytes(stdout) < TAIL_BYTES - MOST_LOST);
  return messageCut === true ? reviewAskedBy(messageEnd ?? '', false) : reviewAskedBy(message ?? '');
}

function withLastWords(sentence: string, { stderr, stdout }: RunOutcome): string {
  const words = (stderr.trim() === '' ? stdout : stderr).trim();
  return words === ''
    ? `${sentence} It printed nothing.`
    : `${sentence} Its last words:\n${lastOf(words, ERROR_LENGTH)}`;
}

function resultOf(outcome: RunOutcome, hasOutputFile: boolean): RunResult {
  const { exitCode, durationMs, stdout, stderr } = outcome;
  const said = hasOutputFile ? outcome.message : stdout;
  const tails = (hasOutputFile ? [stdout, stderr] : [stderr]).map((text) => lastOf(text, TAIL_LENGTH));
  const { text, isCut } = fitting(said ?? '');
  return {
    exit_code: exitCode,
    duration_ms: durationMs,
    message: said === undefined ? null : text,
    ...(isCut || outcome.messageCut ? { message_cut: true as const } : {}),
    output_tail: tails.filter((tail) => tail !== '').join('\n'),
  };
}

/** The longest half, quarter ... of a text that a job's outcome has room for: as JSON, which takes six bytes for a control character. */
function fitting(text: string): { text: string; isCut: boolean } {
  let kept = text.toWellFormed();
  while (utf8Bytes(JSON.stringify(kept)) > MAX_OUTCOME_BYTES - OTHER_BYTES * 2) {
    kept = kept.slice(0, Math.floor(kept.length / 2)).toWellFormed();
  }
  return { text: kept, isCut: kept.length < text.length };
}

function lastOf(text: string, length: number): string {
  return text.slice(-length).toWellFormed();
}
