/**
 * The relay is pulled away under running servers. Each call answers, clearly when it cannot do its work, and once the
 * relay is back all of them work on, with the mail that it holds and without a restart.
 */
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LocalAgent } from '../helpers/local-agent.js';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, removeWhole, type Sandbox, test } from '../helpers/server-sandbox.js';
import { snapshot } from '../helpers/store-relay.js';

const onWindows = process.platform === 'win32';
const CONFIG = { config: 'durability = "process"\n' };

const contents = (answer: Json): string[] => (answer.messages ?? []).map(({ content }: Json) => content);

const CALLS: readonly [string, object][] = [
  ['dispatch', { message: 'meanwhile', target: 'bob' }],
  ['peek', {}],
  ['ack', { message_ids: ['msg-x'] }],
  ['who', {}],
];

/** What comes into the place of the relay, what calls say to it, and how it is made. */
const REPLACEMENTS: readonly [string, RegExp, (place: string, away: string) => void][] = [
  ['a file', /^RELAY_UNSAFE: .*is not a directory/, (place) => writeFileSync(place, 'not a relay')],
  ['a link to where it went', /^RELAY_UNSAFE: .*symbolic link to/, (place, away) => symlinkSync(away, place)],
  ['a link to nowhere', /^RELAY_UNSAFE: .*symbolic link to/, (place, away) => symlinkSync(`${away}-not`, place)],
  [
    'a directory that everybody can write',
    /^RELAY_UNSAFE: .*can be written by other users/,
    (place) => {
      mkdirSync(place);
      chmodSync(place, 0o777);
    },
  ],
  [
    'a relay of a newer format',
    /^RELAY_TOO_NEW: /,
    (place) => {
      mkdirSync(place, { mode: 0o700 });
      writeFileSync(path.join(place, '.format'), '2\n', { mode: 0o600 });
    },
  ],
];

async function conversation(sandbox: Sandbox): Promise<[alice: LocalAgent, bob: RawServer]> {
  const both: [LocalAgent, RawServer] = [await sandbox.local('alice', CONFIG), await sandbox.start('bob', CONFIG)];
  for (const one of both) await one.call('who');
  return both;
}

/** Each makes itself present again with its own call, and a moment later each sees the other. */
async function seeEachOther(servers: readonly Pick<RawServer, 'call'>[]): Promise<void> {
  await eventually('both in the lists of both', async () => {
    const answers = await Promise.all(servers.map((server) => server.call('who')));
    return answers.every(({ agents }) => agents.map((one: Json) => one.agent_id).join() === 'alice,bob');
  });
}

/** Puts `place` where the relay is, or was. What a server still had to do may have made the relay anew a moment ago. */
async function putInPlace(place: string, relay: string): Promise<void> {
  await eventually(`${place} in the place of the relay`, () => {
    try {
      rmSync(relay, { recursive: true, force: true });
      renameSync(place, relay);
      return true;
    } catch {
      return false;
    }
  });
}

test.concurrent('while something else is in its place calls say what and write nothing; then all goes on', async ({
  sandbox,
  expect,
  skip,
}) => {
  if (onWindows) skip('no such links and modes on Windows');
  const { relay, root } = sandbox;
  const servers = await conversation(sandbox);
  const [alice, bob] = servers;
  for (const [name, says, replace] of REPLACEMENTS) {
    await alice.call('dispatch', { message: `before ${name}`, target: 'bob' });
    const [away, replacement] = [path.join(root, 'away'), path.join(root, 'replacement')];
    replace(replacement, away);
    renameSync(relay, away);
    await putInPlace(replacement, relay);
    // A look at a folder is good for 20 ms, so a call that was under way may still be done.
    for (const server of servers)
      await eventually('the refusal', async () => (await server.result('who')).isError === true);
    const before = snapshot(root);
    for (const server of servers) {
      for (const [tool, args] of CALLS) expect(await server.refusal(tool, args), `${tool}: ${name}`).toMatch(says);
    }
    expect(snapshot(root), name).toEqual(before);

    await putInPlace(away, relay);
    expect(await alice.call('dispatch', { message: 'after', target: 'bob' })).toMatchObject({ queued_to: ['bob'] });
    expect(contents(await bob.call('peek'))).toEqual([`before ${name}`, 'after']);
    await seeEachOther(servers);
  }
});

test.concurrent('a relay that is removed is made anew by the next call, and those who were there are there again', async ({
  sandbox,
  expect,
}) => {
  const [alice, bob] = await conversation(sandbox);
  const { id } = await alice.call('dispatch', { message: 'before', target: 'bob' });
  // What she sent is noted behind the answer, and must not be noted in the new relay.
  await alice.call('who');
  await removeWhole(sandbox.relay);
  expect(contents(await bob.call('peek'))).toEqual([]);
  expect(await bob.call('ack', { message_ids: [id] })).toMatchObject({ acked: 0, not_found: [id] });
  expect(await alice.refusal('peek', { message_id: id })).toMatch(/^NOT_FOUND: /);
  expect(await alice.call('dispatch', { message: 'after', target: 'bob' })).toMatchObject({ queued_to: ['bob'] });
  expect(contents(await bob.call('peek'))).toEqual(['after']);
  await seeEachOther([alice, bob]);
  expect(readFileSync(path.join(sandbox.relay, '.format'), 'utf8')).toBe('1\n');
});

test.concurrent('a relay that is renamed away and back has lost nothing, whether anybody called meanwhile or not', async ({
  sandbox,
  expect,
}) => {
  const { relay, root } = sandbox;
  const [alice, bob] = await conversation(sandbox);
  const away = path.join(root, 'away');
  await alice.call('dispatch', { message: 'one', target: 'bob' });
  renameSync(relay, away);
  await putInPlace(away, relay);
  expect(contents(await bob.call('peek'))).toEqual(['one']);

  const { id } = await alice.call('dispatch', { message: 'two', target: 'bob' });
  renameSync(relay, away);
  expect(await alice.call('dispatch', { message: 'elsewhere', target: 'bob' })).toMatchObject({ sent: true });
  expect(contents(await bob.call('peek'))).toEqual(['elsewhere']);
  await putInPlace(away, relay);
  const answer = await bob.call('peek', { include_read: true });
  expect(contents(answer).sort()).toEqual(['one', 'two']);
  expect(await bob.call('ack', { message_ids: answer.messages.map((one: Json) => one.id) })).toMatchObject({
    acked: 2,
  });
  expect((await alice.call('peek', { message_id: id })).sent_receipts).toMatchObject([{ to: 'bob', state: 'acked' }]);
  await seeEachOther([alice, bob]);
});

test.concurrent('another relay in its place is served as it is, and neither gets what belongs to the other', async ({
  sandbox,
  expect,
}) => {
  const { relay, root } = sandbox;
  const [alice, bob] = await conversation(sandbox);
  const [first, second] = [path.join(root, 'first'), path.join(root, 'second')];
  await alice.call('dispatch', { message: 'in the first', target: 'bob' });
  // A copy made with its times kept, as a backup is put back, and then one that went its own way.
  cpSync(relay, second, { recursive: true, preserveTimestamps: true });
  renameSync(relay, first);
  await putInPlace(second, relay);
  expect(await alice.call('dispatch', { message: 'in the second', target: 'bob' })).toMatchObject({ sent: true });
  const { messages } = await bob.call('peek');
  expect(contents({ messages })).toEqual(['in the first', 'in the second']);
  expect(await bob.call('ack', { message_ids: messages.map((one: Json) => one.id) })).toMatchObject({ acked: 2 });
  await putInPlace(first, relay);
  expect(contents(await bob.call('peek'))).toEqual(['in the first']);
  expect(await bob.call('ack', { message_ids: messages.map((one: Json) => one.id) })).toMatchObject({
    acked: 1,
    not_found: [messages[1].id],
  });
});

test.concurrent('any folder within it may go at any time: the next call works, and makes it anew where it needs it', async ({
  sandbox,
  expect,
}) => {
  const [alice, bob] = await conversation(sandbox);
  await alice.call('dispatch', { message: 'n=0', target: 'bob' });
  await bob.call('peek');
  const folders = ['.agents', '.bell', '.presence', '.receipts', '.sent', '.tmp', 'bob', 'bob/read'];
  for (const [index, name] of folders.entries()) {
    await removeWhole(path.join(sandbox.relay, name));
    const { id } = await alice.call('dispatch', { message: `n=${index + 1}`, target: 'bob' });
    expect(contents(await bob.call('peek')), name).toEqual([`n=${index + 1}`]);
    expect(await bob.call('ack', { message_ids: [id] }), name).toMatchObject({ acked: 1 });
    await seeEachOther([alice, bob]);
  }
});

test.concurrent('calls that are under way while it goes, again and again, all answer, and the next ones work', async ({
  sandbox,
  expect,
}) => {
  const { relay } = sandbox;
  // In this process, which removes it, no call is under way meanwhile.
  const [alice, bob] = [await sandbox.start('alice', CONFIG), await sandbox.start('bob', CONFIG)];
  const refusals: string[] = [];
  for (let round = 0; round < 10; round++) {
    const calls = [alice, bob].flatMap((server) => CALLS.map(([tool, args]) => server.result(tool, args)));
    // Not one step: the names go one by one, and the servers make new ones meanwhile.
    await removeWhole(relay);
    for (const answer of await Promise.all(calls)) {
      if (answer.isError === true) refusals.push(answer.content[0]?.text ?? '');
    }
  }
  for (const text of refusals) expect(text).toMatch(/^(STORE_UNAVAILABLE|RELAY_UNSAFE): /);
  await alice.call('dispatch', { message: 'the last', target: 'bob' });
  expect(contents(await bob.call('peek')).at(-1)).toBe('the last');
});
