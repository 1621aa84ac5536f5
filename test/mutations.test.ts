/** The mutation check: its list fits the program and the suite, its page the list, and it tells a catch from an accident. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { describe, expect, it } from 'vitest';

interface Defect {
  readonly name: string;
  readonly promise: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly caughtBy: { readonly file: string; readonly title: string };
}

const root = fileURLToPath(new URL('../', import.meta.url));
const load = (file: string) => import(new URL(`../scripts/mutations/${file}`, import.meta.url).href);
const { DEFECTS, GROUPS, problemsOf } = (await load('defects.mjs')) as {
  DEFECTS: readonly Defect[];
  GROUPS: readonly object[];
  problemsOf(defects: readonly Defect[], root: string): string[];
};
const { renderPage } = (await load('page.mjs')) as { renderPage(groups: readonly object[]): string };
const { verdictOf } = (await load('verdict.mjs')) as { verdictOf(report: unknown): object };

describe('the defects', () => {
  it('each can be made in the sources, and each has a test to catch it', () => {
    expect(problemsOf(DEFECTS, root)).toEqual([]);
    expect(DEFECTS.length).toBeGreaterThanOrEqual(20);
  });

  it('each leaves a source that is one: what cannot be built shows nothing of the tests', async () => {
    const builds = DEFECTS.map(async ({ name, file, find, replace }) => {
      const source = readFileSync(root + file, 'utf8').replace(find, () => replace);
      await transform(source, { loader: 'ts' }).catch((error) =>
        Promise.reject(new Error(`${name}: ${error.message}`)),
      );
    });
    const settled = await Promise.allSettled(builds);
    expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
  });

  it('are in docs/mutations.md as they are (npm run mutations -- --write-docs writes it)', () => {
    expect(readFileSync(`${root}docs/mutations.md`, 'utf8')).toBe(renderPage(GROUPS));
  });

  const good = {
    name: 'one',
    promise: '',
    file: 'src/bin.ts',
    find: readFileSync(`${root}src/bin.ts`, 'utf8'),
    replace: '',
    caughtBy: { file: 'test/mutations.test.ts', title: 'each can be made in the sources' },
  };

  it.each<[string, Partial<Defect>, string]>([
    ['whose text is gone', { find: 'no such text' }, 'its text stands 0 times in src/bin.ts, and has to once'],
    ['whose text is there twice', { find: '\n' }, 'times in src/bin.ts, and has to once'],
    ['whose file is gone', { file: 'src/no-such.ts' }, 'its text stands 0 times in src/no-such.ts'],
    ['that changes nothing', { replace: good.find }, 'it changes nothing'],
    [
      'whose test file is gone',
      { caughtBy: { ...good.caughtBy, file: 'test/no-such.test.ts' } },
      'there is no test/no',
    ],
    ['whose test is gone', { caughtBy: { ...good.caughtBy, title: ['g', 'ne'].join('0') } }, 'there is no test "g'],
  ])('are not in order with one %s', (_, change, problem) => {
    expect(problemsOf([good], root)).toEqual([]);
    expect(problemsOf([{ ...good, ...change }], root)).toEqual([expect.stringContaining(problem)]);
  });

  it('are not in order with two of one name', () => {
    expect(problemsOf([good, good], root)).toEqual(['one: two defects have this name']);
  });
});

describe('a run of the tests', () => {
  const failed = (...failureMessages: string[]) => ({ status: 'failed', fullName: 'a claim', failureMessages });
  const report = (...assertionResults: object[]) => ({
    success: !assertionResults.some((test) => (test as { status: string }).status === 'failed'),
    testResults: [{ name: 'x.test.ts', status: 'passed', assertionResults }],
  });

  it.each([
    'AssertionError: expected 1 to be 2\n  at x.test.ts',
    'Error: promise resolved "true" instead of rejecting',
    'DispatchError: the disk is full',
  ])('catches a defect by a test that fails with %j', (said) => {
    expect(verdictOf(report(failed('TypeError: x is not a function'), failed(said)))).toEqual({
      state: 'caught',
      file: 'x.test.ts',
      test: 'a claim',
      said: said.split('\n')[0],
    });
  });

  it.each([
    'TypeError: x is not a function',
    'ReferenceError: x is not defined',
    'SyntaxError: unexpected token',
    'Error: STACK_TRACE_ERROR',
    'Error: Cannot find module',
  ])('says nothing of one by a test that fails with %j', (why) => {
    expect(verdictOf(report(failed(why)))).toEqual({ state: 'broken', why: `a claim: ${why}` });
  });

  it('says nothing when it did not end, when a file could not be loaded, and when no test was executed', () => {
    expect(verdictOf(undefined)).toMatchObject({ state: 'broken' });
    const unloaded = { name: 'x.test.ts', status: 'failed', message: 'Transform failed', assertionResults: [] };
    expect(verdictOf({ success: false, testResults: [unloaded] })).toEqual({
      state: 'broken',
      why: 'Transform failed',
    });
    expect(verdictOf(report({ status: 'skipped', fullName: 'a claim' }))).toMatchObject({ state: 'broken' });
    expect(verdictOf({ ...report({ status: 'passed', fullName: 'a claim' }), success: false })).toMatchObject({
      state: 'broken',
    });
  });

  it('lets a defect survive when all tests pass', () => {
    expect(verdictOf(report({ status: 'passed', fullName: 'a claim' }))).toEqual({ state: 'survived' });
  });
});
