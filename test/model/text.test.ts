import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutUtf8,
  forTerminal,
  isCharacterBoundary,
  isNestedAtMost,
  isWellFormedThroughout,
  utf8Bytes,
} from '../../src/model/text.js';
import { anyCharacter } from '../helpers/any-character.js';

const anyText = fc.string({
  size: 'medium',
  unit: fc.oneof(anyCharacter, fc.constantFrom('a', '\u00e9', '\u20ac', '\u{1f600}')),
});

describe('cutUtf8', () => {
  it('never parts a character, keeps to the limit, and leaves out less than one character', () => {
    fc.assert(
      fc.property(anyText, fc.nat(60), (text, limit) => {
        const bytes = Buffer.from(text, 'utf8');
        const cut = Buffer.from(cutUtf8(bytes, limit));
        const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(cut);
        expect(cut.length).toBeLessThanOrEqual(limit);
        expect(Buffer.from(text).toString().startsWith(decoded)).toBe(true);
        expect(cut.length).toBeGreaterThan(Math.min(limit, bytes.length) - 4);
        expect(isCharacterBoundary(bytes, cut.length)).toBe(true);
      }),
    );
  });

  it.each([
    ['a\u{1f600}b', 4, 'a'],
    ['a\u{1f600}b', 5, 'a\u{1f600}'],
    ['\u20ac\u20ac', 5, '\u20ac'],
    ['\u00e9', 1, ''],
    ['abc', 3, 'abc'],
    ['abc', 0, ''],
  ])('cuts %j at %i bytes to %j', (text, limit, expected) => {
    expect(Buffer.from(cutUtf8(Buffer.from(text), limit)).toString()).toBe(expected);
  });

  it('ends on bytes that are no UTF-8 at all', () => {
    expect(cutUtf8(Buffer.alloc(100, 0x80), 50)).toHaveLength(0);
  });
});

describe('isCharacterBoundary', () => {
  it('is true at the ends and between characters, false inside one', () => {
    const bytes = Buffer.from('a\u20acb');
    expect([0, 1, 2, 3, 4, 5].map((offset) => isCharacterBoundary(bytes, offset))).toEqual([
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });
});

it('utf8Bytes counts bytes, and three for half of a surrogate pair', () => {
  expect([
    utf8Bytes('a'),
    utf8Bytes('\u00e9'),
    utf8Bytes('\u20ac'),
    utf8Bytes('\u{1f600}'),
    utf8Bytes('\ud800'),
  ]).toEqual([1, 2, 3, 4, 3]);
});

describe('forTerminal', () => {
  it.each([
    ['\x1b[2J\x1b]0;owned\x07', '\ufffd[2J\ufffd]0;owned\ufffd'],
    ['\u009b31mred', '\ufffd31mred'],
    ['one\ntwo\r\nthree\u2028four\u2029five', 'one two three four five'],
    ['safe\u202etxt.exe\u202c', 'safe\ufffdtxt.exe\ufffd'],
    ['\u2066a\u2069', '\ufffda\ufffd'],
    ['pass\u200bword\ufeff', 'pass\ufffdword'],
    ['a\0b\x7fc\bd', 'a\ufffdb\ufffdc\ufffdd'],
    ['half \ud800 pair', 'half \ufffd pair'],
    ['  spaced \t out  ', 'spaced out'],
    ['gr\u00fc\u00dfe \u{1f600}', 'gr\u00fc\u00dfe \u{1f600}'],
    ['', ''],
  ])('makes %j harmless', (text, expected) => {
    expect(forTerminal(text, 80)).toBe(expected);
  });

  it('gives one line without controls of at most so many characters, whatever the text', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 30 }), (text, limit) => {
        const line = forTerminal(text, limit);
        expect([...line].length).toBeLessThanOrEqual(limit);
        expect(line).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('says that it cut, between characters, also in a text of megabytes', () => {
    expect(forTerminal('x'.repeat(5_000_000), 80)).toBe(`${'x'.repeat(79)}…`);
    expect(forTerminal('\u{1f600}'.repeat(81), 80)).toBe(`${'\u{1f600}'.repeat(79)}…`);
    expect(forTerminal('x'.repeat(80), 80)).toBe('x'.repeat(80));
    expect(forTerminal(`${' '.repeat(1000)}late`, 80)).toBe('…');
  });
});

describe('isNestedAtMost', () => {
  it('judges 100,000 levels without running out of stack', () => {
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(isNestedAtMost(deep, 64)).toBe(false);
    expect(isNestedAtMost(deep, 100_000)).toBe(true);
    expect(isNestedAtMost(JSON.parse('{"a":'.repeat(100_000) + 1 + '}'.repeat(100_000)), 99_999)).toBe(false);
  });

  it.each([
    [null, 0, true],
    ['text', 0, true],
    [[], 0, false],
    [{}, 1, true],
    [{ a: {} }, 1, false],
    [{ a: [1, 'two', null] }, 2, true],
    [{ a: [[]] }, 2, false],
  ])('of %j within %i says %s', (value, limit, expected) => {
    expect(isNestedAtMost(value, limit)).toBe(expected);
  });
});

describe('isWellFormedThroughout', () => {
  it('finds half of a pair in values and keys, at any depth', () => {
    expect(isWellFormedThroughout({ a: ['\u{1f600}', 1, null, { b: true }] })).toBe(true);
    expect(isWellFormedThroughout({ a: [{ b: 'x\udc00' }] })).toBe(false);
    expect(isWellFormedThroughout({ a: { '\ud800': 1 } })).toBe(false);
    expect(isWellFormedThroughout('\ud83d')).toBe(false);
  });
});
