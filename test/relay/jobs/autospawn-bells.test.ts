/** Who hears when it is time to look whether a worker is to be started. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Autospawn, SpawnOrder, SpawnTarget } from '../../../src/relay/jobs/autospawn.js';
import type { Relay } from '../../../src/relay/relay.js';
import type { Store } from '../../../src/store/store.js';
import { submit } from '../../helpers/job-world.js';
import { RelayWorld } from '../../helpers/relay-world.js';

const target = (name: string, isLanes: boolean, address: string): SpawnTarget => ({
  name,
  isLanes,
  addresses: async () => [address],
  takes: () => true,
  log: `/relay/${name}.log`,
});
const CODEX = target('codex', false, 'codex');
const LANES = target('lanes', true, 'acme/api');

let world: RelayWorld;
let launched: SpawnOrder[];
let lost: (why: string) => void;
let beforeUpdate: () => void;

beforeEach(() => {
  launched = [];
  beforeUpdate = () => {};
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get(_, name) {
        const member = Reflect.get(store, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          if (name === 'update') beforeUpdate();
          return member.apply(store, args);
        };
      },
    });
  const lanes = { resolve: async () => ({ org: 'acme', repo: 'api' }), list: async () => ['acme/api'] };
  world = new RelayWorld({ executors: ['codex'], lanes, autospawn: [CODEX, LANES], wrap });
});
afterEach(() => world.close());

const of = (relay: Relay) => relay.jobs.autospawn as Autospawn;

function server(): Relay {
  const { relay } = world.process();
  of(relay).launch = (order, whenLost) => {
    launched.push(order);
    lost = whenLost;
    return 4711;
  };
  return relay;
}

/** How often `work` rings for the worker of `target`. */
async function ringsDuring(target: SpawnTarget, work: () => Promise<unknown>): Promise<number> {
  let rings = 0;
  const watch = await of(world.process().relay).watch(target, () => rings++);
  await work();
  await watch.close();
  return rings;
}

it('a job for a lane, from a process that starts nothing, rings for those who may', async () => {
  const poster = world.process().relay;
  expect(await ringsDuring(LANES, () => submit(poster, 'alice', 'acme/api'))).toBe(1);
  expect(await ringsDuring(LANES, () => submit(poster, 'alice', 'codex'))).toBe(0);
});

it.each([
  ['the lanes', LANES, 'acme/api'],
  ['an agent', CODEX, 'codex'],
])('a worker of %s that ends while a job waits rings once, whether in order or lost', async (_, whose, address) => {
  const one = server();
  await submit(one, 'alice', address);
  const [order] = launched as [SpawnOrder];
  await of(world.process().relay).confirm(order);
  expect(await ringsDuring(whose, () => of(one).ended(order))).toBe(1);
  expect(await ringsDuring(whose, () => of(one).failed(order, 'its process ended'))).toBe(0);
  world.clock.advance(60_000);
  await of(one).look(whose);
  let rings = 0;
  const watch = await of(one).watch(whose, () => rings++);
  lost('its process ended with exit code 2');
  await expect.poll(() => rings).toBe(1);
  await watch.close();
});

it('a server that begins to end while it looks starts the worker that it has noted', async () => {
  const one = server();
  await submit(world.process().relay, 'alice', 'codex');
  beforeUpdate = () => {
    of(one).launch = undefined;
  };
  expect(await of(one).look(CODEX)).toEqual({ state: 'starting' });
  expect(launched).toHaveLength(1);
});
