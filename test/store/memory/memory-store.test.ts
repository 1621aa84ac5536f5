import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../src/store/memory/memory-store.js';
import { describeStore } from '../../conformance/store.js';

describeStore('the memory store', () => {
  const store = new MemoryStore();
  return { connect: () => store, dispose: () => {} };
});

describe('MemoryStore', () => {
  it('dates values by the clock it is given', async () => {
    let now = 1000;
    const store = new MemoryStore({ now: () => now });
    await store.create('a/m', 'x');
    now = 2000;
    await store.put('a/n', 'x');
    expect((await store.read('a/m', 10))?.modifiedAt).toBe(1000);
    expect((await store.read('a/n', 10))?.modifiedAt).toBe(2000);
  });

  it('shares nothing with another store in memory', async () => {
    const store = new MemoryStore();
    await store.create('a/m', 'x');
    expect(await new MemoryStore().list('')).toEqual([]);
  });
});
