/** Reading one new message: what was read before and not acknowledged must not make it slower. */
import { connect } from '../client.mjs';
import { timed } from '../statistics.mjs';

const KEPT = 10_000;
const ROUNDS = 80;
const FRESH_ROUNDS = 10;
const WARM_UP = 20;
const CONTENT = 'One new message.';

export const peek = {
  name: 'peek',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    makeRelay(relay).keep('heavy', 'alice', KEPT);
    const sender = await connect(servers.ours({ relay, agent: 'alice', config: 'durability = "process"' }));
    const connectAs = (agent) => connect(servers.ours({ relay, agent }));
    const readers = { heavy: await connectAs('heavy'), light: await connectAs('light') };
    await assertKeptIsAccepted(readers.heavy);

    const warm = { heavy: [], light: [] };
    const fresh = { heavy: [], light: [] };
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const agent of inTurn(round)) {
        const ms = await peekOne(sender, readers[agent], agent);
        if (round >= 0) warm[agent].push(ms);
      }
    }
    await Promise.all([readers.heavy.close(), readers.light.close()]);
    for (let round = 0; round < FRESH_ROUNDS; round++) {
      for (const agent of inTurn(round)) {
        const reader = await connectAs(agent);
        fresh[agent].push(await peekOne(sender, reader, agent));
        await reader.close();
      }
    }
    await sender.close();
    const floorIs = 'the same with none kept';
    return [
      { title: 'peek of one, 10,000 kept', floorIs, ours: warm.heavy, floor: warm.light, bound: 2 },
      { title: 'same, first call of a session', floorIs, ours: fresh.heavy, floor: fresh.light },
    ];
  },
};

const inTurn = (round) => (round % 2 === 0 ? ['heavy', 'light'] : ['light', 'heavy']);

/** The milliseconds of one peek. The message is acknowledged afterwards, so that as many are kept as before. */
async function peekOne(sender, reader, agent) {
  const { id } = await sender.call('dispatch', { target: agent, message: CONTENT });
  let answer;
  const ms = await timed(async () => {
    answer = await reader.call('peek');
  });
  const kept = agent === 'heavy' ? 1000 : undefined;
  if (
    answer.count !== 1 ||
    answer.messages[0].id !== id ||
    answer.messages[0].content !== CONTENT ||
    answer.unacked !== kept
  ) {
    throw new Error(`peek answered ${JSON.stringify(answer)}`);
  }
  const { acked } = await reader.call('ack', { message_ids: [id] });
  if (acked !== 1) throw new Error(`ack of ${id} acknowledged ${acked}`);
  return ms;
}

/** What was generated must be mail in the server's eyes, or nothing is measured. */
async function assertKeptIsAccepted(reader) {
  const answer = await reader.call('peek', { include_read: true, limit: 10 });
  const isKept = ({ state, from }) => state === 'read' && from === 'alice';
  if (answer.count !== 10 || !answer.messages.every(isKept) || answer.unacked_more !== true) {
    throw new Error(`the generated mail is not accepted: ${JSON.stringify(answer).slice(0, 300)}`);
  }
}
