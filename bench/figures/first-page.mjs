/** The first page of a mailbox that nobody has opened for a very long time. */
import { readdirSync } from 'node:fs';
import { connect } from '../client.mjs';
import { timed } from '../statistics.mjs';

const PENDING = 100_000;
const PAGE = 20;
const ROUNDS = 9;
const FRESH_ROUNDS = 4;

export const firstPage = {
  name: 'first-page',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    maker.queue('bob', 'alice', PENDING);
    const connectAsBob = () => connect(servers.ours({ relay, agent: 'bob' }));
    let bob = await connectAsBob();
    let left = PENDING;
    const read = async () => {
      let answer;
      const ms = await timed(async () => {
        answer = await bob.call('peek', { limit: PAGE });
      });
      left -= PAGE;
      // In order of sending: the page ends where the generator's count says so.
      const last = `Message ${PENDING - left - 1} of ${PENDING}`;
      if (answer.count !== PAGE || answer.messages.at(-1).content !== last || answer.more !== left) {
        throw new Error(`peek answered ${JSON.stringify(answer).slice(0, 500)}`);
      }
      return ms;
    };
    const list = () =>
      timed(() => {
        const names = readdirSync(maker.folder('bob'));
        if (names.length < left) throw new Error(`readdir gave ${names.length} names of ${left}`);
      });
    const pages = [];
    const lists = [];
    for (let round = -2; round < ROUNDS; round++) {
      const [page, listing] = [await read(), await list()];
      if (round < 0) continue;
      pages.push(page);
      lists.push(listing);
    }
    const firstPages = [];
    const firstLists = [];
    for (let round = 0; round < FRESH_ROUNDS; round++) {
      await bob.close();
      bob = await connectAsBob();
      firstPages.push(await read());
      firstLists.push(await list());
    }
    await bob.close();
    const floorIs = 'one readdir of them';
    return [
      { title: 'first page of 100,000 pending', floorIs, ours: pages, floor: lists, bound: 3 },
      { title: 'same, first call of a session', floorIs, ours: firstPages, floor: firstLists },
    ];
  },
};
