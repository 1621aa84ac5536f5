/**
 * Which events of the log somebody wants to see. Only a sending names its thread; other events belong to it by the id of a
 * message whose sending is in the log, so those of a message sent before the log begins are not found.
 *
 * A sending is noted behind the answer, so a quick reader's event may stand before it, and be seen a look earlier: `learn`
 * from all that a look gives before any of it is judged, and `hold` what might still turn out to belong.
 */
import { isOfAgent, isOfJob, isOfWorker, type LoggedEvent } from './events.js';
import type { LogReader } from './log-reader.js';

export interface Wanted {
  /** Events that this agent did or that happened to its mail. */
  readonly agent?: string | undefined;
  /** Events of messages of this thread. */
  readonly thread?: string | undefined;
}

export class LogFilter {
  readonly #ids = new Set<string>();
  #held: LoggedEvent[] = [];

  constructor(private readonly wanted: Wanted) {}

  /** Learns from all sendings that are in the log now. */
  async learnFrom(log: LogReader): Promise<void> {
    const { thread } = this.wanted;
    if (thread !== undefined) for await (const batch of log.mentioning(thread)) this.#learn(batch);
  }

  /** Those of `events` that are wanted, as far as is known by now. */
  wantedOf(events: readonly LoggedEvent[]): LoggedEvent[] {
    return events.filter((event) => this.#isWanted(event));
  }

  /** Keeps, until the next look, those of `events` of which a sending that is noted late may still tell. In their order. */
  hold(events: readonly LoggedEvent[]): void {
    const { agent, thread } = this.wanted;
    if (thread === undefined) return;
    this.#held = events.filter((event) => event.event !== 'sent' && !this.#isOfThread(event) && isOf(event, agent));
  }

  /** Those that are wanted of all events since the last look, behind those of that look of which this one tells. */
  follow(events: readonly LoggedEvent[]): LoggedEvent[] {
    this.#learn(events);
    const late = this.wantedOf(this.#held);
    this.hold(events);
    return [...late, ...this.wantedOf(events)];
  }

  #learn(events: readonly LoggedEvent[]): void {
    for (const event of events)
      if (event.event === 'sent' && event.thread_id === this.wanted.thread) this.#ids.add(event.id);
  }

  #isWanted(event: LoggedEvent): boolean {
    const { agent, thread } = this.wanted;
    return isOf(event, agent) && (thread === undefined || this.#isOfThread(event));
  }

  #isOfThread(event: LoggedEvent): boolean {
    if (event.event === 'rang') return event.ids.some((id) => this.#ids.has(id));
    return 'id' in event && event.id !== undefined && this.#ids.has(event.id);
  }
}

function isOf(event: LoggedEvent, agent: string | undefined): boolean {
  if (agent === undefined) return true;
  if (isOfAgent(event)) return event.agent === agent;
  if (isOfWorker(event)) return event.to === agent;
  if (isOfJob(event) && 'by' in event && event.by === agent) return true;
  return event.from === agent || event.to === agent || (Array.isArray(event.to) && event.to.includes(agent));
}
