/** The page of failure modes: it answers for each scenario that went wrong elsewhere, and names tests that exist. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { problemsOf, SCENARIOS } from './scenarios-table.js';

const fromHere = (file: string) => new URL(`../../${file}`, import.meta.url);
const read = (file: string) => readFileSync(fromHere(file), 'utf8');
const sourceOf = (file: string) => (existsSync(fromHere(file)) ? read(file) : undefined);
const PAGE = read('docs/failure-modes.md');

test('every scenario has one row, with its tests or the reason why it has none, and every story its tests, which exist', () => {
  expect(SCENARIOS.length).toBe(50);
  expect(new Set(SCENARIOS).size).toBe(SCENARIOS.length);
  expect(problemsOf(PAGE, sourceOf)).toEqual([]);
});

const row = (name: string) => PAGE.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
const renamed = (title: string) => (file: string) => sourceOf(file)?.replace(`'${title}'`, "'something else'");
const ACK = row('ack-of-nothing');
const TITLE = 'an ack that names nothing is an error and acknowledges nothing';
const instead = (replacement: string) => PAGE.replace(ACK, () => replacement);
const withStory = (story: string) => PAGE.replace('## Seen elsewhere', () => `${story}\n\n## Seen elsewhere`);

test.for<[string, string, (file: string) => string | undefined, string]>([
  ['a scenario without a row', instead(''), sourceOf, 'ack-of-nothing: has no row'],
  ['a scenario with two rows', instead(`${ACK}\n${ACK}`), sourceOf, 'ack-of-nothing: has two rows'],
  [
    'a scenario that is not on the list',
    instead(`${ACK}\n${ACK.replace('ack-of', 'ask-of')}`),
    sourceOf,
    'is not on the list',
  ],
  [
    'a scenario without a test or a reason',
    instead('| `ack-of-nothing` | All was lost. | - |'),
    sourceOf,
    'neither a test nor',
  ],
  ['a scenario with a file alone', instead(ACK.replace(/: "[^|]*/, ' ')), sourceOf, 'ack-of-nothing: has no test in'],
  ['a test in a file that is gone', PAGE, (file) => (/mail/.test(file) ? undefined : sourceOf(file)), 'does not exist'],
  ['a test that was renamed', PAGE, renamed(TITLE), `has no test "${TITLE}"`],
  [
    'a test that is skipped',
    PAGE,
    (file) => sourceOf(file)?.replace(`test('${TITLE}'`, `test.skip('${TITLE}'`),
    `has no test "${TITLE}"`,
  ],
  [
    'a test that is commented out',
    PAGE,
    (file) => sourceOf(file)?.replace(`test('${TITLE}'`, `// test('${TITLE}'`),
    `has no test "${TITLE}"`,
  ],
  ['a story without a test', withStory('**All is lost.** It is.'), sourceOf, 'All is lost.: names no test'],
  [
    'a story with a file alone',
    withStory('**All is lost.** (`test/docs.test.ts`)'),
    sourceOf,
    'All is lost.: names no test',
  ],
  [
    'a story of a test that does not exist',
    withStory('**All is lost.** `test/docs.test.ts`: "all\nis lost"'),
    sourceOf,
    'test/docs.test.ts has no test "all is lost"',
  ],
])('%s is found', ([, page, source, problem]) => {
  expect(problemsOf(page, source)).toContainEqual(expect.stringContaining(problem));
});
