/** The verdict on who listens, and the reason for it: each on its own evidence, and no word more than that shows. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LISTENING_MS, Listeners } from '../../src/relay/listening.js';
import { HEARTBEAT_MS } from '../../src/relay/presence.js';
import type { Session } from '../../src/relay/session.js';
import { DAY, HOUR, MINUTE, RelayWorld, START, sent } from '../helpers/relay-world.js';

let world: RelayWorld;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  world = new RelayWorld();
});

afterEach(async () => {
  await world.close();
  vi.useRealTimers();
});

/** As the roll call has it: verdict and reason. */
async function verdict(agent = 'bob', options: { elsewhere?: boolean } = {}): Promise<[string, string]> {
  const attendance = await world.process(options).relay.rollCall.take();
  const one = attendance.find((each) => each.agent === agent);
  if (one === undefined) throw new Error(`${agent} is not in the roll call`);
  return [one.listening, one.reason];
}

/** What a sender is told of bob, by a process that has asked nothing before. */
async function told(): Promise<'yes' | 'no' | 'unknown'> {
  const { notListening, listeningUnknown } = await world.process().relay.send('alice', { target: 'bob', content: 'x' });
  return notListening.includes('bob') ? 'no' : listeningUnknown.includes('bob') ? 'unknown' : 'yes';
}

async function beat(): Promise<void> {
  await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
}

async function record(session: Session): Promise<Record<string, unknown>> {
  const read = await world.memory.read(`.presence/${session.agent}/${session.id}`, 10_000);
  if (read?.ok !== true) throw new Error('no record');
  return JSON.parse(Buffer.from(read.bytes).toString()) as Record<string, unknown>;
}

/** Replaces fields of a session's record, as another version would have written it. */
async function rewrite(session: Session, fields: Record<string, unknown>): Promise<void> {
  await world.put(`.presence/${session.agent}/${session.id}`, { ...(await record(session)), ...fields });
}

describe('an agent listens', () => {
  it('when a process that runs called a tool in the last ten minutes, to the millisecond', async () => {
    await world.session('bob');
    expect([await verdict(), await told()]).toEqual([['yes', 'called a tool in the last minute'], 'yes']);
    world.clock.advance(MINUTE);
    expect(await verdict()).toEqual(['yes', 'called a tool in the last minute']);
    world.clock.advance(1);
    expect(await verdict()).toEqual(['yes', 'called a tool 1 min ago']);
    world.clock.set(START + LISTENING_MS);
    expect([await verdict(), await told()]).toEqual([['yes', 'called a tool 10 min ago'], 'yes']);
    world.clock.advance(1);
    expect([await verdict(), await told()]).toEqual([['unknown', 'live; no tool called for 10 min'], 'unknown']);
  });

  it('when one of its sessions does, whatever the others are', async () => {
    await world.process({ elsewhere: true }).session('bob');
    const stopped = world.process();
    await stopped.session('bob');
    world.processes.stop(stopped.identity.pid);
    world.clock.advance(2 * HOUR);
    await world.session('bob');
    expect([await verdict(), await told()]).toEqual([['yes', 'called a tool in the last minute'], 'yes']);
  });
});

describe('nobody listens', () => {
  it('where no session is, and the reason says when one was, to the hour that this is known', async () => {
    await (await world.session('bob')).end();
    const judgedAt = async (ms: number) => {
      world.clock.set(START + ms);
      return verdict();
    };
    expect([await verdict(), await told()]).toEqual([['no', 'no session; last served within the hour'], 'no']);
    expect(await judgedAt(HOUR - 1)).toEqual(['no', 'no session; last served within the hour']);
    expect(await judgedAt(HOUR)).toEqual(['no', 'no session; last served about 1 h ago']);
    expect(await judgedAt(DAY - 1)).toEqual(['no', 'no session; last served about 23 h ago']);
    expect(await judgedAt(3 * DAY)).toEqual(['no', 'no session; last served 3 days ago']);
    expect(await judgedAt(-HOUR)).toEqual(['no', 'no session; it was served before the clock was set back']);
  });

  it('where none was ever seen', async () => {
    expect(await told()).toBe('no');
    expect(await verdict()).toEqual(['no', 'no session; none was ever seen']);
  });

  it('where the session was killed a moment ago', async () => {
    const bob = world.process();
    await bob.session('bob');
    bob.kill();
    expect([await verdict(), await told()]).toEqual([['no', 'no session; last served within the hour'], 'no']);
  });

  it('as long as all its processes are stopped, however lately they called', async () => {
    const bobs = [world.process(), world.process()];
    for (const bob of bobs) await bob.session('bob');
    const [first, second] = bobs.map(({ identity }) => identity.pid);
    world.processes.stop(first ?? 0);
    expect(await verdict()).toEqual(['yes', 'called a tool in the last minute']);
    world.processes.stop(second ?? 0);
    expect([await verdict(), await told()]).toEqual([['no', 'its processes are stopped'], 'no']);
    bobs[0]?.kill();
    expect(await verdict()).toEqual(['no', 'its process is stopped']);
    world.processes.resume(second ?? 0);
    expect([await verdict(), await told()]).toEqual([['yes', 'called a tool in the last minute'], 'yes']);
  });
});

describe('whether an agent listens is unknown', () => {
  it('before the first call of its session', async () => {
    const session = world.process().relay.session('bob');
    await session.announce();
    expect([await verdict(), await told()]).toEqual([['unknown', 'live; has not called a tool yet'], 'unknown']);
    await session.begin();
    expect([await verdict(), await told()]).toEqual([['yes', 'called a tool in the last minute'], 'yes']);
    await session.end();
  });

  it('when it has called nothing for long: the window may be left open', async () => {
    await world.session('bob');
    world.clock.advance(2 * HOUR);
    expect([await verdict(), await told()]).toEqual([['unknown', 'live; no tool called for 2 h'], 'unknown']);
  });

  it('of a call ahead of the clock: it was set back, and by how much is not known', async () => {
    await world.session('bob');
    world.clock.set(START - 1);
    const reason = 'live; the clock was set back since it called a tool';
    expect([await verdict(), await told()]).toEqual([['unknown', reason], 'unknown']);
  });

  it('of a session that cannot be checked, while it is heard of and when it has gone silent', async () => {
    await world.process({ elsewhere: true }).session('bob');
    const reason = 'live on another machine or in another container';
    expect([await verdict(), await told()]).toEqual([['unknown', reason], 'unknown']);
    world.clock.set(START + 3 * HEARTBEAT_MS - 1);
    expect(await verdict()).toEqual(['unknown', reason]);
    world.clock.advance(1);
    expect([await verdict(), await told()]).toEqual([
      ['unknown', 'cannot be checked from here; silent for 1 min'],
      'unknown',
    ]);
    world.clock.set(START + DAY);
    expect([await verdict(), await told()]).toEqual([['no', 'no session; last served 1 day ago'], 'no']);
  });

  it('of a server of another program, which leaves only a pid; stopped or ended it is known not to', async () => {
    const { pid } = world.processes.start();
    await world.put('.presence/bob.json', { agent_id: 'bob', pid, started: '2026-02-17T20:00:00Z' });
    expect([await verdict(), await told()]).toEqual([['unknown', 'live, served by another program'], 'unknown']);
    world.processes.stop(pid);
    expect([await verdict(), await told()]).toEqual([['no', 'its process is stopped'], 'no']);
    world.processes.kill(pid);
    expect([await verdict(), await told()]).toEqual([['no', 'no session; none was ever seen'], 'no']);
  });

  it('of a version that does not write down its calls, or writes something else there', async () => {
    const session = await world.session('bob');
    for (const called_at of [undefined, 17, {}, 'yesterday', '']) {
      await rewrite(session, { called_at });
      expect(await verdict(), String(called_at)).toEqual([
        'unknown',
        'live; its version does not say when it called a tool',
      ]);
      expect(await world.process().relay.presence.isLive('bob')).toBe(true);
    }
  });

  it('of one that may listen beside one that is stopped', async () => {
    const stopped = world.process();
    await stopped.session('bob');
    world.processes.stop(stopped.identity.pid);
    await world.process({ elsewhere: true }).session('bob');
    expect([await verdict(), await told()]).toEqual([
      ['unknown', 'live on another machine or in another container'],
      'unknown',
    ]);
  });

  it('of the human, whom no answer to a sender names', async () => {
    const { notListening, listeningUnknown } = await sent(await world.session('alice'), 'human', 'x');
    expect([notListening, listeningUnknown]).toEqual([[], []]);
    expect(await verdict('human')).toEqual(['unknown', 'a person, who has no session']);
  });
});

describe('a stopped process', () => {
  it('keeps what it has claimed, its name and its place: to be stopped is not to be over', async () => {
    const bob = world.process();
    const session = await bob.session('bob');
    await sent(await world.session('alice'), 'bob', 'x');
    await session.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} });
    world.processes.stop(bob.identity.pid);
    world.clock.advance(30 * DAY);
    const { relay } = world.process();
    await relay.sweeper.sweepIfDue(true);
    const other = await world.session('bob');
    expect((await other.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} })).delivered).toEqual([]);
    expect(await relay.presence.isLive('bob')).toBe(true);
    expect(await relay.presence.isOver('bob', session.id)).toBe(false);
  });
});

describe('the time of the last call', () => {
  it('is written with the heartbeat, and not at each call', async () => {
    const session = await world.session('bob');
    const put = vi.spyOn(world.memory, 'put');
    for (let call = 0; call < 20; call++) {
      world.clock.advance(1500);
      await session.begin();
    }
    expect(put.mock.calls.map(([key]) => key)).toEqual([]);
    await beat();
    expect((await record(session)).called_at).toBe(new Date(START + 30_000).toISOString());
    world.clock.advance(HEARTBEAT_MS);
    await beat();
    expect((await record(session)).called_at).toBe(new Date(START + 30_000).toISOString());
  });

  it('is null before the first call, and written at once with it', async () => {
    const session = world.process().relay.session('bob');
    await session.announce();
    expect((await record(session)).called_at).toBeNull();
    await session.begin();
    expect((await record(session)).called_at).toBe(new Date(START).toISOString());
    await session.end();
  });

  it('is written at once after a silence, so that an agent back at work is not called idle', async () => {
    const session = await world.session('bob');
    world.clock.advance(2 * HOUR);
    expect(await told()).toBe('unknown');
    await session.begin();
    expect(await told()).toBe('yes');
    // Also when the clock was set back by as much.
    world.clock.set(START);
    expect(await told()).toBe('unknown');
    await session.begin();
    expect(await told()).toBe('yes');
  });

  it('is no reason for a call to fail when it cannot be written', async () => {
    const session = world.process().relay.session('bob');
    await session.announce();
    const put = vi.spyOn(world.memory, 'put').mockRejectedValue(new Error('ENOSPC'));
    await session.begin();
    put.mockRestore();
    await session.begin();
    expect(await verdict()).toEqual(['yes', 'called a tool in the last minute']);
    await session.end();
  });

  it('is not brought back by a call that comes after the end', async () => {
    const session = await world.session('bob');
    await session.end();
    world.clock.advance(HOUR);
    await session.begin();
    expect(await world.keys('.presence')).toEqual([]);
  });
});

describe('a sender is told that nothing wakes an agent', () => {
  const ALL = ['normal to it', 'urgent to it', 'normal to all', 'urgent to all'];

  /** For which of the four kinds of message, by a process that has asked nothing before. */
  async function notWoken(): Promise<string[]> {
    const { relay } = world.process();
    const found: string[] = [];
    for (const target of ['bob', 'all']) {
      for (const priority of ['normal', 'urgent'] as const) {
        const { cannotWake } = await relay.send('alice', { target, content: 'x', priority });
        if (cannotWake.includes('bob')) found.push(`${priority} to ${target === 'all' ? 'all' : 'it'}`);
      }
    }
    return found;
  }

  it.each([
    ['direct', ['command'], ['normal to all']],
    ['urgent', ['command'], ['normal to it', 'normal to all']],
    ['all', ['command'], []],
    ['none', ['command'], ALL],
    ['direct', [], ALL],
    // Of a later version, which may wake for less or more.
    ['mentions', ['command'], []],
  ])('as its session says it: %s, %j', async (on, methods, expected) => {
    await (await world.session('bob')).describe({ wake: { on, methods } });
    expect(await notWoken()).toEqual(expected);
    // Without a call for long it is known as well: the window is there.
    world.clock.advance(2 * HOUR);
    expect(await notWoken()).toEqual(expected);
  });

  it('and not where it does not say, has no session, is stopped, or says what is no such thing', async () => {
    const process = world.process();
    const bob = await process.session('bob');
    expect(await notWoken()).toEqual([]);
    await bob.describe({ wake: { on: 'direct', methods: [] } });
    expect(await notWoken()).toEqual(ALL);
    world.processes.stop(process.identity.pid);
    expect(await notWoken()).toEqual([]);
    world.processes.resume(process.identity.pid);
    for (const wake of [
      7,
      { on: 'direct' },
      { on: 'Direct!', methods: [] },
      { on: 'direct', methods: ['\u001b[2J'] },
    ]) {
      await rewrite(bob, { wake });
      expect(await notWoken()).toEqual([]);
    }
    await bob.end();
    expect(await notWoken()).toEqual([]);
  });

  it('by the newest of its sessions, and not where a look at one was enough to know that it listens', async () => {
    const first = await world.session('bob');
    await first.describe({ wake: { on: 'direct', methods: [] } });
    world.clock.advance(2 * HOUR);
    await beat();
    const second = world.process().relay.session('bob');
    await second.describe({ wake: { on: 'all', methods: ['command'] } });
    await second.announce();
    expect(await notWoken()).toEqual([]);
    await second.describe({ wake: { on: 'direct', methods: [] } });
    expect(await notWoken()).toEqual(ALL);
    await first.begin();
    await second.begin();
    expect(await notWoken()).toEqual([]);
    await second.end();
    expect(await notWoken()).toEqual(ALL);
  });

  it('at the price of no file more than the verdict on its listening', async () => {
    const reads: string[] = [];
    const bob = await world.session('bob');
    await bob.describe({ wake: { on: 'direct', methods: [] } });
    const { presence } = world.process({}).relay;
    const read = world.memory.read.bind(world.memory);
    vi.spyOn(world.memory, 'read').mockImplementation((key, maxBytes) => {
      reads.push(key);
      return read(key, maxBytes);
    });
    const listeners = new Listeners(presence, world.clock);
    const { cannotWake } = await listeners.audienceOf(['bob'], { urgent: false, direct: true });
    expect([cannotWake, reads]).toEqual([['bob'], [`.presence/bob/${bob.id}`]]);
  });
});

describe('a sender of many messages', () => {
  it('looks at a recipient who is there once in half a second, and at one who is not each time', async () => {
    const { relay } = world.process();
    const bob = world.process();
    await bob.session('bob');
    const tell = async () => (await relay.send('alice', { target: 'bob', content: 'x' })).notListening;
    const looks = vi.spyOn(world.memory, 'list');
    const looked = () => looks.mock.calls.filter(([prefix]) => prefix === '.presence/bob').length;
    for (let message = 0; message < 5; message++) await tell();
    expect(looked()).toBe(1);
    bob.kill();
    world.clock.advance(499);
    expect(await tell()).toEqual([]);
    world.clock.advance(1);
    expect(await tell()).toEqual(['bob']);
    expect(looked()).toBe(2);
    await world.session('bob');
    expect(await tell()).toEqual([]);
  });

  it('is told by a look of its own when the clock was set back', async () => {
    const { relay } = world.process();
    const bob = world.process();
    await bob.session('bob');
    await relay.send('alice', { target: 'bob', content: 'x' });
    bob.kill();
    world.clock.set(START - HOUR);
    expect((await relay.send('alice', { target: 'bob', content: 'x' })).notListening).toEqual(['bob']);
  });
});
