/**
 * One reply: one JSON object, shown to the model as text and, identical, as structured content. It never grows past its
 * budget: what has no room is counted instead. What it carries is settled when the reply was written, or was not.
 */
import { utf8Bytes } from '../model/text.js';
import type { Settlement } from './stdio.js';

// For the counts that are set last: `more`, `unacked`, `next_cursor` and the brackets between.
const RESERVE = 384;

export class Reply implements Settlement {
  #fields: Record<string, unknown> = {};
  #onWritten: (() => Promise<void>)[] = [];
  #onDropped: (() => Promise<void>)[] = [];
  #notices: ReplyList | undefined;
  #bytes = 2;

  /** @param maxBytes of the JSON text, in UTF-8. */
  constructor(readonly maxBytes: number) {}

  /** Adds a field. Null, undefined, false and an empty list are left out: absent says the same in fewer tokens. */
  set(name: string, value: unknown): this {
    if (value === undefined || value === null || value === false) return this;
    if (Array.isArray(value) && value.length === 0) return this;
    this.#fields[name] = value;
    this.#bytes += jsonBytes(value) + utf8Bytes(name) + 4;
    return this;
  }

  /** Adds a field of a default that is worth saying: the empty list of a `peek`. */
  setAlways(name: string, value: unknown): this {
    this.#fields[name] = value;
    this.#bytes += jsonBytes(value) + utf8Bytes(name) + 4;
    return this;
  }

  /** Bytes that another item may still take. */
  get room(): number {
    return this.maxBytes - RESERVE - this.#bytes;
  }

  /** Whether a field of that value has room. */
  fits(name: string, value: unknown): boolean {
    return jsonBytes(value) + utf8Bytes(name) + 4 <= this.room;
  }

  /** Adds a sentence of the server's own for the reader. Never holds words of other agents. */
  notice(text: string): this {
    this.#notices ??= this.list('notices');
    this.#notices.add(text);
    return this;
  }

  /** A list that grows while there is room. Absent as long as it is empty. */
  list<T = unknown>(name: string): ReplyList<T> {
    const items: T[] = [];
    return {
      items,
      add: (item) => {
        if (items.length === 0) {
          this.#fields[name] = items;
          this.#bytes += utf8Bytes(name) + 6;
        }
        items.push(item);
        this.#bytes += jsonBytes(item) + 1;
      },
      has: (item, beside = 0) => jsonBytes(item) + beside + (items.length === 0 ? utf8Bytes(name) + 6 : 0) < this.room,
      arrange: (order) => {
        items.splice(0, items.length, ...order);
      },
      get length() {
        return items.length;
      },
    };
  }

  /** Adds as many of `items` as have room within `maxBytes`; the number of the others goes into `restName`. */
  setBounded(name: string, items: readonly unknown[], restName: string, maxBytes: number): number {
    if (items.length === 0) return 0;
    const list = this.list(name);
    let left = Math.min(maxBytes, this.room);
    for (const item of items) {
      left -= jsonBytes(item) + 1;
      if (left < 0 || !list.has(item)) break;
      list.add(item);
    }
    if (list.length < items.length) this.set(restName, items.length - list.length);
    return list.length;
  }

  whenWritten(action: () => Promise<void>): void {
    this.#onWritten.push(action);
  }

  whenDropped(action: () => Promise<void>): void {
    this.#onDropped.push(action);
  }

  async written(): Promise<void> {
    await runAll(this.#onWritten);
  }

  async dropped(): Promise<void> {
    await runAll(this.#onDropped);
  }

  /** Empties the reply as if it had been dropped, to be made anew. */
  async startOver(): Promise<void> {
    const onDropped = this.#onDropped;
    this.#fields = {};
    this.#onWritten = [];
    this.#onDropped = [];
    this.#notices = undefined;
    this.#bytes = 2;
    await runAll(onDropped);
  }

  toJson(): { readonly [field: string]: unknown } {
    return this.#fields;
  }
}

export interface ReplyList<T = unknown> {
  readonly items: readonly T[];
  add(item: T): void;
  /** Whether there is room for the item, and for `beside` bytes of other fields that go with it. */
  has(item: T, beside?: number): boolean;
  /** Puts the items that it holds, and no others, into another order. */
  arrange(order: readonly T[]): void;
  readonly length: number;
}

export function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}

/** Runs all, and reports the first failure after that. */
async function runAll(actions: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(actions.map((action) => action()));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}
