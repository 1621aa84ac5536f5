import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Relay } from '../../src/relay/relay.js';
import type { Topics } from '../../src/relay/topics.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import type { Store } from '../../src/store/store.js';
import { logOf } from '../helpers/event-log.js';
import { RelayWorld, START, withFaults } from '../helpers/relay-world.js';
import { posix, useTemporaryDirectories, useUntrustingStores } from '../helpers/store-relay.js';

const AT = new Date(START).toISOString();

interface Ground {
  /** Topics of another process, over the same relay. */
  topics(roster?: readonly string[]): Topics;
  store(): Store;
  keys(): Promise<string[]>;
}

describe.each(['memory', 'files'] as const)('membership, in %s', (kind) => {
  const temporaryDirectory = useTemporaryDirectories();
  let world: RelayWorld;
  let ground: Ground;

  beforeEach(() => {
    world = new RelayWorld();
    const root = kind === 'files' ? join(temporaryDirectory(), 'relay') : '';
    const store = () => (kind === 'files' ? new FilesystemStore(root) : world.memory);
    ground = {
      store,
      topics: (roster) => {
        const self = world.processes.start();
        const processes = { self: () => self, check: () => 'dead' as const };
        return new Relay({ store: store(), processes, clock: world.clock, roster }).topics;
      },
      keys: async () => {
        const found: string[] = [];
        for (const topic of await store().list('.topics'))
          for (const agent of await store().list(`.topics/${topic}`)) found.push(`${topic}/${agent}`);
        return found.sort();
      },
    };
  });
  afterEach(() => world.close());

  it('is there for every process once join has answered, and gone once leave has', async () => {
    const [one, other] = [ground.topics(), ground.topics()];
    expect(await one.join('bob', 'build')).toEqual({ isNew: true, joinedAt: START, role: undefined });
    expect(await other.members('build')).toEqual(['bob']);
    expect(await one.members('build')).toEqual(['bob']);
    expect(await other.leave('bob', 'build')).toBe(true);
    expect(await one.members('build')).toEqual([]);
    expect(await one.leave('bob', 'build')).toBe(false);
    expect(await ground.keys()).toEqual([]);
  });

  it('is never told from what an earlier look saw, however often it changes', async () => {
    const [one, other] = [ground.topics(), ground.topics()];
    for (let round = 0; round < 30; round++) {
      await one.join('bob', 'build');
      expect(await other.members('build')).toEqual(['bob']);
      await one.leave('bob', 'build');
      expect(await other.members('build')).toEqual([]);
    }
  });

  it('keeps the role unless another is given, and the time of joining always', async () => {
    const topics = ground.topics();
    await topics.join('bob', 'build', 'reviewer');
    world.clock.advance(1000);
    expect(await topics.join('bob', 'build')).toEqual({ isNew: false, joinedAt: START, role: 'reviewer' });
    expect(await topics.join('bob', 'build', 'fixer')).toEqual({ isNew: false, joinedAt: START, role: 'fixer' });
    expect(await ground.topics().membership('build', 'bob')).toEqual({ joinedAt: START, role: 'fixer' });
    expect(await ground.keys()).toEqual(['build/bob']);
  });

  it('of one topic is none of another, nor of the agent that has its name', async () => {
    const topics = ground.topics();
    for (const [agent, topic] of [
      ['bob', 'build'],
      ['eve', 'build'],
      ['build', 'bob'],
    ] as const)
      await topics.join(agent, topic);
    expect(await topics.names()).toEqual(['bob', 'build']);
    expect([await topics.members('build'), await topics.members('bob')]).toEqual([['bob', 'eve'], ['build']]);
  });

  it('of an agent that is on the roster no more counts nowhere, and counts again with it', async () => {
    await ground.topics().join('bob', 'build');
    await ground.topics().join('eve', 'build');
    const topics = ground.topics(['bob', 'carol']);
    expect([await topics.members('build'), await topics.listed('build')]).toEqual([['bob'], ['bob']]);
    expect(await ground.topics(['carol']).some(5)).toEqual({ topics: [], others: 0 });
    expect(await ground.topics(['bob', 'eve']).members('build')).toEqual(['bob', 'eve']);
  });

  it('ends in all topics with the agent, on the roster or not', async () => {
    const topics = ground.topics();
    for (const topic of ['build', 'review']) await topics.join('bob', topic);
    await topics.join('eve', 'review');
    const other = ground.topics(['eve']);
    expect(await other.areJoinedBy('bob')).toBe(true);
    expect(await other.leaveAll('bob')).toEqual(['build', 'review']);
    expect(await other.areJoinedBy('bob')).toBe(false);
    expect(await ground.keys()).toEqual(['review/eve']);
  });

  it('is one of many at once, whoever else joins and leaves beside it', async () => {
    const agents = Array.from({ length: 20 }, (_, n) => `agent-${n}`);
    await Promise.all(
      agents.map(async (agent, n) => {
        const topics = ground.topics();
        await topics.join(agent, 'build');
        if (n % 2 === 0) await topics.leave(agent, 'build');
      }),
    );
    expect(await ground.topics().members('build')).toEqual(agents.filter((_, n) => n % 2 === 1).sort());
  });

  it.each([
    ['nothing', ''],
    ['half of a membership', '{"joined_at":"2026-'],
    ['another value', '[]'],
    ['null', 'null'],
    ['no time', '{"role":"x"}'],
    ['a time that is none', '{"joined_at":"soon"}'],
    ['a time that is a number', '{"joined_at":5}'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x7b])],
    ['more than a membership', `{"joined_at":"${AT}","more":"${'x'.repeat(5000)}"}`],
  ])('is not a file that holds %s: it is passed over, left by leave, and mended by join', async (_, value) => {
    await ground.store().put('.topics/build/bob', value);
    const topics = ground.topics();
    expect(await topics.members('build')).toEqual([]);
    expect(await topics.leave('bob', 'build')).toBe(false);
    expect(await ground.keys()).toEqual(['build/bob']);
    expect(await topics.join('bob', 'build', 'fixer')).toEqual({ isNew: true, joinedAt: START, role: 'fixer' });
    expect(await topics.members('build')).toEqual(['bob']);
  });

  it('may say more than is known here, and a role that cannot be shown is none', async () => {
    const topics = ground.topics();
    for (const role of ['x'.repeat(65), '', 'two\nlines', 'tab\t', 7, null, '\ud800', { a: 1 }]) {
      await ground.store().put('.topics/build/bob', JSON.stringify({ joined_at: AT, later: [1], role }));
      expect(await topics.membership('build', 'bob')).toEqual({ joinedAt: START, role: undefined });
    }
    await ground.store().put('.topics/build/bob', JSON.stringify({ joined_at: AT, role: '</x> \u202e' }));
    expect(await topics.membership('build', 'bob')).toEqual({ joinedAt: START, role: '</x> \u202e' });
  });

  it('is of agents and in topics alone: names that are neither are passed over', async () => {
    const topics = ground.topics();
    await topics.join('bob', 'build');
    const value = JSON.stringify({ joined_at: AT });
    for (const name of ['Eve', 'all', 'human', 'a b', '.hidden', 'bob~x', 'con', 'x'.repeat(65), '-'])
      for (const key of [`.topics/build/${name}`, `.topics/${name}/eve`]) await ground.store().put(key, value);
    await ground.store().put('.topics/file', value);
    expect(await topics.listed('build')).toEqual(['bob']);
    expect(await topics.members('build')).toEqual(['bob']);
    expect(await topics.some(9)).toEqual({ topics: ['build'], others: 0 });
    expect(await topics.areJoinedBy('eve')).toBe(false);
    expect(await topics.leaveAll('bob')).toEqual(['build']);
  });

  it('leaves no folder behind once a sweep has passed, and a sweep takes no member', async () => {
    const topics = ground.topics();
    await topics.join('bob', 'build');
    await topics.join('eve', 'review');
    await topics.leave('bob', 'build');
    await ground.topics().sweep();
    expect(await ground.store().list('.topics')).toEqual(['review']);
    expect(await ground.topics().members('review')).toEqual(['eve']);
  });
});

describe('a join', () => {
  let world: RelayWorld;
  afterEach(() => world.close());

  it.each(['read', 'move'] as const)(
    'that meets a leave of the same agent right before its %s is a new one behind it',
    async (operation) => {
      const faults: Partial<Store> = {};
      world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
      const [joining, leaving] = [world.process().relay.topics, world.process().relay.topics];
      await leaving.join('bob', 'build', 'reviewer');
      const whole = world.memory[operation].bind(world.memory) as (...args: unknown[]) => Promise<never>;
      faults[operation] = async (...args: unknown[]) => {
        delete faults[operation];
        expect(await leaving.leave('bob', 'build')).toBe(true);
        return whole(...args);
      };
      // Without the role of before: that one has ended.
      expect(await joining.join('bob', 'build')).toEqual({ isNew: true, joinedAt: START, role: undefined });
      expect(await leaving.members('build')).toEqual(['bob']);
    },
  );

  it('that finds the same agent quicker keeps what that one said', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    const [slow, quick] = [world.process().relay.topics, world.process().relay.topics];
    faults.create = async (key, value) => {
      delete faults.create;
      await quick.join('bob', 'build', 'reviewer');
      return world.memory.create(key, value);
    };
    expect(await slow.join('bob', 'build')).toEqual({ isNew: false, joinedAt: START, role: 'reviewer' });
  });

  it('is durable before it answers: made, kept or changed', async () => {
    const asked: unknown[] = [];
    const faults: Partial<Store> = {};
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    const { memory } = world;
    faults.create = async (key, value, options) => {
      asked.push(['create', options?.durable ?? true]);
      return memory.create(key, value);
    };
    faults.put = async (key, value, options) => {
      if (key.startsWith('.topics/')) asked.push(['put', options?.durable ?? false]);
      return memory.put(key, value);
    };
    faults.move = async (from, to, options) => {
      asked.push(['move', from === to, options?.durable ?? false]);
      return memory.move(from, to);
    };
    const { topics } = world.process().relay;
    await topics.join('bob', 'build');
    await topics.join('bob', 'build');
    await topics.join('bob', 'build', 'fixer');
    expect(asked).toEqual([
      ['create', true],
      ['move', true, true],
      ['put', true],
    ]);
  });

  it('that cannot be stored is an error, and nobody is told of a member', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    const { relay } = world.process();
    faults.create = async () => Promise.reject(new Error('ENOSPC'));
    await expect(relay.topics.join('bob', 'build')).rejects.toThrow('ENOSPC');
    expect(await relay.topics.members('build')).toEqual([]);
    expect(await logOf(world.process().relay)).toEqual([]);
  });

  it('and a leave are in the log, a join that changes nothing is not', async () => {
    world = new RelayWorld();
    const { topics } = world.process().relay;
    await topics.join('bob', 'build');
    await topics.join('bob', 'build');
    await topics.join('bob', 'build', 'fixer');
    await topics.leave('bob', 'build');
    await topics.leave('bob', 'build');
    expect(await logOf(world.process().relay)).toMatchObject([
      { event: 'joined', agent: 'bob', topic: 'build' },
      { event: 'joined', agent: 'bob', topic: 'build', role: 'fixer' },
      { event: 'left', agent: 'bob', topic: 'build' },
    ]);
  });
});

describe.runIf(posix)('what is planted among the topics', () => {
  const temporaryDirectory = useTemporaryDirectories();
  useUntrustingStores();
  let world: RelayWorld;
  let root: string;
  let topics: Topics;

  beforeEach(async () => {
    world = new RelayWorld();
    root = join(temporaryDirectory(), 'relay');
    const self = world.processes.start();
    const processes = { self: () => self, check: () => 'dead' as const };
    topics = new Relay({ store: new FilesystemStore(root), processes, clock: world.clock }).topics;
    await topics.join('eve', 'build');
  });
  afterEach(() => world.close());

  it('a link to a membership is no membership, and join puts one in its place without following it', async () => {
    const outside = join(temporaryDirectory(), 'outside');
    writeFileSync(outside, JSON.stringify({ joined_at: AT }));
    symlinkSync(outside, join(root, '.topics/build/bob'));
    symlinkSync(join(root, '.topics/build/eve'), join(root, '.topics/build/dave'));
    expect(await topics.members('build')).toEqual(['eve']);
    expect(await topics.leave('bob', 'build')).toBe(false);
    await topics.join('bob', 'build', 'fixer');
    expect(await topics.membership('build', 'bob')).toMatchObject({ role: 'fixer' });
    expect(JSON.parse(readFileSync(outside, 'utf8'))).toEqual({ joined_at: AT });
  });

  it('a folder with the name of a member is passed over, and join says what stands there', async () => {
    mkdirSync(join(root, '.topics/build/bob/deep'), { recursive: true });
    expect(await topics.members('build')).toEqual(['eve']);
    expect(await topics.leave('bob', 'build')).toBe(false);
    expect(await topics.leaveAll('bob')).toEqual([]);
    await expect(topics.join('bob', 'build')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(join(root, '.topics/build/bob')),
    });
  });

  it('a link in the place of a topic is not followed: nobody is told that it has members', async () => {
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'bob'), JSON.stringify({ joined_at: AT }));
    symlinkSync(outside, join(root, '.topics/review'));
    expect(await topics.some(9)).toEqual({ topics: ['build'], others: 0 });
    expect(await topics.leaveAll('bob')).toEqual([]);
    const unsafe = { code: 'RELAY_UNSAFE', message: expect.stringContaining('review') };
    await expect(topics.members('review')).rejects.toMatchObject(unsafe);
    await expect(topics.join('carol', 'review')).rejects.toMatchObject(unsafe);
    expect(readdirSync(outside)).toEqual(['bob']);
  });
});
