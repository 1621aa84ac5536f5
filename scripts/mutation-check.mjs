/**
 * Shows that the suite would catch a change that breaks a promise: makes each of the defects of `scripts/mutations/` in a
 * copy of the repository, one at a time, and runs the test that should catch it. docs/mutations.md has the list.
 *
 *   node scripts/mutation-check.mjs                tries every defect
 *   node scripts/mutation-check.mjs <name> ...     tries these
 *   node scripts/mutation-check.mjs --whole ...    runs the whole suite on each, not only the test that should catch it
 *   node scripts/mutation-check.mjs --write-docs   writes docs/mutations.md, and tries nothing
 *
 * stdout has a table of what became of each; progress goes to stderr. Exit code 1 when a defect survives or nothing can be
 * said of it; 2 when the tests fail without any, when one does not apply any more, and when the command is wrong.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFECTS, GROUPS, problemsOf } from './mutations/defects.mjs';
import { describeVerdict, renderPage, renderResults } from './mutations/page.mjs';
import { Workshop } from './mutations/workshop.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

try {
  process.exitCode = await main();
} catch (error) {
  say(error.message);
  process.exitCode = 2;
}

async function main() {
  const { values: options, positionals: names } = parseArgs({
    allowPositionals: true,
    options: {
      whole: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const defects = names.length === 0 ? DEFECTS : names.map(defectNamed);
  const problems = problemsOf(defects, root);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  if (options['write-docs']) {
    writeFileSync(path.join(root, 'docs/mutations.md'), renderPage(GROUPS));
    return 0;
  }
  const results = await tryAll(defects, options.whole);
  process.stdout.write(renderResults(results));
  const caught = results.filter(({ verdict }) => verdict.state === 'caught');
  say(`${caught.length} of ${results.length} defects were caught`);
  return caught.length === results.length ? 0 : 1;
}

/** @throws Error when the tests fail without a defect, which says nothing about any. */
async function tryAll(defects, whole) {
  const workshop = new Workshop(root);
  const stop = () => {
    workshop.close();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
  try {
    say('the tests, without a defect ...');
    const sound = await workshop.test(whole ? undefined : defects.map(({ caughtBy }) => caughtBy));
    if (sound.state !== 'survived') throw new Error(`the tests fail by themselves: ${describeVerdict(sound)}`);
    const results = [];
    for (const [index, defect] of defects.entries()) {
      const begun = performance.now();
      const verdict = await workshop.testWith(defect, whole ? undefined : [defect.caughtBy]);
      const seconds = (performance.now() - begun) / 1000;
      say(`${index + 1}/${defects.length} ${defect.name}: ${describeVerdict(verdict)} (${seconds.toFixed(1)} s)`);
      if (verdict.state === 'caught') say(`    ${verdict.said}`);
      results.push({ defect, verdict, seconds });
    }
    return results;
  } finally {
    workshop.close();
  }
}

function defectNamed(name) {
  const defect = DEFECTS.find((each) => each.name === name);
  if (defect === undefined) throw new Error(`there is no defect ${JSON.stringify(name)}; docs/mutations.md names them`);
  return defect;
}

function say(text) {
  process.stderr.write(`mutations: ${text}\n`);
}
