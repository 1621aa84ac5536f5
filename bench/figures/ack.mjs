/** Acknowledging 50 messages: how many others are kept must not matter. */
import { connect } from '../client.mjs';
import { timed } from '../statistics.mjs';

const KEPT = { heavy: 10_000, light: 100 };
const ACKED = 50;
const ROUNDS = 16;
const FRESH_ROUNDS = 8;

export const ack = {
  name: 'ack',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    for (const [agent, count] of Object.entries(KEPT)) maker.keep(agent, 'carol', count);
    const sender = await connect(servers.ours({ relay, agent: 'alice', config: 'durability = "process"' }));
    const connectAs = (agent) => connect(servers.ours({ relay, agent }));
    const readers = { heavy: await connectAs('heavy'), light: await connectAs('light') };
    const same = { heavy: [], light: [] };
    const fresh = { heavy: [], light: [] };
    for (let round = -2; round < ROUNDS; round++) {
      for (const agent of inTurn(round)) {
        const ids = await showFifty(sender, readers[agent], agent);
        const ms = await acknowledge(readers[agent], ids);
        if (round >= 0) same[agent].push(ms);
      }
    }
    for (let round = 0; round < FRESH_ROUNDS; round++) {
      for (const agent of inTurn(round)) {
        const ids = await showFifty(sender, readers[agent], agent);
        const other = await connectAs(agent);
        // Its first call does more than the others.
        await other.call('peek');
        fresh[agent].push(await acknowledge(other, ids));
        await other.close();
      }
    }
    await Promise.all([sender.close(), readers.heavy.close(), readers.light.close()]);
    const floorIs = 'the same with 100 kept';
    return [
      { title: 'ack of 50, 10,000 kept', floorIs, ours: same.heavy, floor: same.light, bound: 2 },
      { title: 'same, shown by another session', floorIs, ours: fresh.heavy, floor: fresh.light },
    ];
  },
};

const inTurn = (round) => (round % 2 === 0 ? ['heavy', 'light'] : ['light', 'heavy']);

/** Sends 50 messages to `agent` and has its session `reader` shown them. */
async function showFifty(sender, reader, agent) {
  for (let index = 0; index < ACKED; index++) {
    await sender.call('dispatch', { target: agent, message: `Message ${index}` });
  }
  const ids = [];
  while (ids.length < ACKED) {
    const { messages } = await reader.call('peek', { limit: ACKED });
    if (messages.length === 0) throw new Error(`of ${ACKED} messages ${ids.length} arrived`);
    ids.push(...messages.map(({ id }) => id));
  }
  return ids;
}

async function acknowledge(reader, ids) {
  let answer;
  const ms = await timed(async () => {
    answer = await reader.call('ack', { message_ids: ids });
  });
  if (answer.acked !== ids.length || answer.not_found !== undefined) {
    throw new Error(`ack answered ${JSON.stringify(answer)}`);
  }
  return ms;
}
