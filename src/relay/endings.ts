/**
 * How a copy of a message ends, for whoever ends it: acknowledged, expired, refused, superseded or quarantined.
 *
 * 1. The copy is moved to `ended/` of its reader, under a name that says which end, when, and whether it had been shown. Of
 *    several who would end it, or show it, one moves it: this decides, and nothing can change it any more. Synced.
 * 2. The receipt for its sender, with the same time. Synced.
 * 3. The file is removed, or, where it is no message, goes to the quarantine.
 *
 * Who dies behind the first step leaves a copy in `ended/`, which is over for its reader and tells a sender who asks. A
 * sweep does the rest. A receipt that came first, and decided, would not do: two can write one each, and whoever finds that
 * its own is not true may be killed before it has taken it back.
 */
import type { Clock } from '../model/clock.js';
import { isDispatchError } from '../model/errors.js';
import type { Store } from '../store/store.js';
import { namesInFolder } from './folder-names.js';
import { endedKey, endedName, parseEndedMark } from './keys.js';
import { type MessageName, parseName, SUFFIX } from './message-name.js';
import type { Quarantine } from './quarantine.js';
import type { End } from './receipt-name.js';
import type { Receipts } from './receipts.js';
import type { WasShown } from './was-shown.js';

/** A copy that is to end, and how. */
export interface Ending {
  readonly key: string;
  readonly name: MessageName;
  readonly state: End;
  readonly was: WasShown;
}

/** A copy that has ended, in `ended/`. */
interface Ended extends Ending {
  readonly at: number;
}

// The one who found out died before it wrote down why.
const REASON_LOST = 'it is no message';

export class Endings {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly receipts: Receipts,
    private readonly quarantine: Quarantine,
  ) {}

  /**
   * Ends copies of `owner`; gives which of them, in their order. False is one that was claimed, moved or ended meanwhile, or
   * is a folder: of it nothing has changed.
   * @throws DispatchError `STORE_UNAVAILABLE` when one could not be moved, or the moves could not be synced; `outcome` says
   * whether some may have ended. A receipt that cannot be written now is no error: the end stands, and a sweep writes it.
   */
  async end(owner: string, endings: readonly Ending[]): Promise<boolean[]> {
    const ended = endings.map((ending) => this.#ended(owner, ending));
    const moves = endings.map(({ key }, index) => ({ from: key, to: (ended[index] as Ended).key }));
    const moved = await this.store.moveAll(moves, { durable: true });
    const over = ended.filter((_, index) => moved[index]);
    await this.#concludeIfPossible(owner, over);
    return moved;
  }

  /**
   * `end`, where nobody asks for the end of a certain message and the mail may be old: what has an end on record already,
   * since another program has put it back, or a power cut, is only removed, and false.
   */
  async endOpen(owner: string, endings: readonly Ending[]): Promise<boolean[]> {
    const open = await this.receipts.withoutEnd(owner, endings);
    const places = new Map(open.map((one, index) => [one, index]));
    const over = endings.filter((one) => !places.has(one));
    if (over.length > 0) await this.store.removeAll(over.map(({ key }) => key));
    const ended = await this.end(owner, open);
    return endings.map((one) => ended[places.get(one) ?? -1] === true);
  }

  /** Ends a copy that is no message, whatever kind of file it is: it is kept in the quarantine. As `end`, of one. */
  async setAside(owner: string, key: string, name: MessageName, reason: string): Promise<boolean> {
    const ended = this.#ended(owner, { key, name, state: 'quarantined', was: 'unread' });
    if (!(await this.store.move(key, ended.key, { durable: true }))) return false;
    await this.#concludeIfPossible(owner, [ended], reason);
    return true;
  }

  /** Does what is left to do of ends of `owner`'s mail. False when something is left still: a receipt could not be written. */
  async finish(owner: string): Promise<boolean> {
    const left = (await namesInFolder(this.store, endedKey(owner))).flatMap((fileName): Ended[] => {
      const name = parseName(fileName);
      const mark = parseEndedMark(name?.mark ?? '');
      return name === undefined || mark === undefined ? [] : [{ key: endedKey(owner, fileName), name, ...mark }];
    });
    if (left.length === 0) return true;
    // Whoever moved them may have died before the sync.
    await this.store.moveAll(
      left.map(({ key }) => ({ from: key, to: key })),
      { durable: true },
    );
    return this.#conclude(owner, left, await this.receipts.withoutEnd(owner, left));
  }

  async #concludeIfPossible(owner: string, ended: readonly Ended[], reason?: string): Promise<void> {
    try {
      await this.#conclude(owner, ended, ended, reason);
    } catch (error) {
      if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
    }
  }

  /** Writes the receipts of `untold`, and clears away each of `ended` that has its own. True when that is all of them. */
  async #conclude(
    owner: string,
    ended: readonly Ended[],
    untold: readonly Ended[],
    reason = REASON_LOST,
  ): Promise<boolean> {
    const outcomes = await this.store.createAll(
      untold.map(({ name: { from, id }, state, was, at }) =>
        this.receipts.entry(from, { id, to: owner, state, how: was }, at),
      ),
    );
    // Without its receipt the sender would never learn of it: it stays until there is one.
    const unrecorded = new Set(untold.filter((_, index) => outcomes[index]?.state === 'failed'));
    const recorded = ended.filter((one) => !unrecorded.has(one));
    const mail = recorded.filter(({ state }) => state !== 'quarantined');
    // What comes back after a power cut has its receipt, and goes again.
    await this.store.removeAll(
      mail.map(({ key }) => key),
      { durable: false },
    );
    for (const { key, name, state } of recorded)
      if (state === 'quarantined') await this.quarantine.take(key, owner, name.core + SUFFIX, reason);
    return unrecorded.size === 0;
  }

  #ended(owner: string, { name, state, was }: Ending): Ended {
    const at = this.clock.now();
    return { key: endedKey(owner, endedName(name.core, state, was, at)), name, state, was, at };
  }
}
