/** An event of the log as one line for a person. Names and ids are checked when the log is read; all other text goes through model/text.ts. */
import { forTerminal } from '../model/text.js';
import { markTopic } from '../model/topic.js';
import {
  isOfAgent,
  isOfJob,
  isOfWorker,
  type LoggedEvent,
  type LoggedJobEvent,
  type LoggedWorkerEvent,
} from '../relay/events.js';
import { jobDetailOf } from './job-line.js';
import { momentOf } from './layout.js';
import type { Style } from './terminal.js';

const COLOUR: Readonly<Record<LoggedEvent['event'], keyof Style>> = {
  sent: 'cyan',
  shown: 'green',
  returned: 'yellow',
  acked: 'green',
  expired: 'yellow',
  dropped: 'red',
  withdrawn: 'yellow',
  quarantined: 'red',
  refused: 'red',
  session_started: 'dim',
  session_ended: 'dim',
  session_lost: 'yellow',
  joined: 'dim',
  left: 'dim',
  rang: 'dim',
  'job.submitted': 'cyan',
  'job.refused': 'red',
  'job.claimed': 'cyan',
  'job.started': 'cyan',
  'job.completed': 'green',
  'job.failed': 'red',
  'job.released': 'yellow',
  'job.lease_lost': 'yellow',
  'job.parked': 'red',
  'job.cancel_requested': 'yellow',
  'job.cancelled': 'yellow',
  'job.expired': 'yellow',
  'job.recovered': 'cyan',
  'job.review_asked': 'red',
  'job.approved': 'green',
  'job.rejected': 'red',
  'job.pruned': 'dim',
  'worker.spawned': 'cyan',
  'worker.spawn_refused': 'yellow',
};

/** Lines whose columns are aligned with those before: a column grows with what it has held, up to a bound. */
export class EventLines {
  #kind: number;
  #who = 18;
  #id = 16;

  /** @param longestKind of what is shown most */
  constructor(
    private readonly style: Style,
    longestKind = 'session started',
  ) {
    this.#kind = longestKind.length;
  }

  line(event: LoggedEvent): string {
    const { who, id, detail } = partsOf(event);
    this.#who = Math.min(Math.max(this.#who, who.length), 40);
    this.#id = Math.min(Math.max(this.#id, id.length), 24);
    const kind = event.event.replace(/[._]/g, ' ');
    this.#kind = Math.max(this.#kind, kind.length);
    return [
      this.style.dim(momentOf(event.at)),
      this.style[COLOUR[event.event]](kind.padEnd(this.#kind)),
      who.padEnd(this.#who),
      id.padEnd(this.#id),
      detail,
    ]
      .join('  ')
      .trimEnd();
  }
}

function partsOf(event: LoggedEvent): { who: string; id: string; detail: string } {
  if (isOfJob(event))
    return { who: `${event.from} → ${forTerminal(event.to, 70)}`, id: event.job ?? '', detail: jobDetailOf(event) };
  if (isOfWorker(event)) {
    const detail = event.event === 'worker.spawned' ? `pid ${event.pid}` : forTerminal(event.why, 40);
    return { who: `system → ${forTerminal(event.to, 70)}`, id: '', detail };
  }
  const detail = detailOf(event);
  if (isOfAgent(event)) return { who: event.agent, id: '', detail };
  const to = typeof event.to === 'string' ? event.to : namesOf(event.to);
  return {
    who: event.from === undefined ? `? → ${to}` : `${event.from} → ${to}`,
    id: 'id' in event ? (event.id ?? '') : '',
    detail,
  };
}

function namesOf(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

function detailOf(event: Exclude<LoggedEvent, LoggedJobEvent | LoggedWorkerEvent>): string {
  switch (event.event) {
    case 'sent': {
      const facts = [
        // Who got it stands beside it; what a broadcast is can be seen there.
        ...(event.target?.startsWith('#') === true ? [`as ${forTerminal(event.target, 70)}`] : []),
        ...(event.thread_id === undefined ? [] : [`thread ${forTerminal(event.thread_id, 60)}`]),
        ...(event.priority === undefined ? [] : [forTerminal(event.priority, 20)]),
        ...(event.supersedes === undefined ? [] : [`supersedes ${event.supersedes}`]),
        `${event.bytes} bytes`,
      ];
      return facts.join(', ');
    }
    case 'shown':
      return `by ${forTerminal(event.by, 20)}${event.redelivered === true ? ', redelivered' : ''}`;
    case 'returned':
      return forTerminal(event.why, 40);
    case 'acked':
    case 'expired':
    case 'dropped':
      return event.was;
    case 'withdrawn':
      if (event.was !== undefined)
        return `too late, ${event.was === 'read' ? 'it had been shown' : 'it was acknowledged'}`;
      return event.superseded_by === undefined ? '' : `for ${event.superseded_by}`;
    case 'quarantined':
      return forTerminal(event.reason, 100);
    case 'refused':
      return forTerminal([event.code, event.limit].filter((word) => word !== undefined).join(' '), 80);
    case 'session_started':
      return [
        `pid ${event.pid}`,
        ...(event.client === undefined ? [] : [forTerminal(event.client, 40)]),
        ...(event.cwd === undefined ? [] : [forTerminal(event.cwd, 200)]),
      ].join(', ');
    case 'joined':
      return `${markTopic(event.topic)}${event.role === undefined ? '' : ` as ${forTerminal(event.role, 70)}`}`;
    case 'left':
      return markTopic(event.topic);
    case 'rang':
      return ringOf(event);
    default:
      return '';
  }
}

/** `claude-socket: rung, 3 waiting` */
export function ringOf(event: Extract<LoggedEvent, { event: 'rang' }>): string {
  const why = event.why === undefined ? '' : ` (${forTerminal(event.why, 100)})`;
  return `${forTerminal(event.method, 30)}: ${event.outcome}${why}, ${event.waiting} waiting`;
}
