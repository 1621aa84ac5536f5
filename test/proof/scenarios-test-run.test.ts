/** A run of tests that tests nothing must not look like a good one: on the runners of CI nobody reads what is green. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const fromHere = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test.for([
  ['in which every test is skipped', "test.skip('one', () => {});"],
  ['that finds no file of tests', undefined],
] as const)('a run of tests %s fails, and says why', ([, file]) => {
  const { status, stdout, stderr } = runTests(file);
  expect([status, stdout], stderr).toEqual([1, expect.stringContaining('No test was executed.\n0 passed, 0 failed')]);
});

test('a run of one test that passes is a good one', () => {
  const { status, stdout, stderr } = runTests("test('one', () => {});");
  expect([status, stdout], stderr).toEqual([0, expect.stringContaining('1 passed, 0 failed')]);
});

/** As `npm test` runs tests, with the configuration of the project, in a folder that holds `file` alone. */
function runTests(file: string | undefined) {
  folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-run-'));
  mkdirSync(path.join(folder, 'test'));
  if (file !== undefined) writeFileSync(path.join(folder, 'test', 'one.test.ts'), file);
  // Without the flag the runner itself finds fault with a folder without tests.
  const flags = ['--root', fromHere(''), '--dir', folder, '--globals', '--passWithNoTests'];
  return spawnSync(process.execPath, [fromHere('node_modules/vitest/vitest.mjs'), 'run', ...flags], {
    cwd: fromHere(''),
    // Windows starts no program without its own.
    env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, HOME: folder },
    encoding: 'utf8',
  });
}
