/**
 * A relay in memory whose time and processes belong to the test: several "machines processes" over one store, each with its
 * own identity, that can be killed, put out of sight, or have their number reused.
 */
import type { Clock } from '../../src/model/clock.js';
import type { Message } from '../../src/model/message.js';
import { Alerts } from '../../src/relay/alerts.js';
import { Arrivals } from '../../src/relay/arrivals.js';
import type { Claim, ClaimOptions } from '../../src/relay/claim.js';
import type { Inbox } from '../../src/relay/inbox.js';
import { LOG } from '../../src/relay/keys.js';
import type { Draft, Sent } from '../../src/relay/outbox.js';
import { Relay, type RelayOptions } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import { MemoryStore } from '../../src/store/memory/memory-store.js';
import type { Liveness, Processes, ProcessIdentity } from '../../src/store/processes.js';
import type { Store } from '../../src/store/store.js';

/** 2026-02-17T20:30:00Z */
export const START = 1_771_360_200_000;

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Stands still until it is moved. */
export class TestClock implements Clock {
  #now = START;
  #steady = 0;

  now(): number {
    return this.#now;
  }

  steady(): number {
    return this.#steady;
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#now += ms;
    this.#steady += ms;
  }

  /** Somebody sets the clock. */
  set(ms: number): void {
    this.#now = ms;
  }
}

/** The processes of the machine: alive until killed, also while stopped. What is not listed is dead, what is elsewhere is unknown. */
export class TestProcesses {
  readonly #alive = new Map<number, string>();
  readonly #stopped = new Set<number>();
  #nextPid = 1000;

  start(pid = this.#nextPid++): ProcessIdentity {
    const start = `tick-${pid}-${this.#alive.size}-${this.#nextPid++}`;
    this.#alive.set(pid, start);
    return { pid, host: 'here', boot: 'boot-1', namespace: 'ns-1', start };
  }

  kill(pid: number): void {
    this.#alive.delete(pid);
  }

  /** As SIGSTOP does, until `resume`. */
  stop(pid: number): void {
    this.#stopped.add(pid);
  }

  resume(pid: number): void {
    this.#stopped.delete(pid);
  }

  check({ pid, host, boot, namespace, start }: ProcessIdentity): Liveness {
    if (host !== 'here' || (namespace !== undefined && namespace !== 'ns-1')) return 'unknown';
    if (boot !== undefined && boot !== 'boot-1') return 'dead';
    const running = this.#alive.get(pid);
    if (running === undefined) return 'dead';
    if (start !== undefined && start !== running) return 'dead';
    return this.#stopped.has(pid) ? 'stopped' : 'alive';
  }
}

export interface TestProcess {
  readonly relay: Relay;
  readonly identity: ProcessIdentity;
  session(agent: string): Promise<Session>;
  /** As kill -9: nothing is cleaned up. */
  kill(): void;
}

export class RelayWorld {
  readonly clock = new TestClock();
  readonly processes = new TestProcesses();
  readonly memory = new MemoryStore(this.clock);
  readonly warnings: string[] = [];
  readonly #sessions: Session[] = [];
  readonly #alerts: Alerts[] = [];

  constructor(private readonly options: Partial<RelayOptions> & { wrap?: (store: Store) => Store } = {}) {}

  get store(): Store {
    return this.options.wrap?.(this.memory) ?? this.memory;
  }

  /** A server process of its own over the shared store. `elsewhere` is one that cannot be seen from the others. */
  process({
    elsewhere = false,
    pid,
    store = this.store,
  }: {
    elsewhere?: boolean;
    pid?: number;
    store?: Store;
  } = {}): TestProcess {
    const here = this.processes.start(pid);
    const identity = elsewhere ? { ...here, host: 'elsewhere' } : here;
    const processes: Processes = {
      self: () => identity,
      check: (process) =>
        process.host === identity.host ? this.processes.check({ ...process, host: 'here' }) : 'unknown',
    };
    const { wrap: _wrap, ...options } = this.options;
    const relay = new Relay({
      store,
      processes,
      clock: this.clock,
      warn: (text) => this.warnings.push(text),
      ...options,
    });
    return {
      relay,
      identity,
      session: async (agent) => {
        const session = relay.session(agent);
        this.#sessions.push(session);
        await session.begin();
        return session;
      },
      kill: () => this.processes.kill(identity.pid),
    };
  }

  /** A present session of `agent` in a process of its own. */
  async session(agent: string): Promise<Session> {
    return this.process().session(agent);
  }

  alerts(agent: string, relay: Relay, lines: string[], store: Store = this.store): Alerts {
    const warn = (text: string) => lines.push(`[dispatch] ${text}`);
    const arrivals = new Arrivals(agent, { store, mail: relay.mail, clock: this.clock }, { watch: true, warn });
    const alerts = new Alerts(agent, relay.mail, arrivals, (line) => lines.push(line));
    this.#alerts.push(alerts);
    return alerts;
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.memory.put(key, typeof value === 'string' ? value : JSON.stringify(value));
  }

  /** Every key of the store below `prefix`, sorted, records included; the event log only when it is asked for. */
  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for (const name of await this.memory.list(prefix)) {
      if (prefix === '' && name === LOG) continue;
      const key = prefix === '' ? name : `${prefix}/${name}`;
      const below = await this.keys(key);
      if (below.length === 0) keys.push(key);
      else keys.push(...below);
    }
    return keys.sort();
  }

  /** Stops the timers of the sessions and alerts that were made here. */
  async close(): Promise<void> {
    for (const alerts of this.#alerts) await alerts.close();
    for (const session of this.#sessions) await session.end().catch(() => {});
  }
}

/** Sends and gives the id. */
export async function send(
  from: Session,
  target: string,
  content: string,
  draft: Partial<Draft> = {},
): Promise<string> {
  return (await sent(from, target, content, draft)).message.id;
}

export async function sent(from: Session, target: string, content: string, draft: Partial<Draft> = {}): Promise<Sent> {
  return from.send({ target, content, ...draft });
}

/** Claims everything, as a reply without limits would. */
export async function claimAll(inbox: Inbox, options: Partial<ClaimOptions> = {}): Promise<Claim> {
  return inbox.claim({ by: 'peek', limit: 100_000, offer: () => () => {}, ...options });
}

/** Claims and commits; gives the contents in the order of the reply. */
export async function read(session: Session, options: Partial<ClaimOptions> = {}): Promise<string[]> {
  const claim = await claimAll(session.inbox, options);
  await claim.commit();
  return contents(claim);
}

export function contents(claim: Claim): string[] {
  return claim.delivered.map(({ message }) => message.content);
}

/** A message as another program writes it; fields can be replaced, or left out with undefined. */
export function foreignMessage(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const message: Partial<Record<keyof Message, unknown>> = {
    id: 'msg-foreign00001',
    from: 'alice',
    to: 'bob',
    timestamp: new Date(START).toISOString(),
    content: 'hello from elsewhere',
    state: 'pending',
  };
  return { ...message, ...fields };
}

/** The store, with some operations replaced. */
export function withFaults(store: Store, faults: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, property) {
      const replaced = Reflect.get(faults, property);
      if (replaced !== undefined) return replaced;
      const value = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
