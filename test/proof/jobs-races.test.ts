/** Processes that claim, submit and look at the same moment, on one relay. */

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Relay } from '../../src/relay/relay.js';
import { Files } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { mailOf } from '../helpers/job-ledger.js';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { bundleHelper } from '../helpers/store-bundle.js';
import { useRacers } from '../helpers/store-processes.js';
import { inMemory, useTemporaryDirectories } from '../helpers/store-relay.js';

const RACERS = 6;

const temporaryDirectory = useTemporaryDirectories(inMemory);
const racers = useRacers();

let folder = '';
let program = '';
beforeAll(async () => {
  folder = mkdtempSync(join(inMemory, 'mcp-dispatch-jobs-child-'));
  program = await bundleHelper(folder, 'jobs-child.ts');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function relayIn(root: string): Relay {
  const files = new Files();
  const store = new FilesystemStore(root, { files, durability: 'process' });
  return new Relay({ store, processes: new ProcessTable(files) });
}

it('six processes that claim from 200 jobs have each job once between them', async () => {
  const root = join(temporaryDirectory(), 'relay');
  const relay = relayIn(root);
  const ids: string[] = [];
  for (let i = 0; i < 200; i++) ids.push((await submit(relay, 'alice', 'bob')).id);
  const claims = (await racers.race(RACERS, program, root, 'claim')) as [string, string][][];
  expect(
    claims
      .flat()
      .map(([id]) => id)
      .sort(),
  ).toEqual([...ids].sort());
  expect(new Set(claims.flat().map(([, token]) => token.split('.', 1)[0]))).toEqual(new Set(['1']));
});

it('six processes that submit under one request id make one job, fifty times over', async () => {
  const root = join(temporaryDirectory(), 'relay');
  const given = (await racers.race(RACERS, program, root, 'submit', '50')) as string[][];
  for (const ids of given) expect(ids).toEqual(given[0]);
  const relay = relayIn(root);
  const { jobs } = await relay.jobs.list.page({ limit: 1000 });
  expect(jobs.map(({ id }) => id).sort()).toEqual([...(given[0] as string[])].sort());
  expect((await mailOf(relay, 'bob')).sort()).toEqual(jobs.map(({ id }) => `${id} queued`).sort());
});

it('six processes that decide about forty reviews at once decide each once, and each is told of once', async () => {
  const root = join(temporaryDirectory(), 'relay');
  const relay = relayIn(root);
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) {
    await submit(relay, 'alice', 'bob');
    const { job, token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(job.id, token, { outcome: 'completed', review: 'Look at it.' });
    ids.push((await submit(relay, 'alice', 'bob', { review: 'Look at it.' })).id, job.id);
  }
  await mailOf(relay, 'alice');
  const answers = (await racers.race(RACERS, program, root, 'decide', ...ids)) as string[][];
  const told: string[] = [];
  for (const [index, id] of ids.entries()) {
    const all = answers.map((each) => each[index] ?? '');
    const accepted = all.filter((one) => /^(approved|rejected) /.test(one));
    const job = await relay.jobs.look(id);
    expect(accepted).toEqual([`${job?.review?.decided?.how} ${job?.review?.decided?.note}`]);
    const refused = all.filter((one) => one === 'NOT_ALLOWED' || one === 'ALREADY_FINISHED');
    expect(refused).toHaveLength(RACERS - 1);
    expect(job?.owed).toEqual([]);
    told.push(`${id} ${job?.state}`);
  }
  expect((await mailOf(relay, 'alice')).sort()).toEqual(told.sort());
  expect(await relay.jobs.person.count()).toEqual({ review: 0, recovery: 0, more: false });
});

it('the end of a lease that six processes see at once is one attempt, and is told once', async () => {
  const root = join(temporaryDirectory(), 'relay');
  const relay = relayIn(root);
  const ids: string[] = [];
  for (let i = 0; i < 30; i++) ids.push((await submit(relay, 'alice', 'bob')).id);
  for (const _ of ids) await claimNext(relay, holder('bob'), { leaseSeconds: 1 });
  await racers.race(RACERS, program, root, 'look', String(Date.now() + 1000), ...ids);
  for (const id of ids) {
    const job = await relay.jobs.look(id);
    expect(job?.history.map(({ state }) => state)).toEqual(['queued', 'running', 'queued']);
    expect(job).toMatchObject({ attempts: 1, owed: [] });
  }
  expect((await mailOf(relay, 'alice')).sort()).toEqual(ids.map((id) => `${id} queued`).sort());
});
