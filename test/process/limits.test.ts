/** Limits of the configuration through real servers: shared by the sessions of an agent, met by processes that start anew. */
import { expect } from 'vitest';
import { test } from '../helpers/server-sandbox.js';

const CONFIG = '[limits]\ninbox_messages = 3\nsends_per_minute = 5\n';

test.concurrent('a full inbox refuses, its owner hears of it once, and an ack makes room', async ({ sandbox }) => {
  const alice = await sandbox.start('alice', { config: CONFIG });
  for (let n = 0; n < 3; n++) await alice.call('dispatch', { target: 'bob', message: `n=${n}` });
  expect(await alice.refusal('dispatch', { target: 'bob', message: 'one more' })).toMatch(
    /INBOX_FULL: .*limits\.inbox_messages = 3/,
  );
  const first = await sandbox.local('bob', { config: CONFIG });
  const { messages, notices } = await first.call('peek');
  expect(notices).toEqual([expect.stringMatching(/^1 refused from alice: your inbox is full/)]);
  await first.call('ack', { message_ids: messages.map(({ id }: { id: string }) => id) });
  await first.close();
  const second = await sandbox.local('bob', { config: CONFIG });
  expect((await second.call('peek')).notices).toBeUndefined();
  const carol = await sandbox.local('carol', { config: CONFIG });
  expect(await carol.call('dispatch', { target: 'bob', message: 'room' })).toMatchObject({ sent: true });
});

test.concurrent('two sessions of an agent share its minute, and so does one that starts later', async ({ sandbox }) => {
  const sessions = [await sandbox.start('alice', { config: CONFIG }), await sandbox.local('alice', { config: CONFIG })];
  for (let n = 0; n < 5; n++) await sessions[n % 2]?.call('dispatch', { target: `agent-${n}`, message: 'hi' });
  // A call that is answered after the notes of the sends before are written.
  for (const session of sessions) await session.call('who');
  for (const session of [...sessions, await sandbox.start('alice', { config: CONFIG })]) {
    expect(await session.refusal('dispatch', { target: 'bob', message: 'hi' })).toMatch(
      /RATE_LIMITED: .*limits\.sends_per_minute = 5/,
    );
  }
});
