import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HEARTBEAT_MS } from '../../src/relay/presence.js';
import type { Relay } from '../../src/relay/relay.js';
import { DAY, RelayWorld, START } from '../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  world = new RelayWorld();
  relay = world.process().relay;
});

afterEach(async () => {
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const pids = async (agent = 'bob') => (await relay.presence.sessions(agent)).map(({ pid }) => pid);
const shared = async (agent = 'bob') => {
  const read = await world.memory.read(`.presence/${agent}.json`, 10_000);
  return read?.ok === true ? JSON.parse(Buffer.from(read.bytes).toString()) : undefined;
};

describe('a session', () => {
  it('leaves no trace until it is announced, and none after its end', async () => {
    const session = world.process().relay.session('bob');
    expect(await world.keys()).toEqual([]);
    await session.announce();
    expect(await world.keys()).toEqual([`.presence/bob.json`, `.presence/bob/${session.id}`]);
    await session.end();
    expect(await world.keys()).toEqual([]);
  });

  it('makes its agent known with its first call only, and that outlives it', async () => {
    const session = world.process().relay.session('bob');
    await session.announce();
    expect(await relay.agents.servedAt('bob')).toBeUndefined();
    await session.begin();
    await session.end();
    expect(await relay.agents.servedAt('bob')).toBe(START);
    expect(await relay.presence.isLive('bob')).toBe(false);
  });

  it('says of itself what it was told to say, at once when it is present and else when it becomes so', async () => {
    const session = world.process().relay.session('bob');
    const clientProcess = { pid: 7, start: '99' };
    await session.describe({ clientProcess, aliases: ['a1'] });
    expect(await world.keys()).toEqual([]);
    await session.announce();
    expect(await relay.presence.sessions('bob')).toMatchObject([{ clientProcess, aliases: ['a1'] }]);
    await session.describe({ aliases: ['a1', 'a2'], wake: { on: 'direct', methods: ['command'] } });
    expect(await relay.presence.sessions('bob')).toMatchObject([
      { clientProcess, aliases: ['a1', 'a2'], wake: { on: 'direct', methods: ['command'] } },
    ]);
    await session.end();
  });

  it('lives on in the eyes of others whatever stands in the fields that only help', async () => {
    const session = world.process().relay.session('bob');
    await session.announce();
    const key = `.presence/bob/${session.id}`;
    const read = await world.memory.read(key, 10_000);
    const record = JSON.parse(Buffer.from(read?.ok === true ? read.bytes : []).toString());
    const odd = { ...record, client_process: 'x', aliases: Array(9).fill('a'), wake: { on: 1 } };
    await world.memory.put(key, JSON.stringify(odd));
    const [seen] = await relay.presence.sessions('bob');
    expect(seen?.session).toBe(session.id);
    expect(seen).not.toHaveProperty('aliases');
    await session.end();
  });

  it('stays over once it has ended, though a call comes late', async () => {
    const session = world.process().relay.session('bob');
    await session.announce();
    await session.end();
    await session.announce();
    expect(await world.keys('.presence')).toEqual([]);
  });

  it('is announced again by the next call when the first attempt failed', async () => {
    const session = world.process().relay.session('bob');
    const put = vi.spyOn(world.memory, 'put').mockRejectedValueOnce(new Error('ENOSPC'));
    await expect(session.announce()).rejects.toThrow('ENOSPC');
    put.mockRestore();
    await session.announce();
    expect(await relay.presence.isLive('bob')).toBe(true);
    await session.end();
  });
});

describe('two sessions under one name', () => {
  it('do not erase each other: a health check that comes and goes leaves the first one live', async () => {
    const first = world.process();
    const session = await first.session('bob');
    const check = await world.process().session('bob');
    expect(await pids()).toHaveLength(2);
    expect((await shared()).session).toBe(session.id);
    await check.end();
    expect(await pids()).toEqual([first.identity.pid]);
    expect((await shared()).session).toBe(session.id);
  });

  it('pass the file that other programs read to the one that stays', async () => {
    const first = await world.process().session('bob');
    const second = await world.process().session('bob');
    await first.end();
    expect(await shared()).toMatchObject({ agent_id: 'bob', session: second.id, started: '2026-02-17T20:30:00Z' });
    await second.end();
    expect(await shared()).toBeUndefined();
  });

  it('are listed with the oldest first', async () => {
    const [second, first] = [world.process(), world.process()];
    await first.session('bob');
    world.clock.advance(1000);
    await second.session('bob');
    expect(await pids()).toEqual([first.identity.pid, second.identity.pid]);
  });
});

describe('a server of another program', () => {
  const python = async () => {
    const identity = world.processes.start();
    await world.put('.presence/bob.json', { agent_id: 'bob', pid: identity.pid, started: '2026-02-17T20:00:00Z' });
    return identity;
  };

  it('is live as long as its process runs', async () => {
    const { pid } = await python();
    expect(await relay.presence.sessions('bob')).toEqual([{ pid, since: '2026-02-17T20:00:00Z' }]);
    world.processes.kill(pid);
    expect(await pids()).toEqual([]);
  });

  it('keeps its file while it runs; ours is put there when it goes', async () => {
    const { pid } = await python();
    const ours = world.process();
    const session = await ours.session('bob');
    expect(await shared()).toEqual({ agent_id: 'bob', pid, started: '2026-02-17T20:00:00Z' });
    expect((await pids()).sort()).toEqual([ours.identity.pid, pid].sort());
    // At its end it unlinks what it takes for its own file.
    await world.memory.remove('.presence/bob.json');
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    expect((await shared()).session).toBe(session.id);
  });

  it('keeps its file also when a session of ours ends', async () => {
    const { pid } = await python();
    await (await world.process().session('bob')).end();
    expect(await shared()).toEqual({ agent_id: 'bob', pid, started: '2026-02-17T20:00:00Z' });
  });

  it('that unlinked our file, thinking it its own, gets it put back', async () => {
    const session = await world.process().session('bob');
    await world.memory.remove('.presence/bob.json');
    expect(await relay.presence.isLive('bob')).toBe(true);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    expect((await shared()).session).toBe(session.id);
  });

  it('that was killed gives its file to the next session of ours', async () => {
    const { pid } = await python();
    world.processes.kill(pid);
    const session = await world.process().session('bob');
    expect((await shared()).session).toBe(session.id);
  });
});

describe('liveness', () => {
  it('ends with the process, at once', async () => {
    const bobs = world.process();
    const session = await bobs.session('bob');
    bobs.kill();
    expect(await relay.presence.isLive('bob')).toBe(false);
    expect(await relay.presence.isOver('bob', session.id)).toBe(true);
  });

  it('of a killed process is asked after once, and afresh before anything is taken', async () => {
    const bobs = world.process();
    const { id } = await bobs.session('bob');
    bobs.kill();
    const read = vi.spyOn(world.memory, 'read');
    const looks = () => read.mock.calls.filter(([key]) => key === `.presence/bob/${id}`).length;
    for (let call = 0; call < 3; call++) {
      expect(await relay.presence.isLive('bob')).toBe(false);
      expect(await relay.presence.others('bob', 'another')).toEqual([]);
      for await (const { agent } of relay.presence.everySession(() => true)) expect(agent).not.toBe('bob');
    }
    expect(looks()).toBe(1);
    for (let taken = 2; taken < 4; taken++) {
      expect(await relay.presence.isOver('bob', id)).toBe(true);
      expect(looks()).toBe(taken);
    }
    expect(await relay.presence.sweep()).toEqual([{ agent: 'bob', session: id }]);
    read.mockRestore();
  });

  it('is taken by a planted record from nobody but whose place it has, and from that one until it renews its own', async () => {
    const session = await world.process().session('carol');
    const key = `.presence/carol/${session.id}`;
    const read = await world.memory.read(key, 10_000);
    const record = Buffer.from(read?.ok === true ? read.bytes : []).toString();
    const planted = { ...JSON.parse(record), pid: 4_000_000 };
    await world.put(`.presence/bob/${session.id}`, planted);
    expect(await relay.presence.isLive('bob')).toBe(false);
    expect(await relay.presence.isLive('carol')).toBe(true);
    await world.put(key, planted);
    expect(await relay.presence.isLive('carol')).toBe(false);
    world.clock.advance(HEARTBEAT_MS);
    await world.put(key, record);
    expect(await relay.presence.isLive('carol')).toBe(true);
  });

  it('is not given by another process that got the same number', async () => {
    const bobs = world.process();
    await bobs.session('bob');
    bobs.kill();
    world.process({ pid: bobs.identity.pid });
    expect(await relay.presence.isLive('bob')).toBe(false);
  });

  it('does not depend on the heartbeat where the process can be seen: a stopped one is not dead', async () => {
    const session = await world.process().session('bob');
    world.clock.advance(30 * DAY);
    expect(await relay.presence.isLive('bob')).toBe(true);
    expect(await relay.presence.isOver('bob', session.id)).toBe(false);
  });

  it('of a process that cannot be seen goes by its heartbeat: live, then silent, and over after a day', async () => {
    const far = await world.process({ elsewhere: true }).session('bob');
    const standing = async () => [await relay.presence.isLive('bob'), await relay.presence.isOver('bob', far.id)];
    world.clock.advance(3 * HEARTBEAT_MS - 1);
    expect(await standing()).toEqual([true, false]);
    world.clock.advance(1);
    expect(await standing()).toEqual([false, false]);
    world.clock.set(START + DAY - 1);
    expect(await standing()).toEqual([false, false]);
    world.clock.advance(1);
    expect(await standing()).toEqual([false, true]);
  });

  it('is renewed with every heartbeat', async () => {
    const far = await world.process({ elsewhere: true }).session('bob');
    for (let beat = 0; beat < 10; beat++) {
      world.clock.advance(HEARTBEAT_MS);
      await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    }
    expect(await relay.presence.isLive('bob')).toBe(true);
    await far.end();
  });

  it('is claimed by no file that is torn, lies about its session, or stands under no session id', async () => {
    const session = await world.process().session('bob');
    const record = await world.memory.read(`.presence/bob/${session.id}`, 10_000);
    if (record?.ok !== true) throw new Error('no record');
    await session.end();
    await world.put(`.presence/bob/${'a'.repeat(20)}`, Buffer.from(record.bytes).toString());
    await world.put(`.presence/bob/${'b'.repeat(20)}`, '{"session":');
    await world.put('.presence/bob/notes', Buffer.from(record.bytes).toString());
    await world.put('.presence/bob.json', '[]');
    expect(await relay.presence.isLive('bob')).toBe(false);
  });
});

describe('the sweep', () => {
  it('removes records of the dead and the file that shadowed them, and no others', async () => {
    const dead = world.process();
    await dead.session('bob');
    const live = await world.process().session('carol');
    const other = world.processes.start();
    await world.put('.presence/dora.json', { agent_id: 'dora', pid: other.pid, started: 'x' });
    world.processes.kill(other.pid);
    dead.kill();
    await relay.presence.sweep();
    expect(await world.keys('.presence')).toEqual([
      '.presence/carol.json',
      `.presence/carol/${live.id}`,
      '.presence/dora.json',
    ]);
  });

  it('hands the shared file of a dead session to a live one of the same agent', async () => {
    const dead = world.process();
    await dead.session('bob');
    const live = await world.process().session('bob');
    dead.kill();
    await relay.presence.sweep();
    expect((await shared()).session).toBe(live.id);
  });

  it('removes a shadow whose record is gone', async () => {
    await world.put('.presence/bob.json', { agent_id: 'bob', pid: 1, started: 'x', session: 'a'.repeat(20) });
    await relay.presence.sweep();
    expect(await world.keys('.presence')).toEqual([]);
  });
});
