/** docs/clients.md cites tests that `npm test` does not run, so a renamed one would stay unseen. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const page = read('docs/clients.md');
const rows = [...page.matchAll(/^\| (\d+) \| (.+) \| `(.+\.real\.ts)` \|$/gm)].map(
  ([, number = '', title = '', file = '']) => ({ number, title, file }),
);

it.each(rows)('test $number of docs/clients.md is there: $title', ({ title, file }) => {
  // A title for several cases has a place for each.
  const titles = [title, title.replace(/^after \S+,/, 'after %s,')];
  const text = read(`test/real-clients/${file}`);
  expect(titles.filter((one) => text.includes(`'${one}'`))).not.toEqual([]);
});

it('docs/clients.md cites each of its tests, no other, and the versions that are installed', () => {
  const numbers = rows.map(({ number }) => number);
  const cited = new Set([...page.matchAll(/\[(\d+)\]/g)].map(([, number]) => number));
  expect([...cited].sort((a, b) => Number(a) - Number(b))).toEqual(numbers);
  const versions = [...read('test/real-clients/install.ts').matchAll(/'(\d+\.\d+\.\d+)'/g)].map(
    ([, version]) => version,
  );
  expect(versions).toHaveLength(2);
  expect(page).toContain(`Claude Code ${versions[0]} and Codex ${versions[1]}`);
});
