/**
 * Decides whether a message may be published, and for whom. Limits bound what an agent can do to the others, by mistake or
 * in a loop; they are no defence against another program of the same user, which can write files as it likes.
 *
 * Where a limit cannot be counted (an I/O error, a missing right), what is known in this process decides, and the person at the terminal is told
 * once: an error of bookkeeping must not hold back mail that can be stored.
 */
import { HUMAN } from '../../model/agent-id.js';
import type { Clock } from '../../model/clock.js';
import { type DispatchError, isDispatchError } from '../../model/errors.js';
import type { Store } from '../../store/store.js';
import type { EventLog } from '../events.js';
import type { Refusals } from '../refusals.js';
import { InboxLoads } from './inbox-load.js';
import { Pace, type Utterance } from './pace.js';
import { heardBy, notePace, paceName } from './pace-log.js';
import { inboxFull, saysTooMuch, sendsTooOften } from './refusal-errors.js';
import { SendRate } from './send-rate.js';
import { keyOf, type LimitName, type LimitSettings, type Met, settingOf } from './settings.js';

export interface Outgoing {
  readonly from: string;
  readonly recipients: readonly string[];
  readonly threadId: string | null;
  /** As stored. */
  readonly bytes: number;
  /**
   * Mail of this program about a job: no limit holds it back, since they were asked when the job was submitted. An offer
   * counts like any message; a report of what became of it is no word of an agent, and counts for no conversation.
   */
  readonly ofJob?: 'offer' | 'report' | undefined;
}

/** Leave to publish. Its place is held until `settle`, also against other sends of this process. */
export interface Admission {
  /** Whose inboxes take it; never empty. */
  readonly recipients: readonly string[];
  readonly refused: readonly { readonly to: string; readonly code: 'INBOX_FULL'; readonly limit: string }[];
  /** It was published under the name `core`, and may be in the inboxes of `to`; of nobody when it failed. Once. */
  settle(core: string, to: readonly string[]): void;
  /** Records what other processes must know. For when the answer is out; never fails. */
  followUp(): Promise<void>;
}

// What this process has lately counted; a sender has few names, and talks in few threads at a time.
const MOST_KEPT = 64;

export class Limits {
  readonly #loads: InboxLoads;
  readonly #rates = new Map<string, SendRate>();
  readonly #paces = new Map<string, Pace>();
  readonly #warned = new Set<LimitName>();

  constructor(
    private readonly settings: LimitSettings,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly events: EventLog,
    private readonly refusals: Refusals,
    private readonly warn: (text: string) => void,
  ) {
    this.#loads = new InboxLoads(store, clock, settings);
  }

  /**
   * Leave for a message, or for some of its recipients: full inboxes are left out one by one. A refusal is noted in the
   * event log, and for the recipients' next replies. Urgent mail is held to all of it. The human is held only to what inboxes can hold.
   * @throws DispatchError `RATE_LIMITED`, `INBOX_FULL` when nobody is left; nothing was published then.
   */
  async admit(outgoing: Outgoing): Promise<Admission> {
    const { from, recipients, bytes } = outgoing;
    const rate = outgoing.ofJob !== undefined ? undefined : await this.#rateOf(from);
    const pace = await this.#paceOf(outgoing);
    for (const to of this.#loads.areLimited ? recipients : []) {
      await this.#known('inbox_messages', () => this.#loads.refresh(to, bytes));
    }
    // From here to the reservation nothing waits, so that sends side by side cannot take the same place.
    const { sendsPerMinute = 0, threadMessagesPerHour = 0 } = this.settings;
    const freeAt = rate?.fullUntil(sendsPerMinute);
    if (freeAt !== undefined) {
      const met: Met = { limit: 'sends_per_minute', max: sendsPerMinute };
      throw await this.#refused(outgoing, met, recipients, sendsTooOften(from, met, freeAt, this.clock.now()));
    }
    const tooMuch = pace?.tooMuch(from, recipients, threadMessagesPerHour);
    if (tooMuch !== undefined) {
      const met: Met = { limit: 'thread_messages_per_hour', max: threadMessagesPerHour };
      throw await this.#refused(outgoing, met, recipients, saysTooMuch(met, tooMuch, this.clock.now()));
    }
    const full = recipients.flatMap((to) => {
      const met = outgoing.ofJob !== undefined ? undefined : this.#loads.fullFor(to, bytes);
      return met === undefined ? [] : [{ to, met }];
    });
    const error = full.length === recipients.length ? inboxFull(full, bytes) : undefined;
    const names = new Set(full.map(({ to }) => to));
    const admission =
      error ??
      this.#admission(
        outgoing,
        recipients.filter((to) => !names.has(to)),
        full,
        rate,
        pace,
      );
    for (const limit of ['inbox_messages', 'inbox_bytes'] as const) {
      const [first, ...others] = full.filter(({ met }) => met.limit === limit);
      if (first === undefined) continue;
      await this.#note(
        from,
        first.met,
        [first, ...others].map(({ to }) => to),
        'INBOX_FULL',
      );
    }
    if (isDispatchError(admission)) throw admission;
    return admission;
  }

  #admission(
    outgoing: Outgoing,
    recipients: readonly string[],
    full: readonly { readonly to: string; readonly met: Met }[],
    rate: SendRate | undefined,
    pace: Pace | undefined,
  ): Admission {
    const { from, threadId, bytes, ofJob } = outgoing;
    for (const to of recipients) this.#loads.add(to, 1, bytes);
    const counted = rate?.reserve();
    const said = pace?.reserve(from, heardBy(recipients));
    let happened = false;
    return {
      recipients,
      refused: full.map(({ to, met }) => ({ to, code: 'INBOX_FULL', limit: settingOf(met) })),
      settle: (core, to) => {
        happened = to.length > 0;
        for (const missed of recipients) if (!to.includes(missed)) this.#loads.add(missed, -1, -bytes);
        if (counted !== undefined) rate?.settle(counted, happened ? core : undefined);
        if (said !== undefined) pace?.settle(said, happened);
      },
      followUp: async () => {
        if (happened && ofJob !== 'report') await this.#record(from, threadId, recipients, pace, said);
      },
    };
  }

  async #record(
    from: string,
    threadId: string | null,
    recipients: readonly string[],
    pace: Pace | undefined,
    said: Utterance | undefined,
  ): Promise<void> {
    if ((this.settings.threadMessagesPerHour ?? 0) === 0 || isOfNoPace(from, recipients)) return;
    try {
      await notePace(this.store, threadId, said ?? { at: this.clock.now(), from, to: heardBy(recipients) });
    } catch {
      // The others count one less.
      if (said !== undefined) pace?.unrecorded(said);
    }
  }

  async #rateOf(from: string): Promise<SendRate | undefined> {
    if ((this.settings.sendsPerMinute ?? 0) === 0 || from === HUMAN) return undefined;
    const rate = kept(this.#rates, from, () => new SendRate(this.store, this.clock, from));
    await this.#known('sends_per_minute', () => rate.refresh());
    return rate;
  }

  async #paceOf({ from, recipients, threadId, ofJob }: Outgoing): Promise<Pace | undefined> {
    if (ofJob !== undefined) return undefined;
    if ((this.settings.threadMessagesPerHour ?? 0) === 0 || from === HUMAN || isOfNoPace(from, recipients))
      return undefined;
    const name = paceName(threadId);
    const pace = kept(this.#paces, name, () => new Pace(this.store, this.clock, name));
    await this.#known('thread_messages_per_hour', () => pace.refresh());
    return pace;
  }

  async #known(limit: LimitName, count: () => Promise<void>): Promise<void> {
    try {
      await count();
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      if (this.#warned.has(limit)) return;
      this.#warned.add(limit);
      this.warn(`What counts for ${keyOf(limit)} could not be read; mail goes on with what is known. ${error.message}`);
    }
  }

  async #refused({ from }: Outgoing, met: Met, to: readonly string[], error: DispatchError): Promise<DispatchError> {
    await this.#note(from, met, to, error.code);
    return error;
  }

  async #note(from: string, met: Met, to: readonly string[], code: string): Promise<void> {
    await this.refusals.mark(from, met, to);
    await this.events.note({ event: 'refused', from, to, code, limit: keyOf(met.limit) });
  }
}

/** The human reads at its own pace, and a note to oneself is no conversation: what goes there alone is in no loop. */
function isOfNoPace(from: string, recipients: readonly string[]): boolean {
  return recipients.every((to) => to === HUMAN || to === from);
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const value = map.get(key) ?? make();
  // The one used last stands last.
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MOST_KEPT && oldest !== undefined) map.delete(oldest);
  return value;
}
