/** A relay that a newer or an older version wrote to as well: what is known is read, what is not is passed over and stays. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newSessionId } from '../../src/model/ids.js';
import { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { claimAll, foreignMessage, RelayWorld, read, START, send } from '../helpers/relay-world.js';
import type { Json } from '../helpers/server-client.js';
import { test } from '../helpers/server-sandbox.js';
import { snapshot } from '../helpers/store-relay.js';

const coreOf = (id: string, ms = START) => `${ms}-00000.no.0000000000000.--------.0000000.alice.${id}`;

describe('in a store that other versions write to', () => {
  let world: RelayWorld;
  let alice: Session;
  let bob: Session;

  beforeEach(async () => {
    world = new RelayWorld();
    [alice, bob] = [await world.session('alice'), await world.session('bob')];
  });

  afterEach(async () => world.close());

  it.each(['x', 'r2', 'R', 'w1771360200000', 'r~x', 'x.y', '', 'é'])(
    'pending mail with the unknown mark "%s" is new once, counted, and acknowledged',
    async (mark) => {
      await world.put(`bob/${coreOf('msg-1')}~${mark}.json`, foreignMessage({ id: 'msg-1' }));
      expect(await world.process().relay.rollCall.unread('bob')).toBe(1);
      const claim = await claimAll(bob.inbox);
      expect(claim.delivered).toMatchObject([{ redelivered: false, message: { id: 'msg-1' } }]);
      await claim.commit();
      expect(await read(bob)).toEqual([]);
      expect((await bob.kept.ack(['msg-1'])).acked).toEqual(['msg-1']);
      expect(await world.keys('bob')).toEqual([]);
    },
  );

  it.each(['w1771360200000', 'p', 'px', 'p1771360200000~seen', 'q1771360200000.x', ''])(
    'read mail with the unknown mark "%s" is kept mail: counted, shown again, looked up, and acknowledged',
    async (mark) => {
      await world.put(`bob/read/${coreOf('msg-1')}~${mark}.json`, foreignMessage({ id: 'msg-1' }));
      const { relay } = world.process();
      expect(await bob.kept.count()).toEqual({ count: 1, more: false });
      expect(await read(bob)).toEqual([]);
      expect((await bob.kept.find('msg-1'))?.content).toBe('hello from elsewhere');
      expect(await relay.receipts.lookUp('alice', 'msg-1')).toMatchObject([{ to: 'bob', state: 'read' }]);
      expect((await bob.kept.ack(['msg-1'])).acked).toEqual(['msg-1']);
    },
  );

  it('receipts of unknown states and forms are not shown, hide none that is known, and stay for who knows them', async () => {
    const id = await send(alice, 'bob', 'one');
    const unknown = [
      `${START + 9}.superseded2.read.${id}.bob`,
      `${START + 9}.handled.by.${id}.bob`,
      `${START + 9}.read.wait.with.more.${id}.bob`,
      `${START + 9}.acked.read.${id}.#topic`,
      `v2.${START}.acked.${id}.bob`,
    ];
    for (const name of unknown) await world.put(`.receipts/alice/${name}`, 'v2');
    await read(bob);
    const { relay } = world.process();
    await relay.sweeper.sweep();
    const changes = await relay.receipts.changes('alice', 20);
    expect(changes.receipts).toMatchObject([{ id, to: 'bob', state: 'read' }]);
    await changes.markSeen(20);
    expect(await relay.receipts.lookUp('alice', id)).toMatchObject([{ to: 'bob', state: 'read' }]);
    await bob.kept.ack([id]);
    expect((await relay.receipts.changes('alice', 20)).receipts).toMatchObject([{ id, state: 'acked' }]);
    expect(await world.memory.list('.receipts/alice')).toEqual(expect.arrayContaining(unknown));
  });

  it('a receipt that says in an unknown way how it came about is told all the same', async () => {
    const id = await send(alice, 'bob', 'one');
    await world.put(`.receipts/alice/${START}.read.relayed.${id}.bob`, '');
    expect((await world.process().relay.receipts.changes('alice', 20)).receipts).toMatchObject([
      { id, state: 'read', how: 'relayed' },
    ]);
  });

  it('messages with fields that are not known are read, and their fields passed over', async () => {
    const future = {
      v: 2,
      replaces_all: 'msg-0',
      trace: { span: [1] },
      expires_at: 7,
      priority: 'background',
      read_at: 'x',
    };
    await world.put(`bob/${coreOf('msg-1')}.json`, foreignMessage({ id: 'msg-1', ...future }));
    const { delivered } = await claimAll(bob.inbox);
    expect(delivered).toHaveLength(1);
    expect(delivered[0]?.message).toEqual({
      ...foreignMessage({ id: 'msg-1' }),
      ...{ priority: 'normal', payload: null, thread_id: null, reply_to: null, ttl: 0, must_read: false },
    });
  });

  it('a session record with more in it than is known is a live session', async () => {
    const { identity } = world.process();
    const session = newSessionId();
    const record = { agent_id: 'carol', session, since: new Date(START).toISOString(), ...identity };
    await world.put(`.presence/carol/${session}`, { ...record, v: 2, listening: { since: 7 }, client: undefined });
    const { relay } = world.process();
    expect(await relay.presence.isLive('carol')).toBe(true);
    await relay.sweeper.sweep();
    expect(await world.keys('.presence/carol')).toEqual([`.presence/carol/${session}`]);
  });

  it('notes of what was sent that are written in another way are passed over, and cost no answer', async () => {
    const id = await send(alice, 'bob', 'one');
    const day = (await world.memory.list('.sent/alice'))[0] ?? '';
    const known = await world.memory.read(`.sent/alice/${day}`, 1e6);
    if (known?.ok !== true) throw new Error('no note');
    const lines = ['{"v":2}', `v2 ${id} bob .`, `${coreOf(id)} carol +more`];
    await world.put(`.sent/alice/${day}`, `${lines.join('\n')}${Buffer.from(known.bytes).toString()}\n${lines[0]}`);
    await world.put('.sent/alice/index.v2', 'x');
    const { relay } = world.process();
    await relay.sweeper.sweep();
    expect(await relay.receipts.lookUp('alice', id)).toEqual([{ to: 'bob', state: 'pending' }]);
    expect(await world.keys('.sent/alice')).toContain('.sent/alice/index.v2');
  });

  it('a relay from before there were notes, receipts, agents and bells is served: mail, order, receipts, presence', async () => {
    const older = new RelayWorld();
    await older.put(`bob/${coreOf('msg-2', START + 2)}.json`, foreignMessage({ id: 'msg-2', content: '2' }));
    await older.put(`bob/${coreOf('msg-3', START + 3)}~r.json`, foreignMessage({ id: 'msg-3', content: '3' }));
    await older.put(
      `bob/read/${coreOf('msg-1', START + 1)}~p${START}.json`,
      foreignMessage({ id: 'msg-1', content: '1' }),
    );
    const { relay } = older.process();
    expect(await relay.receipts.lookUp('alice', 'msg-1')).toMatchObject([{ to: 'bob', state: 'read', at: START }]);
    expect(await relay.receipts.lookUp('alice', 'msg-2')).toEqual([{ to: 'bob', state: 'pending' }]);
    const reader = await older.session('bob');
    expect(await read(reader)).toEqual(['2', '3']);
    expect(await reader.kept.count()).toEqual({ count: 3, more: false });
    expect((await reader.kept.ack(['msg-1', 'msg-2', 'msg-3'])).acked).toHaveLength(3);
    const states = (await relay.receipts.changes('alice', 20)).receipts.map(({ id, state }) => `${id} ${state}`);
    expect(states.sort()).toEqual(['msg-1 acked', 'msg-2 acked', 'msg-3 acked']);
    await older.close();
  });
});

/** What a later version may keep, beside and within the folders that are known. */
const OF_A_LATER_VERSION = [
  '.jobs/acme/api/1771360200000.queued',
  '.topics/builds/alice',
  '.future',
  '.lock.v2',
  '.format.v2/notes',
  '.presence/index.v2',
  '.presence/bob/index.v2',
  '.presence/bob.lease',
  '.receipts/alice/archive/1771360200000.acked.read.msg-1.bob',
  '.receipts/alice/index.v2',
  '.agents/bob.v2',
  '.sent/alice/index.v2',
  '.roster/index.v2',
  '.quarantine/index.v2',
  '.bell/bob.v2',
  'bob/drafts/1771360200000-alice.json',
  'bob/index.v2',
  'bob/read/index.v2',
  'bob/taken/index.v2',
  'bob/taken/workers/1771360200000-alice.json',
];

function plant(relay: string): { readonly [file: string]: string } {
  for (const file of OF_A_LATER_VERSION) {
    mkdirSync(path.dirname(path.join(relay, file)), { recursive: true, mode: 0o700 });
    writeFileSync(path.join(relay, file), `of ${file}`, { mode: 0o600 });
  }
  return kept(relay);
}

const kept = (relay: string) => {
  const all = snapshot(relay);
  return Object.fromEntries(OF_A_LATER_VERSION.map((file) => [file, all[`./${file}`] ?? 'gone']));
};

test.concurrent('folders and files that are not known are neither read nor touched, whatever is called', async ({
  sandbox,
  expect,
}) => {
  const planted = plant(sandbox.relay);
  const [alice, bob] = [await sandbox.start('alice'), await sandbox.start('bob')];
  const { id } = await alice.call('dispatch', { message: 'hello', target: 'bob' });
  expect((await bob.call('peek')).messages).toMatchObject([{ id, content: 'hello' }]);
  expect(await bob.call('peek')).toMatchObject({ count: 0, unacked: 1 });
  const { agents, known } = await bob.call('who');
  expect([agents.map((one: Json) => one.agent_id), known]).toEqual([['alice', 'bob'], undefined]);
  expect(await bob.call('ack', { message_ids: [id] })).toMatchObject({ acked: 1 });
  expect((await alice.call('peek', { message_id: id })).sent_receipts).toMatchObject([{ to: 'bob', state: 'acked' }]);

  const relay = new Relay({ store: new FilesystemStore(sandbox.relay), processes: new ProcessTable() });
  await relay.sweeper.sweep();
  expect(kept(sandbox.relay)).toEqual(planted);
  expect([alice.stderr, bob.stderr].join('')).not.toMatch(/set aside|INTERNAL/);
});

test.concurrent('a relay of a newer format is refused by every call, and nothing in it changes', async ({
  sandbox,
  expect,
}) => {
  plant(sandbox.relay);
  for (const format of ['2\n', '2', ' 17 \n', '999999\n']) {
    writeFileSync(path.join(sandbox.relay, '.format'), format, { mode: 0o600 });
    const before = snapshot(sandbox.relay);
    const server = await sandbox.start('bob');
    for (const [tool, args] of [
      ['dispatch', { message: 'hi', target: 'alice' }],
      ['peek', {}],
      ['ack', { message_ids: ['msg-1'] }],
      ['who', {}],
    ] as const) {
      expect(await server.refusal(tool, args), tool).toMatch(/^RELAY_TOO_NEW: .*Update mcp-dispatch/);
    }
    server.endInput();
    await server.ending('end of input');
    expect(snapshot(sandbox.relay)).toEqual(before);
  }
});
