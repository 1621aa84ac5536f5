/** `adopt`: keeps the name of an agent that nobody serves, and its mail, for the next new session of this project. */
import { parseAgentId } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { forTerminal } from '../model/text.js';
import type { App } from './app.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { assertHuman } from './human.js';
import { count } from './layout.js';

export const defineAdopt: Define = (program, choose) => {
  program
    .command('adopt')
    .summary('have the next session here read the mail of an agent that nobody serves')
    .description(
      'Keeps the name of an agent that nobody serves for the next new session of the project in which it is run; that session is then this agent, and reads its mail. No mail is moved, and its senders see what becomes of it as ever.',
    )
    .argument('<agent>', 'its name')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  $ cd ~/webapp && mcp-dispatch adopt webapp-2`,
    )
    .action((name: string, options: { json?: boolean }) => {
      const agent = parseAgentId(name, 'agent');
      choose((context) => adopt(context, agent), options);
    });
};

async function adopt(context: Context, agent: string): Promise<number> {
  assertHuman(context.env, context.terminal.stdinIsTTY, 'Ask the user to run this.');
  const app = await context.open();
  assertNamedByProject(app, agent);
  const { relay, project } = app;
  const from = await relay.slots.adopt(agent, project);
  const unread = await relay.rollCall.unread(agent);
  await report(context, { adopted: agent, project: project.path, from: from ?? null, unread }, () => [
    `The next new session in ${forTerminal(project.path, 300)} is ${agent}${unread === 0 ? '' : `, and reads its ${count(unread, 'message')}`}.`,
    ...(from === undefined ? [] : [`Until now the name belonged to ${forTerminal(from, 300)}.`]),
  ]);
  remark(context, 'A session that is resumed keeps the name it had.');
  return EXIT.done;
}

function assertNamedByProject({ config, relay }: App, agent: string): void {
  const why =
    relay.agents.roster !== undefined
      ? 'With a roster no session is named after its project.'
      : config.identity === 'required'
        ? 'With identity = "required" no session is named after its project.'
        : undefined;
  if (why === undefined) return;
  throw new DispatchError('NOT_ALLOWED', `${why} Set MCP_DISPATCH_AGENT_ID=${agent} for one. Nothing was done.`);
}
