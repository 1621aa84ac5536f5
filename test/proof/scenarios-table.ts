/**
 * Reads docs/failure-modes.md, and says what is wrong with it: a scenario of "Seen elsewhere" without its row, a story
 * without its test, a test that does not exist.
 */

/** Every failure of other programs that the tables must answer for, by the name of its row. */
export const SCENARIOS: readonly string[] = [
  'nick-as-address',
  'reply-to-the-ended',
  'expiry-without-a-trace',
  'cleanup-against-a-start',
  'counts-that-disagree',
  'pid-of-another-machine',
  'live-but-deaf',
  'expired-but-unread',
  'silent-without-a-name',
  'endless-restarts',
  'exit-under-a-supervisor',
  'inherited-name',
  'first-look',
  'echo',
  'two-versions',
  'ack-of-nothing',
  'same-millisecond',
  'path-as-target',
  'shared-temporary-file',
  'takeover',
  'zero-and-nan',
  'delivered-when-fetched',
  'eaten-by-a-poll',
  'outlives-its-client',
  'handshake-as-proof',
  'mail-during-an-end',
  'inbox-without-end',
  'only-between-turns',
  'posing-as-the-user',
  'one-answer-for-all',
  'forged-sender',
  'unchecked-reply',
  'listed-and-consumed',
  'name-taken-twice',
  'poisoned-head',
  'leaked-handles',
  'stalled-start',
  'error-as-nothing',
  'wait-beyond-the-client',
  'sibling-sessions',
  'zero-as-forever',
  'json-in-json',
  'ack-before-the-output',
  'readable-by-all',
  'token-of-another',
  'forgotten-keys',
  'sent-from-memory',
  'words-as-commands',
  'green-without-tests',
  'quarantined-by-a-sibling',
];

/** A file of tests, and titles as they stand in it. */
const CITATION = /`(test\/[\w./-]+\.test\.ts)`: ("[^"]+"(?:, "[^"]+")*)/g;

type SourceOf = (file: string) => string | undefined;

/** @param sourceOf the text of a file of the project; undefined when there is none. */
export function problemsOf(page: string, sourceOf: SourceOf): string[] {
  const sections = new Map(page.split(/^## /m).map((section) => [section.slice(0, section.indexOf('\n')), section]));
  const rows = rowsOf(sections.get('Seen elsewhere') ?? '');
  const names = rows.map(([name = '']) => name.replaceAll('`', ''));
  sections.delete('Seen elsewhere');
  return [
    ...SCENARIOS.filter((name) => !names.includes(name)).map((name) => `${name}: has no row`),
    ...names.filter((name, index) => names.indexOf(name) < index).map((name) => `${name}: has two rows`),
    ...names.filter((name) => !SCENARIOS.includes(name)).map((name) => `${name}: is not on the list`),
    ...rows.flatMap((row, index) => problemsOfRow(row, sourceOf).map((problem) => `${names[index]}: ${problem}`)),
    ...[...sections.values()].flatMap((section) => [
      ...storiesOf(section).flatMap((story) => problemsOfStory(story)),
      ...missingTests(section, sourceOf),
    ]),
  ];
}

/** A story begins with its name in bold at the start of a line, and goes on to the next one. */
function storiesOf(section: string): string[] {
  return section.split(/^(?=\*\*)/m).slice(1);
}

function problemsOfStory(story: string): string[] {
  return onOneLine(story).match(CITATION) === null ? [`${story.split('**')[1]}: names no test`] : [];
}

/** The cells of each row, without the lines that make the head of a table. */
function rowsOf(section: string): string[][] {
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Four cells are a scenario with its tests, three are one that does not apply, with the reason. */
function problemsOfRow([, wrong = '', here = '', tests, ...more]: string[], sourceOf: SourceOf) {
  if (more.length > 0) return ['has too many cells'];
  if (wrong === '' || here === '') return ['says nothing'];
  if (tests === undefined) return here.split(' ').length < 4 ? ['has neither a test nor a reason'] : [];
  // Nothing but citations: what is not one would not be looked up.
  const rest = tests.replaceAll(CITATION, '').replaceAll(';', '').trim();
  if (rest !== '' || tests === '') return [`has no test in ${JSON.stringify(rest)}`];
  return missingTests(tests, sourceOf);
}

function missingTests(text: string, sourceOf: SourceOf): string[] {
  return [...onOneLine(text).matchAll(CITATION)].flatMap(([, file = '', titles = '']) => {
    const source = sourceOf(file);
    if (source === undefined) return [`${file} does not exist`];
    return [...titles.matchAll(/"([^"]+)"/g)].flatMap(([, title = '']) =>
      hasTest(source, title) ? [] : [`${file} has no test ${JSON.stringify(title)}`],
    );
  });
}

/** Lines of prose are broken anywhere. */
const onOneLine = (text: string) => text.replace(/\s+/g, ' ');

/**
 * Whether `title`, as it stands in the source, is what a call of `it` or `test` begins with that is run; also behind
 * `concurrent`, and behind what takes arguments, as `each`.
 */
function hasTest(source: string, title: string): boolean {
  const code = source.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?:\\b(?:it|test|concurrent)|\\))\\(\\s*(['"\`])${literal}\\1,`).test(code);
}
