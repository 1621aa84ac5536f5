/**
 * One line of the event log, judged. A log can hold what a newer version wrote, what a crash left torn, and what somebody
 * planted: an event is what has the fields of its kind in their grammar, and everything else is passed over. Fields that
 * are not known are let through.
 */
import { isRecipient, isSender } from '../model/agent-id.js';
import { isJobId, isMessageId, isSessionId } from '../model/ids.js';
import { isTopic } from '../model/topic.js';
import type { LoggedEvent, RelayEvent } from './events.js';

type Check = (value: unknown) => boolean;
interface Shape {
  readonly required: readonly (readonly [string, Check])[];
  readonly optional: readonly (readonly [string, Check])[];
}

const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const string: Check = (value) => typeof value === 'string';
const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const id: Check = (value) => typeof value === 'string' && isMessageId(value);
const sender: Check = (value) => typeof value === 'string' && isSender(value);
const recipient: Check = (value) => typeof value === 'string' && isRecipient(value);
const recipients: Check = (value) => Array.isArray(value) && value.every(recipient);
const ids: Check = (value) => Array.isArray(value) && value.every(id);
const outcome: Check = (value) => value === 'rung' || value === 'unconfirmed' || value === 'failed';
const session: Check = (value) => typeof value === 'string' && isSessionId(value);
const actor: Check = (value) => sender(value) || value === 'system';
const topic: Check = (value) => typeof value === 'string' && isTopic(value);
const flag: Check = (value) => typeof value === 'boolean';
const strings: Check = (value) => Array.isArray(value) && value.every(string);
const job: Check = (value) => typeof value === 'string' && isJobId(value);
const fillings: Check = (value) =>
  Array.isArray(value) &&
  value.every((each) => string(each?.name) && whole(each?.bytes) && /^[0-9a-f]{64}$/.test(String(each?.sha256)));
const when: Check = (value) => value === 'before' || value === 'after';
const note: Check = (value) => {
  const { bytes, sha256 } = (value ?? {}) as Record<string, unknown>;
  return whole(bytes) && /^[0-9a-f]{64}$/.test(String(sha256));
};
const was: Check = (value) => value === 'read' || value === 'unread' || value === 'maybe';

const shape = (required: Record<string, Check>, optional: Record<string, Check> = {}): Shape => ({
  required: Object.entries(required),
  optional: Object.entries(optional),
});

const ofMessage = { id, from: sender, to: recipient };
const ofSession = { agent: sender, session };

const ofJob = { job, from: sender, to: string };
const holder = { by: actor, session: string, attempt: whole, token: whole };
const mayHold = { session: string, attempt: whole, token: whole, why: string };

const SHAPES: Readonly<Record<RelayEvent['event'], Shape>> = {
  sent: shape(
    { id, from: sender, to: recipients, bytes: whole },
    { target: string, thread_id: string, reply_to: string, supersedes: id, priority: string, content: string },
  ),
  shown: shape({ ...ofMessage, by: string }),
  returned: shape({ ...ofMessage, why: string }),
  acked: shape({ ...ofMessage, was }),
  expired: shape({ ...ofMessage, was }),
  dropped: shape({ ...ofMessage, was }),
  withdrawn: shape(ofMessage, { superseded_by: id, was }),
  quarantined: shape({ to: recipient, reason: string }, { id, from: sender }),
  refused: shape({ from: sender, to: recipients, code: string }, { limit: string }),
  session_started: shape({ ...ofSession, pid: whole }, { cwd: string, client: string }),
  session_ended: shape(ofSession),
  session_lost: shape(ofSession),
  joined: shape({ agent: sender, topic }, { role: string }),
  left: shape({ agent: sender, topic }),
  rang: shape({ ...ofSession, method: string, outcome, waiting: whole, ids }, { why: string }),
  'job.submitted': shape({ ...ofJob, write: flag }),
  'job.refused': shape({ from: sender, to: string, why: string }, { job, by: actor }),
  'job.claimed': shape({ ...ofJob, ...holder, write: flag }),
  'job.started': shape(
    { ...ofJob, ...holder, write: flag, executor: string, argv: strings, filled: fillings },
    { argv_sha256: string },
  ),
  'job.completed': shape({ ...ofJob, ...holder }),
  'job.failed': shape({ ...ofJob, by: actor, why: string }, mayHold),
  'job.released': shape({ ...ofJob, ...holder }, { why: string }),
  'job.lease_lost': shape({ ...ofJob, ...holder }, { why: string }),
  'job.parked': shape({ ...ofJob, by: actor, why: string }, mayHold),
  'job.cancel_requested': shape({ ...ofJob, by: actor }),
  'job.cancelled': shape({ ...ofJob, by: actor }, mayHold),
  'job.expired': shape(ofJob),
  'job.recovered': shape({ ...ofJob, by: actor, why: string }),
  'job.review_asked': shape({ ...ofJob, by: actor, when }, mayHold),
  'job.approved': shape({ ...ofJob, by: actor, when }, { note }),
  'job.rejected': shape({ ...ofJob, by: actor, when }, { note }),
  'job.pruned': shape(ofJob),
  'worker.spawned': shape({ to: string, start: session, pid: whole }),
  'worker.spawn_refused': shape({ to: string, why: string }),
};

/** Whether a record is whole, and the event it holds, where it is one that is known here. */
export function parseRecord(line: string): { readonly whole: boolean; readonly event?: LoggedEvent } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // No beginning of an object is JSON itself, so a torn record never passes for a whole one.
    return { whole: false };
  }
  return isLoggedEvent(value) ? { whole: true, event: value } : { whole: true };
}

function isLoggedEvent(value: unknown): value is LoggedEvent {
  if (value === null || typeof value !== 'object') return false;
  const fields = value as Record<string, unknown>;
  const { at, event } = fields;
  if (typeof at !== 'string' || !AT.test(at) || Number.isNaN(Date.parse(at))) return false;
  if (typeof event !== 'string' || !Object.hasOwn(SHAPES, event)) return false;
  // Also of kinds that have none: who prints an event goes by that.
  if (fields.id !== undefined && !id(fields.id)) return false;
  const { required, optional } = SHAPES[event as RelayEvent['event']];
  return (
    required.every(([name, check]) => check(fields[name])) &&
    optional.every(([name, check]) => fields[name] === undefined || check(fields[name]))
  );
}
