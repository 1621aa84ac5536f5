/** Names that agents, people and models might send, or be given: what must be refused, and what is another spelling. */

/** One name a word. */
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const each = (names: readonly string[], ...ways: ((name: string) => string)[]): string[] =>
  ways.flatMap((way) => names.map(way));

const DEVICES = words('con prn aux nul com0 com1 com2 com5 com9 lpt0 lpt1 lpt5 lpt9');
const RESERVED = words(
  'human user system admin operator root __proto__ constructor prototype tostring valueof hasownproperty',
);

/** By kind: no agent can have these names. */
export const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'paths upwards': [
    ...words('. .. ... ../x ../../x ..\\x ../../../../etc/passwd bob/.. bob/../carol ./bob bob/. ..%2fx ....//x'),
    ...words(
      '~ ~/x ~root $HOME $(HOME) %HOME% file:///etc/passwd /etc/passwd /bob //bob \\\\server\\share C:\\x C:bob C:/x',
    ),
  ],
  'paths inside': words(
    'a/b a\\b bob/ /bob bob/read bob/taken acme/api bob\\read .sent .tmp .format .agents/bob .quarantine',
  ),
  'leading dots, hyphens and the like': words(
    '.bob ..bob -bob --bob -rf --force -- - _ _bob ~bob +bob @bob #bob #all :bob =bob *',
  ),
  'endings of file names': words(
    'bob.json bob. bob.. bob.json.tmp bob~ bob~r bob:stream bob::$DATA x.json~p1771360200000',
  ),
  'patterns and shell': words(
    '* ? [a-z] {a,b} bob* $(id) `id` $& $1 a;b a|b a&b a>b !! "bob" \'bob\' <bob> (bob) {agent_id} bob,carol',
  ),
  encodings: words(
    '%2e%2e %2e%2e%2f %00 bob%00 %62ob &#98;ob \\u0062ob \\x62ob =?utf-8?q?bob?= xn--bb-kka.com bob%20 +bob',
  ),
  'JSON text': ['"bob"', '["bob"]', '{"agent":"bob"}', '[]', '{}', 'bob"', 'bob\\', '{"$ne":null}', "bob'--"],
  'two names': ['alice bob', 'alice, bob', 'alice;bob', 'alice\tbob', 'bob@localhost', 'bob:carol', 'alice,bob,'],
  'line ends and controls': [
    ...each(
      ['\n', '\r', '\r\n', '\v', '\f', '\b', '\x07', '\x1b', '\x7f', '\x80', '\x85', '\x9b', '\u2028', '\u2029'],
      (c) => `bob${c}`,
      (c) => `${c}bob`,
    ),
    'bob\n../x',
  ],
  NUL: ['\0', 'bob\0', 'bob\0.json', '\0bob', 'bob\0/../carol'],
  'terminal sequences': ['\x1b[2Jbob', 'bob\x1b[31m', '\x1b]0;bob\x07', '\x9b2Jbob', 'b\b\bob'],
  'look-alikes': [
    ...[
      '\u212aevin',
      'bo\u212a',
      'b\u0131b',
      'b\u0130b',
      '\u0430lice',
      'b\u043eb',
      '\uff42\uff4f\uff42',
      '\u{1d41b}ob',
      'b\u00f8b',
      'bo\u0180',
    ],
    ...[
      'stra\u00dfe',
      '\ufb01x',
      '\u017fam',
      'bob\u0661',
      'bob\u2460',
      'b\u2070b',
      '\u24d1\u24de\u24d1',
      'bob\u2010x',
      'bob\u2013x',
    ],
  ],
  'letters in parts': [
    'b\u00f6b',
    'bo\u0308b',
    '\u00e5sa',
    'a\u030asa',
    'bob\u0301',
    '\u1112\u1161\u11ab',
    '\ud55c',
    'bob\ufe0f',
  ],
  'invisible characters': each(
    words('\u200b \u200c \u200d \u2060 \u00ad \u180e \u3164 \u115f'.replace(/ /g, '\n')),
    (c) => `bob${c}`,
    (c) => `b${c}ob`,
  ),
  'changes of direction': each(
    [...'\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c'],
    (c) => `bob${c}`,
  ),
  'spaces that are none of ours': each(
    [...'\u00a0\u1680\u2000\u2003\u2009\u202f\u205f\u3000\ufeff'],
    (c) => `bob${c}`,
    (c) => `${c}bob`,
  ),
  nothing: ['', ' ', '\t', ' \t ', '\u00a0', '\u200b'],
  'too long': [
    'a'.repeat(65),
    'a'.repeat(255),
    'a'.repeat(256),
    'a'.repeat(4096),
    '../'.repeat(1000),
    '\u00fc'.repeat(64),
    '\u{1f600}'.repeat(40),
  ],
  'numbers and dates': ['1.0', '-1', '1e3.5', '+1', '0.5', '2026-02-17T20:30:00Z', '1,000'],
  emoji: ['\u{1f600}', 'bob\u{1f600}', '\u{1f1e9}\u{1f1ea}', '#\ufe0f\u20e3', '\u2620'],
  'Windows devices': each(
    DEVICES,
    (name) => name,
    (name) => name.toUpperCase(),
    (name) => ` ${name}\t`,
    (name) => `${name}.json`,
  ),
  'reserved names': each(
    RESERVED.filter((name) => name !== 'human'),
    (name) => name,
    (name) => name.toUpperCase(),
    (name) => `  ${name} `,
  ),
  'keys of every object, as they are spelled': ['toString', 'valueOf', 'hasOwnProperty', '__proto__', 'Constructor'],
};

/** Other spellings of an agent's name, and the name that all of them mean. */
export const SPELLINGS: readonly (readonly [string, string])[] = [
  ...[' bob', 'bob ', '\tbob', 'bob\t', ' \t bob \t ', 'BOB', 'Bob', 'bOb', ' BOB '].map(
    (name) => [name, 'bob'] as const,
  ),
  ['A', 'a'],
  ['0', '0'],
  ['007', '007'],
  ['1E3', '1e3'],
  ['NULL', 'null'],
  ['Undefined', 'undefined'],
  ['true', 'true'],
  ['NaN', 'nan'],
  ['a-b_c', 'a-b_c'],
  ['a--', 'a--'],
  ['a__', 'a__'],
  ['CONSOLE', 'console'],
  ['com10', 'com10'],
  ['proto', 'proto'],
  ['humans', 'humans'],
  ['read', 'read'],
  ['taken', 'taken'],
  ['json', 'json'],
  ['xn--bb-kka', 'xn--bb-kka'],
  ['Z'.repeat(64), 'z'.repeat(64)],
];

/** What is no text at all, where a name is wanted. */
export const NO_TEXT: readonly unknown[] = [
  7,
  0,
  -1,
  1.5,
  1e21,
  true,
  false,
  [],
  ['bob'],
  [['bob']],
  {},
  { name: 'bob' },
  { toString: 'bob' },
  { length: 3 },
  null,
];

/** Threads that are refused. */
export const REFUSED_THREADS: readonly unknown[] = [
  ...[
    '',
    ' ',
    '\n',
    '\u00a0',
    '\ufeff',
    'a\nb',
    'a\rb',
    'a\0b',
    'a\x1b[2Jb',
    'a\tb',
    'a\x7fb',
    'a\x85b',
    'a\x9bb',
    'a\u2028b',
    'a\u2029b',
  ],
  ...([
    't'.repeat(129),
    '\u00fc'.repeat(129),
    '\u{1f600}'.repeat(129),
    ...NO_TEXT.filter((value) => value !== null),
  ] as unknown[]),
];

/** Threads that are data like any other text: they come back as they are, without the spaces around. */
export const THREADS: readonly string[] = [
  ...words(
    '../x ../../etc/passwd a/b .. . .sent CON nul __proto__ constructor toString -rf --force $(id) `id` %2e%2e %00 * ~ all human',
  ),
  ...[
    '\u212a',
    'b\u0131b',
    'b\u00f6b',
    'bo\u0308b',
    'a\u200bb',
    'a\u202eb',
    '\u{1f600}'.repeat(64),
    't'.repeat(128),
    ' deploy ',
    '{"a":1}',
    '[1]',
    '7',
    'null',
  ],
];

/** What is no id of a message, for `reply_to` and for `peek`. */
export const NO_IDS: readonly unknown[] = [
  ...words('../x a/b a\\b . .. .hidden msg.1 msg~r -rf --all msg-1.json * % %2e %00 #1 msg:1 ~ _ _x'),
  ...[
    '',
    ' ',
    'a b',
    'msg-1\nx',
    'a\0b',
    '\x1b[2J',
    'msg-\u202e',
    '\u212a',
    'm\u00f6g',
    'msg-\u200b',
    'i'.repeat(65),
    'i'.repeat(10_000),
    '["msg-1"]',
    '{}',
  ],
  ...NO_TEXT.filter((value) => value !== null),
];
