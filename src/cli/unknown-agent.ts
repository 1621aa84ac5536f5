/** A name that was typed wrong is told apart from an agent that has nothing yet. */
import { HUMAN } from '../model/agent-id.js';
import type { Relay } from '../relay/relay.js';

/** What to say of a name that nobody here has; undefined where somebody has it. */
export async function describeUnknown({ agents }: Relay, agent: string): Promise<string | undefined> {
  if (agent === HUMAN || (await agents.known()).includes(agent)) return undefined;
  return `No agent ${agent} is known here; who lists them.`;
}
