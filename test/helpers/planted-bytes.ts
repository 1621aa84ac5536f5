/** Kinds that are plain files whose bytes are no JSON object of ours, or only just one. */
import { gzipSync } from 'node:zlib';
import { delivered, file, json, nested, type PlantedKind, setAside, withRaw } from './planted-kinds.js';

const BOM = '\ufeff';
const NOT_JSON = setAside('not JSON');
const TOO_MANY = setAside('too many values');
const NOT_UTF8 = setAside('not UTF-8');
const NO_OBJECT = setAside('not a JSON object');
const TOO_DEEP = setAside('field payload: payload is too deep');
const HALF_PAIR = setAside('half of a surrogate pair');

const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();

/** The message with these bytes in the middle of its content. */
function around(...bytes: number[]): Buffer {
  const [before = '', after = ''] = json({ content: '@' }).split('@');
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
}

const pretty = (lineEnd: string) => JSON.stringify(JSON.parse(json()), null, 2).replaceAll('\n', lineEnd);

/** Fields of small numbers: 500,000 of them fill a file up to the cap. */
const keys = (count: number) => Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(',');

export const BYTES: readonly PlantedKind[] = [
  file('empty', '', NOT_JSON),
  file('white space', ' \n\t\r\n', NOT_JSON),
  file('one NUL', '\0', NOT_JSON),
  file('zeros, as a power cut leaves them', Buffer.alloc(4096), NOT_JSON),
  file('a message with zeros behind it', `${json()}${'\0'.repeat(512)}`, NOT_JSON),
  file('a message with a raw NUL in its content', json({ content: '@' }).replace('@', '\0'), NOT_JSON),
  file('a message with an escaped NUL in its content', json({ content: 'a\0b' }), delivered({ content: 'a\0b' })),
  file('a message with a raw line feed in its content', json({ content: '@' }).replace('@', '\n'), NOT_JSON),
  file('a byte order mark alone', BOM, NOT_JSON),
  file('a byte order mark before the message', BOM + json(), delivered()),
  file('two byte order marks before the message', BOM + BOM + json(), NOT_JSON),
  file('a byte order mark behind the message', json() + BOM, NOT_JSON),
  file('UTF-16, little end first', Buffer.from(json(), 'utf16le'), NOT_JSON),
  file('UTF-16, little end first, marked', Buffer.from(BOM + json(), 'utf16le'), NOT_UTF8),
  file('UTF-16, big end first, marked', bigEndian(BOM + json()), NOT_UTF8),
  file('Latin-1', Buffer.from(json({ content: 'Gr\u00fc\u00dfe' }), 'latin1'), NOT_UTF8),
  file('a byte that is never in UTF-8', around(0xff), NOT_UTF8),
  file('a character of UTF-8 that ends too early', around(0xc3), NOT_UTF8),
  file('an overlong slash', around(0xc0, 0xaf), NOT_UTF8),
  file('half of a surrogate pair as UTF-8', around(0xed, 0xa0, 0x80), NOT_UTF8),
  file('a character past the last of Unicode', around(0xf4, 0x90, 0x80, 0x80), NOT_UTF8),
  file('half of a surrogate pair, escaped, in the content', json({ content: '\ud83d' }), HALF_PAIR),
  file('half of a surrogate pair, escaped, in a key', json({ payload: { '\udc00': 1 } }), HALF_PAIR),
  file('a number', '7', NO_OBJECT),
  file('a text', '"hello"', NO_OBJECT),
  file('null', 'null', NO_OBJECT),
  file('true', 'true', NO_OBJECT),
  file('an empty list', '[]', NO_OBJECT),
  file('a list with a message in it', `[${json()}]`, NO_OBJECT),
  file('a message as its JSON text', JSON.stringify(json()), NO_OBJECT),
  file('an empty object', '{}', setAside('field id: wrong type or value')),
  file('two messages, one after the other', json() + json(), NOT_JSON),
  file('two messages, a line each', `${json()}\n${json()}\n`, NOT_JSON),
  file('a message with a comma behind it', `${json()},`, NOT_JSON),
  file('a message with words behind it', `${json()} and more`, NOT_JSON),
  file('a message with a comment before it', `// a note\n${json()}`, NOT_JSON),
  file('a message in single quotes', json().replaceAll('"', "'"), NOT_JSON),
  file('a message with a comma too many', json().replace(/}$/, ',}'), NOT_JSON),
  file('a web page', '<!doctype html><title>504</title>', NOT_JSON),
  file('a compressed message', gzipSync(json()), NOT_UTF8),
  file('a message with line ends of Windows', pretty('\r\n'), delivered()),
  file('a message with white space around it', `\r\n\t ${pretty('\n')}\n\n`, delivered()),
  file('100,000 lists in each other', '['.repeat(100_000) + ']'.repeat(100_000), TOO_MANY),
  file('30,000 lists in each other', '['.repeat(30_000) + ']'.repeat(30_000), NO_OBJECT),
  file('30,000 lists in each other that never end', '['.repeat(30_000), NOT_JSON),
  file('100,000 objects in each other', nested(100_000), TOO_MANY),
  file('30,000 objects in each other', nested(30_000), setAside('field id: wrong type or value')),
  file('a payload of 100,000 levels', withRaw(`"payload":${nested(100_000)}`), TOO_MANY),
  file('a payload of 30,000 levels', withRaw(`"payload":${nested(30_000)}`), TOO_DEEP),
  file('a payload with 30,000 lists in each other', withRaw(`"payload":{"a":${nested(30_000, '[', ']')}}`), TOO_DEEP),
  file('a payload of 65 levels', withRaw(`"payload":${nested(65)}`), TOO_DEEP),
  file('an unknown field of 30,000 levels', withRaw(`"x":${nested(30_000)}`), delivered()),
  file(
    'a content of 30,000 levels',
    withRaw(`"content":${nested(30_000)}`),
    setAside('field content: wrong type or value'),
  ),
  file('500,000 unknown fields', withRaw(keys(500_000)), TOO_MANY),
  file('33,000 unknown fields', withRaw(keys(33_000)), delivered()),
  file('a payload of 500,000 fields', withRaw(`"payload":{${keys(500_000)}}`), TOO_MANY),
  file('a payload of 33,000 fields', withRaw(`"payload":{${keys(33_000)}}`), delivered({ content: 'planted' })),
  file('a payload of 2,500,000 empty lists', withRaw(`"payload":{"a":[${'[],'.repeat(2_499_999)}[]]}`), TOO_MANY),
];
