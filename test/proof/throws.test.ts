/** A defect of our own: something throws what nobody expected. No mail is lost by it, and nothing false is answered. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { RelayClient } from '../helpers/relay-client.js';
import { RelayWorld, withFaults } from '../helpers/relay-world.js';
import { filesIn, test } from '../helpers/server-sandbox.js';

it('a tool that throws what is no error of ours is answered with INTERNAL, and consumes nothing', async () => {
  const { alice, bob, faults, world } = await conversation();
  await alice.call('dispatch', { message: 'words of alice', target: 'bob' });
  const before = await world.keys('bob');
  // Behind the claim of what is new.
  faults.list = (prefix) => (prefix === 'bob/read' ? defect() : world.memory.list(prefix));
  const { isError, text } = await bob.call('peek', { include_read: true });
  expect([isError, text]).toEqual([true, expect.stringMatching(/^INTERNAL: .*its stderr has the details/)]);
  expect(bob.log.join('\n')).toMatch(/TypeError: undefined is not a function\n\s+at /);
  expect(bob.log.join('\n')).not.toContain('words of alice');
  expect(await world.keys('bob')).toEqual(before);
  delete faults.list;
  expect((await bob.call('peek')).json.messages).toMatchObject([{ content: 'words of alice' }]);
});

it('a send to whose answer the unread mail cannot be added is answered as sent, without the mail', async () => {
  const { alice, bob, faults } = await conversation();
  await alice.call('dispatch', { message: 'words of alice', target: 'bob' });
  faults.move = defect;
  const { isError, json } = await bob.call('dispatch', { message: 'words of bob', target: 'alice' });
  expect([isError, json.sent, json.new_messages]).toEqual([false, true, undefined]);
  delete faults.move;
  expect((await alice.call('peek')).json.messages).toMatchObject([{ content: 'words of bob' }]);
  const { messages } = (await bob.call('peek')).json;
  expect(messages).toMatchObject([{ content: 'words of alice' }]);
  expect(messages[0].redelivered).toBeUndefined();
});

async function defect(): Promise<never> {
  throw new TypeError('undefined is not a function');
}

async function conversation() {
  const faults: Partial<Store> = {};
  const world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
  const [alice, bob] = [new RelayClient(world, 'alice'), new RelayClient(world, 'bob')];
  onTestFinished(async () => {
    await alice.close();
    await bob.close();
    await world.close();
  });
  for (const client of [alice, bob]) {
    await client.connect();
    await client.call('who');
  }
  return { world, faults, alice, bob };
}

const PRELOAD = [fileURLToPath(new URL('throws-preload.cjs', import.meta.url))];

for (const kind of ['exception', 'rejection'] as const) {
  test.concurrent(`a stray ${kind} ends the server with 1: its stack is on stderr, its presence gone, its mail there`, async ({
    sandbox,
    expect,
  }) => {
    const alice = await sandbox.start('alice');
    await alice.call('dispatch', { message: 'hello', target: 'bob' });
    const bob = await sandbox.start('bob', { preload: PRELOAD, env: { THROW: kind } });
    bob.request('tools/call', { name: 'who', arguments: {} });
    expect(await bob.ending(`a stray ${kind}`)).toEqual({ code: 1, signal: null });
    expect(bob.stderr).toMatch(new RegExp(`Stopped by an unexpected error: Error: a stray ${kind}\\n\\s+at `));
    expect(existsSync(path.join(sandbox.relay, '.presence', 'bob'))).toBe(false);
    expect(filesIn(sandbox.relay, '.presence')).not.toContain('bob.json');
    const next = await sandbox.start('bob');
    // Read, where the answer to the call was faster.
    expect((await next.call('peek', { include_read: true })).messages).toMatchObject([{ content: 'hello' }]);
  });
}
