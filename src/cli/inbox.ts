/** `inbox`: looks into the mail of an agent or of the human, and changes nothing there. */
import type { Command } from 'commander';
import * as z from 'zod/v4';
import { HUMAN } from '../model/agent-id.js';
import { threadId } from '../model/draft.js';
import { lookAtMail } from '../relay/mailbox.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { count } from './layout.js';
import { messageJson, messageLines } from './message-list.js';
import { DEFAULT_LIMIT, limitOption, parseOptions, parseOwner } from './options.js';
import { describeUnknown } from './unknown-agent.js';

const Options = () => z.object({ limit: limitOption(), thread: threadId().optional() });

export const defineInbox: Define = (program, choose) => {
  const command: Command = program
    .command('inbox')
    .summary('show the mail of an agent, or your own')
    .description(
      'Shows mail that waits (urgent first), then mail that was read and not acknowledged. Looking changes nothing: no message is marked as read, and no sender is told.',
    )
    .argument('[agent]', 'whose mail; without it your own, which agents write with dispatch(target="human")')
    .option('--limit <number>', `show at most so many messages, 1 to 100 (default: ${DEFAULT_LIMIT})`)
    .option('--thread <id>', 'only this conversation')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch inbox
  $ mcp-dispatch inbox bob --thread deploys

Exit code 3 when there is no mail.`,
    )
    .action((agent: string | undefined, options: { json?: boolean }) => {
      const owner = agent === undefined ? HUMAN : parseOwner(agent);
      const parsed = parseOptions(command, Options, options);
      choose((context) => inbox(context, owner, parsed), options);
    });
};

async function inbox(context: Context, owner: string, options: z.output<ReturnType<typeof Options>>): Promise<number> {
  const { relay } = await context.open();
  const { messages, more } = await lookAtMail(relay, owner, { limit: options.limit, threadId: options.thread });
  const answer = { agent_id: owner, messages: messages.map(messageJson), count: messages.length, more };
  await report(context, answer, () => messageLines(messages, owner, context.terminal, relay.clock.now()));
  if (messages.length === 0) {
    const where = options.thread === undefined ? '' : ' in this thread';
    const none = `No mail for ${owner === HUMAN ? 'you' : owner}${where}.`;
    remark(context, (await describeUnknown(relay, owner)) ?? none);
    return EXIT.nothing;
  }
  if (more > 0) remark(context, `\n${count(more, 'more message')}. --limit shows up to 100 at once.`);
  const [first] = messages;
  if (owner === HUMAN && first !== undefined) {
    const { id, from } = first.message;
    remark(
      context,
      [
        '',
        `Answer:  mcp-dispatch send ${from} --reply-to ${id} "..."`,
        `Finish:  mcp-dispatch ack ${id}   (or ack --read: shows all of it once more and finishes it)`,
      ].join('\n'),
    );
  }
  return EXIT.done;
}
