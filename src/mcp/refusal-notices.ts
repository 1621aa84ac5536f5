/** Tells in a reply what was refused on behalf of its reader, once. */
import { isDispatchError } from '../model/errors.js';
import { describeRefusal } from '../relay/refusals.js';
import { jsonBytes } from './reply.js';
import type { ToolContext } from './tool.js';

// The name of the list and its brackets.
const MARGIN = 32;
// A flood by many senders must not crowd out the mail.
const MOST_NOTICES = 3;

/** Adds the notices that have room; without any, they wait for the next reply. A help: what fails here is left out. */
export async function tellRefusals({ relay, session, reply }: ToolContext): Promise<void> {
  try {
    const { refusals, told, untold } = await relay.refusals.untold(session.agent);
    if (refusals.length === 0) return;
    const notices = refusals.slice(0, MOST_NOTICES).map(describeRefusal);
    const rest = refusals.slice(MOST_NOTICES).reduce((sum, { count }) => sum + count, 0);
    if (rest > 0) notices.push(`${rest} more refused from others, for the like reasons.`);
    if (jsonBytes(notices) + MARGIN > reply.room) {
      untold();
      return;
    }
    for (const notice of notices) reply.notice(notice);
    reply.whenWritten(told);
    reply.whenDropped(async () => untold());
  } catch (error) {
    if (!isDispatchError(error)) throw error;
  }
}
