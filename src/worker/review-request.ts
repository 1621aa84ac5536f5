/**
 * Whether a program asks that a person look at what it did: by the last line of what it says, `NEEDS_REVIEW: reason`. A line of
 * the same words further up is part of its text, whoever wrote it there, and asks for nothing.
 *
 * In doubt a person is asked: a line without a reason asks as well, and of a reason that is too long the beginning is kept.
 */
import { MAX_REASON_LENGTH } from '../model/job.js';

// A reason may hold whatever else breaks lines somewhere; and what stands behind a return is what a terminal shows.
const NEEDS_REVIEW = /(?:^|\r)NEEDS_REVIEW:(.*)$/s;
// Colours, titles and the like: nobody sees them, and some programs put them around every line. None goes over a line's end.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNSEEN = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\))|\0/g;
const NO_REASON = '(no reason was given)';

/**
 * The reason, undefined where none is asked for. `isBegun` is false for the end of a longer text, whose first line may have begun
 * before: of such a line it is not known what it is.
 */
export function reviewAskedBy(text: string, isBegun = true): string | undefined {
  const said = text.replace(UNSEEN, '').trimEnd();
  const start = said.lastIndexOf('\n') + 1;
  if (start === 0 && !isBegun) return undefined;
  const [line, words] = NEEDS_REVIEW.exec(said.slice(start).trim()) ?? [];
  if (line === undefined || words === undefined) return undefined;
  const reason = words.trim().toWellFormed();
  if (reason === '') return NO_REASON;
  return reason.length <= MAX_REASON_LENGTH ? reason : `${reason.slice(0, MAX_REASON_LENGTH - 1).toWellFormed()}…`;
}
