/** The relay in memory: what the domain's tests run on, and the plainest statement of what the port means. */
import { newSessionId } from '../../model/ids.js';
import { linesOf } from '../log-record.js';
import type { CreateOutcome, Entry, LogPart, Move, ReadOutcome, Record, Store, Value, Watch } from '../store.js';

// An empty segment, one of dots that lead elsewhere, or a NUL.
const NO_KEY = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

interface Held {
  readonly bytes: Uint8Array;
  readonly modifiedAt: number;
}

export class MemoryStore implements Store {
  readonly location = 'memory';
  readonly #values = new Map<string, Held>();
  readonly #records = new Map<string, Record>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #running = new Set<string>();

  constructor(private readonly clock: { now(): number } = Date) {}

  async create(key: string, value: Value): Promise<boolean> {
    if (this.#values.has(checked(key))) return false;
    this.#values.set(key, { bytes: bytesOf(value), modifiedAt: this.clock.now() });
    return true;
  }

  async createAll(entries: readonly Entry[]): Promise<CreateOutcome[]> {
    const outcomes: CreateOutcome[] = [];
    for (const { key } of entries) checked(key);
    for (const { key, value } of entries) {
      const plain = typeof value === 'object' && 'shared' in value ? value.shared : value;
      outcomes.push({ state: (await this.create(key, plain)) ? 'created' : 'exists' });
    }
    return outcomes;
  }

  async put(key: string, value: Value): Promise<void> {
    this.#values.set(checked(key), { bytes: bytesOf(value), modifiedAt: this.clock.now() });
  }

  async append(log: string, ...records: readonly string[]): Promise<void> {
    const added = bytesOf(linesOf(records));
    const before = this.#values.get(checked(log))?.bytes ?? new Uint8Array();
    this.#values.set(log, { bytes: Buffer.concat([before, added]), modifiedAt: this.clock.now() });
  }

  async readLog(log: string, after: number, maxBytes: number): Promise<LogPart | undefined> {
    const held = this.#values.get(checked(log));
    if (held === undefined) return undefined;
    const bytes = held.bytes.slice(after, after + maxBytes);
    return { bytes, next: after + bytes.length, end: held.bytes.length };
  }

  async read(key: string, maxBytes: number): Promise<ReadOutcome | undefined> {
    const held = this.#values.get(checked(key));
    if (held === undefined) return undefined;
    if (held.bytes.length > maxBytes) {
      return { ok: false, unsafe: `larger than ${maxBytes} bytes`, modifiedAt: held.modifiedAt };
    }
    return { ok: true, bytes: held.bytes.slice(), modifiedAt: held.modifiedAt };
  }

  async list(prefix: string): Promise<string[]> {
    const start = prefix === '' ? '' : `${checked(prefix)}/`;
    const names = new Set<string>();
    for (const held of [this.#values, this.#records]) {
      for (const key of held.keys()) {
        if (!key.startsWith(start)) continue;
        const end = key.indexOf('/', start.length);
        names.add(end === -1 ? key.slice(start.length) : key.slice(start.length, end));
      }
    }
    return [...names];
  }

  async count(prefix: string, limit: number): Promise<number> {
    return Math.min((await this.list(prefix)).length, limit);
  }

  async move(from: string, to: string): Promise<boolean> {
    const held = this.#values.get(checked(from));
    checked(to);
    if (held === undefined) return false;
    this.#values.delete(from);
    this.#values.set(to, held);
    return true;
  }

  async moveAll(moves: readonly Move[]): Promise<boolean[]> {
    for (const { from, to } of moves) for (const key of [from, to]) checked(key);
    const outcomes: boolean[] = [];
    for (const { from, to } of moves) outcomes.push(await this.move(from, to));
    return outcomes;
  }

  async remove(key: string): Promise<boolean> {
    return this.#values.delete(checked(key));
  }

  async removeAll(keys: readonly string[]): Promise<boolean[]> {
    for (const key of keys) checked(key);
    return keys.map((key) => this.#values.delete(key));
  }

  async prune(prefix: string): Promise<void> {
    checked(prefix);
  }

  async readRecord(key: string): Promise<Record | undefined> {
    return this.#records.get(checked(key));
  }

  async update(key: string, revision: string | undefined, value: Value | undefined): Promise<boolean> {
    if (this.#records.get(checked(key))?.revision !== revision) return false;
    if (value === undefined) return this.#records.delete(key);
    this.#records.set(key, { revision: newSessionId(), value: bytesOf(value) });
    return true;
  }

  async forget(key: string): Promise<void> {
    checked(key);
  }

  async ring(channel: string): Promise<void> {
    for (const hint of this.#watchers.get(channel) ?? []) queueMicrotask(hint);
  }

  async watch(channel: string, hint: () => void): Promise<Watch> {
    const hints = this.#watchers.get(channel) ?? new Set();
    this.#watchers.set(channel, hints.add(hint));
    return { active: true, close: async () => void hints.delete(hint) };
  }

  async exclusively(name: string, work: () => Promise<void>): Promise<boolean> {
    if (this.#running.has(name)) return false;
    this.#running.add(name);
    try {
      await work();
    } finally {
      this.#running.delete(name);
    }
    return true;
  }

  async tidy(): Promise<void> {}
}

function bytesOf(value: Value): Uint8Array {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value.slice();
}

function checked(key: string): string {
  if (NO_KEY.test(key)) throw new RangeError(`not a key: ${JSON.stringify(key)}`);
  return key;
}
