/** What a reply says of other sessions of the same agent. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { RelayClient, type ToolAnswer } from '../helpers/relay-client.js';
import { RelayWorld, type TestProcess, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];

beforeEach(() => {
  world = new RelayWorld();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

async function client(agent: string, process: TestProcess = world.process(), maxReplyBytes = 10_240) {
  const made = new RelayClient(world, agent, { process, maxReplyBytes });
  clients.push(made);
  await made.connect();
  return made;
}

/** Another session of `agent`, in a folder and with a pid of the test's choice. */
async function other(agent: string, cwd: string, number: number): Promise<TestProcess> {
  const process = world.process({ pid: number });
  await process.relay.presence.announce(agent, {
    session: String(number).padStart(20, 's'),
    pid: number,
    cwd,
    since: new Date(world.clock.now() + number).toISOString(),
  });
  return process;
}

const noticesOf = ({ json }: ToolAnswer): string[] => json.notices ?? [];

const calls: readonly [string, object][] = [
  ['dispatch', { message: 'x', target: 'alice' }],
  ['peek', {}],
  ['ack', { message_ids: ['msg-000000000000'] }],
  ['who', {}],
];

describe('the notice of another session', () => {
  it('is in every answer of every tool of both, and says who the other is and what that means', async () => {
    const processes = [world.process(), world.process()];
    const [first, second] = [await client('bob', processes[0]), await client('bob', processes[1])];
    for (const one of [first, second]) await one.call('peek');
    for (const [tool, args] of calls) {
      for (const [one, its] of [
        [first, processes[1]],
        [second, processes[0]],
      ] as const) {
        expect(noticesOf(await one.call(tool, args)), tool).toEqual([
          `Another live session serves bob too: pid ${its?.identity.pid} in ${JSON.stringify(process.cwd())}. Each new message is shown to only one of you. If that is not meant, it is for the user to give each window an id of its own.`,
        ]);
      }
    }
  });

  it('is in no answer of a session that is alone, nor in errors', async () => {
    const bob = await client('bob');
    await client('carol').then((carol) => carol.call('who'));
    for (const [tool, args] of calls) expect(noticesOf(await bob.call(tool, args)), tool).toEqual([]);
    await other('bob', '/elsewhere', 4711);
    const refused = await bob.call('ack', { message_ids: [] });
    expect([refused.isError, refused.text.includes('4711')]).toEqual([true, false]);
  });

  it('is gone from the first answer after the other has ended, was killed, or was given up', async () => {
    const bob = await client('bob');
    const second = await client('bob');
    await second.call('peek');
    expect(noticesOf(await bob.call('peek'))).toHaveLength(1);
    await second.close();
    expect(noticesOf(await bob.call('peek'))).toEqual([]);
    const third = await other('bob', '/third', 4713);
    expect(noticesOf(await bob.call('peek'))).toHaveLength(1);
    third.kill();
    expect(noticesOf(await bob.call('peek'))).toEqual([]);
    await world.process({ elsewhere: true }).session('bob');
    expect(noticesOf(await bob.call('peek'))).toHaveLength(1);
    world.clock.advance(90_000);
    expect(noticesOf(await bob.call('peek'))).toEqual([]);
  });

  it('counts a server of another program as well, and one that is stopped', async () => {
    const bob = await client('bob');
    const { pid } = world.processes.start();
    await world.put('.presence/bob.json', { agent_id: 'bob', pid, started: '2026-02-17T20:00:00Z' });
    expect(noticesOf(await bob.call('peek'))[0]).toContain(`pid ${pid}, a server of another program. `);
    expect(noticesOf(await bob.call('peek'))).toHaveLength(1);
    world.processes.stop(pid);
    expect(noticesOf(await bob.call('peek'))[0]).toContain(`pid ${pid} (stopped), a server of another program. `);
    world.processes.kill(pid);
    expect(noticesOf(await bob.call('peek'))).toEqual([]);
    const next = world.processes.start();
    await world.put('.presence/bob.json', { agent_id: 'bob', pid: next.pid, started: '2026-02-17T20:00:00Z' });
    world.clock.advance(1000);
    expect(noticesOf(await bob.call('peek'))).toHaveLength(1);
  });

  it('costs a session that is alone one look at a folder, and a file once a second', async () => {
    const bob = await client('bob');
    await bob.call('peek');
    const [list, read] = [vi.spyOn(world.memory, 'list'), vi.spyOn(world.memory, 'read')];
    const looks = () =>
      [list, read].map(({ mock }) => mock.calls.filter(([key]) => key.startsWith('.presence/')).length);
    for (let call = 0; call < 5; call++) await bob.call('peek');
    expect(looks()).toEqual([5, 0]);
    world.clock.advance(1000);
    await bob.call('peek');
    // That its own record is still there is looked at once a second as well.
    expect(looks()).toEqual([6, 2]);
    list.mockRestore();
    read.mockRestore();
  });

  it('names the three youngest of many, and counts the others', async () => {
    for (const number of [4701, 4702, 4703, 4704, 4705]) await other('bob', `/work/${number}`, number);
    const [notice] = noticesOf(await (await client('bob')).call('peek'));
    expect(notice).toContain(
      '5 other live sessions serve bob too: pid 4703 in "/work/4703", pid 4704 in "/work/4704", pid 4705 in "/work/4705", 2 more. ',
    );
  });

  it('shows of a folder, which may be called anything, at most 200 harmless characters in quotes', async () => {
    await other('bob', `/a"b\\c\nd\u001b[2J\u202e\ud800/end`, 4701);
    const bob = await client('bob');
    expect(noticesOf(await bob.call('peek'))[0]).toContain(String.raw`pid 4701 in "/a\"b\\c d�[2J��/end". `);
    await other('bob', `/${'x'.repeat(300)}/${'\u{1f600}'.repeat(40)}/end`, 4702);
    const [, path = ''] = /pid 4702 in "([^"]*)"/.exec(noticesOf(await bob.call('peek'))[0] ?? '') ?? [];
    expect(path).toMatch(/^\.\.\.x+\/\u{1f600}{40}\/end$/u);
    expect(path.length).toBe(200);
    expect(noticesOf(await bob.call('peek'))[0]?.isWellFormed()).toBe(true);
  });

  it('cuts no character of a long folder in two', async () => {
    const bob = await client('bob');
    for (const shift of [0, 1]) {
      await other('bob', `${'\u{1f600}'.repeat(150)}${'x'.repeat(shift)}`, 4701);
      const [notice = ''] = noticesOf(await bob.call('peek'));
      expect([shift, notice.isWellFormed()]).toEqual([shift, true]);
    }
  });

  it('leaves mail its room: no reply exceeds its budget, and all is shown in turn', async () => {
    for (const number of [4701, 4702, 4703, 4704]) await other('bob', '"'.repeat(500), number);
    const bob = await client('bob', world.process(), 2048);
    const alice = world.process().relay;
    for (let message = 0; message < 20; message++)
      await alice.send('alice', { target: 'bob', content: 'x'.repeat(90) });
    let shown = 0;
    for (let more = 1; more > 0; ) {
      const answer = await bob.call('peek');
      expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(2048);
      expect(noticesOf(answer)).toHaveLength(1);
      expect(answer.json.count).toBeGreaterThan(0);
      shown += answer.json.count;
      more = answer.json.more ?? 0;
    }
    expect(shown).toBe(20);
  });

  it('is left out, and the call goes on, when others cannot be looked for', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    const bob = await client('bob');
    await bob.call('peek');
    faults.list = async (prefix) => {
      if (prefix === '.presence/bob') throw new Error('EIO');
      return world.memory.list(prefix);
    };
    const answer = await bob.call('peek');
    delete faults.list;
    expect([answer.isError, answer.json.count, bob.log]).toEqual([
      false,
      0,
      ['Other sessions were not looked for: EIO'],
    ]);
  });
});
