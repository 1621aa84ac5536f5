/** Texts that may be larger than a reply: as much of them as has room, and where the rest begins. */
import { DispatchError } from '../model/errors.js';
import { isCharacterBoundary } from '../model/text.js';
import { jsonBytes, type Reply } from './reply.js';
import { fitting } from './shown-message.js';

/** Text as it is, anything else as its JSON text. */
export interface Paged {
  readonly name: string;
  /** Null for none. */
  readonly value: unknown;
}

// What says how much there is, and where to go on.
const MARGIN = 96;
// Less than this is not worth beginning a text in.
const SMALLEST_PART = 512;

/**
 * Adds the values, one after the other, from byte `offset` of their texts in UTF-8 on. One that is there whole is under its
 * name; a part of one is text, under its name with `_part`. Where anything is missing, `<what>_bytes` is the size of all, and
 * `next_offset`, unless the end was reached, the offset to ask for next.
 * @throws DispatchError `INVALID_ARGUMENT` for an offset past the end or inside a character.
 */
export function addPaged(reply: Reply, what: string, values: readonly Paged[], offset = 0): void {
  const texts = values.flatMap(({ name, value }) =>
    value === null || value === undefined ? [] : [{ name, value, bytes: Buffer.from(textOf(value), 'utf8') }],
  );
  const total = texts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (offset > total) throw noSuchPlace(offset, total);
  let begin = 0;
  let at = offset;
  for (const { name, value, bytes } of texts) {
    const from = at - begin;
    begin += bytes.length;
    if (from > 0 && from >= bytes.length) continue;
    if (!isCharacterBoundary(bytes, from)) throw noSuchPlace(offset, total);
    const room = reply.room - MARGIN - name.length;
    if (from === 0 && jsonBytes(value) <= room) {
      reply.setAlways(name, value);
    } else {
      if (at > offset && room < SMALLEST_PART) break;
      const part = fitting(bytes.subarray(from), room);
      reply.setAlways(`${name}_part`, part.toString('utf8'));
      at += part.length;
      if (at < begin) break;
    }
    at = begin;
  }
  if (offset > 0 || at < total) reply.set(`${what}_bytes`, total);
  if (at < total) reply.set('next_offset', at);
}

/** The beginning of a text, for a list: at most `characters` of UTF-16. */
export function beginningOf(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters).toWellFormed()}...`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function noSuchPlace(offset: number, total: number): DispatchError {
  const why = `offset ${offset} is not a place in it: it has ${total} bytes, and a part begins between two characters. Use the next_offset of the part before.`;
  return new DispatchError('INVALID_ARGUMENT', why, { argument: 'offset' });
}
