/**
 * Every system call of every operation fails in turn. Whatever fails: no success is claimed that is not there, nothing
 * torn is visible, an error that says "none" is right, and the store works again when the disk does.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isDispatchError } from '../../../src/model/errors.js';
import { Files, type SystemCalls } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { STALE_MS } from '../../../src/store/filesystem/lock.js';
import type { Store } from '../../../src/store/store.js';
import { SimulatedDisk } from '../../helpers/simulated-disk.js';
import { type Fault, FaultySystem } from '../../helpers/store-faults.js';
import { leftovers, useUntrustingStores } from '../../helpers/store-relay.js';

const ERRNOS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'EROFS', 'EDQUOT'];

const ROOT = '/relay';

let disk: SimulatedDisk;

beforeEach(() => {
  disk = new SimulatedDisk();
});
afterEach(() => {
  vi.useRealTimers();
});
// How many calls an operation makes must not depend on how fast it is.
useUntrustingStores();

function storeOn(root: string, faulty = new FaultySystem(disk.system)): FilesystemStore {
  return new FilesystemStore(root, { files: new Files(faulty.system) });
}

/** What the state of the relay may be: a description of it before, and after success. */
interface Scenario {
  readonly name: string;
  prepare?(store: Store): Promise<unknown>;
  /** Resolves to true when it claims success; a rejection is a claim of failure. False is never right here. */
  run(store: Store): Promise<unknown>;
  /** Everything that the operation may change, as an onlooker sees it. */
  look(store: Store): Promise<unknown>;
  /** The same operation can be repeated after it was done, and answers this then. */
  readonly again?: unknown;
  /** It changes nothing, so that one relay serves for all its faults. */
  readonly harmless?: boolean;
}

const text = async (store: Store, key: string) => {
  const read = await store.read(key, 1_000_000);
  if (read === undefined) return undefined;
  return read.ok ? Buffer.from(read.bytes).toString() : `unsafe: ${read.unsafe}`;
};
const record = async (store: Store, key: string) => {
  const found = await store.readRecord(key);
  return found === undefined ? undefined : Buffer.from(found.value).toString();
};
const long = 'whole '.repeat(5000);
let revision: string | undefined;

const CHANGING: readonly Scenario[] = [
  {
    name: 'create',
    run: (store) => store.create('bob/m', long),
    look: (store) => text(store, 'bob/m'),
    again: false,
  },
  {
    name: 'create of an empty value',
    run: (store) => store.create('.receipts/bob/r', ''),
    look: (store) => text(store, '.receipts/bob/r'),
    again: false,
  },
  {
    name: 'put of a new value',
    run: async (store) => (await store.put('p/q', long)) === undefined,
    look: (store) => text(store, 'p/q'),
    again: true,
  },
  {
    name: 'put over an old value',
    prepare: (store) => store.put('p/q', 'old'),
    run: async (store) => (await store.put('p/q', long)) === undefined,
    look: (store) => text(store, 'p/q'),
    again: true,
  },
  {
    name: 'move into a new folder',
    prepare: (store) => store.create('a/m', long),
    run: (store) => store.move('a/m', 'a/taken/s/m'),
    look: async (store) => [await text(store, 'a/m'), await text(store, 'a/taken/s/m')],
    again: false,
  },
  {
    name: 'move out of a folder that is counted',
    prepare: (store) => store.createAll(Array.from({ length: 40 }, (_, index) => ({ key: `a/${index}`, value: '' }))),
    run: async (store) => (await store.count('a', 100)) === 40 && (await store.move('a/7', 'b/7')),
    look: async (store) => [await text(store, 'a/7'), await text(store, 'b/7'), await store.count('a', 100)],
  },
  {
    name: 'move onto another name of the same file',
    prepare: (store) => {
      const value = { shared: 'x' };
      return store.createAll(['a/m', 'b/m'].map((key) => ({ key, value })));
    },
    run: (store) => store.move('a/m', 'b/m'),
    look: async (store) => [await text(store, 'a/m'), await text(store, 'b/m')],
    again: false,
  },
  {
    name: 'remove',
    prepare: (store) => store.create('a/m', 'x'),
    run: (store) => store.remove('a/m'),
    look: (store) => text(store, 'a/m'),
    again: false,
  },
  {
    name: 'a first update',
    run: (store) => store.update('.roster/bob', undefined, long),
    look: (store) => record(store, '.roster/bob'),
    again: false,
  },
  {
    name: 'a changing update',
    prepare: async (store) => {
      await store.update('.roster/bob', undefined, 'old');
      revision = (await store.readRecord('.roster/bob'))?.revision;
    },
    run: (store) => store.update('.roster/bob', revision, long),
    look: (store) => record(store, '.roster/bob'),
    again: false,
  },
  {
    name: 'an ending update',
    prepare: async (store) => {
      await store.update('.roster/bob', undefined, 'old');
      revision = (await store.readRecord('.roster/bob'))?.revision;
    },
    run: (store) => store.update('.roster/bob', revision, undefined),
    look: (store) => record(store, '.roster/bob'),
    again: false,
  },
];

const LOOKING: readonly Scenario[] = (
  [
    ['read', (store) => text(store, 'a/m')],
    ['list', async (store) => (await store.list('a')).toSorted()],
    ['count', (store) => store.count('a', 100)],
    ['readRecord', (store) => record(store, 'r')],
    ['tidy', (store) => store.tidy()],
    ['prune', (store) => store.prune('a')],
  ] as const satisfies readonly (readonly [string, (store: Store) => Promise<unknown>])[]
).map(([name, run]) => ({
  name,
  prepare: async (store) => {
    await store.createAll(Array.from({ length: 40 }, (_, index) => ({ key: `a/${index}`, value: '' })));
    await store.create('a/m', 'x');
    await store.update('r', undefined, 'y');
  },
  harmless: true,
  run,
  look: async (store) => [await text(store, 'a/m'), (await store.list('a')).length, await record(store, 'r')],
}));

/**
 * Runs `attempt` for every call that the operation makes, failing once and for good, on a relay of its own. The errnos
 * take turns: what tells one from another in the code is only that some of them are expected, and none of these is.
 * @param cold whether the store that fails has not seen the relay before.
 */
async function eachFault(
  scenario: Scenario,
  cold: boolean,
  attempt: (root: string, store: FilesystemStore, faulty: FaultySystem, fault: Fault, hint: string) => Promise<void>,
): Promise<void> {
  const model = '/model';
  disk.system.mkdirSync(model, { mode: 0o700 });
  if (!(cold && scenario.prepare === undefined)) {
    const store = storeOn(model);
    await store.create('other/m', 'x');
    await scenario.prepare?.(store);
  }
  const image = disk.image(model);
  const fresh = async () => {
    const root = scenario.harmless === true ? model : ROOT;
    disk.remove(ROOT);
    if (root !== model) disk.put(root, image);
    const faulty = new FaultySystem(disk.system);
    const store = storeOn(root, faulty);
    if (!cold) await store.list('');
    faulty.arm(undefined);
    return { root, store, faulty };
  };
  const counted = await fresh();
  await scenario.run(counted.store);
  const total = counted.faulty.calls.length;
  expect(total).toBeGreaterThan(0);
  for (let at = 0; at < total; at++) {
    for (const [turn, forGood] of [false, false, true].entries()) {
      const { root, store, faulty } = await fresh();
      const fault = { at, errno: ERRNOS[(at + 2 * turn) % ERRNOS.length] as string, forGood };
      faulty.arm(fault);
      const hint = `${scenario.name}: ${fault.errno}${forGood ? ' for good' : ''} at call ${at} (${counted.faulty.calls[at]})`;
      await attempt(root, store, faulty, fault, hint);
    }
  }
}

const TEMPERATURES = [
  ['a store that has used the relay before', false],
  ['a store that opens the relay with it', true],
] as const;

describe.each(TEMPERATURES)('each system call failing in turn, in %s', (_, cold) => {
  it.each(CHANGING.map((scenario) => [scenario.name, scenario] as const))(
    '%s claims neither success nor failure falsely, and works afterwards',
    async (_, scenario) => {
      const healthy = storeOn('/reference');
      await healthy.create('other/m', 'x');
      await scenario.prepare?.(healthy);
      const before = await scenario.look(healthy);
      expect(await scenario.run(healthy)).toBe(true);
      const after = await scenario.look(healthy);
      expect(after).not.toEqual(before);

      await eachFault(scenario, cold, async (root, store, faulty, fault, hint) => {
        // The copied relay holds the record under the revision that the model has.
        const outcome = await scenario.run(store).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
        const seen = await scenario.look(storeOn(root));
        if ('error' in outcome) {
          const { error } = outcome;
          if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw new Error(`${hint}: ${error}`, { cause: error });
          expect(error.data.errno, hint).toBe(fault.errno);
          expect(['none', 'unknown'], hint).toContain(error.data.outcome);
          if (error.data.outcome === 'none') expect(seen, hint).toEqual(before);
          else expect([before, after], hint).toContainEqual(seen);
        } else {
          // Some calls are only clean-up, and need not stop anything.
          expect(outcome.value, hint).toBe(true);
          expect(seen, hint).toEqual(after);
        }
        expect([...faulty.open], `${hint}: descriptors left open`).toEqual([]);
        const unlinkFailed = fault.forGood || /^(unlink|rmdir)/.test(faulty.struck ?? '');
        if (!unlinkFailed) expect(leftovers(root, disk.system), hint).toEqual([]);

        faulty.arm(undefined);
        const changed = JSON.stringify(seen) === JSON.stringify(after);
        if (!changed) expect(await scenario.run(store), `${hint}: again`).toBe(true);
        else if (scenario.again !== undefined) {
          expect(await scenario.run(store), `${hint}: again, when done`).toBe(scenario.again);
        }
        expect(await scenario.look(storeOn(root)), `${hint}: again`).toEqual(after);
        expect(await scenario.look(store), `${hint}: again`).toEqual(after);
      });
    },
  );

  it.each(LOOKING.map((scenario) => [scenario.name, scenario] as const))(
    '%s gives what is there or a typed error, and changes nothing',
    async (_, scenario) => {
      const healthy = storeOn('/reference');
      await healthy.create('other/m', 'x');
      await scenario.prepare?.(healthy);
      const state = await scenario.look(healthy);
      const expected = await scenario.run(healthy);
      await eachFault(scenario, cold, async (root, store, faulty, fault, hint) => {
        const outcome = await scenario.run(store).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
        if ('error' in outcome) {
          expect(outcome.error, hint).toMatchObject({ code: 'STORE_UNAVAILABLE', data: { errno: fault.errno } });
        } else {
          expect(outcome.value, hint).toEqual(expected);
        }
        expect([...faulty.open], `${hint}: descriptors left open`).toEqual([]);
        faulty.arm(undefined);
        expect(await scenario.run(store), `${hint}: again`).toEqual(expected);
        expect(await scenario.look(storeOn(root)), hint).toEqual(state);
      });
    },
  );

  it.each([
    ['of one shared value', { shared: long }],
    ['of a value each', undefined],
    ['of empty values', ''],
  ] as const)('createAll %s answers for each entry truly, and works afterwards', async (_, value) => {
    const keys = ['a/m', 'b/m', 'c/deep/m', 'a/n'];
    const valueFor = (key: string) => value ?? `${key} ${long}`;
    const textOf = (key: string) => (value === undefined ? `${key} ${long}` : typeof value === 'object' ? long : value);
    const scenario: Scenario = {
      name: 'createAll',
      run: (store) => store.createAll(keys.map((key) => ({ key, value: valueFor(key) }))),
      look: async () => undefined,
    };
    await eachFault(scenario, cold, async (root, store, faulty, fault, hint) => {
      const outcomes = (await scenario.run(store)) as Awaited<ReturnType<Store['createAll']>>;
      const onlooker = storeOn(root);
      expect(outcomes).toHaveLength(keys.length);
      let failures = 0;
      for (const [index, key] of keys.entries()) {
        const outcome = outcomes[index];
        const seen = await text(onlooker, key);
        if (outcome?.state === 'created') {
          expect(seen, hint).toBe(textOf(key));
          continue;
        }
        failures++;
        expect(outcome, hint).toMatchObject({
          state: 'failed',
          error: { code: 'STORE_UNAVAILABLE', data: { errno: fault.errno } },
        });
        if (outcome?.state !== 'failed') continue;
        expect((outcome.error as { data?: unknown }).data, hint).toMatchObject({ outcome: outcome.outcome });
        if (outcome.outcome === 'none') expect(seen, `${hint}, ${key}`).toBeUndefined();
        else expect([undefined, textOf(key)], `${hint}, ${key}`).toContain(seen);
      }
      // The first call looks at the relay for all of them.
      if (!cold && fault.at > 0 && !fault.forGood && value === undefined) {
        // Two entries share the folder a/, whose sync stands for both.
        expect(failures, `${hint}: one failure stopped others`).toBeLessThanOrEqual(2);
      }
      expect([...faulty.open], `${hint}: descriptors left open`).toEqual([]);
      if (!fault.forGood && !faulty.struck?.startsWith('unlink'))
        expect(leftovers(root, disk.system), hint).toEqual([]);
      faulty.arm(undefined);
      for (const outcome of (await scenario.run(store)) as typeof outcomes)
        expect(outcome.state, hint).not.toBe('failed');
      for (const key of keys) expect(await text(onlooker, key), hint).toBe(textOf(key));
    });
  });

  it('exclusively does the work once or says why not, and is free again when what it left behind is stale', async () => {
    let works = 0;
    const scenario: Scenario = {
      name: 'exclusively',
      prepare: (store) => store.create('a/m', 'x'),
      run: (store) =>
        store.exclusively('sweep', async () => {
          works++;
        }),
      look: async () => undefined,
    };
    vi.useFakeTimers({ toFake: ['Date'] });
    await eachFault(scenario, cold, async (_root, store, faulty, fault, hint) => {
      works = 0;
      const outcome = await scenario.run(store).catch((error: unknown) => error);
      if (outcome !== true)
        expect(outcome, hint).toMatchObject({ code: 'STORE_UNAVAILABLE', data: { errno: fault.errno } });
      expect(works, hint).toBe(outcome === true ? 1 : 0);
      expect([...faulty.open], `${hint}: descriptors left open`).toEqual([]);
      faulty.arm(undefined);
      vi.setSystemTime(Date.now() + 2 * STALE_MS);
      expect(await scenario.run(store), `${hint}: again`).toBe(true);
    });
  });

  it('moveAll never says "none" when something has moved', async () => {
    const moves = ['a/1', 'a/2', 'b/1'].map((from) => ({ from, to: `c/${from.replace('/', '-')}` }));
    const scenario: Scenario = {
      name: 'moveAll',
      prepare: (store) => store.createAll(moves.map(({ from }) => ({ key: from, value: 'x' }))),
      run: (store) => store.moveAll(moves, { durable: true }),
      look: async (store) => Promise.all(moves.map(({ from }) => text(store, from))),
    };
    await eachFault(scenario, cold, async (root, store, faulty, fault, hint) => {
      const outcome = await scenario.run(store).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      const left = (await scenario.look(storeOn(root))) as unknown[];
      if ('error' in outcome) {
        expect(outcome.error, hint).toMatchObject({ code: 'STORE_UNAVAILABLE', data: { errno: fault.errno } });
        if (isDispatchError(outcome.error) && outcome.error.data.outcome === 'none') {
          expect(left, hint).toEqual(['x', 'x', 'x']);
        }
      } else {
        expect(outcome.value, hint).toEqual([true, true, true]);
        expect(left, hint).toEqual([undefined, undefined, undefined]);
      }
      faulty.arm(undefined);
      expect(await scenario.run(store), hint).toEqual(left.map((value) => value === 'x'));
      const moved = await Promise.all(moves.map(({ to }) => text(storeOn(root), to)));
      expect(moved, hint).toEqual(['x', 'x', 'x']);
    });
  });

  it('removeAll never says "none" when something is gone', async () => {
    const keys = ['a/1', 'a/2', 'b/1'];
    const scenario: Scenario = {
      name: 'removeAll',
      prepare: (store) => store.createAll(keys.map((key) => ({ key, value: 'x' }))),
      run: (store) => store.removeAll(keys),
      look: async (store) => Promise.all(keys.map((key) => text(store, key))),
    };
    await eachFault(scenario, cold, async (root, store, faulty, fault, hint) => {
      const outcome = await scenario.run(store).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      const left = (await scenario.look(storeOn(root))) as unknown[];
      if ('error' in outcome) {
        expect(outcome.error, hint).toMatchObject({ code: 'STORE_UNAVAILABLE', data: { errno: fault.errno } });
        if (isDispatchError(outcome.error) && outcome.error.data.outcome === 'none') {
          expect(left, hint).toEqual(['x', 'x', 'x']);
        }
      } else {
        expect(outcome.value, hint).toEqual([true, true, true]);
        expect(left, hint).toEqual([undefined, undefined, undefined]);
      }
      faulty.arm(undefined);
      expect(await scenario.run(store), hint).toEqual(left.map((value) => value === 'x'));
    });
  });
});

describe('a disk that writes less than it was asked to', () => {
  const short = () =>
    ({
      ...disk.system,
      writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number) =>
        disk.system.writeSync(fd, bytes, offset, Math.min(length, 7001)),
    }) as unknown as Partial<SystemCalls>;

  it('is written to until every byte is there', async () => {
    const store = storeOn(ROOT, new FaultySystem(short()));
    await store.create('bob/m', long);
    await store.put('bob/n', long);
    await store.update('r', undefined, long);
    for (const key of ['bob/m', 'bob/n']) expect(await text(storeOn(ROOT), key)).toBe(long);
    expect(await record(storeOn(ROOT), 'r')).toBe(long);
  });

  it('and is full in the middle shows nothing of the value', async () => {
    let writes = 0;
    const faulty = new FaultySystem({
      ...short(),
      writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
        if (++writes % 3 === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        return disk.system.writeSync(fd, bytes, offset, Math.min(length, 5000));
      }) as SystemCalls['writeSync'],
    });
    const healthy = storeOn(ROOT);
    await healthy.put('p/q', 'old');
    const store = storeOn(ROOT, faulty);
    const full = { code: 'STORE_UNAVAILABLE', data: { errno: 'ENOSPC', outcome: 'none' } };
    await expect(store.create('bob/m', long)).rejects.toMatchObject(full);
    await expect(store.put('p/q', long)).rejects.toMatchObject(full);
    await expect(store.update('r', undefined, long)).rejects.toMatchObject(full);
    expect(await healthy.list('bob')).toEqual([]);
    expect(await text(healthy, 'p/q')).toBe('old');
    expect(await healthy.readRecord('r')).toBeUndefined();
    expect(leftovers(ROOT, disk.system)).toEqual([]);
  });

  it('and makes no progress at all is an error, not an endless loop', async () => {
    const faulty = new FaultySystem({ ...disk.system, writeSync: () => 0 });
    await storeOn(ROOT).create('other/m', 'x');
    await expect(storeOn(ROOT, faulty).create('bob/m', 'x')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      data: { errno: 'EIO', outcome: 'none' },
    });
  });
});

describe('a file system that cannot sync directories', () => {
  it('is used all the same, with one warning', async () => {
    const warnings: string[] = [];
    const faulty = new FaultySystem({
      ...disk.system,
      fsyncSync: (fd) => {
        if (disk.system.fstatSync(fd).isDirectory()) throw Object.assign(new Error('no'), { code: 'EINVAL' });
      },
    });
    const store = new FilesystemStore(ROOT, { files: new Files(faulty.system, (line) => warnings.push(line)) });
    expect(await store.create('bob/m', 'x')).toBe(true);
    expect(await store.create('bob/n', 'x')).toBe(true);
    expect(warnings).toEqual([expect.stringContaining('EINVAL')]);
  });
});

describe('what is synced', () => {
  const synced = async (durability: 'full' | 'process', run: (store: Store) => Promise<unknown>) => {
    const store = new FilesystemStore(ROOT, { durability, files: new Files(new FaultySystem(disk.system).system) });
    await store.create('bob/old', 'x');
    await store.create('alice/old', 'x');
    await store.create('bob/gone', 'x');
    const faulty = new FaultySystem(disk.system);
    const measured = new FilesystemStore(ROOT, { durability, files: new Files(faulty.system) });
    await measured.list('');
    faulty.arm(undefined);
    await run(measured);
    return faulty.calls.filter((name) => name === 'fsyncSync').length;
  };

  it.each<[string, number, (store: Store) => Promise<unknown>]>([
    ['a value and its folder', 2, (store) => store.create('bob/m', 'x')],
    ['the folder alone of an empty value', 1, (store) => store.create('bob/m', '')],
    ['a new folder and the relay besides', 3, (store) => store.create('carol/m', 'x')],
    [
      'a shared value once, and each folder once',
      3,
      (store) => {
        const value = { shared: 'x' };
        return store.createAll(['bob/1', 'bob/2', 'alice/1', 'alice/2'].map((key) => ({ key, value })));
      },
    ],
    ['the folder of what was removed', 1, (store) => store.remove('bob/gone')],
    ['nothing of what need not be durable', 0, (store) => store.create('bob/m', 'x', { durable: false })],
    ['nothing of a removal that need not be durable', 0, (store) => store.remove('bob/gone', { durable: false })],
    ['the folder that something moved to durably', 1, (store) => store.move('bob/old', 'alice/new', { durable: true })],
    ['a new folder and the relay for it', 2, (store) => store.move('bob/old', 'dave/new', { durable: true })],
    ['a value that is put durably, and its folder', 2, (store) => store.put('bob/old', 'y', { durable: true })],
    ['a new folder and the relay of such a put', 3, (store) => store.put('dave/m', 'y', { durable: true })],
    ['nothing of a put or a move', 0, (store) => store.put('bob/m', 'x').then(() => store.move('bob/m', 'bob/n'))],
  ])('is %s', async (_, count, run) => {
    expect(await synced('full', run)).toBe(process.platform === 'win32' ? expect.any(Number) : count);
    expect(await synced('process', run)).toBe(0);
  });
});
