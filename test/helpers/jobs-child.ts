/**
 * A process of its own that has to do with jobs: `jobs-child <root> <task> [arguments]`. A task of a race says "ready", starts
 * when its stdin says "go", and prints one line of JSON at its end.
 */
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { isDispatchError } from '../../src/model/errors.js';
import { newSessionId } from '../../src/model/ids.js';
import { Relay } from '../../src/relay/relay.js';
import { Files } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { randomOf } from './random.js';

const [root = '', task = '', ...rest] = process.argv.slice(2);
const files = new Files();
const relay = new Relay({
  store: new FilesystemStore(root, { files, durability: 'process' }),
  processes: new ProcessTable(files),
});
const me = { agent: 'bob', session: newSessionId() };
const mine = { addresses: ['bob'] };

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function go(): Promise<void> {
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  process.stdin.pause();
}

const tasks: { readonly [name: string]: () => Promise<unknown> } = {
  /** Claims what there is, and gives the ids with the tokens. */
  claim: async () => {
    await go();
    const claims: [string, string][] = [];
    for (;;) {
      const claimed = await relay.jobs.claimNext(me, { ...mine, leaseSeconds: 3600 });
      if (!('job' in claimed)) return claims;
      claims.push([claimed.job.id, claimed.token]);
    }
  },

  /** Submits the same requests as all the others, and gives the ids. */
  submit: async () => {
    await go();
    const ids: string[] = [];
    for (let round = 0; round < Number(rest[0]); round++) {
      const draft = { to: 'bob', task: { prompt: `round ${round}` }, requestId: `request ${round}` };
      ids.push((await relay.jobs.submit('alice', draft)).job.id);
    }
    return ids;
  },

  /** Decides about these jobs as all the others do, and gives what was accepted, or the code of the refusal. */
  decide: async () => {
    await go();
    const answers: string[] = [];
    for (const id of rest) {
      // Each says yes as often as no.
      const how = (process.pid + answers.length) % 2 === 0 ? 'approved' : 'rejected';
      const deciding = relay.jobs.review(id, { how, by: 'human', note: String(process.pid) });
      answers.push(
        await deciding.then(
          () => `${how} ${process.pid}`,
          (error: unknown) => (isDispatchError(error) ? error.code : String(error)),
        ),
      );
    }
    return answers;
  },

  /** Looks at these jobs from the moment on at which their leases end. */
  look: async () => {
    const [until, ...ids] = rest;
    await go();
    await sleep(Number(until) - Date.now());
    const seen: unknown[] = [];
    for (const id of ids) seen.push((await relay.jobs.look(id))?.state);
    return seen;
  },

  /** Works until it is killed, as an agent would that is often late; each line of its journal is one thing it was answered. */
  live: async () => {
    const [journal = '', seed = '0', leaseSeconds = '1'] = rest;
    const random = randomOf(Number(seed));
    const note = (...line: unknown[]) => appendFileSync(journal, `${JSON.stringify(line)}\n`);
    const answer = async (work: Promise<unknown>) =>
      work.then(
        () => 'accepted',
        (error: unknown) => (isDispatchError(error) ? error.code : String(error)),
      );
    for (;;) {
      const claimed = await relay.jobs.claimNext(me, { ...mine, leaseSeconds: Number(leaseSeconds) });
      if (!('job' in claimed)) {
        await sleep(20 + random() * 50);
        continue;
      }
      const { job, token } = claimed;
      note('claimed', job.id, token);
      // Some take so much longer than they said that another has the job by then: its lease, and the pause after it, are over.
      const late = Number(leaseSeconds) * 1000 + 1200 + random() * 1500;
      // Whoever has it after another takes its time, so that the other one comes while it is held.
      const work = token.startsWith('1.') ? random() * 100 : 500 + random() * 450;
      await sleep(random() < 0.1 ? late : work);
      if (random() < 0.3)
        note('renewed', job.id, token, await answer(relay.jobs.renew(job.id, token, me, Number(leaseSeconds))));
      // Some are never heard of again.
      if (random() < 0.05) continue;
      const outcome = random() < 0.85 ? 'completed' : random() < 0.5 ? 'failed' : 'released';
      const result = `${token} ${random() < 0.05 ? 'x'.repeat(20_000) : ''}`;
      note('settling', job.id, token, outcome);
      note('settled', job.id, token, outcome, await answer(relay.jobs.settle(job.id, token, { outcome, result })));
      // And some are settled twice.
      if (random() < 0.1)
        note(
          'again',
          job.id,
          token,
          await answer(relay.jobs.settle(job.id, token, { outcome: 'completed', result: 'twice' })),
        );
    }
  },
};

const run = tasks[task];
if (run === undefined) throw new Error(`no such task: ${task}`);
run().then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
