import { expect, it } from 'vitest';
import { widthOf } from '../../src/cli/terminal.js';

it.each([
  ['a terminal', { isTTY: true, columns: 120 }, 120],
  ['a terminal that says 0, as script(1) and containers make it', { isTTY: true, columns: 0 }, 80],
  ['a terminal that says nothing', { isTTY: true }, 80],
  ['a pipe', { columns: 120 }, undefined],
])('the width of %s is known', (_what, stream, width) => {
  expect(widthOf(stream)).toBe(width);
});
