/** From a message that was sent to the notice on the socket of the recipient's client, gathering included. */
import { mkdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../client.mjs';

const ROUNDS = 12;
// A session is rung once it has been there for 5 s, so that no health check ever is.
const SETTLED_MS = 6000;

export const doorbell = {
  name: 'doorbell',
  async run({ servers, freshFolder }) {
    if (process.platform === 'win32') return [];
    const relay = freshFolder();
    const client = await listen(freshFolder());
    const { env, ...bobs } = servers.ours({ relay, agent: 'bob' });
    const withSocket = { ...env, CLAUDE_CODE_MESSAGING_SOCKET: client.path, CLAUDE_CODE_MESSAGING_TOKEN: 'token' };
    const bob = await connect({ ...bobs, env: withSocket }, 'claude-code');
    const alice = await connect(servers.ours({ relay, agent: 'alice' }));
    await bob.call('peek');
    await delay(SETTLED_MS);
    const samples = [];
    for (let round = 0; round < ROUNDS; round++) {
      const rung = client.next();
      const { id } = await alice.call('dispatch', { target: 'bob', message: `Round ${round}.` });
      const sentAt = performance.now();
      const notice = await rung;
      if (!notice.text.includes(id)) throw new Error(`the notice was ${notice.text}`);
      samples.push(notice.at - sentAt);
      await bob.call('peek');
      await bob.call('ack', { message_ids: [id] });
    }
    await Promise.all([alice.close(), bob.close()]);
    await client.close();
    return [{ title: 'dispatch to a doorbell rung', ours: samples, bound: 1500 }];
  },
};

/** The socket of a client: gives each message that is written to it, and when the last of it came. */
async function listen(folder) {
  const inner = path.join(folder, 'own');
  mkdirSync(inner, { mode: 0o700 });
  const waiting = [];
  const server = net.createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (!text.includes('"type":"user"') || !text.endsWith('\n')) return;
      waiting.shift()?.({ text, at: performance.now() });
      socket.end();
    });
  });
  const socketPath = path.join(inner, 's');
  await new Promise((resolve) => server.listen(socketPath, resolve));
  return {
    path: socketPath,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
