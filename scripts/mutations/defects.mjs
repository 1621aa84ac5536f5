/**
 * The seeded defects, by what they break. A defect is one edit of one file:
 *
 * - `name`: stable, what is wrong with the program then;
 * - `promise`: what it promises, and would break;
 * - `file`, `find`, `replace`: the edit. `find` stands in the file exactly once;
 * - `caughtBy`: the test that has to fail: its `file`, and its `title` or a part of it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import audit from './defects/audit.mjs';
import autospawn from './defects/autospawn.mjs';
import disk from './defects/disk.mjs';
import ending from './defects/ending.mjs';
import jobCommands from './defects/job-commands.mjs';
import jobTools from './defects/job-tools.mjs';
import jobs from './defects/jobs.mjs';
import lanes from './defects/lanes.mjs';
import limits from './defects/limits.mjs';
import looking from './defects/looking.mjs';
import naming from './defects/naming.mjs';
import planted from './defects/planted.mjs';
import reading from './defects/reading.mjs';
import resources from './defects/resources.mjs';
import review from './defects/review.mjs';
import sending from './defects/sending.mjs';
import sessions from './defects/sessions.mjs';
import starting from './defects/starting.mjs';
import topics from './defects/topics.mjs';
import waiting from './defects/waiting.mjs';
import waking from './defects/waking.mjs';
import worker from './defects/worker.mjs';
import worktrees from './defects/worktrees.mjs';

export const GROUPS = [
  disk,
  planted,
  sending,
  reading,
  ending,
  sessions,
  limits,
  jobs,
  review,
  jobCommands,
  jobTools,
  lanes,
  looking,
  waiting,
  waking,
  topics,
  naming,
  resources,
  audit,
  worker,
  autospawn,
  worktrees,
  starting,
];

export const DEFECTS = GROUPS.flatMap(({ defects }) => defects);

/** What keeps the defects from being made in the sources of `root`, and their tests from being run; a line each. */
export function problemsOf(defects, root) {
  const read = (file) => (existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : '');
  // A test may stand in a suite that its file shares with others.
  const tests = readdirSync(path.join(root, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(path.join('test', file)))
    .join('\n');
  return defects.flatMap(({ name, file, find, replace, caughtBy }, index) => {
    const problems = [];
    if (defects.findIndex((other) => other.name === name) < index) problems.push('two defects have this name');
    if (find === replace) problems.push('it changes nothing');
    const count = read(file).split(find).length - 1;
    if (count !== 1) problems.push(`its text stands ${count} times in ${file}, and has to once`);
    if (read(caughtBy.file) === '') problems.push(`there is no ${caughtBy.file}`);
    if (!tests.includes(caughtBy.title)) problems.push(`there is no test ${JSON.stringify(caughtBy.title)}`);
    return problems.map((problem) => `${name}: ${problem}`);
  });
}
