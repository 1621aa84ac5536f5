/**
 * A view of a store for whoever asks one moment the same questions again and again: what a listing or a value was is remembered
 * until `anew`. For comparisons, while which nothing else happens.
 */
import type { Store } from '../../../src/store/store.js';
import { withFaults } from '../relay-world.js';

export class Glance {
  readonly store: Store;
  readonly #listings = new Map<string, ReturnType<Store['list']>>();
  readonly #values = new Map<string, ReturnType<Store['read']>>();

  constructor(store: Store) {
    this.store = withFaults(store, {
      list: (prefix) => remembered(this.#listings, prefix, () => store.list(prefix)),
      read: (key, maxBytes) => remembered(this.#values, `${maxBytes} ${key}`, () => store.read(key, maxBytes)),
    });
  }

  anew(): void {
    this.#listings.clear();
    this.#values.clear();
  }
}

function remembered<T>(known: Map<string, T>, key: string, find: () => T): T {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}
