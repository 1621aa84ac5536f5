/** What the tool `peek` costs a sender of whose mail much has changed: it tells the 20 newest changes, and counts the rest. */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../client.mjs';
import { timed } from '../statistics.mjs';

const OUTSTANDING = 10_000;
const TOLD = 20;
const ROUNDS = 30;
const WARM_UP = 5;
const FRESH_ROUNDS = 8;
// How long the receipts that were told may take to be put away behind the answer. They take milliseconds.
const PUT_AWAY_MS = 10_000;

export const receipts = {
  name: 'receipts',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    // As many as are told, so that the last round has 10,000 as well.
    let left = OUTSTANDING + (WARM_UP + ROUNDS + FRESH_ROUNDS) * TOLD;
    maker.notify('alice', 'bob', left);
    const folder = maker.folder('.receipts', 'alice');
    const connectAsAlice = () => connect(servers.ours({ relay, agent: 'alice' }));

    const look = async (alice) => {
      let answer;
      const ms = await timed(async () => {
        answer = await alice.call('peek');
      });
      left -= TOLD;
      if (answer.sent_receipts?.length !== TOLD || answer.sent_receipts_more !== left) {
        throw new Error(`peek answered ${JSON.stringify(answer).slice(0, 500)}`);
      }
      await untilPutAway(folder, left);
      return ms;
    };
    const list = () =>
      timed(() => {
        const names = readdirSync(folder);
        if (names.length < left) throw new Error(`readdir gave ${names.length} names of ${left}`);
      });

    const warm = { looks: [], lists: [] };
    const fresh = { looks: [], lists: [] };
    const alice = await connectAsAlice();
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const [ms, listMs] = [await look(alice), await list()];
      if (round < 0) continue;
      warm.looks.push(ms);
      warm.lists.push(listMs);
    }
    await alice.close();
    for (let round = 0; round < FRESH_ROUNDS; round++) {
      const other = await connectAsAlice();
      fresh.looks.push(await look(other));
      fresh.lists.push(await list());
      await other.close();
    }
    const floorIs = 'one readdir of them';
    return [
      { title: 'peek, 10,000 receipts to tell', floorIs, ours: warm.looks, floor: warm.lists, bound: 3 },
      { title: 'same, first call of a session', floorIs, ours: fresh.looks, floor: fresh.lists },
    ];
  },
};

/** Told receipts move away once the answer is out. The next look must neither wait for that nor find them again. */
async function untilPutAway(folder, left) {
  const deadline = performance.now() + PUT_AWAY_MS;
  // One name beside them: the folder of those that were told.
  for (;;) {
    const names = readdirSync(folder).filter((name) => name !== 'seen');
    if (names.length === left) return;
    if (performance.now() > deadline) throw new Error(`${names.length} receipts wait, and should be ${left}`);
    await pause(1);
  }
}
