/**
 * Removes what has run its course: expired mail, records of dead sessions, old receipts and
 * leftovers; gives back what dead sessions had claimed. Done by whoever reads, now and then; one sweeper at a time, and no harm when two meet.
 */
import { isDispatchError } from '../model/errors.js';
import { breathe } from './breathing.js';
import type { Ending } from './endings.js';
import { sweepHooks } from './hook-leftovers.js';
import { inboxKey, readKey } from './keys.js';
import { sweepPace } from './limits/pace-log.js';
import { isExpired, parseName } from './message-name.js';
import { recoverTaken } from './recover.js';
import type { Relay } from './relay.js';
import { sweepSendKeys } from './send-key.js';
import { SteadyTime } from './steady-time.js';
import { wasShown } from './was-shown.js';

/** Its modification time is that of the last sweep. */
export const SWEPT = '.swept';
const INTERVAL_MS = 60_000;
// Bounds what one sync has to carry, what is redone when a sweep is cut short, and how long a signal has to wait.
const BATCH = 100;

type Expired = Pick<Ending, 'key' | 'name'>;

export class Sweeper {
  readonly #time: SteadyTime;
  #lookedAt = 0;

  constructor(
    private readonly relay: Pick<
      Relay,
      | 'store'
      | 'clock'
      | 'agents'
      | 'presence'
      | 'receipts'
      | 'endings'
      | 'refusals'
      | 'topics'
      | 'mail'
      | 'events'
      | 'withdrawals'
      | 'jobs'
    >,
  ) {
    this.#time = new SteadyTime(relay.clock);
  }

  /** Sweeps when nobody did within the last minute, or when `expiredSeen`. False when there was nothing to do or another was at it. */
  async sweepIfDue(expiredSeen: boolean): Promise<boolean> {
    const now = this.relay.clock.now();
    if (!expiredSeen) {
      // A clock that stepped back must not stop the sweeping until it has caught up.
      if (Math.abs(now - this.#lookedAt) < INTERVAL_MS) return false;
      this.#lookedAt = now;
      const swept = await this.relay.store.read(SWEPT, 0);
      if (swept !== undefined && Math.abs(now - swept.modifiedAt) < INTERVAL_MS) return false;
    }
    return this.sweep();
  }

  /** Sweeps the whole relay. False when another process is at it. */
  async sweep(): Promise<boolean> {
    return this.relay.store.exclusively('sweep', async () => {
      await this.relay.store.put(SWEPT, '');
      for (const owner of await this.relay.agents.inboxes()) {
        await this.#sweepInbox(owner);
      }
      const lost = await this.relay.presence.sweep();
      await this.relay.events.note(...lost.map((session) => ({ event: 'session_lost' as const, ...session })));
      const now = this.#time.now();
      await this.relay.jobs.sweep(now);
      await this.relay.receipts.sweep(now);
      await this.relay.events.sweep(now);
      await sweepSendKeys(this.relay, now);
      await this.relay.withdrawals.sweep(now);
      await this.relay.refusals.sweep(now);
      await this.relay.topics.sweep();
      await sweepPace(this.relay.store, now);
      await sweepHooks(this.relay.store, now);
      await this.relay.store.tidy();
    });
  }

  /** What is wrong with one inbox costs only that one. */
  async #sweepInbox(owner: string): Promise<void> {
    await breathe();
    try {
      await this.relay.endings.finish(owner);
      await recoverTaken(this.relay, owner);
      await this.#expire(owner);
    } catch (error) {
      if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    }
  }

  async #expire(owner: string): Promise<void> {
    const now = this.#time.now();
    const scan = await this.relay.mail.scan(owner, false);
    const expired = scan.expired.filter(({ name }) => isExpired(name, now));
    await this.#end(
      owner,
      expired.map(({ fileName, name }) => ({ key: inboxKey(owner, fileName), name })),
    );
    const read: Expired[] = [];
    for (const fileName of await this.relay.store.list(readKey(owner))) {
      const name = parseName(fileName);
      if (name !== undefined && isExpired(name, now)) read.push({ key: readKey(owner, fileName), name });
    }
    await this.#end(owner, read);
  }

  async #end(owner: string, mail: readonly Expired[]): Promise<void> {
    for (let start = 0; start < mail.length; start += BATCH) {
      const ending: Ending[] = [];
      for (const one of mail.slice(start, start + BATCH)) {
        ending.push({ ...one, state: 'expired', was: await wasShown(this.relay.store, one.key, one.name) });
      }
      const ended = await this.relay.endings.endOpen(owner, ending);
      await this.relay.events.note(
        ...ending
          .filter((_, index) => ended[index])
          .map(({ name: { id, from }, was }) => ({ event: 'expired' as const, id, from, to: owner, was })),
      );
      // What is no file has no end: it is set aside, or every sweep would meet it again.
      for (const { key, name } of ending.filter((_, index) => !ended[index])) {
        await this.relay.mail.openAt(owner, key, { fileName: key.slice(key.lastIndexOf('/') + 1), name });
      }
      await breathe();
    }
  }
}
