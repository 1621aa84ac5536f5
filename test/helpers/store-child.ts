/**
 * A process of its own that uses a store: `store-child <root> <task> [arguments]`. Prints one line of JSON at its end.
 * A task of a race says "ready" first and starts when its stdin says "go".
 */
import { once } from 'node:events';
import { isDispatchError } from '../../src/model/errors.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';

const [root = '', task = '', ...rest] = process.argv.slice(2);
const store = new FilesystemStore(root, { durability: 'process' });

const decode = (bytes: Uint8Array) => Buffer.from(bytes).toString();

async function go(): Promise<void> {
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  process.stdin.pause();
}

const tasks: { readonly [name: string]: () => Promise<unknown> } = {
  create: async () => {
    try {
      return await store.create('bob/m', 'x');
    } catch (error) {
      if (isDispatchError(error)) return { code: error.code, data: error.data };
      throw error;
    }
  },

  /** Counts a record up to a number, and gives the revisions that it left behind with what it made of each. */
  count: async () => {
    const last = Number(rest[0]);
    await go();
    const won: [string, number][] = [];
    for (;;) {
      const record = await store.readRecord('race');
      if (record === undefined) throw new Error('the record was gone for a moment');
      const value = Number(decode(record.value));
      if (value >= last) return won;
      if (await store.update('race', record.revision, String(value + 1))) won.push([record.revision, value + 1]);
    }
  },

  /** Begins, changes and ends a record until it has won so often, and gives the revisions it left and what it did. */
  lifecycle: async () => {
    const wins = Number(rest[0]);
    await go();
    const won: [string, string][] = [];
    for (let turn = 0; won.length < wins; turn++) {
      const record = await store.readRecord('race');
      const ends = record !== undefined && turn % 3 === 0;
      const value = ends ? undefined : `${process.pid} ${turn}`;
      if (await store.update('race', record?.revision, value)) {
        won.push([record?.revision ?? 'none', ends ? 'end' : record === undefined ? 'start' : 'change']);
      }
    }
    return won;
  },

  /** Creates and moves many keys that others create and move too, and gives which it was told it did. */
  keys: async () => {
    const keys = Array.from({ length: Number(rest[0]) }, (_, index) => `k${index}`);
    await go();
    const created: string[] = [];
    const moved: string[] = [];
    for (const key of keys) {
      if (await store.create(`in/${key}`, `${process.pid} ${'x'.repeat(2000)}`)) created.push(key);
      const read = await store.read(`in/${key}`, 10_000);
      if (read?.ok === true && !/^\d+ x{2000}$/.test(decode(read.bytes))) throw new Error(`torn: ${key}`);
      if (await store.move(`in/${key}`, `out/${key}~${process.pid}`)) moved.push(key);
    }
    return { pid: process.pid, created, moved };
  },

  /** Holds a lock until it is killed. */
  hold: async () => {
    await store.exclusively('sweep', async () => {
      process.stdout.write('ready\n');
      await new Promise(() => setInterval(() => {}, 60_000));
    });
  },
};

const run = tasks[task];
if (run === undefined) throw new Error(`no such task: ${task}`);
run().then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
