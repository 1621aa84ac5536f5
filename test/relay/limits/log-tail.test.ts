/** Following a log whose records are appended by others: each whole record is given once, whenever it becomes whole. */
import { expect, it } from 'vitest';
import { LogTail } from '../../../src/relay/limits/log-tail.js';
import { MemoryStore } from '../../../src/store/memory/memory-store.js';

it('gives each record once, and one that was met by half when it is whole', async () => {
  const store = new MemoryStore();
  const tail = new LogTail(store, 'log', 1000);
  expect(await tail.records()).toEqual([]);
  await store.append('log', '1 alice .');
  expect(await tail.records()).toEqual(['1 alice']);
  await store.put('log', '\n1 alice .\n2 bo');
  expect(await tail.records()).toEqual([]);
  await store.put('log', '\n1 alice .\n2 bob .');
  expect(await tail.records()).toEqual(['2 bob']);
  expect(await tail.records()).toEqual([]);
});

it('passes over a torn record when another stands behind it', async () => {
  const store = new MemoryStore();
  const tail = new LogTail(store, 'log', 1000);
  await store.put('log', '\n1 ali');
  expect(await tail.records()).toEqual([]);
  await store.append('log', '2 bob .');
  expect(await tail.records()).toEqual(['2 bob']);
});
