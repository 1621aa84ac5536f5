/** A list of names that is cut short. */
import { expect, it } from 'vitest';
import { listSome } from '../../src/model/listed.js';

it('names as many as the bounds allow, at least the first, and counts the others', () => {
  expect(listSome([], 2)).toBe('');
  expect(listSome(['a', 'b'], 2)).toBe('a, b');
  expect(listSome(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
  expect(listSome(['long-name', 'b'], 2, 5)).toBe('long-name and 1 more');
  expect(listSome(['a', 'b', 'c'], 3, 6)).toBe('a, b and 1 more');
  expect(listSome(['a', 'b', 'c'], 3, 9)).toBe('a, b, c');
});
