/** Resident memory of a server: opened and not used yet, as every agent window has one, and after mail that nobody read for long. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../client.mjs';

const ROUNDS = 9;
// What starting left for later is done by then; long before a session shows itself, after 5 s.
const SETTLE_MS = 150;

export const memory = {
  name: 'memory',
  async run({ servers, freshFolder }) {
    if (process.platform === 'win32') return [];
    const relay = freshFolder();
    const candidates = {
      ours: servers.oursPlain({ relay, agent: 'alice' }),
      raw: servers.raw(),
      lean: servers.lean(),
    };
    const samples = { ours: [], raw: [], lean: [], called: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, server] of Object.entries(candidates)) {
        const client = await connect(server);
        await delay(SETTLE_MS);
        samples[name].push(residentMebibytes(client.pid));
        if (name === 'ours') {
          await client.call('peek');
          await delay(SETTLE_MS);
          samples.called.push(residentMebibytes(client.pid));
        }
        await client.close();
      }
    }
    const unit = 'MiB';
    return [
      {
        title: 'memory after initialize',
        floorIs: 'hand-written loop',
        unit,
        ours: samples.ours,
        floor: samples.raw,
        bound: 1.35,
      },
      { title: 'same, against lean SDK', floorIs: 'lean SDK bundle', unit, ours: samples.ours, floor: samples.lean },
      {
        title: 'memory after a first peek',
        floorIs: 'hand-written loop',
        unit,
        ours: samples.called,
        floor: samples.raw,
      },
    ];
  },
};

const PENDING = 100_000;
const PENDING_ROUNDS = 7;

export const memoryPending = {
  name: 'memory-pending',
  async run({ servers, freshFolder, makeRelay }) {
    if (process.platform === 'win32') return [];
    const relay = freshFolder();
    makeRelay(relay).queue('bob', 'alice', PENDING + PENDING_ROUNDS);
    const samples = { pending: [], none: [] };
    for (let round = 0; round < PENDING_ROUNDS; round++) {
      for (const [name, agent, count] of [
        ['pending', 'bob', 1],
        ['none', 'carol', 0],
      ]) {
        const client = await connect(servers.ours({ relay, agent }));
        const answer = await client.call('peek', { limit: 1 });
        if (answer.count !== count || (name === 'pending' && answer.more < PENDING)) {
          throw new Error(`peek answered ${JSON.stringify(answer).slice(0, 500)}`);
        }
        await delay(SETTLE_MS);
        samples[name].push(residentMebibytes(client.pid));
        await client.close();
      }
    }
    const unit = 'MiB';
    return [
      { title: 'memory, first peek, 100,000 pending', unit, ours: samples.pending, bound: 200 },
      {
        title: 'same, against none pending',
        floorIs: 'the same with none pending',
        unit,
        ours: samples.pending,
        floor: samples.none,
      },
    ];
  },
};

function residentMebibytes(pid) {
  if (process.platform === 'linux') {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
