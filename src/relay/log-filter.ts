/** Which events of the log somebody wants to see. */
import { isOfSession, type LoggedEvent } from './events.js';
import type { LogReader } from './log-reader.js';

export interface Wanted {
  /** Events that this agent did or that happened to its mail. */
  readonly agent?: string | undefined;
  /** Events of messages of this thread. */
  readonly thread?: string | undefined;
}

/**
 * A filter over events. Only a sending names its thread; other events belong to it by the id of a message whose sending is in
 * the log, so those of a message sent before the log begins are not found. Sendings that the filter sees later are learnt from.
 */
export async function filterOf(log: LogReader, { agent, thread }: Wanted): Promise<(event: LoggedEvent) => boolean> {
  const ids = new Set<string>();
  const isOfThread = (event: LoggedEvent): boolean => {
    if (event.event === 'sent' && event.thread_id === thread) ids.add(event.id);
    return 'id' in event && event.id !== undefined && ids.has(event.id);
  };
  if (thread !== undefined) for await (const batch of log.mentioning(thread)) batch.forEach(isOfThread);
  return (event) => (agent === undefined || concerns(event, agent)) && (thread === undefined || isOfThread(event));
}

function concerns(event: LoggedEvent, agent: string): boolean {
  if (isOfSession(event)) return event.agent === agent;
  return event.from === agent || event.to === agent || (Array.isArray(event.to) && event.to.includes(agent));
}
