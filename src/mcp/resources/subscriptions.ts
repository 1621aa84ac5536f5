/**
 * Tells the client which of the resources that it subscribed to have changed. A hint makes it prompt, a poll is the truth:
 * what is read now is compared with what was read last.
 *
 * A subscription is *resting* until a hint or its poll is due, then *looking*; a hint that comes while it looks makes it
 * look again. Between two looks lies at least the pause of its resource, so that no resource is announced more often.
 */
import type { Clock } from '../../model/clock.js';
import type { Arrivals } from '../../relay/arrivals.js';
import { ProtocolError } from '../protocol-error.js';
import type { Resource } from './uri.js';

interface Subscription {
  readonly uri: string;
  readonly resource: Resource;
  fingerprint: string;
  /** By the steady clock. */
  lookedAt: number;
  looking: boolean;
  hinted: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface SubscriptionsOptions {
  readonly clock: Clock;
  /** Differs when the resource has changed. */
  readonly fingerprint: (resource: Resource) => Promise<string>;
  /** Tells the client. Must not wait before it writes: nothing may be said of what was unsubscribed meanwhile. */
  readonly updated: (uri: string) => void;
  /** One line for the person at the terminal. */
  readonly log: (text: string) => void;
}

const POLL_MS = 10_000;
// Mail is listed from one folder; a roll call looks at every agent, and nothing hints at what it finds.
const PAUSE_MS = { inbox: 1000, thread: 1000, agents: POLL_MS } as const;
/** Of one connection. Each costs a look every ten seconds. */
export const MOST_SUBSCRIPTIONS = 100;

const INVALID_REQUEST = -32600;

export class Subscriptions {
  readonly #all = new Map<string, Subscription>();
  #stopListening: (() => void) | undefined;
  #failing = false;

  constructor(private readonly options: SubscriptionsOptions) {}

  /**
   * From now on changes of the resource are announced under `uri`; promptly where the arrivals of its mail are given.
   * @throws ProtocolError when there are too many, and what `fingerprint` throws; then nothing is subscribed.
   */
  async add(uri: string, resource: Resource, arrivals?: Pick<Arrivals, 'subscribe'>): Promise<void> {
    if (this.#all.has(uri)) return;
    if (this.#all.size === MOST_SUBSCRIPTIONS) {
      throw new ProtocolError(
        INVALID_REQUEST,
        `This client is subscribed to ${MOST_SUBSCRIPTIONS} resources, which is the most. Unsubscribe from one first.`,
      );
    }
    const one: Subscription = {
      uri,
      resource,
      fingerprint: '',
      lookedAt: Number.NEGATIVE_INFINITY,
      looking: true,
      hinted: false,
      timer: undefined,
    };
    this.#all.set(uri, one);
    if (arrivals !== undefined) this.#listen(arrivals);
    try {
      // Before the client is answered: what happens after that is a change.
      one.fingerprint = await this.options.fingerprint(resource);
    } catch (error) {
      if (this.#all.get(uri) === one) this.remove(uri);
      throw error;
    }
    this.#rest(one);
  }

  /** From now on nothing is said of `uri`. */
  remove(uri: string): void {
    clearTimeout(this.#all.get(uri)?.timer);
    this.#all.delete(uri);
    if ([...this.#all.values()].some(({ resource }) => resource.kind !== 'agents')) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Something may have changed. */
  hint(): void {
    for (const one of this.#all.values()) {
      if (one.looking) one.hinted = true;
      else this.#schedule(one, PAUSE_MS[one.resource.kind]);
    }
  }

  #listen(arrivals: Pick<Arrivals, 'subscribe'>): void {
    let seen: ReadonlySet<string> = new Set();
    this.#stopListening ??= arrivals.subscribe({
      looked: (pending) => {
        const names = new Set(pending.map(({ fileName }) => fileName));
        const isSame = names.size === seen.size && [...names].every((name) => seen.has(name));
        seen = names;
        if (!isSame) this.hint();
      },
    });
  }

  #schedule(one: Subscription, afterMs: number): void {
    clearTimeout(one.timer);
    if (this.#all.get(one.uri) !== one) return;
    const dueInMs = one.lookedAt + afterMs - this.options.clock.steady();
    one.timer = setTimeout(() => void this.#look(one), Math.max(0, dueInMs));
    one.timer.unref();
  }

  async #look(one: Subscription): Promise<void> {
    one.looking = true;
    one.hinted = false;
    try {
      const fingerprint = await this.options.fingerprint(one.resource);
      this.#failing = false;
      const hasChanged = fingerprint !== one.fingerprint;
      one.fingerprint = fingerprint;
      if (hasChanged && this.#all.get(one.uri) === one) this.options.updated(one.uri);
    } catch (error) {
      if (!this.#failing) this.options.log(`A resource could not be looked at: ${describe(error)}`);
      this.#failing = true;
    }
    this.#rest(one);
  }

  #rest(one: Subscription): void {
    one.looking = false;
    one.lookedAt = this.options.clock.steady();
    this.#schedule(one, one.hinted ? PAUSE_MS[one.resource.kind] : POLL_MS);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
