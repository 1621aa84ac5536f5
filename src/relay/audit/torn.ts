/**
 * Tells a record that a kill cut short from one that somebody changed: the first is the beginning of some record of the
 * audit, and nothing else.
 */
import { MAX_LINE_BYTES } from './chain.js';

const OPENING = '{"at":"';
const LINK = ',"seq":';
const HEX = '#'.repeat(64);
const LINK_SHAPE = `${LINK}1,"prev":"${HEX}","hash":"${HEX}"}`;

/** Whether the bytes are a record that was not written to its end; one of no bytes is. */
export function isTorn(line: Buffer): boolean {
  if (line.length >= MAX_LINE_BYTES) return false;
  // A character that was cut in two becomes another one, which a text may hold and a link may not.
  const text = line.toString('utf8');
  if (!text.startsWith(OPENING)) return OPENING.startsWith(text);
  // A quote within a text is escaped, so these characters are the link and nothing else.
  const link = text.indexOf(LINK);
  if (link === -1) return isBeginningOfJson(text);
  return parses(`${text.slice(0, link)}}`) && isBeginningOfLink(text.slice(link));
}

function isBeginningOfLink(text: string): boolean {
  const shape = text.replace(/^,"seq":[1-9]\d{0,15}/, `${LINK}1`);
  if (shape.length >= LINK_SHAPE.length) return false;
  return [...shape].every((character, at) =>
    LINK_SHAPE[at] === '#' ? /[0-9a-f]/.test(character) : LINK_SHAPE[at] === character,
  );
}

// What may be missing to the end of the value or key in which a text was cut, before its lists and objects are closed.
const REMAINDERS = [
  ...['', '"', '":0', ':0', '0', '"":0'],
  ...['rue', 'ue', 'e', 'alse', 'lse', 'se', 'ull', 'll', 'l'],
  ...['""', '0"', '00"', '000"', '0000"'],
];

function isBeginningOfJson(text: string): boolean {
  const open: string[] = [];
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inText) {
      if (character === '\\') at++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{') open.push('}');
    else if (character === '[') open.push(']');
    else if (character === '}' || character === ']') open.pop();
  }
  const closers = open.reverse().join('');
  // A text that needs nothing was written to its end, and is no record of the audit.
  return closers !== '' && REMAINDERS.some((rest) => parses(text + rest + closers));
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
