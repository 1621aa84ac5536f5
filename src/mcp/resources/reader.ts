/** Makes what is read of a resource. Reading is no call: it claims nothing, marks nothing, and makes nobody known. */
import { DispatchError } from '../../model/errors.js';
import type { Identity } from '../../relay/identity.js';
import type { Relay } from '../../relay/relay.js';
import { Reply } from '../reply.js';
import { attendanceOf } from './attendance.js';
import { headersOfInbox, headersOfThread } from './mail-headers.js';
import type { Resource } from './uri.js';

export interface Source {
  readonly relay: Relay;
  readonly identity: Identity;
  /** Bytes of the JSON text of a resource, as of a reply. */
  readonly maxReplyBytes: number;
}

// They change by themselves, and nobody is told of that.
const CHANGING_WITH_TIME: ReadonlySet<string> = new Set(['age_seconds', 'listening_reason']);

/** The resource as JSON text of at most `maxReplyBytes`. @throws DispatchError as a tool does that reads the same. */
export async function readText(source: Source, resource: Resource): Promise<string> {
  return JSON.stringify(await read(source, resource));
}

/** Differs when the resource has changed, and not because time went by. */
export async function fingerprint(source: Source, resource: Resource): Promise<string> {
  const json = await read(source, resource);
  return JSON.stringify(json, (key, value: unknown) => (CHANGING_WITH_TIME.has(key) ? undefined : value));
}

/**
 * Whose mail is read. A name that is taken from the project is taken by a call, or when the session shows itself: not here.
 * @throws DispatchError `NO_IDENTITY` while there is none.
 */
export async function agentOf(identity: Identity): Promise<string> {
  await identity.begin();
  if (identity.agent !== undefined) return identity.agent;
  throw new DispatchError(
    'NO_IDENTITY',
    'This server serves no agent yet: it takes a name with the first call of a tool, or some seconds after its start. Call who, then read again.',
  );
}

async function read({ relay, identity, maxReplyBytes }: Source, resource: Resource): Promise<object> {
  const reply = new Reply(maxReplyBytes);
  if (resource.kind === 'agents') {
    await attendanceOf(relay, identity.agent, reply);
  } else {
    const agent = await agentOf(identity);
    if (resource.kind === 'inbox') await headersOfInbox(relay, agent, reply);
    else await headersOfThread(relay, agent, resource.thread, reply);
  }
  return reply.toJson();
}
