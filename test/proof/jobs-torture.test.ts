/**
 * Hundreds of jobs for six processes that are killed, and stopped until their leases are over, with programs that sleep, fork
 * and hang; then all is done in peace, and a checker reads the relay, the journals and the process table. The seed is printed;
 * JOBS_TORTURE_SEED runs its schedule again. JOBS_TORTURE_SECONDS is how long it rages.
 */
import { describe } from 'vitest';
import { isEnded, type Job } from '../../src/model/job.js';
import { verifyAudit } from '../../src/relay/audit/verify.js';
import { historyOf, mailOf, owedToSubmitter } from '../helpers/job-ledger.js';
import { eventually, test } from '../helpers/server-sandbox.js';
import { bundleHelper } from '../helpers/store-bundle.js';
import { linux } from '../helpers/store-relay.js';
import { JobsTorture } from './jobs-torture-run.js';

const SECONDS = Number(process.env.JOBS_TORTURE_SECONDS ?? 25);
const JOBS = SECONDS * 20;
const seed = Number(process.env.JOBS_TORTURE_SEED ?? Date.now() % 1_000_000_007);

// Which processes there are is read from /proc, and programs are run by /bin/sh.
describe.skipIf(!linux)('six processes that are killed and stopped', () => {
  test('do hundreds of jobs: each ends once, by the newest token, is told of once, and leaves no process', {
    timeout: 300_000 + SECONDS * 5000,
  }, async ({ sandbox, expect }) => {
    console.log(`torture of jobs: JOBS_TORTURE_SEED=${seed}`);
    const torture = new JobsTorture(sandbox.cwd, await bundleHelper(sandbox.root, 'jobs-child.ts'), seed);
    await torture.rage(JOBS, SECONDS * 1000);
    await eventually('no process is left two seconds later', () => torture.processes().length === 0, 2000);
    const jobs = await torture.drain(120_000 + SECONDS * 2000);
    await eventually('no process is left two seconds later', () => torture.processes().length === 0, 2000);

    expect(jobs.map(({ id }) => id).sort()).toEqual([...torture.submitted.keys()].sort());
    expect(jobs.filter(({ state }) => !isEnded(state)).map(({ id, state }) => `${id} ${state}`)).toEqual([]);
    expect(jobs.flatMap(historyOf)).toEqual([]);
    expect(startedTooOften(torture, jobs)).toEqual([]);
    expect(againstTheJournals(torture, jobs)).toEqual([]);
    expect((await mailOf(torture.relay, 'alice')).sort()).toEqual(jobs.flatMap(owedToSubmitter).sort());
    const { findings, lines } = await verifyAudit(torture.relay);
    expect(findings).toEqual([]);

    const journal = torture.journal();
    const answers = journal.flatMap(([what, , , , answer]) => (what === 'settled' ? [answer] : []));
    const stale = answers.filter((answer) => answer !== 'accepted').length;
    const lost = jobs.flatMap(({ history }) => history.filter(({ by, n }) => by === 'system' && n > 1)).length;
    console.log(`torture of jobs: ${JSON.stringify({ ...torture.counts, jobs: jobs.length, stale, lost, lines })}`);
    // A run in which little happened shows nothing.
    expect(torture.counts.kills).toBeGreaterThan(SECONDS / 4);
    expect(torture.counts.stops).toBeGreaterThan(SECONDS / 4);
    expect(lost).toBeGreaterThan(SECONDS / 4);
    expect(stale).toBeGreaterThan(0);
    expect(torture.starts().size).toBeGreaterThan(JOBS / 4);
  });
});

/** A program is started at most once a claim; of a job that may write, once more only for each word of a person. */
function startedTooOften(torture: JobsTorture, jobs: readonly Job[]): string[] {
  const started = torture.starts();
  return jobs.flatMap(({ id, write, token }) => {
    const count = started.get(torture.submitted.get(id) ?? -1) ?? 0;
    const most = write ? 1 + (torture.retried.get(id) ?? 0) : (token?.number ?? 0);
    return count > most ? [`${id} was started ${count} times, and ${most} were allowed`] : [];
  });
}

/** What the claimers were answered, against what became of the jobs. */
function againstTheJournals(torture: JobsTorture, jobs: readonly Job[]): string[] {
  const wrong: string[] = [];
  const journal = torture.journal();
  const claimed = new Map<string, number>();
  for (const [what, id, token] of journal) {
    const claim = `${id} ${token.split('.', 1)[0]}`;
    if (what === 'claimed') claimed.set(claim, (claimed.get(claim) ?? 0) + 1);
  }
  for (const [claim, times] of claimed) if (times > 1) wrong.push(`${claim} was given out ${times} times`);
  for (const job of jobs) {
    const of = journal.filter(([, id]) => id === job.id);
    const ends = of.filter(
      ([what, , , how, answer]) => what === 'settled' && how !== 'released' && answer === 'accepted',
    );
    if (ends.length > 1) wrong.push(`${job.id} was settled ${ends.length} times`);
    for (const [, , token, how] of ends) {
      if (Number(token.split('.', 1)[0]) !== job.token?.number) wrong.push(`${job.id} was ended by an old token`);
      if (job.state !== how) wrong.push(`${job.id} was settled as ${how} and is ${job.state}`);
      if (!String(job.result).startsWith(token)) wrong.push(`${job.id} has not the result of who ended it`);
    }
    for (const [what, , token, answer] of of)
      if (what === 'again' && answer === 'accepted') wrong.push(`${job.id} took ${token} twice`);
  }
  return wrong;
}
