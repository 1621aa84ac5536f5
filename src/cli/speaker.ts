/** In whose name a command acts: the person at the terminal, or, with `--from`, an agent that is not running. */
import { HUMAN, listNames, parseAgentId } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import type { App } from './app.js';
import type { Context } from './command.js';
import { assertHuman } from './human.js';

/**
 * Opens the relay, and gives the name.
 * @throws DispatchError `NOT_ALLOWED` for the human without a terminal and in an agent's shell, and for a name that is not on
 * the roster; `INVALID_AGENT_ID`, `AGENT_IS_LIVE`.
 */
export async function openAs(
  context: Context,
  command: string,
  from: string | undefined,
): Promise<{ app: App; speaker: string }> {
  if (from === undefined) {
    const instead = `Say in whose name it is: ${command} --from <agent> (a name that has no live session).`;
    assertHuman(context.env, context.terminal.stdinIsTTY, instead);
  }
  const app = await context.open();
  return { app, speaker: from === undefined ? HUMAN : await assertMaySpeakFor(app, from) };
}

/** The name, normalized. A live agent speaks for itself: mail in its name that it knows nothing of would be a forgery. */
async function assertMaySpeakFor({ relay, config }: App, text: string): Promise<string> {
  const agent = parseAgentId(text, '--from');
  const { roster } = relay.agents;
  if (roster !== undefined && !roster.includes(agent)) {
    throw new DispatchError(
      'NOT_ALLOWED',
      `--from ${agent} is not on the roster: ${listNames(roster)}. Take one of these, leave --from out to act as yourself, or add ${agent} to agents in ${config.file ?? 'the configuration'}. Nothing was done.`,
    );
  }
  if (await relay.presence.isLive(agent)) {
    throw new DispatchError(
      'AGENT_IS_LIVE',
      `${agent} has a live session, which speaks for itself; \`who\` shows where it runs. Nothing was done.`,
      { agent },
    );
  }
  return agent;
}
