/** Kinds that are JSON objects which say something wrong, or odd, of themselves. */
import { delivered, file, json, nameOfOurs, type PlantedKind, planted, setAside, withRaw } from './planted-kinds.js';

const wrong = (field: string) => setAside(`field ${field}: wrong type or value`);
const NOT_A_TIME = setAside('field timestamp: timestamp is not a time');
const NO_SENDER = setAside('field from: from is not an agent id');
const NO_ID = setAside('field id: id is not a message id');
const ANOTHERS = setAside('it is addressed to another agent');
const FORGED = setAside('its id or sender is not the one in its name', 'alice');

/** The message without the fields named; `planted` would give each its default. */
const without = (field: string) => JSON.stringify({ ...planted(), [field]: undefined });

const WRONG_TYPES: readonly [string, unknown][] = [
  ['id', 7],
  ['id', null],
  ['id', ['msg-planted00001']],
  ['from', 7],
  ['from', { agent: 'mallory' }],
  ['to', 7],
  ['to', ['bob']],
  ['to', ''],
  ['timestamp', 1_771_360_200_000],
  ['timestamp', { $date: 0 }],
  ['priority', 1],
  ['content', { text: 'planted' }],
  ['content', ['planted']],
  ['content', 7],
  ['content', null],
  ['payload', 'text'],
  ['payload', ['a']],
  ['payload', 7],
  ['thread_id', 7],
  ['thread_id', 't'.repeat(129)],
  ['reply_to', 7],
  ['reply_to', 'r'.repeat(129)],
  ['ttl', '60'],
  ['ttl', true],
  ['must_read', 'yes'],
  ['must_read', 1],
  ['state', 'acked'],
  ['state', 0],
];

export const FIELDS: readonly PlantedKind[] = [
  ...['id', 'from', 'to', 'timestamp', 'content'].map((field) =>
    file(`a message without ${field}`, without(field), wrong(field)),
  ),
  ...WRONG_TYPES.map(([field, value]) =>
    file(`a message whose ${field} is ${JSON.stringify(value).slice(0, 40)}`, json({ [field]: value }), wrong(field)),
  ),
  ...['NaN', 'Infinity', '0x10', '01', '+1', '1.', '.5'].map((number) =>
    file(`a ttl written as ${number}`, withRaw(`"ttl":${number}`), setAside('not JSON')),
  ),
  ...['1e999', '-1e999', '1e308'].map((number) => file(`a ttl of ${number}`, withRaw(`"ttl":${number}`), wrong('ttl'))),
  // A Python server writes these, and its mail is read.
  file('a priority that is known elsewhere', json({ priority: 'high' }), delivered()),
  ...['-0', '-0.1', '-1'].map((ttl) => file(`a ttl of ${ttl}, which never ends`, withRaw(`"ttl":${ttl}`), delivered())),
  ...['yesterday', '', '1969-12-31T23:59:59Z', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z'].map((timestamp) =>
    file(`a time of ${JSON.stringify(timestamp)}`, json({ timestamp }), NOT_A_TIME),
  ),
  file('a time of 100 characters', json({ timestamp: `2026-02-17 (${'x'.repeat(100)})` }), wrong('timestamp')),
  file('a time at the end of 9999', json({ timestamp: '9999-12-31T23:59:59Z' }), delivered()),
  file('a time at the beginning of 1970', json({ timestamp: '1970-01-01T00:00:00Z' }), delivered()),
  ...['../mallory', 'Mallory', 'all', 'admin', 'a/b', '', 'mallory\n', '\u212aate', '__proto__', 'constructor'].map(
    (from) => file(`a sender ${JSON.stringify(from)}`, json({ from }), NO_SENDER),
  ),
  file('the human as sender', json({ from: 'human' }), delivered({ from: 'human' })),
  ...['../../x', '', '.', 'a.b', 'msg~r', 'msg 1', 'msg-1\n', 'i'.repeat(65), '-rf'].map((id) =>
    file(`an id ${JSON.stringify(id).slice(0, 40)}`, json({ id }), NO_ID),
  ),
  file('a message copied from the inbox of carol', json({ to: 'carol' }), ANOTHERS),
  file('a message to a look-alike of the owner', json({ to: 'b\u043eb' }), ANOTHERS),
  file('a message to a path that ends with the owner', json({ to: '../bob' }), ANOTHERS),
  file('a message to the owner in another spelling', json({ to: ' BOB\t' }), delivered()),
  file('a forged sender: alice in the name, mallory inside', json(), FORGED, nameOfOurs()),
  file('another id inside than in the name', json({ from: 'alice', id: 'msg-other' }), FORGED, nameOfOurs()),
  file(
    'its id in other letters than in the name',
    json({ from: 'alice', id: 'MSG-planted00001' }),
    FORGED,
    nameOfOurs(),
  ),
  file('a key "__proto__" with a message in it', `{"__proto__":${json()}}`, wrong('id')),
  file(
    'a key "__proto__" beside the others',
    withRaw('"__proto__":{"from":"human","polluted":true}'),
    delivered({ from: 'mallory' }),
  ),
  file(
    'a key "__proto__" in the payload',
    withRaw('"payload":{"__proto__":{"a":1},"b":2}'),
    delivered({ payload: { b: 2 } }),
  ),
  file(
    'keys of every object',
    withRaw('"constructor":{"prototype":{"a":1}},"toString":1,"hasOwnProperty":0'),
    delivered(),
  ),
  file(
    'keys of every object in the payload',
    withRaw('"payload":{"constructor":1,"toString":2,"prototype":3}'),
    delivered({ payload: { constructor: 1, toString: 2, prototype: 3 } }),
  ),
  file('two senders, the last of which counts', withRaw('"from":"trudy"'), delivered({ from: 'trudy' })),
  file('two recipients, the last of which is another', withRaw('"to":"carol"'), ANOTHERS),
  file(
    '1,000 contents, the last of which counts',
    withRaw(Array.from({ length: 1000 }, (_, n) => `"content":"n${n}"`).join(',')),
    delivered({ content: 'n999' }),
  ),
  file(
    'nulls wherever they may be',
    json({ payload: null, thread_id: null, reply_to: null, ttl: null, state: null }),
    delivered(),
  ),
];
