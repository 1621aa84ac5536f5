/** Kinds whose file names are odd: they must neither act on anybody nor hide what is in the file. */
import {
  delivered,
  type Fate,
  file,
  json,
  LEFT,
  nameOfOurs,
  onWindows,
  type PlantedKind,
  setAside,
} from './planted-kinds.js';

const NOT_JSON = setAside('not JSON');
const inWindows = onWindows && 'no file can have that name on Windows';

const ODD: readonly [string, string][] = [
  ['a line feed', 'a\nb.json'],
  ['a carriage return', 'a\rb.json'],
  ['sequences that clear a terminal', 'a\x1b[2J\x1b[H\x1b]0;x\x07.json'],
  ['controls of eight bits', 'a\x9b31m.json'],
  ['a change of direction', 'a\u202enosj.exe.json'],
  ['nothing visible', '\u200b\u2060.json'],
  ['letters in parts', 'bo\u0308b.json'],
  ['255 bytes', `${'n'.repeat(250)}.json`],
  ['255 bytes of wide characters', `${'\u{1f600}'.repeat(62)}nn.json`],
  ['options', '--force -rf *.json'],
  ['what a shell runs', '$(touch x);`touch y`|z&.json'],
  ['a leading dot', '.hidden.json'],
  ['the end alone', '.json'],
  ['two dots', '..json'],
  ['a mark and nothing else', '~r.json'],
  ['our separators', 'a.b.c.d~e~f.json'],
  ['a key of every object', '__proto__.json'],
  ['a Windows device', 'con.json'],
  ['what our quarantine adds', 'x.reason.json'],
  ['percent signs', '%2e%2e%2fcarol%00.json'],
];

/** A file in the form of a name of ours: what its name says is believed as far as its content agrees. */
const ours = (what: string, parts: Parameters<typeof nameOfOurs>[0], content: string, fate: Fate): PlantedKind =>
  file(what, content, fate, nameOfOurs(parts));

const GOOD = json({ from: 'alice' });
const PAST = '0000000000001';

export const NAMES: readonly PlantedKind[] = [
  ...ODD.flatMap(([what, fileName]): PlantedKind[] => [
    { ...file(`a name with ${what}, and no message`, '{', NOT_JSON, fileName), skip: inWindows },
    { ...file(`a name with ${what}, and a message`, json(), delivered(), fileName), skip: inWindows },
  ]),
  ...['x.JSON', 'x.json.tmp', 'x.json~', 'xjson', '.x.json.swp'].map((fileName) =>
    file(`a name that does not end in .json: ${fileName}`, json(), LEFT, fileName),
  ),
  ours('a name of ours, torn', {}, '{', setAside('not JSON', 'alice')),
  ours('a name of ours without a time', { time: '0000000000000' }, GOOD, delivered()),
  ours('a name of ours from the year 2286', { time: '9999999999999' }, GOOD, delivered()),
  ours('a name of ours that never ends', { expiry: '9999999999999' }, GOOD, delivered()),
  ours('a name of ours that has ended', { expiry: PAST }, GOOD, { is: 'expired', receiptFor: 'alice' }),
  ours('a name of ours that has ended, and no message', { expiry: PAST }, '{', { is: 'expired', receiptFor: 'alice' }),
  ours('a name of ours with an unknown mark', { mark: '~zz' }, GOOD, delivered()),
  ours('a name of ours marked as read in an inbox', { mark: '~p1771360200000' }, GOOD, delivered()),
  ours('a name of ours with a mark that clears a terminal', { mark: '~\x1b[2J\n' }, GOOD, delivered()),
  ours('a name of ours marked as redelivered', { mark: '~r' }, GOOD, delivered({ redelivered: true })),
  ours(
    'a name of ours from a reserved sender',
    { from: 'root' },
    json({ from: 'root' }),
    setAside('field from: from is not an agent id'),
  ),
  ours('a name of ours from a key of every object', { from: '__proto__' }, GOOD, delivered()),
  ours('a name of ours with an id of 65 characters', { id: 'i'.repeat(65) }, GOOD, delivered()),
];
