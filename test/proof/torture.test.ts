/**
 * A minute of eight servers that are killed at random, with SIGKILL, mid-call and mid-answer; then all is read in peace, and
 * a checker reads journal and relay. The seed is printed. TORTURE_SEED runs its schedule again: the same calls of each seat,
 * and the same victims at the same intervals; how the processes interleave, and so where a kill hits, differs.
 * TORTURE_SECONDS is how long it rages.
 */
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { eventually, filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';
import { check } from './checker.js';
import { readRelay } from './checker-relay.js';
import { TortureRun } from './torture-run.js';

const SECONDS = Number(process.env.TORTURE_SECONDS ?? 60);
const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000_007);

test('kill -9 of eight servers under six names loses nothing, repeats nothing unsaid and never claims too much', {
  timeout: 180_000 + SECONDS * 10_000,
}, async ({ sandbox, expect }) => {
  console.log(`torture: TORTURE_SEED=${seed}`);
  const run = new TortureRun(sandbox, seed);
  // A run in which little happened shows nothing.
  const least = { kills: (SECONDS * 100) / 60, sent: (SECONDS * 500) / 60 };
  await run.rage(SECONDS * 1000, () => run.counts().kills >= least.kills && run.counts().sent >= least.sent);
  await run.drain();
  const counts = run.counts();
  console.log(`torture: ${JSON.stringify(counts)}`);
  expect(check(run.journal, readRelay(sandbox.relay, [sandbox.home, sandbox.cwd]))).toEqual([]);
  expect(counts.kills).toBeGreaterThanOrEqual(least.kills);
  expect(counts.sent).toBeGreaterThanOrEqual(least.sent);
  await leftoversAreSwept(sandbox);
});

/** What the killed servers were writing is gone after an hour, with the next sweep. */
async function leftoversAreSwept(sandbox: Sandbox): Promise<void> {
  const before = new Date(Date.now() - 2 * 60 * 60 * 1000);
  const temporary = path.join(sandbox.relay, '.tmp');
  for (const name of readdirSync(temporary)) utimesSync(path.join(temporary, name), before, before);
  // The last sweep, and the lock of one that was cut short.
  for (const name of ['.swept', '.sweep.lock']) {
    if (existsSync(path.join(sandbox.relay, name))) utimesSync(path.join(sandbox.relay, name), before, before);
  }
  const server = await sandbox.start('alice');
  await server.call('who');
  await eventually('the leftovers are gone', () => filesIn(temporary).length === 0);
}
