/** What the person at the terminal sees on stderr: one line a message, and that watching is only a convenience. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, removeWhole, type Sandbox, test } from '../helpers/server-sandbox.js';

const NO_WATCHES = fileURLToPath(new URL('preload/no-watches.cjs', import.meta.url));

const linesOf = (server: RawServer) => server.stderr.split('\n').filter((line) => line !== '');

const alertsOf = (server: RawServer) => linesOf(server).filter((line) => /^\[dispatch (>>>|!!!)\]/.test(line));

const warningsOf = (server: RawServer) => linesOf(server).filter((line) => line.includes('Cannot watch'));

/** A server that has shown itself; alerts begin with that. */
async function listener(sandbox: Sandbox, options = {}): Promise<RawServer> {
  const bob = await sandbox.start('bob', options);
  await eventually('the bell of bob', () => existsSync(path.join(sandbox.relay, '.bell', 'bob')));
  return bob;
}

const alertWith = (server: RawServer, text: string) =>
  eventually(`an alert with ${text}`, () => alertsOf(server).find((line) => line.includes(text)));

test.concurrent('new mail is announced in one line each, urgent mail with !!!, and stays new', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const bob = await listener(sandbox);
  await alice.call('dispatch', { message: 'Deployed to staging', target: 'bob' });
  expect(await alertWith(bob, 'Deployed')).toBe('[dispatch >>>] Message from alice: Deployed to staging');
  await alice.call('dispatch', { message: 'The disk is full', target: 'bob', priority: 'urgent' });
  expect(await alertWith(bob, 'disk')).toBe('[dispatch !!!] Message from alice: The disk is full');
  const hostile = '\u001b[2J\u001b]0;owned\u0007 line\none \u202egnp.exe \u200b\u009b31m red\r\ttab';
  await alice.call('dispatch', { message: hostile, target: 'bob' });
  const line = await alertWith(bob, 'owned');
  expect(line).not.toMatch(/[\p{Cc}\u202e\u200b]/u);
  expect(line).toContain('line one');
  await alice.call('dispatch', { message: `long ${'x'.repeat(5000)}`, target: 'bob' });
  const long = await alertWith(bob, 'long');
  expect([...long.replace('[dispatch >>>] Message from alice: ', '')]).toHaveLength(80);
  expect(alertsOf(bob)).toHaveLength(4);
  expect(warningsOf(bob)).toEqual([]);
  expect((await bob.call('peek')).count).toBe(4);
  expect(bob.impurities()).toEqual([]);
});

test.concurrent('what waited before the session is announced in one line', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  for (let n = 0; n < 3; n++) await alice.call('dispatch', { message: `n=${n}`, target: 'bob' });
  const bob = await listener(sandbox);
  expect(await alertWith(bob, 'waiting')).toMatch(/^\[dispatch >>>\] 3 messages waiting for bob/);
  expect(alertsOf(bob)).toHaveLength(1);
});

test.concurrent('without a watch to be had there is one warning, and polling still announces', async ({
  sandbox,
  expect,
}) => {
  const alice = await sandbox.local('alice');
  const bob = await listener(sandbox, { preload: [NO_WATCHES] });
  for (const message of ['the first', 'the second', 'the third']) {
    await alice.call('dispatch', { message, target: 'bob' });
    await alertWith(bob, message);
  }
  expect(warningsOf(bob)).toEqual([expect.stringContaining('ENOSPC')]);
  expect(alertsOf(bob)).toHaveLength(3);
  expect((await bob.call('peek')).count).toBe(3);
});

test.concurrent('a relay that is removed and made anew is served on, and alerts go on', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  const bob = await listener(sandbox);
  await alice.call('dispatch', { message: 'the first', target: 'bob' });
  await alertWith(bob, 'the first');
  await removeWhole(sandbox.relay);
  // Both had it open; neither was restarted.
  expect(await alice.call('dispatch', { message: 'the second', target: 'bob' })).toMatchObject({
    queued_to: ['bob'],
  });
  await alertWith(bob, 'the second');
  await alice.call('dispatch', { message: 'the third', target: 'bob' });
  await alertWith(bob, 'the third');
  const { messages } = await bob.call('peek');
  expect(messages.map(({ content }: { content: string }) => content)).toEqual(['the second', 'the third']);
  expect(warningsOf(bob).length).toBeLessThanOrEqual(1);
  await alice.call('dispatch', { message: 'the fourth', target: 'bob' });
  await alertWith(bob, 'the fourth');
});

test.concurrent('watch = false means no bell and no alert', async ({ sandbox, expect }) => {
  const alice = await sandbox.local('alice');
  const bob = await sandbox.start('bob', { config: 'watch = false\n' });
  await eventually('the presence of bob', () => filesIn(sandbox.relay, '.presence').includes('bob.json'));
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  // A server that watches announces mail within 50 ms of its bell; this one has answered calls since.
  for (let n = 0; n < 20; n++) await bob.call('ack', { message_ids: ['msg-x'] });
  expect(alertsOf(bob)).toEqual([]);
  expect(filesIn(sandbox.relay, '.bell')).not.toContain('bob');
});
