/** Figures of each agent: what the event log tells of the time it covers, and what stands in the mailboxes now. */
import { HUMAN, isRecipient } from '../model/agent-id.js';
import { isOfJob, type LoggedEvent } from './events.js';
import type { Relay } from './relay.js';
import { heldBy } from './trace.js';

export interface AgentStats {
  readonly agent: string;
  /** From the log. A broadcast is one message sent. */
  readonly sent: number;
  /** From the log: copies that were put into its inbox. */
  readonly received: number;
  /** From the log: its messages that expired and had not been shown. */
  readonly expiredUnread: number;
  /**
   * From the log: milliseconds from sending to first showing, of the messages of which it has both, by nearest rank: the
   * smallest time that at least half, or nine tenths, of them did not exceed. Absent without any.
   */
  readonly shownAfter?: { readonly count: number; readonly medianMs: number; readonly p90Ms: number };
  /** From the log: jobs that it gave to others, and those that it held to their end. */
  readonly jobs: { readonly submitted: number; readonly completed: number; readonly failed: number };
  /** From the mailbox, now: without what has expired. */
  readonly unread: number;
  readonly unacknowledged: number;
  /** When the oldest unread message was sent, milliseconds since 1970. */
  readonly oldestUnreadAt?: number;
}

export interface RelayStats {
  readonly agents: readonly AgentStats[];
  /** How many events the log holds, and the time of the first; undefined for an empty log. */
  readonly events: number;
  readonly since: string | undefined;
}

interface Counts {
  sent: number;
  received: number;
  expiredUnread: number;
  readonly jobs: { submitted: number; completed: number; failed: number };
  readonly waits: number[];
}

// Messages that are shown before their sending is noted: the note is made behind the answer, a moment later.
const REMEMBERED_EARLY = 10_000;

/**
 * One pass over the log. Memory grows with the messages that were sent and neither shown nor ended, and by a number a
 * message shown.
 */
export async function takeStats(relay: Relay): Promise<RelayStats> {
  const counts = new Map<string, Counts>();
  const of = (agent: string) => {
    const jobs = { submitted: 0, completed: 0, failed: 0 };
    const known = counts.get(agent) ?? { sent: 0, received: 0, expiredUnread: 0, jobs, waits: [] };
    counts.set(agent, known);
    return known;
  };
  const waits = new Waits((agent, ms) => of(agent).waits.push(ms));
  let events = 0;
  let since: string | undefined;
  const take = (event: LoggedEvent) => {
    since ??= event.at;
    waits.take(event);
    if (event.event === 'sent') {
      if (event.again !== true) of(event.from).sent++;
      for (const to of event.to) of(to).received++;
    }
    if (event.event === 'expired' && event.was === 'unread') of(event.to).expiredUnread++;
    if (event.event === 'job.submitted') of(event.from).jobs.submitted++;
    if (event.event === 'job.completed') of(event.by).jobs.completed++;
    // Without a session it failed in nobody's hands.
    if (event.event === 'job.failed' && event.session !== undefined && isRecipient(event.by))
      of(event.by).jobs.failed++;
  };
  for await (const batch of relay.log.since(new Map())) {
    events += batch.length;
    batch.forEach(take);
  }
  const names = new Set([...counts.keys(), ...(await relay.agents.known()), ...(await relay.agents.inboxes()), HUMAN]);
  const agents: AgentStats[] = [];
  for (const agent of [...names].sort()) {
    const { waits: times, ...counted } = of(agent);
    agents.push({ agent, ...counted, ...shownAfter(times), ...(await standing(relay, agent)) });
  }
  return { agents, events, since };
}

/** Pairs sendings with first showings. */
class Waits {
  readonly #sent = new Map<string, number>();
  readonly #early = new Map<string, number>();

  constructor(private readonly found: (agent: string, ms: number) => void) {}

  take(event: LoggedEvent): void {
    if (event.event === 'sent') {
      const at = Date.parse(event.at);
      for (const to of event.to) this.#takeSent(`${event.id} ${event.from} ${to}`, to, at);
    } else if (event.event === 'shown') {
      this.#takeShown(`${event.id} ${event.from} ${event.to}`, event.to, Date.parse(event.at));
    } else if ('id' in event && event.event !== 'returned' && !isOfJob(event)) {
      this.#sent.delete(`${event.id} ${event.from} ${event.to}`);
    }
  }

  #takeSent(key: string, to: string, at: number): void {
    const shownAt = this.#early.get(key);
    if (shownAt === undefined) this.#sent.set(key, at);
    else this.#found(to, at, shownAt);
    this.#early.delete(key);
  }

  #takeShown(key: string, to: string, at: number): void {
    const sentAt = this.#sent.get(key);
    if (sentAt !== undefined) {
      this.#sent.delete(key);
      this.#found(to, sentAt, at);
      return;
    }
    this.#early.set(key, at);
    if (this.#early.size <= REMEMBERED_EARLY) return;
    const [oldest] = this.#early.keys();
    if (oldest !== undefined) this.#early.delete(oldest);
  }

  #found(to: string, sentAt: number, shownAt: number): void {
    this.found(to, Math.max(0, shownAt - sentAt));
  }
}

function shownAfter(times: number[]): Pick<AgentStats, 'shownAfter'> {
  if (times.length === 0) return {};
  const sorted = Float64Array.from(times).sort();
  const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] as number;
  return { shownAfter: { count: sorted.length, medianMs: rank(0.5), p90Ms: rank(0.9) } };
}

async function standing(
  relay: Relay,
  agent: string,
): Promise<Pick<AgentStats, 'unread' | 'unacknowledged' | 'oldestUnreadAt'>> {
  const held = (await heldBy(relay, agent)).filter(({ expired }) => !expired);
  const unread = held.filter((one) => one.standing === 'pending');
  const oldest = unread.reduce((least, { name }) => Math.min(least, name.sentAt), Number.POSITIVE_INFINITY);
  return {
    unread: unread.length,
    unacknowledged: held.length - unread.length,
    ...(unread.length === 0 ? {} : { oldestUnreadAt: oldest }),
  };
}
