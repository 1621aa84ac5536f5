/** Many servers over one store, whose workers are what the test says they are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOfWorker } from '../../../src/relay/events.js';
import {
  type Autospawn,
  type Launch,
  type SpawnOrder,
  type SpawnTarget,
  UNSEEN_MS,
} from '../../../src/relay/jobs/autospawn.js';
import { CONFIRM_MS, PAUSE_MS } from '../../../src/relay/jobs/spawn-rules.js';
import { spawnKey } from '../../../src/relay/keys.js';
import type { Relay } from '../../../src/relay/relay.js';
import type { Store } from '../../../src/store/store.js';
import { logOf } from '../../helpers/event-log.js';
import { claimNext, holder, submit } from '../../helpers/job-world.js';
import { DAY, RelayWorld, type TestProcess } from '../../helpers/relay-world.js';

const CODEX: SpawnTarget = {
  name: 'codex',
  isLanes: false,
  addresses: async () => ['codex'],
  takes: ({ write, from }) => !write && from !== 'codex',
  log: '/relay/codex.log',
};

let world: RelayWorld;
/** Of a process that starts no worker. */
let poster: Relay;
let reads: string[];
let launched: SpawnOrder[];
let lost: ((why: string) => void)[];

const launch: Launch = (order, whenLost) => {
  launched.push(order);
  lost.push(whenLost);
  return 4711;
};

beforeEach(() => {
  reads = [];
  launched = [];
  lost = [];
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get(_, name) {
        const member = Reflect.get(store, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          if (name === 'readRecord') reads.push(String(args[0]));
          return member.apply(store, args);
        };
      },
    });
  world = new RelayWorld({ executors: ['codex'], autospawn: [CODEX], wrap });
  poster = world.process().relay;
});
afterEach(() => world.close());

const of = ({ relay }: { relay: Relay }) => relay.jobs.autospawn as Autospawn;

/** A server that may start workers. */
function server(): TestProcess {
  const process = world.process();
  of(process).launch = launch;
  return process;
}

async function enter({ relay }: TestProcess, session = holder('codex').session): Promise<string> {
  await relay.jobs.workers.enter('codex', { session, since: 'now', writes: 'none', concurrency: 1 });
  return session;
}

describe('a job that waits', () => {
  it('has one worker started, however many servers see it at once', async () => {
    const servers = Array.from({ length: 20 }, server);
    await submit(poster, 'alice', 'codex');
    const looks = await Promise.all(servers.map((one) => of(one).look(CODEX)));
    expect(launched).toHaveLength(1);
    expect(looks).toEqual(looks.map(() => ({ state: 'starting' })));
  });

  it('has one started by whoever submits it, before that is answered', async () => {
    await submit(server().relay, 'alice', 'codex');
    expect(launched).toHaveLength(1);
  });

  it('has none started where one is alive, by whomever it was started', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    const worker = world.process();
    await enter(worker);
    expect(await of(one).look(CODEX)).toEqual({ state: 'served' });
    worker.kill();
    expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
  });

  it('counts a worker that cannot be seen from here as alive, until it has waited for it for ten minutes', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    const elsewhere = world.process({ elsewhere: true });
    await of(elsewhere).confirm(launched[0] as SpawnOrder);
    await enter(elsewhere);
    world.clock.advance(UNSEEN_MS - 1);
    expect(await of(one).look(CODEX)).toEqual({ state: 'served' });
    world.clock.advance(1);
    expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
    expect(launched).toHaveLength(2);
  });

  it('has none started by a process that has not begun', async () => {
    const young = world.process();
    await submit(young.relay, 'alice', 'codex');
    expect(await of(young).look(CODEX)).toEqual({ state: 'idle' });
    expect(await world.keys(spawnKey())).toEqual([]);
  });

  it.each<[what: string, make: (relay: Relay) => Promise<unknown>]>([
    ['that is done', async (relay) => complete(relay, await submit(relay, 'alice', 'codex'))],
    ['that is held', async (relay) => claimNext(relay, holder((await submit(relay, 'alice', 'codex')).to))],
    ['that may write', async (relay) => submit(relay, 'alice', 'codex', { write: true })],
    ['of another name', async (relay) => submit(relay, 'alice', 'bob')],
  ])('and one %s has none started', async (_, make) => {
    const one = server();
    await make(poster);
    expect(await of(one).look(CODEX)).toEqual({ state: 'none' });
    expect(launched).toEqual([]);
  });

  it('is waited for while it rests, and has a worker then', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await claimNext(one.relay, holder('codex'), { leaseSeconds: 1 });
    world.clock.advance(1000);
    expect(await of(one).look(CODEX)).toEqual({ state: 'none' });
    world.clock.advance(1000);
    expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
  });
});

async function complete(relay: Relay, { to }: { to: string }): Promise<void> {
  const { job, token } = await claimNext(relay, holder(to));
  await relay.jobs.settle(job.id, token, { outcome: 'completed' });
}

describe('the worker that was started', () => {
  it('confirms its start once; a second one with the same id, and a late one, may do nothing', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    const [order] = launched as [SpawnOrder];
    const [worker, twin] = [world.process(), world.process()];
    const confirmed = await Promise.all([of(worker).confirm(order), of(twin).confirm(order)]);
    expect(confirmed.sort()).toEqual([false, true]);

    // Its starter died before it could start anything, or the machine is slow.
    const [told] = await of(one).told();
    expect(told?.standing).toMatchObject({ state: 'running' });
  });

  it('that comes late finds its start given up, and there is still one', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    world.clock.advance(CONFIRM_MS);
    await of(one).look(CODEX);
    const [first, second] = launched as [SpawnOrder, SpawnOrder];
    expect(launched).toHaveLength(2);
    expect(await of(world.process()).confirm(first)).toBe(false);
    expect(await of(world.process()).confirm(second)).toBe(true);
  });

  it('is seen to be gone, and counts as failed where it did nothing', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    const worker = world.process();
    await of(worker).confirm(launched[0] as SpawnOrder);
    expect(await of(one).look(CODEX)).toMatchObject({ state: 'running', worker: { pid: worker.identity.pid } });
    worker.kill();
    expect(await of(one).look(CODEX)).toMatchObject({ state: 'pause' });
    const [told] = await of(one).told();
    expect(told?.spawns).toMatchObject({ failures: 1, failure: { why: 'its process ended without a word' } });
  });

  it('rings when it ends, so that work of its last moment has another soon', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    const [order] = launched as [SpawnOrder];
    await of(world.process()).confirm(order);
    let rings = 0;
    const watch = await one.relay.jobs.watch('codex', () => rings++);
    await of(one).ended(order);
    await watch.close();
    expect(rings).toBe(1);
    world.clock.advance(PAUSE_MS);
    expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
  });

  it('is said to be lost by its starter at once, also where nobody has confirmed it', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    lost[0]?.('its process ended with exit code 2');
    await expect.poll(async () => (await of(one).told())[0]?.spawns.failure?.why).toContain('exit code 2');
  });
});

describe('a worker that always fails', () => {
  it('is started three times, then the breaker says until when, and a worker by hand closes it', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    of(one).launch = (order) => {
      launched.push(order);
      throw new Error('there is no such program');
    };
    for (let look = 0; look < 60; look++) {
      await of(one).look(CODEX);
      world.clock.advance(5000);
    }
    expect(launched).toHaveLength(3);
    expect(await of(one).look(CODEX)).toMatchObject({ state: 'breaker' });
    const [told] = await of(world.process()).told();
    expect(told?.spawns.failure?.why).toBe('there is no such program');

    await of(world.process()).forgive('codex');
    expect(await of(one).told()).toEqual([]);
    await of(one).look(CODEX);
    expect(launched).toHaveLength(4);
  });

  it('is told in the log: each start that came about, and once what keeps the next one back', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await of(one).look(CODEX);
    world.clock.advance(1000);
    await of(one).failed(launched[0] as SpawnOrder, 'it fell over');
    for (let look = 0; look < 5; look++) await Promise.all([server(), server()].map((each) => of(each).look(CODEX)));
    world.clock.advance(2 * PAUSE_MS);
    await of(one).look(CODEX);
    const events = (await logOf(one.relay)).filter(isOfWorker);
    expect(events.map((each) => [each.event, 'why' in each ? each.why : undefined])).toEqual([
      ['worker.spawned', undefined],
      ['worker.spawn_refused', 'pause'],
      ['worker.spawned', undefined],
    ]);
  });

  it('holds nothing for ever when the clock is set back by a year', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex', { ttl: 0 });
    await of(one).look(CODEX);
    await of(world.process()).failed(launched[0] as SpawnOrder, 'it fell over');
    world.clock.set(world.clock.now() - 365 * DAY);
    await of(one).look(CODEX);
    world.clock.advance(2 * PAUSE_MS);
    expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
    expect(launched).toHaveLength(2);
  });
});

describe('a look', () => {
  it('costs names only where no job is open', async () => {
    const one = server();
    expect(await of(one).look(CODEX)).toEqual({ state: 'none' });
    expect(reads).toEqual([]);
  });

  it('reads a hundred jobs at most, and a later one finds what stands behind them', async () => {
    const one = server();
    for (let job = 0; job < 120; job++) await submit(poster, 'alice', 'codex', { write: true });
    const { id } = await submit(poster, 'alice', 'codex');
    for (let job = 0; job < 20; job++) await submit(poster, 'alice', 'codex', { write: true });
    reads = [];
    expect(await of(one).look(CODEX)).toEqual({ state: 'none' });
    expect(new Set(reads).size).toBe(100);
    expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
    expect(reads.some((key) => key.includes(id))).toBe(true);
    expect(launched).toHaveLength(1);
    await submit(poster, 'alice', 'codex');
    reads = [];
    await of(server()).look(CODEX);
    expect(new Set(reads).size).toBe(2);
  });

  it('leaves a record that cannot be understood alone, and starts nothing', async () => {
    const one = server();
    await submit(poster, 'alice', 'codex');
    await world.memory.update(spawnKey('codex'), undefined, '{"starts":"many"}');
    await expect(of(one).look(CODEX)).rejects.toThrow('cannot be understood: none is started');
    expect(launched).toEqual([]);
  });
});
