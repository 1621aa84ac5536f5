/** Text of other agents: measured in UTF-8, cut between characters, and made harmless for a terminal. */

/** Bytes of `text` in UTF-8. A lone surrogate counts as the three bytes of its replacement. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** The longest beginning of `bytes` that is at most `maxBytes` long and ends between two characters of UTF-8. */
export function cutUtf8(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  // Continuation bytes are 10xxxxxx: step back to the first byte of the character that would be cut in two.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** True where `bytes` may be cut at `offset` without parting a character. */
export function isCharacterBoundary(bytes: Uint8Array, offset: number): boolean {
  return offset === bytes.length || ((bytes[offset] ?? 0) & 0xc0) !== 0x80;
}

// Controls (Cc), lone surrogates (Cs), line and paragraph separators, and the invisible or direction-changing characters with which
// a text can repaint a terminal or hide what it says.
const UNSAFE_FOR_TERMINAL =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** `text` on one line of at most `maxCharacters`, with everything replaced that would act on a terminal. */
export function forTerminal(text: string, maxCharacters: number): string {
  // Cut before replacing, so that a huge text costs nothing; twice the room, for what collapses.
  const line = text
    .slice(0, maxCharacters * 2 + 2)
    .replace(/\s+/g, ' ')
    .replace(UNSAFE_FOR_TERMINAL, '\ufffd')
    .trim();
  const characters = [...line];
  return characters.length <= maxCharacters && text.length <= maxCharacters * 2 + 2
    ? line
    : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/** `text` as lines for a terminal: breaks and indentation are kept, everything is replaced that would act on it. */
export function linesForTerminal(text: string): string[] {
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.replaceAll('\t', '    ').replace(UNSAFE_FOR_TERMINAL, '\ufffd').trimEnd());
}

/** The value as one line of JSON that may be printed on a terminal: what would act on it is escaped, so nothing is lost. */
export function jsonForTerminal(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE_FOR_TERMINAL,
    // A character beyond the first plane is two of these.
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );
}

/** True when a JSON value nests arrays and objects no deeper than `limit`, without recursing into what may be deep. */
export function isNestedAtMost(value: unknown, limit: number): boolean {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= limit) return false;
    const below: object[] = [];
    for (const container of level) for (const item of Object.values(container)) if (isContainer(item)) below.push(item);
    level = below;
  }
  return true;
}

/** How many values the lists and objects in a JSON value hold; an empty one counts as one. For values that do not nest deeply. */
export function countValues(value: unknown): number {
  if (!isContainer(value)) return 0;
  const items: unknown[] = Object.values(value);
  return items.reduce<number>((sum, item) => sum + countValues(item), Math.max(items.length, 1));
}

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, OPEN_OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/** `countValues` of what the bytes of a JSON text say, without parsing them, which takes time and memory for each value. */
export function countWrittenValues(bytes: Uint8Array): number {
  let count = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === COMMA || byte === OPEN_LIST || byte === OPEN_OBJECT) count++;
  }
  return count;
}

function isContainer(value: unknown): value is object {
  return value !== null && typeof value === 'object';
}

/** True when no string or key in a JSON value has a lone surrogate. For values that do not nest deeply. */
export function isWellFormedThroughout(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (!isContainer(value)) return true;
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isWellFormedThroughout(item));
}
