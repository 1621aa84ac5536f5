/** `forget`: gives up an agent that nobody will serve again. */
import { parseAgentId } from '../model/agent-id.js';
import { markTopic } from '../model/topic.js';
import { forgetAgent } from '../relay/forget.js';
import { type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { count } from './layout.js';

export const defineForget: Define = (program, choose) => {
  program
    .command('forget')
    .summary('remove an agent that will not come back')
    .description(
      'Removes the inbox of an agent, its memberships in topics, and its name from those that "all" reaches. Refuses while the agent is live, holds a job or has one parked, and while mail or jobs wait for it. Jobs that it has submitted go on.',
    )
    .argument('<agent>', 'its name')
    .option(
      '--drop',
      'give up the mail and the jobs that wait for it; senders see it as refused, submitters as cancelled',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  $ mcp-dispatch forget old-reviewer --drop`,
    )
    .action((name: string, { drop = false, json = false }: { drop?: boolean; json?: boolean }) => {
      const agent = parseAgentId(name, 'agent');
      choose(
        async (context) => {
          const { relay } = await context.open();
          const { dropped, cancelled, topics } = await forgetAgent(relay, agent, { drop });
          const left = topics.map(markTopic);
          const answer = {
            forgotten: agent,
            dropped,
            ...(cancelled.length === 0 ? {} : { cancelled }),
            ...(left.length === 0 ? {} : { left }),
          };
          await report(context, answer, () => [
            `Forgot ${agent}.`,
            ...(left.length === 0 ? [] : [`It is no member any more of ${left.join(', ')}.`]),
            ...(cancelled.length === 0
              ? []
              : [`Cancelled ${count(cancelled.length, 'job')}: ${cancelled.join(', ')}.`]),
            ...(dropped.length === 0
              ? []
              : [`Dropped ${count(dropped.length, 'message')}: ${dropped.map(({ id }) => id).join(', ')}.`]),
          ]);
          if (relay.agents.roster?.includes(agent) === true) {
            remark(context, `${agent} is still on the roster: take it out of agents in the configuration as well.`);
          }
          return EXIT.done;
        },
        { json },
      );
    });
};
