/** The domain over one store: what the facade and the commands call. */
import type { Clock } from '../model/clock.js';
import { systemClock } from '../model/clock.js';
import { newSessionId } from '../model/ids.js';
import { MAX_TASK_BYTES } from '../model/job.js';
import type { Processes } from '../store/processes.js';
import type { Store } from '../store/store.js';
import { Agents } from './agents.js';
import { Arrivals, type ArrivalsOptions } from './arrivals.js';
import { Endings } from './endings.js';
import { EventLog } from './events.js';
import { Inbox } from './inbox.js';
import type { SpawnTarget } from './jobs/autospawn.js';
import { Jobs } from './jobs/jobs.js';
import type { LaneList } from './jobs/lane-list.js';
import { Kept } from './kept.js';
import { Limits } from './limits/limits.js';
import type { LimitSettings } from './limits/settings.js';
import { Listeners } from './listening.js';
import { LogReader } from './log-reader.js';
import { Mail } from './mail.js';
import { NameClock } from './name-clock.js';
import { type Draft, Outbox, type Published, type Sent } from './outbox.js';
import { Presence } from './presence.js';
import { Quarantine } from './quarantine.js';
import { Receipts } from './receipts.js';
import { Refusals } from './refusals.js';
import { RollCall } from './roll-call.js';
import { Roster } from './roster.js';
import { type Naming, Session } from './session.js';
import { Slots } from './slots.js';
import { Sweeper } from './sweep.js';
import { Topics } from './topics.js';
import { Withdrawals } from './withdrawals.js';

export interface RelayOptions {
  readonly store: Store;
  readonly processes: Processes;
  readonly clock?: Clock;
  /** The names that exist; undefined for dynamic mode. */
  readonly roster?: readonly string[] | undefined;
  /** Bytes of a stored message. @default 65536 */
  readonly maxMessageBytes?: number;
  /** Seconds; 0 is never. @default 0 */
  readonly defaultTtlSeconds?: number;
  /** Seconds that receipts are kept, at least a day. @default 604800 */
  readonly receiptRetentionSeconds?: number;
  /** Seconds that the event log is kept. @default 2592000 */
  readonly logRetentionSeconds?: number;
  /** Whether the event log holds the text of messages. @default false */
  readonly logContent?: boolean;
  /** What an agent may do to the others. @default no limit */
  readonly limits?: LimitSettings;
  /** Whether to watch for mail; without, it is looked for. @default true */
  readonly watch?: boolean;
  /** Topics that each session joins when it first shows itself, without their mark. @default none */
  readonly sessionTopics?: readonly string[];
  /** Names that the operator has written an executor for: workers do their jobs. @default none */
  readonly executors?: readonly string[];
  /** The lanes that the operator allows. @default none */
  readonly lanes?: LaneList | undefined;
  /** The workers that servers start by themselves. @default none */
  readonly autospawn?: readonly SpawnTarget[];
  /** For the person at the terminal: quarantined files, unreadable ones. */
  readonly warn?: (text: string) => void;
}

export class Relay {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: LogReader;
  readonly presence: Presence;
  readonly listeners: Listeners;
  readonly agents: Agents;
  readonly topics: Topics;
  readonly receipts: Receipts;
  readonly endings: Endings;
  readonly withdrawals: Withdrawals;
  readonly refusals: Refusals;
  readonly limits: Limits;
  readonly mail: Mail;
  readonly rollCall: RollCall;
  readonly sweeper: Sweeper;
  readonly roster: Roster | undefined;
  readonly slots: Slots;
  readonly jobs: Jobs;
  readonly sessionTopics: readonly string[];
  readonly warn: (text: string) => void;
  readonly #outbox: Outbox;
  readonly #arrivals: ArrivalsOptions;

  constructor(options: RelayOptions) {
    const { store, processes, clock = systemClock, roster, warn = () => {} } = options;
    this.store = store;
    this.#arrivals = { watch: options.watch ?? true, warn };
    this.warn = warn;
    this.sessionTopics = options.sessionTopics ?? [];
    this.clock = clock;
    this.events = new EventLog(
      store,
      clock,
      (options.logRetentionSeconds ?? 2_592_000) * 1000,
      options.logContent ?? false,
    );
    this.log = new LogReader(store, clock);
    this.presence = new Presence(store, clock, processes);
    this.listeners = new Listeners(this.presence, clock);
    this.topics = new Topics(store, clock, this.events, roster);
    this.agents = new Agents(roster, store, clock, this.presence, this.topics);
    const receiptRetentionMs = (options.receiptRetentionSeconds ?? 604_800) * 1000;
    this.receipts = new Receipts(store, clock, receiptRetentionMs);
    const quarantine = new Quarantine(store, warn);
    this.endings = new Endings(store, clock, this.receipts, quarantine);
    this.withdrawals = new Withdrawals(this, receiptRetentionMs);
    this.refusals = new Refusals(store, receiptRetentionMs);
    this.limits = new Limits(options.limits ?? {}, store, clock, this.events, this.refusals, warn);
    this.mail = new Mail(store, clock, quarantine, this.endings, this.events, warn);
    this.rollCall = new RollCall(this.agents, this.presence, this.mail, this.topics, clock);
    this.sweeper = new Sweeper(this);
    this.roster = roster === undefined ? undefined : new Roster(roster, store, this.presence, processes);
    this.slots = new Slots(this, processes);
    const maxMessageBytes = options.maxMessageBytes ?? 65_536;
    const work = {
      maxTaskBytes: Math.min(maxMessageBytes, MAX_TASK_BYTES),
      executors: options.executors ?? [],
      lanes: options.lanes,
    };
    this.jobs = new Jobs(this, processes, work, options.autospawn);
    this.#outbox = new Outbox(this, {
      maxMessageBytes,
      defaultTtlSeconds: options.defaultTtlSeconds ?? 0,
    });
  }

  /** A session of `agent` in this process. It leaves no trace until `announce` or `begin`. */
  session(agent: string, id = newSessionId(), naming: Naming = { by: 'id' }): Session {
    return new Session(this, agent, id, naming);
  }

  /** Sends on behalf of `from`; see `Outbox.send`. `order` is the sending session's, a new one for a single message. */
  async send(from: string, draft: Draft, order = new NameClock(this.clock)): Promise<Sent> {
    return this.#outbox.send(from, draft, order);
  }

  /** The same with the follow-up left to the caller; see `Outbox.publish`. */
  async publish(from: string, draft: Draft, order: NameClock): Promise<Published> {
    return this.#outbox.publish(from, draft, order);
  }

  inboxOf(agent: string, session: string): Inbox {
    return new Inbox(agent, session, this);
  }

  arrivalsOf(agent: string): Arrivals {
    return new Arrivals(agent, this, this.#arrivals);
  }

  keptOf(agent: string, inbox: Inbox): Kept {
    return new Kept(agent, this, inbox);
  }
}
