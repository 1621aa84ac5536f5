/** Tells in a reply that a hook of its session has failed, once: a hook itself fails in silence. */
import { untoldFailures } from '../hooks/failures.js';
import { isDispatchError } from '../model/errors.js';
import { jsonBytes } from './reply.js';
import type { ToolContext } from './tool.js';

// The name of the list and its brackets.
const MARGIN = 32;
// One for each event at most times; the others wait for the next reply.
const MOST_NOTICES = 3;

/** Adds the notices that have room. A help: what fails here is left out. */
export async function tellHookFailures({ relay, session, reply }: ToolContext): Promise<void> {
  try {
    const { sentences, told } = await untoldFailures(relay.store, session.agent, session.id);
    const shown = sentences.slice(0, MOST_NOTICES);
    if (shown.length === 0 || jsonBytes(shown) + MARGIN > reply.room) return;
    for (const sentence of shown) reply.notice(sentence);
    reply.whenWritten(told);
  } catch (error) {
    if (!isDispatchError(error)) throw error;
  }
}
