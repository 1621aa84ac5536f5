import { describe, expect, it } from 'vitest';
import { diffLines } from '../../src/clients/diff.js';

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `${from + at}`);

describe('a difference', () => {
  it('of a text to itself is empty', () => {
    expect(diffLines('a\nb\n', 'a\nb\n')).toEqual([]);
  });

  it('shows three lines around each change, and leaves out what is between', () => {
    const before = numbered(1, 20);
    const after = before.map((line) => (line === '5' ? 'five' : line)).filter((line) => line !== '18');
    expect(diffLines(before.join('\n'), after.join('\n'))).toEqual([
      '  2',
      '  3',
      '  4',
      '- 5',
      '+ five',
      '  6',
      '  7',
      '  8',
      '  ...',
      '  15',
      '  16',
      '  17',
      '- 18',
      '  19',
      '  20',
    ]);
  });

  it('of a file that comes or goes is all of it', () => {
    expect(diffLines(undefined, 'a\nb\n')).toEqual(['+ a', '+ b']);
    expect(diffLines('a\r\n', undefined)).toEqual(['- a']);
  });

  it('of two large texts that share nothing is shown without a table of all their lines', () => {
    expect(diffLines(numbered(1, 4000).join('\n'), numbered(5001, 9000).join('\n'))).toHaveLength(8000);
  });
});
