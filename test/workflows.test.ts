/** The workflows run what is there: they are not run by `npm test`, so a script or a variable that is gone would stay unseen. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: { readonly [name: string]: string } };

const workflows = readdirSync(`${root}.github/workflows`).map(
  (name) => [name, read(`.github/workflows/${name}`)] as const,
);

it.each(workflows)('%s runs scripts and tests that exist', (_, text) => {
  const run = [...text.matchAll(/\bnpm (?:run (?:--silent )?)?([\w:]+)/g)].map(([, name = '']) => name);
  const ofNpm = ['pack', 'init', 'install'];
  expect(run.filter((name) => !ofNpm.includes(name) && scripts[name] === undefined)).toEqual([]);
  const tests = [...text.matchAll(/\btest\/[\w./-]+/g)].map(([file]) => file);
  expect(tests.filter((file) => !existsSync(`${root}${file}`))).toEqual([]);
  expect(run.length + tests.length).toBeGreaterThan(0);
});

it('nightly.yml sets variables that the proofs read', () => {
  const set = [...read('.github/workflows/nightly.yml').matchAll(/^ +([A-Z_]+):/gm)].map(([, name = '']) => name);
  const proofs = readdirSync(`${root}test/proof`)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => read(`test/proof/${name}`))
    .join('\n');
  expect(set).toHaveLength(6);
  expect(set.filter((name) => !new RegExp(`\\b${name}\\b`).test(proofs))).toEqual([]);
});
