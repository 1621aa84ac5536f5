/** Lays text out for a terminal: tables, paragraphs, ages. */
import { ageOf } from '../model/age.js';

export { ageOf };

/** An age as a phrase: `just now`, `5 min ago`. */
export function agoOf(thenMs: number, now: number): string {
  return now - thenMs < 10_000 ? 'just now' : `${ageOf(thenMs, now)} ago`;
}

/** How long something took: `230 ms`, `4.9 s`, from a minute on as an age. */
export function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(Math.floor(ms / 100) / 10).toFixed(1)} s` : ageOf(0, ms);
}

/** A moment for a person, in UTC and to the second: `2026-02-17 20:30:00Z`. */
export function momentOf(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
}

/** Rows as lines, each column as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  );
}

/** Lines behind an indentation, broken between words where they are longer than `columns`; undefined breaks nothing. */
export function paragraph(lines: readonly string[], indent: string, columns: number | undefined): string[] {
  return lines
    .flatMap((line) => wrap(line, (columns ?? Number.POSITIVE_INFINITY) - indent.length))
    .map((line) => {
      return line === '' ? '' : indent + line;
    });
}

/** Continued lines keep the indentation of the first, so that lists and code stay readable. */
function wrap(line: string, width: number): string[] {
  if (line.length <= width || width < 20) return [line];
  const margin = /^\s*(?:[-*] )?/.exec(line)?.[0].replace(/\S/g, ' ') ?? '';
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    // A word longer than the line is left whole: the terminal breaks it, and it can still be copied.
    const end = space > margin.length ? space : rest.indexOf(' ', width);
    if (end === -1) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = margin + rest.slice(end + 1).trimStart();
  }
  return [...lines, rest];
}

export function count(number: number, one: string, many = `${one}s`): string {
  return number === 1 ? `1 ${one}` : `${number.toLocaleString('en-US')} ${many}`;
}
