/** Two servers under one id are a normal state: clients abandon old servers without closing them. */
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { filesIn, test } from '../helpers/server-sandbox.js';

const MESSAGES = 300;

test('two servers under one id that read at once show each message once between them', async ({ sandbox, expect }) => {
  const config = 'durability = "process"\n';
  const alice = await sandbox.local('alice', { config });
  const readers = await Promise.all([sandbox.start('bob', { config }), sandbox.start('bob', { config })]);
  const shown: { reader: number; content: string; redelivered: boolean }[] = [];
  let sending = true;

  const read = async (server: RawServer, reader: number) => {
    for (let idle = 0; idle < 2; ) {
      // Three calls on their way at any time, of both kinds that show mail.
      const answers: Json[] = await Promise.all([
        server.call('peek', { limit: 7 }),
        server.call('who'),
        server.call('peek'),
      ]);
      const messages = answers.flatMap((answer) => answer.messages ?? answer.new_messages ?? []);
      for (const { content, redelivered } of messages)
        shown.push({ reader, content, redelivered: redelivered === true });
      if (!sending && messages.length === 0) idle++;
    }
  };
  const send = async () => {
    for (let n = 0; n < MESSAGES; n += 10) {
      const burst = Array.from({ length: 10 }, (_, k) =>
        alice.call('dispatch', { message: `n=${n + k}`, target: 'bob', priority: k === 9 ? 'urgent' : 'normal' }),
      );
      await Promise.all(burst);
    }
    sending = false;
  };
  await Promise.all([send(), ...readers.map(read)]);

  expect(shown.map(({ content }) => content).sort()).toEqual(
    Array.from({ length: MESSAGES }, (_, n) => `n=${n}`).sort(),
  );
  expect(shown.filter(({ redelivered }) => redelivered)).toEqual([]);
  expect(filesIn(sandbox.relay, 'bob')).toEqual([]);
  expect(filesIn(sandbox.relay, 'bob', 'read')).toHaveLength(MESSAGES);
  // Else this has shown nothing about two readers.
  expect(new Set(shown.map(({ reader }) => reader)).size).toBe(2);
});
