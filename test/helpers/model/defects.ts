/** Stores that break a promise of the port every third time and say nothing: what a proof must notice to be one. */
import type { CreateOutcome, Entry, Store } from '../../../src/store/store.js';
import { withFaults } from '../relay-world.js';

export type Defect = (store: Store) => Store;

/** What the store does otherwise; `now` is true every third time that it is asked. */
type Faults = (store: Store, now: () => boolean) => Partial<Store>;

const isMail = (key: string) => /^[a-z]+\/\d/.test(key);
const isTaken = (key: string) => key.includes('/taken/');
const isKept = (key: string) => key.includes('/read/');
const isReceipt = (key: string) => key.startsWith('.receipts/');
const isGivenBack = (from: string, to: string) => isTaken(from) && isMail(to);

const FAULTS: readonly (readonly [what: string, faults: Faults])[] = [
  ['says "created" without creating', forgetting(isMail)],
  [
    'publishes mail and then deletes it',
    (store, now) => ({
      async createAll(entries, options) {
        const outcomes = await store.createAll(entries, options);
        for (const { key } of entries) if (isMail(key) && now()) await store.remove(key);
        return outcomes;
      },
    }),
  ],
  ['loses receipts', forgetting(isReceipt)],
  ['leaves a copy in the inbox when mail is claimed', moving((_, to) => isTaken(to), copy)],
  ['leaves a copy behind when a reply was written', moving((_, to) => isKept(to), copy)],
  [
    'does not move what was shown',
    moving(
      (_, to) => isKept(to),
      async () => {},
    ),
  ],
  ['loses mail that is given back', moving(isGivenBack, (store, from) => store.remove(from))],
  [
    'gives mail back to somebody else',
    moving(isGivenBack, (store, from, to) => store.move(from, to.replace(/^[a-z]+/, 'human'))),
  ],
  [
    'forgets that mail comes a second time',
    (store) => ({ move: (from, to) => store.move(from, to.replace('~r.json', '.json')) }),
  ],
  [
    'says that mail has ended and leaves it where it is',
    (store, now) => ({
      moveAll: async (moves, options) => (now() ? moves.map(() => true) : store.moveAll(moves, options)),
    }),
  ],
  [
    'leaves a name out of its listings',
    (store, now) => ({
      list: async (prefix) => (await store.list(prefix)).filter((name) => !isMail(`${prefix}/${name}`) || !now()),
    }),
  ],
];

/**
 * Each with what it does wrong. What `begin` gives counts over all stores that it is given, from nothing: test files share
 * this module, and what a test finds must not depend on which of them came before.
 */
export const DEFECTS: readonly (readonly [what: string, begin: () => Defect])[] = FAULTS.map(([what, faults]) => [
  what,
  () => {
    let times = 0;
    return (store) =>
      withFaults(
        store,
        faults(store, () => ++times % 3 === 0),
      );
  },
]);

/** Says of some entries that they were created, and creates the others. */
function forgetting(concerns: (key: string) => boolean): Faults {
  return (store, now) => ({
    async createAll(entries: readonly Entry[], options) {
      const dropped = entries.map(({ key }) => concerns(key) && now());
      const kept = entries.filter((_, index) => !dropped[index]);
      const outcomes = await store.createAll(kept, options);
      return dropped.map((isDropped) => (isDropped ? { state: 'created' } : (outcomes.shift() as CreateOutcome)));
    },
  });
}

/** Does something else than to move, and says that it moved. */
function moving(
  concerns: (from: string, to: string) => boolean,
  instead: (store: Store, from: string, to: string) => Promise<unknown>,
): Faults {
  return (store, now) => ({
    async move(from, to) {
      if (!concerns(from, to) || !now()) return store.move(from, to);
      await instead(store, from, to);
      return true;
    },
  });
}

async function copy(store: Store, from: string, to: string): Promise<void> {
  const read = await store.read(from, 1_000_000);
  if (read?.ok === true) await store.put(to, read.bytes);
}
