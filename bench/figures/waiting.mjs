/** From a message that was sent to a reader that waits for it, and what waiting costs while nothing comes. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../client.mjs';
import { quantile } from '../statistics.mjs';

const ROUNDS = 300;
const ROUNDS_POLLING = 12;
// By then a call that waits has looked and watches.
const SETTLE_MS = 40;

const SESSIONS = 100;
// They start one after the other, as many as the machine has processors at a time.
const STARTING = 2;
// By then sessions have shown themselves, and V8 has given back what their start took: one collection of 25 to 50 ms of each, 8 s
// after its last allocations or later. It is of the start, and within these seconds it would be most of what is measured.
const QUIET_MS = 30_000;
const IDLE_MS = 30_000;

export const waiting = {
  name: 'waiting',
  async run({ servers, freshFolder }) {
    const watched = await arrivals({ servers, relay: freshFolder(), rounds: ROUNDS, spread: 0 });
    const polled = await arrivals({
      servers,
      relay: freshFolder(),
      rounds: ROUNDS_POLLING,
      config: 'watch = false',
      // At any moment between two looks.
      spread: 2000,
    });
    return [
      { title: 'dispatch to waiting peek', ours: watched, bound: 25 },
      { title: 'same, 99th percentile', ours: [quantile(watched, 0.99)], bound: 100 },
      { title: 'same, watch = false, the slowest', ours: [Math.max(...polled)], bound: 2200 },
    ];
  },
};

export const idle = {
  name: 'idle',
  async run({ servers, freshFolder }) {
    if (process.platform !== 'linux') return [];
    const relay = freshFolder();
    const clients = [];
    for (let index = 0; index < SESSIONS; index += STARTING) {
      const batch = Array.from({ length: STARTING }, (_, one) =>
        servers.ours({ relay, agent: `agent-${index + one}` }),
      );
      clients.push(...(await Promise.all(batch.map((server) => connect(server)))));
    }
    const waits = clients.map((client) => client.call('peek', { wait_seconds: 240 }));
    for (const wait of waits) wait.catch(() => {});
    await delay(QUIET_MS);
    const before = clients.map(({ pid }) => processorMs(pid));
    await delay(IDLE_MS);
    const used = clients.map(({ pid }, index) => processorMs(pid) - before[index]);
    // They still wait, each of them, or nothing was measured.
    const early = await Promise.race([...waits, delay(0, 'waiting')]);
    if (early !== 'waiting') throw new Error(`a session that waits answered ${JSON.stringify(early)}`);
    await Promise.all(clients.map((client) => client.close()));
    const percent = (used.reduce((sum, ms) => sum + ms) / IDLE_MS) * 100;
    return [{ title: `${SESSIONS} sessions that wait, idle`, unit: '% of a core', ours: [percent], bound: 3 }];
  },
};

/** Milliseconds from the answer of a dispatch to that of the peek that waits for it, a sample a round. */
async function arrivals({ servers, relay, rounds, config, spread }) {
  const alice = await connect(servers.ours({ relay, agent: 'alice' }));
  const bob = await connect(servers.ours({ relay, agent: 'bob', ...(config === undefined ? {} : { config }) }));
  await bob.call('peek');
  const samples = [];
  for (let round = -5; round < rounds; round++) {
    const answer = bob.call('peek', { wait_seconds: 30 }).then((shown) => ({ shown, at: performance.now() }));
    await delay(SETTLE_MS + (spread * Math.max(0, round)) / rounds);
    await alice.call('dispatch', { target: 'bob', message: `Round ${round}.` });
    const sentAt = performance.now();
    const { shown, at } = await answer;
    if (shown.count !== 1) throw new Error(`peek answered ${JSON.stringify(shown)}`);
    await bob.call('ack', { message_ids: [shown.messages[0].id] });
    if (round >= 0) samples.push(Math.max(0, at - sentAt));
  }
  await Promise.all([alice.close(), bob.close()]);
  return samples;
}

/** What a process and its threads have used of the processor. */
function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  // utime and stime, in hundredths of a second on every Linux of today.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
