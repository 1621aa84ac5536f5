/**
 * What a growing relay costs: each tool with more and more agents, and with more and more mail that the reader keeps, against
 * a relay that has next to none. With `durability = "process"`, so that no sync hides the growth. Drawn by growth-drawing.mjs.
 */
import { connect } from '../client.mjs';
import { timed } from '../statistics.mjs';

export const OPERATIONS = ['dispatch', 'peek', 'ack', 'who'];

/** The curves: what grows, and the sizes it is measured at. The first is what the others are compared with. */
export const CURVES = {
  agents: { sizes: [1, 10, 100, 1000], noun: (size) => (size === 1 ? '1 agent' : `${number(size)} agents`) },
  kept: { sizes: [0, 1000, 10_000, 100_000], noun: (size) => (size === 0 ? 'none kept' : `${number(size)} kept`) },
};

const ROUNDS = 40;
const WARM_UP = 15;
const CONFIG = 'durability = "process"';

export const growth = {
  name: 'growth',
  async run(context) {
    const rows = [];
    for (const [curve, { sizes, noun }] of Object.entries(CURVES)) {
      const samples = await measureInTurns(context, curve, sizes);
      const [base] = sizes;
      for (const operation of OPERATIONS) {
        const floor = samples.get(base)[operation];
        for (const size of sizes) {
          const point = { curve, operation, size };
          const ours = samples.get(size)[operation];
          const title = `${operation}, ${noun(size)}`;
          rows.push(
            size === base
              ? { title, ours, point }
              : { title, floorIs: `the same with ${noun(base)}`, ours, floor, point },
          );
        }
      }
    }
    return rows;
  },
};

/** The samples of each operation, by size. All relays are there at the same time, and each is used once a round. */
async function measureInTurns({ servers, freshFolder, makeRelay }, curve, sizes) {
  const pairs = [];
  for (const size of sizes) {
    const relay = freshFolder();
    fill(makeRelay(relay), curve, size);
    const connectAs = (agent) => connect(servers.ours({ relay, agent, config: CONFIG }));
    const [alice, bob] = [await connectAs('alice'), await connectAs('bob')];
    // Bob counts as the first agent: alice is the one who asks.
    await bob.call('peek');
    const agents = curve === 'agents' ? size : 1;
    const unacked = curve === 'kept' && size > 0 ? Math.min(size, 1000) : undefined;
    pairs.push({
      size,
      alice,
      bob,
      agents,
      unacked,
      samples: Object.fromEntries(OPERATIONS.map((name) => [name, []])),
    });
  }
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const pair of round % 2 === 0 ? pairs : pairs.toReversed()) {
      const ms = await useOnce(pair);
      if (round >= 0) for (const operation of OPERATIONS) pair.samples[operation].push(ms[operation]);
    }
  }
  await Promise.all(pairs.flatMap(({ alice, bob }) => [alice.close(), bob.close()]));
  return new Map(pairs.map(({ size, samples }) => [size, samples]));
}

function fill(maker, curve, size) {
  if (curve === 'kept') {
    maker.keep('bob', 'alice', size);
    return;
  }
  for (let index = 2; index <= size; index++) maker.attend(`agent-${String(index).padStart(4, '0')}`);
}

/** The milliseconds of one message from alice to bob, of bob's peek and ack of it, and of alice's `who`. */
async function useOnce({ alice, bob, agents, unacked }) {
  const ms = {};
  const call = async (operation, client, args) => {
    let answer;
    ms[operation] = await timed(async () => {
      answer = await client.call(operation, args);
    });
    return answer;
  };
  const sent = await call('dispatch', alice, { target: 'bob', message: 'One new message.' });
  const read = await call('peek', bob, {});
  const acked = await call('ack', bob, { message_ids: [sent.id] });
  const there = await call('who', alice, {});
  if (sent.queued_to?.[0] !== 'bob' || sent.not_listening !== undefined) fail('dispatch', sent);
  if (read.count !== 1 || read.messages[0].id !== sent.id || read.unacked !== unacked) fail('peek', read);
  if (acked.acked !== 1) fail('ack', acked);
  // The first page: as many as an answer holds, and how many there are besides. Alice is listed too.
  if (there.agents.length + (there.more_agents ?? 0) !== agents + 1) fail('who', there);
  return ms;
}

function fail(operation, answer) {
  throw new Error(`${operation} answered ${JSON.stringify(answer).slice(0, 500)}`);
}

function number(size) {
  return size.toLocaleString('en-US');
}
