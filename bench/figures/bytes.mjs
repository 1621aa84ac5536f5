/** What a model pays in bytes of UTF-8, before and with its calls. No floor, and no noise: each is what it is. */
import { Client } from '../client.mjs';

const MESSAGE = 'The checkout tests are green on staging; the flaky one is quarantined, see the thread for its log.';

export const bytes = {
  name: 'bytes',
  async run({ servers, freshFolder }) {
    const relay = freshFolder();
    const bob = new Client(servers.ours({ relay, agent: 'bob' }));
    const { instructions } = await bob.initialize();
    const alice = new Client(servers.ours({ relay, agent: 'alice' }));
    await alice.initialize();
    const { tools } = await bob.request('tools/list', {});
    const paid = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    const empty = await bob.call('peek');
    for (let index = 0; index < 3; index++) await alice.call('dispatch', { target: 'bob', message: MESSAGE });
    const three = await bob.call('peek');
    if (empty.count !== 0 || three.count !== 3) throw new Error(`peek answered ${JSON.stringify([empty, three])}`);
    await Promise.all([alice.close(), bob.close()]);
    const unit = 'bytes';
    return [
      { title: 'tools: names, descriptions, inputs', unit, ours: [sizeOf(paid)], bound: 13_000 },
      { title: 'tools/list, whole', unit, ours: [sizeOf({ tools })] },
      { title: 'instructions', unit, ours: [Buffer.byteLength(instructions)], bound: 2000 },
      { title: 'reply of a peek, nothing new', unit, ours: [sizeOf(empty)] },
      { title: 'reply of a peek, three messages', unit, ours: [sizeOf(three)] },
    ];
  },
};

function sizeOf(value) {
  return Buffer.byteLength(JSON.stringify(value));
}
