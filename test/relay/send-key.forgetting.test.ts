/** When a key no longer stands for what was sent under it: who forgets its record, and who must not. */
import { fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_LIFETIME_MS } from '../../src/relay/send-key.js';
import type { Session } from '../../src/relay/session.js';
import { Files } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import type { Store } from '../../src/store/store.js';
import { DAY, HOUR, MINUTE, RelayWorld, read, START, sent, withFaults } from '../helpers/relay-world.js';
import { FaultySystem } from '../helpers/store-faults.js';
import { posix, useTemporaryDirectories } from '../helpers/store-relay.js';

const KEYED = { idempotencyKey: 'daily' };
const temporaryDirectory = useTemporaryDirectories();

let world: RelayWorld;
let alice: Session;
let bob: Session;
let others: RelayWorld[];
beforeEach(async () => {
  world = new RelayWorld();
  others = [];
  alice = await world.session('alice');
  bob = await world.session('bob');
});
afterEach(async () => {
  for (const each of [world, ...others]) await each.close();
});

/** Processes over the same relay, whose store does otherwise. */
function other(faults: Partial<Store>): RelayWorld {
  const made = new RelayWorld({ store: withFaults(world.memory, faults) });
  made.clock.set(world.clock.now());
  others.push(made);
  return made;
}

/** Faults that do `meanwhile` once, before the first call that takes the record of a key away, or removes it for good. */
function pausedAt(call: 'move' | 'remove', meanwhile: () => Promise<unknown>): Partial<Store> {
  let isOver = false;
  const pause = async (key: string) => {
    if (isOver || !key.startsWith('.keys/alice/')) return;
    isOver = true;
    await meanwhile();
  };
  const { memory } = world;
  return call === 'move'
    ? { move: async (from, to) => pause(from).then(() => memory.move(from, to)) }
    : { remove: async (key) => pause(key).then(() => memory.remove(key)) };
}

describe('the record of a key that is over', () => {
  it.each(['move', 'remove'] as const)(
    'is renewed by one of two at once, whoever is stopped before a %s',
    async (call) => {
      await sent(alice, 'bob', 'of yesterday', KEYED);
      await read(bob);
      world.clock.advance(KEY_LIFETIME_MS);
      let first: string | undefined;
      const slow = other(
        pausedAt(call, async () => {
          first = (await sent(alice, 'bob', 'of today', KEYED)).message.id;
        }),
      );
      const second = await sent(await slow.session('alice'), 'bob', 'of today', KEYED);
      expect([second.message.id, second.deduplicated]).toEqual([first, true]);
      expect((await sent(alice, 'bob', 'of today', KEYED)).message.id).toBe(first);
      expect(await read(bob)).toEqual(['of today']);
      expect(await world.keys('.keys')).toHaveLength(1);
    },
  );

  it('is not swept once it was renewed', async () => {
    await sent(alice, 'bob', 'of yesterday', KEYED);
    await read(bob);
    world.clock.advance(KEY_LIFETIME_MS + HOUR);
    let renewed: string | undefined;
    const slow = other(
      pausedAt('move', async () => {
        renewed = (await sent(alice, 'bob', 'of today', KEYED)).message.id;
      }),
    );
    await slow.process().relay.sweeper.sweep();
    expect(renewed).toBeDefined();
    expect((await sent(alice, 'bob', 'of today', KEYED)).message.id).toBe(renewed);
    expect(await world.keys('.keys')).toHaveLength(1);
  });

  it('leaves nothing behind of a take-away that was killed, after a sweep', async () => {
    await sent(alice, 'bob', 'of yesterday', KEYED);
    world.clock.advance(KEY_LIFETIME_MS);
    const dying = other(pausedAt('remove', () => Promise.reject(new Error('kill -9'))));
    await expect(sent(await dying.session('alice'), 'bob', 'of today', KEYED)).rejects.toThrow('kill -9');
    expect(await world.keys('.keys')).toHaveLength(1);
    expect((await sent(alice, 'bob', 'of today', KEYED)).deduplicated).toBe(false);
    world.clock.advance(HOUR);
    await world.process().relay.sweeper.sweep();
    expect(await world.keys('.keys')).toHaveLength(1);
    expect((await sent(alice, 'bob', 'of today', KEYED)).deduplicated).toBe(true);
  });
});

describe('a record of a clock that was set back since', () => {
  beforeEach(async () => {
    world.clock.set(START + 365 * DAY);
    await sent(alice, 'bob', 'hi', KEYED);
    await read(bob);
  });

  it('does not stand for a send, a day or more before its time', async () => {
    world.clock.set(START + 364 * DAY);
    expect((await sent(alice, 'bob', 'hi', KEYED)).deduplicated).toBe(false);
  });

  it('still stands for it where the clock was put right by less', async () => {
    world.clock.set(START + 364 * DAY + 1);
    expect((await sent(alice, 'bob', 'hi', KEYED)).deduplicated).toBe(true);
  });

  it('is swept', async () => {
    world.clock.set(START);
    await world.process().relay.sweeper.sweep();
    expect(await world.keys('.keys')).toEqual([]);
  });
});

describe('a first try that was killed before it published', () => {
  const draft = { ...KEYED, ttl: 60 };
  const kill = async (to: string, target: string, more = {}) => {
    const move: Store['move'] = async (from, key) => {
      if (key.startsWith(`${to}/`)) throw new Error('kill -9');
      return world.memory.move(from, key);
    };
    const dying = await other({ move }).session('alice');
    await expect(sent(dying, target, 'hi', { ...draft, ...more })).rejects.toThrow('kill -9');
  };

  it('is forgotten once its message has expired: what is answered "sent" can be seen', async () => {
    await kill('bob', 'bob');
    world.clock.advance(MINUTE);
    const again = await sent(alice, 'bob', 'hi', draft);
    expect(again.deduplicated).toBe(false);
    expect(await read(bob)).toEqual(['hi']);
    expect(await world.keys('.keys')).toHaveLength(1);
  });

  it.each([
    ['a millisecond before that', -1, {}],
    ['when it must be read and so does not expire', 0, { mustRead: true }],
  ])('is completed %s', async (_, ms, more) => {
    await kill('bob', 'bob', more);
    world.clock.advance(MINUTE + ms);
    expect((await sent(alice, 'bob', 'hi', { ...draft, ...more })).deduplicated).toBe(true);
    expect(await read(bob)).toEqual(['hi']);
  });

  it('and had reached one of several is not sent again to that one', async () => {
    await world.session('carol');
    await kill('carol', 'all');
    expect(await read(bob)).toEqual(['hi']);
    world.clock.advance(MINUTE);
    expect((await sent(alice, 'all', 'hi', draft)).deduplicated).toBe(true);
    expect(await read(bob)).toEqual([]);
  });
});

// Windows syncs no folders.
describe.runIf(posix)('a first try that was killed before it synced', () => {
  it.each([
    ['the record of its key', '.keys/alice'],
    ['the inbox', 'bob'],
  ])('%s has both synced by the retry, before that answers', async (_, unsynced) => {
    const root = join(temporaryDirectory(), 'relay');
    const folders = ['.keys/alice', 'bob'];
    const whole = new FilesystemStore(root);
    for (const folder of folders) await whole.create(`${folder}/another`, 'x');
    const synced: string[] = [];
    let isDying = true;
    const { system } = new FaultySystem({
      fsyncSync: (fd) => {
        const folder = folders.find((each) => statSync(join(root, each)).ino === fstatSync(fd).ino);
        if (folder === undefined) return;
        if (isDying && folder === unsynced) throw new Error('kill -9');
        synced.push(folder);
      },
    });
    const session = () => {
      const made = new RelayWorld({ store: new FilesystemStore(root, { files: new Files(system) }) });
      others.push(made);
      return made.session('alice');
    };
    await expect(sent(await session(), 'bob', 'hi', KEYED)).rejects.toThrow('kill -9');
    isDying = false;
    synced.length = 0;
    expect((await sent(await session(), 'bob', 'hi', KEYED)).queuedTo).toEqual(['bob']);
    expect(synced).toEqual(folders);
  });
});
