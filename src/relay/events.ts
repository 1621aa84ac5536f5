/**
 * What happened in the relay, for people to look at: an append-only log, one file a process and day, one JSON object a line.
 * It is evidence and no more: nothing is decided by it, it is not synced, and what cannot be written is left out.
 *
 *     {"at":"2026-02-17T20:30:00.000Z","event":"shown","id":"msg-k3j9x0q2m4ab","from":"alice","to":"bob","by":"peek"}
 *
 * An event is noted after the deed, so it never claims what did not happen; a process that dies in between leaves none.
 * Events of jobs are the audit: they are chained, in logs of their own, and whoever writes one is told when it is not there.
 */
import type { Clock } from '../model/clock.js';
import { isDispatchError } from '../model/errors.js';
import { isSessionId, newSessionId } from '../model/ids.js';
import type { AuditHead } from '../model/job.js';
import type { Store } from '../store/store.js';
import { AuditLog } from './audit/audit-log.js';
import type { JobEvent, WorkerEvent } from './jobs/job-events.js';
import { LOG, logKey } from './keys.js';
import type { WasShown } from './was-shown.js';

/** How a message came to be shown. */
export type ShownBy = 'peek' | 'piggyback' | 'wait';

export interface SentEvent {
  readonly event: 'sent';
  readonly id: string;
  readonly from: string;
  /** Whose inboxes hold it, or, of a sync that failed, may hold it. */
  readonly to: readonly string[];
  /** Of a send that was tried again: whom its earlier events do not name. It is no further message. */
  readonly again?: true;
  /** As it was addressed, where that is not the one recipient: `all`, or a topic such as `#build`. */
  readonly target?: string;
  readonly bytes: number;
  readonly thread_id?: string;
  readonly reply_to?: string;
  readonly supersedes?: string;
  readonly priority?: 'urgent';
  /** Only with `log_content`. */
  readonly content?: string;
}

interface OfMessage {
  readonly id: string;
  readonly from: string;
  /** Whose copy it is. */
  readonly to: string;
}

/** One attempt to wake the model of a session for mail that waits. It is no delivery, and says nothing of one. */
export interface RangEvent {
  readonly event: 'rang';
  readonly agent: string;
  readonly session: string;
  readonly method: string;
  /** `unconfirmed`: sent, and nothing says whether it arrived. */
  readonly outcome: 'rung' | 'unconfirmed' | 'failed';
  readonly why?: string;
  /** How many messages waited, and the ids of at most 20 of them. */
  readonly waiting: number;
  readonly ids: readonly string[];
}

/** What is noted after the deed, and may be missing. */
export type NotedEvent =
  | SentEvent
  | ({ readonly event: 'shown'; readonly by: ShownBy; readonly redelivered?: true } & OfMessage)
  /** New again: its reply was not written, or the session that had claimed it is over. */
  | ({ readonly event: 'returned'; readonly why: 'not written' | 'session over' } & OfMessage)
  | ({ readonly event: 'acked'; readonly was: WasShown } & OfMessage)
  | ({ readonly event: 'expired'; readonly was: WasShown } & OfMessage)
  /** Given up with its recipient. */
  | ({ readonly event: 'dropped'; readonly was: WasShown } & OfMessage)
  /** Taken back by its sender, for a newer message or without one. */
  /** With `was` where it was too late: `read` where the reader keeps it, `maybe` where it had acknowledged it. */
  | ({ readonly event: 'withdrawn'; readonly superseded_by?: string; readonly was?: WasShown } & OfMessage)
  /** Set aside; `id` and `from` where the name of the file said them. */
  | {
      readonly event: 'quarantined';
      readonly to: string;
      readonly reason: string;
      readonly id?: string;
      readonly from?: string;
    }
  /** A send that was refused before anything was published. */
  | {
      readonly event: 'refused';
      readonly from: string;
      readonly to: readonly string[];
      readonly code: string;
      readonly limit?: string;
    }
  | {
      readonly event: 'session_started';
      readonly agent: string;
      readonly session: string;
      readonly pid: number;
      /** Absent where the directory was gone. */
      readonly cwd?: string;
      readonly client?: string;
    }
  | { readonly event: 'session_ended'; readonly agent: string; readonly session: string }
  /** Its process died, or was silent for too long; noted by the sweep that found it. */
  | { readonly event: 'session_lost'; readonly agent: string; readonly session: string }
  /** A member of the topic from now on, or with another role. */
  | { readonly event: 'joined'; readonly agent: string; readonly topic: string; readonly role?: string }
  | { readonly event: 'left'; readonly agent: string; readonly topic: string }
  | RangEvent;

export type RelayEvent = NotedEvent | JobEvent | WorkerEvent;

/** An event as it stands in the log. */
export type LoggedEvent = RelayEvent & { readonly at: string };

type OfAgent = Extract<LoggedEvent, { agent: string }>;

const OF_AGENT: { readonly [E in OfAgent['event']]: true } = {
  session_started: true,
  session_ended: true,
  session_lost: true,
  joined: true,
  left: true,
  rang: true,
};

/** Of an agent or its session, and of no message of its own. An unknown field must not make one pass for the other. */
export function isOfAgent(event: LoggedEvent): event is OfAgent {
  return Object.hasOwn(OF_AGENT, event.event);
}

/** An event of a job, as it stands in the log. */
export type LoggedJobEvent = Extract<LoggedEvent, { event: `job.${string}` }>;

export function isOfJob(event: LoggedEvent): event is LoggedJobEvent {
  return event.event.startsWith('job.');
}

/** Of a worker that was started by itself, as it stands in the log. */
export type LoggedWorkerEvent = Extract<LoggedEvent, { event: `worker.${string}` }>;

export function isOfWorker(event: LoggedEvent): event is LoggedWorkerEvent {
  return event.event.startsWith('worker.');
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export class EventLog {
  // Made for the first event: randomness is loaded when it is first asked for, and most of a start is such loading.
  #writer: string | undefined;
  readonly #audit: AuditLog;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly retentionMs: number,
    /** Whether the text of messages is logged too. */
    readonly withContent: boolean,
  ) {
    this.#audit = new AuditLog(store, clock);
  }

  /** Adds what happened. Never fails: an event that cannot be written is lost, and the deed stands. */
  async note(...events: readonly NotedEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      const at = new Date(this.clock.now()).toISOString();
      const lines = events.map((event) => JSON.stringify({ at, ...event }));
      this.#writer ??= newSessionId();
      await this.store.append(logKey(at.slice(0, 10), this.#writer), ...lines);
    } catch {
      // On a full disk the mail matters, and its own errors are reported.
    }
  }

  /**
   * Adds what happened to a job or was done for jobs, chained to the line before, and resolves to where the line stands. Calls of one process keep
   * their order. Not synced.
   * @throws DispatchError `STORE_UNAVAILABLE` where the line may be missing, RangeError for one of more than 4 KB.
   */
  audit(event: JobEvent | WorkerEvent): Promise<AuditHead> {
    return this.#audit.append(event);
  }

  /** Where the newest line stands that `audit` wrote in this process; undefined before the first. */
  get head(): AuditHead | undefined {
    return this.#audit.head;
  }

  /** The first day that is kept, `YYYY-MM-DD`. */
  oldestDay(now: number): string {
    return new Date(now - this.retentionMs).toISOString().slice(0, 10);
  }

  /** Removes the days past their retention. */
  async sweep(now: number): Promise<void> {
    const oldest = this.oldestDay(now);
    for (const day of await this.store.list(LOG)) {
      if (!DAY.test(day) || day >= oldest) continue;
      try {
        const writers = (await this.store.list(logKey(day))).filter(isSessionId);
        await this.store.removeAll(
          writers.map((writer) => logKey(day, writer)),
          { durable: false },
        );
        await this.store.prune(logKey(day));
      } catch (error) {
        // What is no log, or cannot be removed now, must not hold up the rest of the sweep.
        if (!isDispatchError(error)) throw error;
      }
    }
  }
}
