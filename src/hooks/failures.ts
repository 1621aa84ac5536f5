/**
 * What went wrong with a hook. A hook that fails says nothing to its client, whose turn must go on: its server tells the model
 * with the next answer of a tool. A failure is an empty file whose name says it, made by the hook and removed once told:
 *
 *     .hooks/bob/failed~443wxsr82mpgfx4qo23v~claude-code~PostToolBatch~input_not_json
 *                       session              client      event         why
 */
import { hooksKey } from '../relay/keys.js';
import type { Store } from '../store/store.js';
import type { Window } from './office.js';
import { findEvent, type HookEvent } from './shapes.js';

const WHY = {
  input_not_json: 'its input was not one JSON object',
  input_too_large: 'its input was larger than 1 MiB',
  input_too_slow: 'its input did not end in time',
  relay_failed: 'the relay could not be read or written',
} as const;
export type HookFailure = keyof typeof WHY;

const NAME = /^failed~([a-z0-9]{20})~([a-z-]{1,32})~([A-Za-z]{1,32})~([a-z_]{1,32})$/;

/** Leaves it to the session's server to tell. Nothing where there is no such session, or it waits to be told already. */
export async function noteFailure(
  store: Store,
  { agent, session }: Window,
  { client, event }: HookEvent,
  why: HookFailure,
): Promise<void> {
  if (session === undefined) return;
  await store.create(hooksKey(agent, `failed~${session}~${client}~${event}~${why}`), '', { durable: false });
}

/** What there is to tell a session, as sentences of our own, and how to say that it was told. */
export async function untoldFailures(
  store: Store,
  agent: string,
  session: string,
): Promise<{ readonly sentences: readonly string[]; told(): Promise<void> }> {
  const names: string[] = [];
  const sentences: string[] = [];
  for (const name of await store.list(hooksKey(agent))) {
    const [, whose, client = '', event = '', why = ''] = NAME.exec(name) ?? [];
    if (whose !== session || findEvent(client, event) === undefined || !isFailure(why)) continue;
    names.push(name);
    sentences.push(`A hook of this session (${client} ${event}) failed: ${WHY[why]}. It announced no mail.`);
  }
  const told = async () => {
    await store.removeAll(
      names.map((name) => hooksKey(agent, name)),
      { durable: false },
    );
  };
  return { sentences, told };
}

function isFailure(why: string): why is HookFailure {
  return Object.hasOwn(WHY, why);
}
