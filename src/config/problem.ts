/** One thing wrong with the configuration, and how a person gets to see it. */
import { DispatchError } from '../model/errors.js';

export interface Problem {
  /** What is wrong and what to do; without file, line and key. */
  readonly message: string;
  /** The file; absent when the fault is in the environment. */
  readonly path?: string;
  /** 1-based; absent when the fault is in the file as a whole. */
  readonly line?: number;
  /** 1-based, in UTF-16 units like an editor's; present with `line`. Absent when only the line is known. */
  readonly column?: number;
  /** The key as a dotted path, or the name of the environment variable; absent when no single key is at fault. */
  readonly key?: string;
  /** The source line with its neighbours and a caret under the column; several lines, no trailing newline. */
  readonly excerpt?: string;
}

/** The problem as text for a terminal: one line, then the excerpt when there is one. */
export function renderProblem(problem: Problem): string {
  const { path, line, column, key, message, excerpt } = problem;
  const place = [
    path === undefined ? 'the environment' : printable(path),
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
    ...(key === undefined ? [] : [`key ${printable(key)}`]),
  ].join(', ');
  return `Configuration error in ${place}: ${message}${excerpt === undefined ? '' : `\n\n${excerpt}\n`}`;
}

/** `CONFIG_INVALID` for the first problem, which says how many more there are. `problems` holds at least one. */
export function configError(problems: readonly Problem[]): DispatchError {
  const [first, ...others] = problems;
  if (first === undefined) throw new RangeError('configError needs a problem');
  const { message: _message, excerpt: _excerpt, ...data } = first;
  const more = others.length === 1 ? '1 more problem' : `${others.length} more problems`;
  const tail = others.length === 0 ? '' : `\nAnd ${more}: "mcp-dispatch config check" shows them all.`;
  return new DispatchError('CONFIG_INVALID', renderProblem(first) + tail, data);
}

/** Longest stretch of a source line that is shown. */
const EXCERPT_WIDTH = 110;

/** The given line with the one before and the one after, numbered, and a caret under `column`. All 1-based. */
export function excerptOf(lines: readonly string[], line: number, column: number): string {
  const width = String(line + 1).length;
  // A far column moves the window, so the caret stays on the screen even in a line of a megabyte.
  const from = column <= EXCERPT_WIDTH ? 0 : column - Math.floor(EXCERPT_WIDTH / 2);
  const shown: string[] = [];
  for (const number of [line - 1, line, line + 1]) {
    const text = lines[number - 1];
    if (text === undefined || (text === '' && number !== line)) continue;
    const part = printable(text.slice(from, from + EXCERPT_WIDTH));
    shown.push(`${String(number).padEnd(width)}:  ${part}`.trimEnd());
    if (number === line) {
      // Tabs stay tabs, or the caret would stand elsewhere than its character.
      const before = text.slice(from, column - 1).replace(/[^\t]/g, ' ');
      shown.push(`${' '.repeat(width + 3)}${before}^`);
    }
  }
  return shown.join('\n');
}

/** `text` without anything that could steer a terminal; tabs stay. As long as before, so columns still fit. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (char) => (char === '\t' ? char : '?'.repeat(char.length)));
}
