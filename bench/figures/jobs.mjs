/** Jobs: from a submit to a worker that has claimed it, through one worker, and a claim among many that are over. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { connect, killWithOthers } from '../client.mjs';
import { bundleSource } from '../source-bundle.mjs';
import { timed } from '../statistics.mjs';

const SOURCE = `
  export { FilesystemStore } from './src/store/filesystem/filesystem-store.ts';
  export { Files } from './src/store/filesystem/files.ts';
  export { ProcessTable } from './src/store/filesystem/process-table.ts';
  export { Relay } from './src/relay/relay.ts';
  export { doneJobKey, jobKey, jobsByKey } from './src/relay/keys.ts';
  export { doneName, openName } from './src/relay/jobs/job-name.ts';
  export { newJobId, newSessionId } from './src/model/ids.ts';
  export { serializeJob } from './src/model/job.ts';
`;

const PICKUPS = 40;
const BATCHES = 8;
const JOBS_A_BATCH = 8;
const CLAIMS = 60;
const FEW = 10;
const MANY = 10_000;
// By then a worker has looked and watches, and an idle one is quiet.
const SETTLE_MS = 1500;

// What is run, and the floor: the start of Node with nothing to do.
const ARGV = [process.execPath, '-e', '0', '--'];
const CONFIG = `
[executors.runner]
argv = ${JSON.stringify([...ARGV, '{prompt}'])}
`;

export const worker = {
  name: 'worker',
  async run({ servers, freshFolder, temp }) {
    if (process.platform !== 'linux') return [];
    const relay = freshFolder();
    const source = await load(temp);
    const { jobs } = open(source, relay);
    const alice = await connect(servers.ours({ relay, agent: 'alice', config: CONFIG }));
    const running = startWorker(servers, relay);
    await delay(SETTLE_MS);
    const idleBytes = memoryOf(running.child.pid);

    const pickups = [];
    for (let round = -3; round < PICKUPS; round++) {
      const before = Date.now();
      const { job_id: id } = await alice.call('submit', { to: 'runner', task: { prompt: `Round ${round}.` } });
      const job = await ended(alice, jobs, id);
      if (round >= 0) pickups.push(transition(job, 'running') - before);
    }

    const ratios = { ours: [], floor: [] };
    for (let batch = -1; batch < BATCHES; batch++) {
      const floorMs = await timed(async () => {
        for (let one = 0; one < JOBS_A_BATCH; one++) await bareRun(`Batch ${batch}.`);
      });
      const ids = [];
      for (let one = 0; one < JOBS_A_BATCH; one++) {
        const task = { prompt: `Batch ${batch}.` };
        ids.push((await alice.call('submit', { to: 'runner', task })).job_id);
      }
      // They are done in this order, and nobody asks for them meanwhile.
      await ended(alice, jobs, ids.at(-1));
      const done = await Promise.all(ids.map((id) => jobs.look(id)));
      if (batch < 0) continue;
      // From the second on: the first is taken while the others are being submitted.
      const times = done.map((job) => transition(job, 'completed')).sort((a, b) => a - b);
      ratios.ours.push((1000 * (JOBS_A_BATCH - 1)) / (times.at(-1) - times[0]));
      ratios.floor.push((1000 * JOBS_A_BATCH) / floorMs);
    }
    await running.stop();
    await alice.close();
    return [
      { title: 'submit to claimed by a worker', ours: pickups, bound: 30 },
      {
        title: 'jobs through one worker',
        floorIs: 'bare spawns of the same program',
        unit: 'a second',
        ours: ratios.ours,
        floor: ratios.floor,
        atLeast: 0.7,
      },
      { title: 'memory of an idle worker', unit: 'MiB', ours: [idleBytes / 2 ** 20] },
    ];
  },
};

export const claim = {
  name: 'claim',
  async run({ servers, freshFolder, temp }) {
    const source = await load(temp);
    const few = await claimer({ servers, source, relay: freshFolder(), retained: FEW });
    const many = await claimer({ servers, source, relay: freshFolder(), retained: MANY });
    for (let round = -5; round < CLAIMS; round++) {
      for (const one of round % 2 === 0 ? [few, many] : [many, few]) await one.round(round >= 0);
    }
    await Promise.all([few.close(), many.close()]);
    return [
      {
        title: `claim, ${MANY} retained`,
        floorIs: `claim with ${FEW} retained`,
        ours: many.samples,
        floor: few.samples,
        bound: 2,
      },
    ];
  },
};

async function claimer({ servers, source, relay, retained }) {
  const alice = await connect(servers.ours({ relay, agent: 'alice' }));
  const bob = await connect(servers.ours({ relay, agent: 'bob' }));
  await bob.call('peek');
  await retain(source, relay, retained);
  const samples = [];
  return {
    samples,
    async round(counts) {
      const { job_id: id } = await alice.call('submit', { to: 'bob', task: { prompt: 'Do it.' } });
      let taken;
      const ms = await timed(async () => {
        taken = await bob.call('claim');
      });
      if (taken.job_id !== id) throw new Error(`claim answered ${JSON.stringify(taken)}`);
      await bob.call('settle', { job_id: id, token: taken.token, outcome: 'completed' });
      if (counts) samples.push(ms);
    },
    close: () => Promise.all([alice.close(), bob.close()]),
  };
}

/** `count` jobs of bob's that are over, made by the code of src/. All records share their two files, which nobody opens. */
async function retain(source, relay, count) {
  const { doneJobKey, doneName, jobKey, jobsByKey, newJobId, newSessionId, openName, serializeJob } = source;
  const { jobs } = open(source, relay);
  const { job: made } = await jobs.submit('alice', { to: 'bob', task: { prompt: 'Do it.' } });
  const claimed = await jobs.claim(made.id, { agent: 'bob', session: newSessionId() }, { addresses: ['bob'] });
  const over = await jobs.settle(made.id, claimed.token, { outcome: 'completed' });
  const folder = (key) => path.join(relay, ...key.split('/'));
  const value = path.join(folder(jobKey()), '..', 'value');
  const empty = path.join(folder(jobKey()), '..', 'empty');
  writeFileSync(value, serializeJob(over), { mode: 0o600 });
  writeFileSync(empty, '', { mode: 0o600 });
  for (let index = 1; index < count; index++) {
    const job = { ...over, id: newJobId(), created_at: new Date(Date.now() - index).toISOString() };
    const record = folder(jobKey(job.id));
    const nonce = newSessionId();
    mkdirSync(record, { mode: 0o700 });
    linkSync(value, path.join(record, nonce));
    linkSync(empty, path.join(record, `4.${nonce}`));
    linkSync(empty, folder(doneJobKey('bob', doneName(job))));
    linkSync(empty, folder(jobsByKey('alice', openName(job))));
  }
}

async function load(temp) {
  return import(pathToFileURL(await bundleSource(temp, 'job-source', SOURCE)).href);
}

function open({ Files, FilesystemStore, ProcessTable, Relay }, relay) {
  const files = new Files();
  return new Relay({ store: new FilesystemStore(relay, { files }), processes: new ProcessTable(files) });
}

async function ended(client, jobs, id) {
  const { state } = await client.call('poll', { job_id: id, wait_seconds: 30 });
  if (state !== 'completed') throw new Error(`the job is ${state}`);
  return jobs.look(id);
}

function transition({ history }, state) {
  return Date.parse(history.find((each) => each.state === state).at);
}

function startWorker(servers, relay) {
  const { command, args, env, cwd } = servers.ours({ relay, agent: 'runner', config: CONFIG });
  const child = spawn(command, [...args, 'worker', '--agent', 'runner'], { env, cwd, stdio: 'ignore' });
  killWithOthers(child);
  return {
    child,
    async stop() {
      const gone = once(child, 'close');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function bareRun(prompt) {
  const [program, ...args] = ARGV;
  const [code] = await once(spawn(program, [...args, prompt], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] }), 'close');
  if (code !== 0) throw new Error(`the bare run ended with ${code}`);
}

function memoryOf(pid) {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
