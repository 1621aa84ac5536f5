import { describe, expect, it } from 'vitest';
import { ageOf, agoOf, count, paragraph, table } from '../../src/cli/layout.js';

const SECOND = 1000;

describe('an age', () => {
  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [3599, '59 min'],
    [3600, '1 h'],
    [86_399, '23 h'],
    [86_400, '1 day'],
    [172_800, '2 days'],
  ])('of %i seconds is %s', (seconds, text) => {
    expect(ageOf(0, seconds * SECOND)).toBe(text);
  });

  it('of what lies ahead, by a clock that was set back, is none', () => {
    expect(ageOf(5000, 0)).toBe('0 s');
    expect(agoOf(5000, 0)).toBe('just now');
  });
});

describe('a table', () => {
  it('lines its columns up and leaves nothing behind the last', () => {
    expect(
      table([
        ['A', 'LONG', 'C'],
        ['abc', 'x', ''],
      ]),
    ).toEqual(['A    LONG  C', 'abc  x']);
  });
});

describe('a paragraph', () => {
  it('keeps words whole that are longer than a line', () => {
    const url = `https://example.org/${'x'.repeat(60)}`;
    expect(paragraph([`see ${url} there`], '  ', 40)).toEqual(['  see', `  ${url}`, '  there']);
  });

  it('keeps empty lines, without spaces', () => {
    expect(paragraph(['a', '', 'b'], '  ', 40)).toEqual(['  a', '', '  b']);
  });
});

it('counts one thing in the singular', () => {
  expect([count(1, 'message'), count(1200, 'message')]).toEqual(['1 message', '1,200 messages']);
});
