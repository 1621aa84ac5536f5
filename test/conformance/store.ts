/**
 * What the port in src/store/store.ts promises, one test a promise. Every adapter runs it; what only one of them can
 * show (modes, links, full disks) stands in its own test file.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Store, Watch } from '../../src/store/store.js';

export interface RelayUnderTest {
  /** A store on the relay, as another process would open it. An adapter that lives in one process gives the same one. */
  connect(): Store;
  dispose(): void | Promise<void>;
}

const CALLERS = 8;

export const HOSTILE_KEYS = ['.', '..', '/a', 'a/', 'a//b', 'a/../b', 'a/./b', '../x', 'a/..', 'a\0b', '\0'] as const;

export function describeStore(name: string, start: () => RelayUnderTest | Promise<RelayUnderTest>): void {
  describe(name, () => {
    let relay: RelayUnderTest;
    let store: Store;

    beforeEach(async () => {
      relay = await start();
      store = relay.connect();
    });

    afterEach(() => relay.dispose());

    /** What each of several callers, each with a connection of its own, is told. */
    const race = <T>(call: (store: Store, caller: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(relay.connect(), caller)));

    describe('create', () => {
      it('tells exactly one of several racing callers true, and its value is the one that is kept', async () => {
        const told = await race((each, caller) => each.create('bob/m1', `from ${caller}`));
        expect(told.filter(Boolean)).toHaveLength(1);
        expect(await textOf(store, 'bob/m1')).toBe(`from ${told.indexOf(true)}`);
      });

      it('never replaces what is there', async () => {
        expect(await store.create('bob/m1', 'first')).toBe(true);
        expect(await store.create('bob/m1', 'second')).toBe(false);
        expect(await store.create('bob/m1', '')).toBe(false);
        expect(await textOf(store, 'bob/m1')).toBe('first');
      });

      it('keeps an empty value, which is not the same as none', async () => {
        expect(await store.create('.receipts/bob/r1', '')).toBe(true);
        expect(await store.create('.receipts/bob/r1', '')).toBe(false);
        expect(await textOf(store, '.receipts/bob/r1')).toBe('');
      });

      it('keeps bytes as they are and text as UTF-8', async () => {
        const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
        await store.create('a/bytes', bytes);
        await store.create('a/text', 'Grüße 🙂');
        expect(await bytesOf(store, 'a/bytes')).toEqual(bytes);
        expect(await bytesOf(store, 'a/text')).toEqual(new TextEncoder().encode('Grüße 🙂'));
      });

      it('keeps its own copy: what a caller does with its buffer afterwards changes nothing', async () => {
        const bytes = new TextEncoder().encode('mine');
        await store.create('a/m', bytes);
        bytes.fill(0);
        const read = await bytesOf(store, 'a/m');
        expect(new TextDecoder().decode(read)).toBe('mine');
        read.fill(0);
        expect(await textOf(store, 'a/m')).toBe('mine');
      });

      it('makes a key again after it was removed or moved away', async () => {
        await store.create('a/m', '1');
        await store.remove('a/m');
        expect(await store.create('a/m', '2')).toBe(true);
        await store.move('a/m', 'b/m');
        expect(await store.create('a/m', '3')).toBe(true);
        expect(await textOf(store, 'b/m')).toBe('2');
      });

      it('needs no prefix to be there, however deep', async () => {
        expect(await store.create('a/b/c/d/e', 'deep')).toBe(true);
        expect(await textOf(relay.connect(), 'a/b/c/d/e')).toBe('deep');
      });

      it('promises the same without durability, short of a power cut', async () => {
        expect(await store.create('a/m', 'x', { durable: false })).toBe(true);
        expect(await store.create('a/m', 'y', { durable: false })).toBe(false);
        expect(await textOf(relay.connect(), 'a/m')).toBe('x');
      });
    });

    describe('append', () => {
      const records = async (key: string) =>
        (await textOf(relay.connect(), key))?.split('\n').filter((line) => line !== '');

      it('adds records in order, and begins the log with the first', async () => {
        await store.append('.sent/alice/day', 'one');
        await store.append('.sent/alice/day', 'two words');
        expect(await records('.sent/alice/day')).toEqual(['one', 'two words']);
      });

      it('keeps every record of several writers at once, whole', async () => {
        const writers = Array.from({ length: 4 }, () => relay.connect());
        const written = writers.flatMap((_, writer) =>
          Array.from({ length: 50 }, (_, index) => `${writer}-${index}-${'x'.repeat(300)}`),
        );
        await Promise.all(
          writers.map(async (each, writer) => {
            for (let index = 0; index < 50; index++) await each.append('log', `${writer}-${index}-${'x'.repeat(300)}`);
          }),
        );
        expect((await records('log'))?.toSorted()).toEqual(written.toSorted());
      });

      it('takes no record with the one that a crash left torn before it', async () => {
        await store.create('log', '\nwhole\ntor');
        await store.append('log', 'next');
        expect(await records('log')).toEqual(['whole', 'tor', 'next']);
      });

      it('adds several records at once, in order', async () => {
        await store.append('log', 'one', 'two', 'three');
        await store.append('log', 'four');
        expect(await records('log')).toEqual(['one', 'two', 'three', 'four']);
      });

      it.each(['', 'two\nlines', '\n'])('refuses %j, which no reader could tell from none or two', async (record) => {
        await expect(store.append('log', record)).rejects.toThrow(RangeError);
        expect(await store.read('log', 100)).toBeUndefined();
      });

      it.each(['', '..', 'a//b', '../x'])('refuses the key %j', async (key) => {
        await expect(store.append(key, 'record')).rejects.toThrow(RangeError);
      });
    });

    describe('readLog', () => {
      const part = async (after: number, maxBytes = 100) => {
        const read = await relay.connect().readLog('log', after, maxBytes);
        return read === undefined ? undefined : { text: Buffer.from(read.bytes).toString(), next: read.next };
      };

      it('gives what is behind a place, and the place behind that', async () => {
        await store.append('log', 'one');
        const first = await part(0);
        expect(first?.text).toBe('\none');
        await store.append('log', 'two');
        const second = await part(first?.next ?? -1);
        expect(second?.text).toBe('\ntwo');
        expect(await part(second?.next ?? -1)).toEqual({ text: '', next: second?.next });
      });

      it('goes through a log in parts', async () => {
        await store.append('log', 'one', 'two');
        const texts: string[] = [];
        let after = 0;
        for (let read = await part(0, 3); read !== undefined && read.text !== ''; read = await part(after, 3)) {
          texts.push(read.text);
          after = read.next;
        }
        expect(texts).toEqual(['\non', 'e\nt', 'wo']);
      });

      it('tells where a log ends, wherever the part begins', async () => {
        await store.append('log', 'one', 'two');
        const reader = relay.connect();
        const parts = await Promise.all([0, 3, 8, 9_000_000].map((after) => reader.readLog('log', after, 2)));
        expect(parts.map((read) => [read?.bytes.length, read?.end])).toEqual([
          [2, 8],
          [2, 8],
          [0, 8],
          [0, 8],
        ]);
      });

      it('is undefined for a log that is not there', async () => {
        expect(await part(0)).toBeUndefined();
      });
    });

    describe('createAll', () => {
      it('answers in the order of the entries, and one that exists does not stop the others', async () => {
        await store.create('bob/m1', 'old');
        const outcomes = await store.createAll([
          { key: 'alice/m1', value: '1' },
          { key: 'bob/m1', value: '2' },
          { key: 'carol/m1', value: '3' },
        ]);
        expect(outcomes).toEqual([{ state: 'created' }, { state: 'exists' }, { state: 'created' }]);
        expect(await textOf(store, 'alice/m1')).toBe('1');
        expect(await textOf(store, 'bob/m1')).toBe('old');
        expect(await textOf(store, 'carol/m1')).toBe('3');
      });

      it('creates the first of two entries with one key', async () => {
        const outcomes = await store.createAll([
          { key: 'a/m', value: 'first' },
          { key: 'a/m', value: 'second' },
        ]);
        expect(outcomes).toEqual([{ state: 'created' }, { state: 'exists' }]);
        expect(await textOf(store, 'a/m')).toBe('first');
      });

      it('gives the entries of a shared value independent lives', async () => {
        const value = { shared: 'to all' };
        await store.createAll(['a', 'b', 'c'].map((agent) => ({ key: `${agent}/m`, value })));
        await store.remove('a/m');
        await store.put('b/m', 'changed');
        expect(await store.read('a/m', 100)).toBeUndefined();
        expect(await textOf(store, 'b/m')).toBe('changed');
        expect(await textOf(store, 'c/m')).toBe('to all');
      });

      it('shares empty and binary values as well', async () => {
        const outcomes = await store.createAll([
          { key: 'a/1', value: { shared: '' } },
          { key: 'a/2', value: { shared: Uint8Array.of(0, 255) } },
          { key: 'a/3', value: Uint8Array.of() },
        ]);
        expect(outcomes.map(({ state }) => state)).toEqual(['created', 'created', 'created']);
        expect(await textOf(store, 'a/1')).toBe('');
        expect(await bytesOf(store, 'a/2')).toEqual(Uint8Array.of(0, 255));
        expect(await bytesOf(store, 'a/3')).toEqual(Uint8Array.of());
      });

      it('tells one of several racing callers about each key', async () => {
        const keys = Array.from({ length: 20 }, (_, index) => `a/m${index}`);
        const told = await race((each, caller) =>
          // Half of the callers go through the keys backwards.
          each
            .createAll((caller % 2 === 0 ? keys : keys.toReversed()).map((key) => ({ key, value: `${caller}` })))
            .then((outcomes) => (caller % 2 === 0 ? outcomes : outcomes.toReversed())),
        );
        for (const [index, key] of keys.entries()) {
          const winners = told.flatMap((outcomes, caller) => (outcomes[index]?.state === 'created' ? [caller] : []));
          expect(winners, key).toHaveLength(1);
          expect(await textOf(store, key)).toBe(`${winners[0]}`);
        }
      });

      it('does nothing for no entries', async () => {
        expect(await store.createAll([])).toEqual([]);
      });
    });

    describe('put', () => {
      it('replaces a value whole, by a shorter, a longer and an empty one', async () => {
        await store.put('a/m', 'a long value that is replaced');
        for (const value of ['short', 'x'.repeat(100_000), '', 'last']) {
          await store.put('a/m', value);
          expect(await textOf(relay.connect(), 'a/m')).toBe(value);
        }
        expect(await store.list('a')).toEqual(['m']);
      });

      it('leaves the whole value of one of several racing writers', async () => {
        const values = Array.from({ length: CALLERS }, (_, caller) => `${caller}`.repeat(10_000));
        await race((each, caller) => each.put('a/m', values[caller] ?? ''));
        expect(values).toContain(await textOf(store, 'a/m'));
      });
    });

    describe('read', () => {
      it('gives undefined for what is not there, at any depth', async () => {
        await store.create('a/m', 'x');
        for (const key of ['b', 'a/n', 'b/m', 'x/y/z']) expect(await store.read(key, 100), key).toBeUndefined();
      });

      it('gives a value of exactly maxBytes and refuses one byte more, without its bytes', async () => {
        await store.create('a/m', 'äöü');
        expect(await store.read('a/m', 6)).toMatchObject({ ok: true });
        const refused = await store.read('a/m', 5);
        expect(refused).toMatchObject({ ok: false, unsafe: expect.stringContaining('5') });
        expect(refused).not.toHaveProperty('bytes');
      });

      it('says when the value was written', async () => {
        const before = Date.now();
        await store.create('a/m', 'x');
        const read = await store.read('a/m', 100);
        // File times move in ticks of up to 10 ms, behind the clock that Date.now() reads.
        expect(read?.modifiedAt).toBeGreaterThan(before - 1000);
        expect(read?.modifiedAt).toBeLessThan(Date.now() + 1000);
      });
    });

    describe('list', () => {
      it('gives the next segments, of keys and of deeper prefixes alike, each once', async () => {
        for (const key of ['a/1', 'a/2', 'a/read/1', 'a/read/2', 'a/taken/s/1', 'b/1', 'ab/1'])
          await store.create(key, 'x');
        expect((await store.list('a')).toSorted()).toEqual(['1', '2', 'read', 'taken']);
        expect(await store.list('a/taken')).toEqual(['s']);
        expect((await store.list('a/read')).toSorted()).toEqual(['1', '2']);
      });

      it('gives agents and our own folders at the top', async () => {
        await store.create('bob/1', 'x');
        await store.create('.sent/bob/1', 'x');
        expect(await store.list('')).toEqual(expect.arrayContaining(['bob', '.sent']));
      });

      it('is empty for a prefix that holds nothing, whether it ever did or not', async () => {
        expect(await store.list('never')).toEqual([]);
        expect(await store.list('never/at/all')).toEqual([]);
        await store.create('a/1', 'x');
        await store.remove('a/1');
        expect(await store.list('a')).toEqual([]);
      });

      it('shows a record as one segment', async () => {
        await store.update('.roster/bob', undefined, 'x');
        expect(await store.list('.roster')).toEqual(['bob']);
      });

      it('shows no half-made thing beside a value or a record', async () => {
        await store.create('a/1', 'x');
        await store.put('a/2', 'x');
        await store.update('r/1', undefined, 'x');
        await store.update('r/1', (await store.readRecord('r/1'))?.revision, 'y');
        expect((await store.list('a')).toSorted()).toEqual(['1', '2']);
        expect(await store.list('r')).toEqual(['1']);
      });
    });

    describe('count', () => {
      it('counts up to the limit and no further', async () => {
        await store.createAll(Array.from({ length: 120 }, (_, index) => ({ key: `a/${index}`, value: '' })));
        for (const limit of [0, 1, 10, 119, 120, 121, 1000, 50]) {
          expect(await store.count('a', limit), `limit ${limit}`).toBe(Math.min(limit, 120));
        }
      });

      it('counts what list gives, keys and deeper prefixes', async () => {
        for (const key of ['a/1', 'a/2', 'a/read/1', 'a/read/2']) await store.create(key, 'x');
        expect(await store.count('a', 100)).toBe(3);
        expect(await store.count('never', 100)).toBe(0);
      });

      it('stays exact through the changes of several connections', async () => {
        const other = relay.connect();
        const keys = Array.from({ length: 100 }, (_, index) => `a/${index}`);
        await store.createAll(keys.map((key) => ({ key, value: '' })));
        expect(await store.count('a', 1000)).toBe(100);
        await store.removeAll(keys.slice(0, 10));
        expect(await store.count('a', 1000)).toBe(90);
        expect(await other.count('a', 1000)).toBe(90);
        await other.move('a/10', 'b/10');
        expect(await other.count('a', 1000)).toBe(89);
        expect(await other.count('b', 1000)).toBe(1);
        await store.move('a/11', 'a/12');
        expect(await store.count('a', 1000)).toBe((await store.list('a')).length);
      });
    });

    describe('move and remove', () => {
      it('tells exactly one of several racing movers true', async () => {
        await store.create('a/m', 'x');
        const told = await race((each, caller) => each.move('a/m', `a/taken/${caller}/m`));
        expect(told.filter(Boolean)).toHaveLength(1);
        expect(await store.read('a/m', 100)).toBeUndefined();
        expect(await textOf(store, `a/taken/${told.indexOf(true)}/m`)).toBe('x');
        const copies = await Promise.all(told.map((_, caller) => store.read(`a/taken/${caller}/m`, 100)));
        expect(copies.filter((copy) => copy !== undefined)).toHaveLength(1);
      });

      it('tells exactly one of several racing removers true', async () => {
        await store.create('a/m', 'x');
        expect((await race((each) => each.remove('a/m'))).filter(Boolean)).toHaveLength(1);
        expect(await store.read('a/m', 100)).toBeUndefined();
      });

      it('tells exactly one true when some move and some remove', async () => {
        for (let round = 0; round < 10; round++) {
          await store.create('a/m', 'x');
          const told = await race((each, caller) =>
            (caller + round) % 2 === 0 ? each.remove('a/m') : each.move('a/m', `b/${round}-${caller}`),
          );
          expect(told.filter(Boolean)).toHaveLength(1);
          const moved = (told.indexOf(true) + round) % 2 !== 0;
          expect(await store.list('b')).toHaveLength(moved ? 1 : 0);
          for (const left of await store.list('b')) await store.remove(`b/${left}`);
        }
      });

      it('gives false, and makes nothing, for what is not there', async () => {
        expect(await store.remove('a/m')).toBe(false);
        expect(await store.move('a/m', 'b/m')).toBe(false);
        expect(await store.list('b')).toEqual([]);
      });

      it('move replaces what is at the target', async () => {
        await store.create('a/m', 'new');
        await store.create('b/m', 'old');
        expect(await store.move('a/m', 'b/m')).toBe(true);
        expect(await textOf(store, 'b/m')).toBe('new');
        expect(await store.list('a')).toEqual([]);
      });

      it('move replaces a target that was created with the same shared value', async () => {
        const value = { shared: 'to all' };
        await store.createAll([
          { key: 'a/m', value },
          { key: 'b/m', value },
        ]);
        expect(await store.move('a/m', 'b/m')).toBe(true);
        expect(await store.read('a/m', 100)).toBeUndefined();
        expect(await textOf(store, 'b/m')).toBe('to all');
      });

      it('move to itself leaves a key as it is, and gives false for one that is not there', async () => {
        await store.create('a/m', 'x');
        expect(await store.move('a/m', 'a/m', { durable: true })).toBe(true);
        expect(await textOf(store, 'a/m')).toBe('x');
        expect(await store.list('a')).toEqual(['m']);
        expect(await store.move('a/n', 'a/n', { durable: true })).toBe(false);
      });

      it('move keeps the time at which the value was written', async () => {
        await store.create('a/m', 'x');
        const before = await store.read('a/m', 100);
        await store.move('a/m', 'b/c/m');
        expect((await store.read('b/c/m', 100))?.modifiedAt).toBe(before?.modifiedAt);
      });

      it('moveAll answers in the order of the moves, the absent ones false', async () => {
        for (const key of ['a/1', 'a/2', 'b/1']) await store.create(key, key);
        const moves = ['a/2', 'none/1', 'b/1', 'a/2'].map((from) => ({ from, to: `c/${from.replace('/', '-')}` }));
        expect(await store.moveAll(moves, { durable: true })).toEqual([true, false, true, false]);
        expect([await store.list('a'), (await store.list('c')).toSorted()]).toEqual([['1'], ['a-2', 'b-1']]);
        expect(await textOf(store, 'c/b-1')).toBe('b/1');
        const again = ['c/a-2', 'c/none'].map((key) => ({ from: key, to: key }));
        expect(await store.moveAll(again, { durable: true })).toEqual([true, false]);
        expect(await store.moveAll([])).toEqual([]);
      });

      it('moveAll tells one of several racing callers about each key, whatever the others do with it', async () => {
        const keys = Array.from({ length: 20 }, (_, index) => `a/m${index}`);
        await store.createAll(keys.map((key) => ({ key, value: '' })));
        const told = await race((each, caller) =>
          caller % 2 === 0
            ? each.moveAll(keys.map((from) => ({ from, to: `b/${caller}-${from.slice(2)}` })))
            : each.removeAll(keys, { durable: false }),
        );
        for (const index of keys.keys()) expect(told.filter((outcomes) => outcomes[index])).toHaveLength(1);
        const moved = told.filter((_, caller) => caller % 2 === 0).flat();
        expect(await store.list('b')).toHaveLength(moved.filter(Boolean).length);
      });

      it('removeAll answers in the order of the keys, the absent ones false', async () => {
        for (const key of ['a/1', 'a/2', 'b/1']) await store.create(key, 'x');
        expect(await store.removeAll(['a/2', 'none/1', 'b/1', 'a/2', 'a/1'])).toEqual([true, false, true, false, true]);
        expect(await store.list('a')).toEqual([]);
        expect(await store.removeAll([])).toEqual([]);
      });

      it('removeAll tells one of several racing callers about each key', async () => {
        const keys = Array.from({ length: 20 }, (_, index) => `a/m${index}`);
        await store.createAll(keys.map((key) => ({ key, value: '' })));
        const told = await race((each) => each.removeAll(keys, { durable: false }));
        for (const index of keys.keys()) expect(told.filter((outcomes) => outcomes[index])).toHaveLength(1);
      });
    });

    describe('prune', () => {
      it('leaves a prefix that holds a key, a deeper prefix or a record', async () => {
        await store.create('a/m', 'x');
        await store.create('b/c/m', 'x');
        await store.update('.roster/bob', undefined, 'x');
        for (const prefix of ['a', 'b', '.roster', '.roster/bob']) await store.prune(prefix);
        expect(await textOf(store, 'a/m')).toBe('x');
        expect(await textOf(store, 'b/c/m')).toBe('x');
        expect(await recordText(store, '.roster/bob')).toBe('x');
      });

      it('forgets an empty prefix, which can be used again; one that never was is no error', async () => {
        await store.create('a/s/m', 'x');
        await store.remove('a/s/m');
        await store.prune('a/s');
        expect(await store.list('a')).toEqual([]);
        await store.prune('never');
        expect(await store.create('a/s/m', 'y')).toBe(true);
      });
    });

    describe('records', () => {
      it('tells exactly one of many racing callers that name the same revision true', async () => {
        const told = await race((each, caller) => each.update('r', undefined, `start ${caller}`));
        expect(told.filter(Boolean)).toHaveLength(1);
        expect(await recordText(store, 'r')).toBe(`start ${told.indexOf(true)}`);
        for (let round = 0; round < 5; round++) {
          const revision = (await store.readRecord('r'))?.revision;
          const won = await race((each, caller) => each.update('r', revision, `${round}: ${caller}`));
          expect(won.filter(Boolean)).toHaveLength(1);
          expect(await recordText(store, 'r')).toBe(`${round}: ${won.indexOf(true)}`);
        }
      });

      it('tells exactly one of those that end and those that change it true', async () => {
        for (let round = 0; round < 6; round++) {
          await store.update('r', undefined, 'x');
          const revision = (await store.readRecord('r'))?.revision;
          const told = await race((each, caller) =>
            each.update('r', revision, (caller + round) % 2 === 0 ? undefined : `${caller}`),
          );
          expect(told.filter(Boolean)).toHaveLength(1);
          const left = await store.readRecord('r');
          expect(left === undefined).toBe((told.indexOf(true) + round) % 2 === 0);
          if (left !== undefined) await store.update('r', left.revision, undefined);
        }
      });

      it('is forgotten only when it was ended, and leaves nothing', async () => {
        await store.update('r/1', undefined, 'x');
        await store.forget('r/1');
        const record = await store.readRecord('r/1');
        expect(Buffer.from(record?.value ?? []).toString()).toBe('x');
        await store.update('r/1', record?.revision, undefined);
        await store.forget('r/1');
        await store.forget('r/never');
        expect(await store.list('r')).toEqual([]);
        expect(await store.readRecord('r/1')).toBeUndefined();
      });

      it('refuses a revision that was left behind, and one that never was', async () => {
        await store.update('r', undefined, '1');
        const first = (await store.readRecord('r'))?.revision;
        await store.update('r', first, '2');
        expect(await store.update('r', first, '3')).toBe(false);
        expect(await store.update('r', first, undefined)).toBe(false);
        expect(await store.update('r', undefined, '3')).toBe(false);
        expect(await store.update('r', 'never', '3')).toBe(false);
        expect(await recordText(store, 'r')).toBe('2');
      });

      it('gives no state a revision that any state had before, through changes, ends and new beginnings', async () => {
        const seen = new Set<string>();
        for (let step = 0; step < 24; step++) {
          const revision = (await store.readRecord('r'))?.revision;
          if (revision !== undefined) {
            expect(seen).not.toContain(revision);
            seen.add(revision);
          }
          // The same value each time: a revision names a state, not its value.
          expect(await store.update('r', revision, step % 5 === 4 ? undefined : 'same')).toBe(true);
          for (const old of seen) if (step % 6 === 0) expect(await store.update('r', old, 'stolen')).toBe(false);
        }
      });

      it('ends and begins again', async () => {
        expect(await store.update('r', undefined, 'a')).toBe(true);
        const first = await store.readRecord('r');
        expect(await store.update('r', first?.revision, undefined)).toBe(true);
        expect(await store.readRecord('r')).toBeUndefined();
        expect(await store.update('r', first?.revision, 'late')).toBe(false);
        expect(await store.update('r', undefined, undefined)).toBe(false);
        expect(await store.update('r', undefined, 'b')).toBe(true);
        expect(await recordText(relay.connect(), 'r')).toBe('b');
      });

      it('keeps bytes, empty values and its own copy', async () => {
        const bytes = Uint8Array.of(0, 1, 255);
        await store.update('r', undefined, bytes);
        bytes.fill(7);
        const record = await store.readRecord('r');
        expect(record?.value).toEqual(expect.objectContaining({ length: 3 }));
        expect(Uint8Array.from(record?.value ?? [])).toEqual(Uint8Array.of(0, 1, 255));
        await store.update('r', record?.revision, '');
        expect(await recordText(store, 'r')).toBe('');
      });

      it('leaves the keys and the records beside it alone', async () => {
        await store.create('.roster/note', 'plain');
        await store.update('.roster/alice', undefined, '1');
        await store.update('.roster/bob', undefined, '2');
        await store.update('.roster/alice', (await store.readRecord('.roster/alice'))?.revision, undefined);
        expect(await recordText(store, '.roster/bob')).toBe('2');
        expect(await textOf(store, '.roster/note')).toBe('plain');
        expect(await store.readRecord('.roster/carol')).toBeUndefined();
      });
    });

    describe('ring and watch', () => {
      const watches: Watch[] = [];
      afterEach(async () => {
        for (const watch of watches.splice(0)) await watch.close();
      });
      const watch = async (channel: string, hint: () => void) => {
        const made = await store.watch(channel, hint);
        watches.push(made);
        return made;
      };

      it('a ring reaches whoever watches the channel, unless the watch says that it is not active', async () => {
        let hints = 0;
        const made = await watch('bob', () => hints++);
        if (!made.active) {
          expect(made.reason).toEqual(expect.any(String));
          return;
        }
        const other = relay.connect();
        // A hint may be lost, so one ring alone proves nothing.
        await vi.waitFor(
          async () => {
            await other.ring('bob');
            expect(hints).toBeGreaterThan(0);
          },
          { timeout: 20_000, interval: 100 },
        );
      });

      it('a closed watch hints no more', async () => {
        let closed = 0;
        let open = 0;
        const first = await watch('bob', () => closed++);
        const second = await watch('bob', () => open++);
        await first.close();
        // A hint without a ring is allowed as long as it is open.
        const hintsWhileOpen = closed;
        if (!second.active) return;
        await vi.waitFor(
          async () => {
            await store.ring('bob');
            expect(open).toBeGreaterThan(0);
          },
          { timeout: 20_000, interval: 100 },
        );
        expect(closed).toBe(hintsWhileOpen);
      });

      it('ringing for nobody is no error', async () => {
        await store.ring('nobody');
      });
    });

    describe('exclusively', () => {
      beforeEach(() => store.create('a/m', 'the relay is there'));

      it('runs one at a time, and tells the others false at once', async () => {
        let running = 0;
        let most = 0;
        let finish = () => {};
        const finished = new Promise<void>((resolve) => {
          finish = resolve;
        });
        let begin = () => {};
        const begun = new Promise<void>((resolve) => {
          begin = resolve;
        });
        const work = async () => {
          most = Math.max(most, ++running);
          begin();
          await finished;
          running--;
        };
        const first = store.exclusively('sweep', work);
        await begun;
        expect(await race((each) => each.exclusively('sweep', work))).toEqual(Array(CALLERS).fill(false));
        finish();
        expect(await first).toBe(true);
        expect(most).toBe(1);
        expect(await relay.connect().exclusively('sweep', async () => {})).toBe(true);
      });

      it('keeps names apart', async () => {
        let inner: boolean | undefined;
        await store.exclusively('sweep', async () => {
          inner = await relay.connect().exclusively('other', async () => {});
        });
        expect(inner).toBe(true);
      });

      it('is free again after work that failed, whose error comes through', async () => {
        const failure = new Error('the work failed');
        await expect(
          store.exclusively('sweep', async () => {
            throw failure;
          }),
        ).rejects.toBe(failure);
        expect(await store.exclusively('sweep', async () => {})).toBe(true);
      });
    });

    describe('tidy', () => {
      it('takes nothing that anybody can see', async () => {
        await store.create('a/m', 'x');
        await store.update('r', undefined, 'y');
        await store.tidy();
        expect(await textOf(store, 'a/m')).toBe('x');
        expect(await recordText(store, 'r')).toBe('y');
      });

      it('has nothing to do where there is no relay yet', async () => {
        await store.tidy();
        expect(await store.list('')).toEqual([]);
      });
    });

    describe('a hostile key', () => {
      const operations: readonly [string, (store: Store, key: string) => Promise<unknown>][] = [
        ['create', (each, key) => each.create(key, 'x')],
        ['put', (each, key) => each.put(key, 'x')],
        ['read', (each, key) => each.read(key, 100)],
        ['move from it', (each, key) => each.move(key, 'b/n')],
        ['move to it', (each, key) => each.move('b/m', key)],
        ['remove', (each, key) => each.remove(key)],
        ['readRecord', (each, key) => each.readRecord(key)],
        ['update', (each, key) => each.update(key, undefined, 'x')],
        ['createAll', (each, key) => each.createAll([entry('b/n'), entry(key), entry('b/o')])],
        ['moveAll', (each, key) => each.moveAll([{ from: 'b/m', to: key }])],
        ['removeAll', (each, key) => each.removeAll(['b/m', key])],
      ];
      const prefixed: typeof operations = [
        ['list', (each, key) => each.list(key)],
        ['count', (each, key) => each.count(key, 10)],
        ['prune', (each, key) => each.prune(key)],
      ];

      it.each(operations)('is refused by %s, which then does nothing at all', async (_, operation) => {
        await store.create('b/m', 'x');
        const before = (await store.list('')).toSorted();
        for (const key of ['', ...HOSTILE_KEYS]) {
          await expect(operation(store, key), JSON.stringify(key)).rejects.toThrow(RangeError);
        }
        expect(await store.list('b')).toEqual(['m']);
        expect(await textOf(store, 'b/m')).toBe('x');
        expect((await store.list('')).toSorted()).toEqual(before);
      });

      it.each(prefixed)('is refused by %s', async (_, operation) => {
        await store.create('b/m', 'x');
        for (const key of HOSTILE_KEYS) {
          await expect(operation(store, key), JSON.stringify(key)).rejects.toThrow(RangeError);
        }
      });

      it('is not any name that is merely odd', async () => {
        for (const key of ['...', 'a b', '..a', 'a..', '-', '~', '%2e%2e', '__proto__', 'constructor', 'ä', 'a\nb']) {
          expect(await store.create(key, key), key).toBe(true);
          expect(await textOf(store, key)).toBe(key);
          expect(await store.list('')).toContain(key);
        }
      });
    });
  });
}

async function bytesOf(store: Store, key: string): Promise<Uint8Array> {
  const read = await store.read(key, 1_000_000);
  if (read === undefined || !read.ok) throw new Error(`${key}: ${read === undefined ? 'not there' : read.unsafe}`);
  // A plain Uint8Array, for an adapter may give a Buffer, which does not equal one.
  return Uint8Array.from(read.bytes);
}

async function textOf(store: Store, key: string): Promise<string> {
  return new TextDecoder().decode(await bytesOf(store, key));
}

async function recordText(store: Store, key: string): Promise<string | undefined> {
  const record = await store.readRecord(key);
  return record === undefined ? undefined : new TextDecoder().decode(record.value);
}

function entry(key: string) {
  return { key, value: 'x' };
}
