/** A review in words for a person. What was said in it is others' words, and goes through model/text.ts. */
import type { Job } from '../model/job.js';
import { forTerminal, linesForTerminal } from '../model/text.js';
import { timeOf } from './job-text.js';
import { agoOf, paragraph } from './layout.js';
import type { Terminal } from './terminal.js';

const INDENT = '    ';

/** `before it runs`, `after it ran` */
export function whenOf({ review }: Job): string {
  return review?.when === 'after' ? 'after it ran' : 'before it runs';
}

/** Who asked, why, and what was decided; nothing of a job that nobody asked about. */
export function reviewLines(job: Job, { style, columns }: Pick<Terminal, 'style' | 'columns'>, now: number): string[] {
  const { review } = job;
  if (review === null) return [];
  const { asked_by, asked_at, reason, decided } = review;
  const said = (text: string) => paragraph(linesForTerminal(text), INDENT, columns);
  const asked = `asked for by ${forTerminal(asked_by, 70)}, ${whenOf(job)}, ${agoOf(Date.parse(asked_at), now)}`;
  return [
    '',
    `${style.bold('Review')}  ${asked}`,
    ...said(reason),
    ...(decided === undefined
      ? []
      : [
          `  ${decided.how} by ${forTerminal(decided.by, 70)} at ${timeOf(decided.at)}`,
          ...(decided.note === null ? [] : said(decided.note)),
        ]),
  ];
}
