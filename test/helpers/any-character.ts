import fc from 'fast-check';

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;

const characterAt = (index: number) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES);

function indexOf(text: unknown): number {
  const point = typeof text === 'string' ? (text.codePointAt(0) ?? 0) : 0;
  const index = point < FIRST_SURROGATE ? point : point - SURROGATES;
  if (characterAt(index) !== text) throw new Error('not one character');
  return index;
}

/**
 * A character of Unicode, as the unit of a text. It is what fast-check has as `unit: 'binary'`, without the table of all 1.1
 * million of them that each worker would make first: a second of its time, and 130 MB.
 */
export const anyCharacter = fc.nat(0x10ffff - SURROGATES).map(characterAt, indexOf);
