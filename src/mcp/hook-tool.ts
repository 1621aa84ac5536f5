/**
 * Hooks of type `mcp_tool`: Claude Code asks its running server instead of starting a process. The tool is in no listing, since
 * it is not for models. It is no call of an agent either: it makes nobody present, shows no mail, and waits for no other call.
 */
import { answerHook } from '../hooks/answer.js';
import { noteFailure } from '../hooks/failures.js';
import { readInput } from '../hooks/input.js';
import { findEvent } from '../hooks/shapes.js';
import type { Identity } from '../relay/identity.js';
import type { Relay } from '../relay/relay.js';

// The only client that calls a tool which it was not told of.
const CLIENT = 'claude-code';

interface Asked {
  readonly relay: Relay;
  readonly identity: Identity;
}

/**
 * What `mcp-dispatch hook claude-code <event>` would print, empty for silence. `args` are `event`, and the hook's `session_id`,
 * `agent_id` and `stop_hook_active`.
 * @throws what the store throws.
 */
export async function answerHookTool(args: unknown, { relay, identity }: Asked): Promise<string> {
  const input = readInput(args);
  const { event: name } = (args ?? {}) as { readonly event?: unknown };
  const event = typeof name === 'string' ? findEvent(CLIENT, name) : undefined;
  // A server that serves nobody yet must not take a name for the sake of a hook.
  if (input === undefined || event === undefined || identity.agent === undefined) return '';
  // The one way to hear of a session that was renamed, as /clear does.
  await identity.noteSessions(input.sessionId === undefined ? [] : [input.sessionId]);
  const { agent, id, since, about } = await identity.session();
  const { store, clock, presence, mail } = relay;
  const window = { agent, session: id, since, ...(about.wake === undefined ? {} : { wakeOn: about.wake.on }) };
  try {
    return (await answerHook({ store, clock, presence, mail: async () => mail }, window, event, input)) ?? '';
  } catch (error) {
    await noteFailure(store, window, event, 'relay_failed').catch(() => {});
    throw error;
  }
}
