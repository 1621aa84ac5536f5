/**
 * `ack`: finishes mail of the human.
 *
 * Looking leaves no trace, so nobody knows what an earlier `inbox` showed; and a sender must never be told "acked" of what
 * the person has not seen. So `--read` shows the mail itself, and acknowledges what it has shown, once it is written.
 */
import type { Command } from 'commander';
import * as z from 'zod/v4';
import { HUMAN } from '../model/agent-id.js';
import { forTerminal } from '../model/text.js';
import { lookAtMail } from '../relay/mailbox.js';
import type { Relay } from '../relay/relay.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { assertHuman } from './human.js';
import { count } from './layout.js';
import { messageJson, messageLines } from './message-list.js';
import { DEFAULT_LIMIT, limitOption, parseOptions } from './options.js';

const Options = () => z.object({ read: z.boolean().default(false), limit: limitOption() });

export const defineAck: Define = (program, choose) => {
  const command: Command = program
    .command('ack')
    .summary('finish messages of your own inbox')
    .description('Finishes messages that agents sent to "human": they leave your inbox, and their senders see "acked".')
    .argument('[ids...]', 'ids of messages, as inbox shows them')
    .option('--read', 'show what inbox shows, and acknowledge exactly that')
    .option('--limit <number>', `with --read: at most so many messages, 1 to 100 (default: ${DEFAULT_LIMIT})`)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
inbox keeps no record of what it has shown, and mail may have come since. So --read shows
the mail once more and acknowledges what it has shown, never what you have not seen.

Examples:
  $ mcp-dispatch ack msg-k3j9x0q2m4ab
  $ mcp-dispatch ack --read

Exit code 3 when none of the messages is there.`,
    )
    .action((ids: string[], options: { json?: boolean; limit?: string }) => {
      const { read, limit } = parseOptions(command, Options, options);
      const wanted = ids.map((id) => id.trim()).filter((id) => id !== '');
      if (read && ids.length > 0) command.error('error: give ids, or --read, not both');
      if (!read && wanted.length === 0) command.error('error: say which: ids of messages, or --read');
      if (!read && options.limit !== undefined) command.error('error: --limit goes with --read');
      choose(async (context) => {
        const instead = 'An agent acknowledges its own mail with the tool ack; the mail of the human is for the human.';
        assertHuman(context.env, context.terminal.stdinIsTTY, `${instead} To write to someone: send --from <agent>.`);
        const { relay } = await context.open();
        return read ? ackShown(context, relay, limit) : ackIds(context, relay, wanted);
      }, options);
    });
};

async function ackIds(context: Context, relay: Relay, ids: readonly string[]): Promise<number> {
  const { acked, notFound } = await relay.session(HUMAN).kept.ack(ids);
  await report(context, { agent_id: HUMAN, acked, not_found: notFound }, () =>
    acked.length === 0 ? [] : [`Acknowledged ${acked.join(', ')}.`],
  );
  if (notFound.length > 0) {
    const names = notFound.map((id) => forTerminal(id, 64)).join(', ');
    remark(context, `Not in your inbox: ${names} (acknowledged before, expired, or not yours).`);
  }
  return acked.length > 0 ? EXIT.done : EXIT.nothing;
}

async function ackShown(context: Context, relay: Relay, limit: number): Promise<number> {
  const { messages, more } = await lookAtMail(relay, HUMAN, { limit });
  if (messages.length === 0) {
    await report(context, { agent_id: HUMAN, acked: [], not_found: [], messages: [], more: 0 }, () => []);
    remark(context, 'No mail for you.');
    return EXIT.nothing;
  }
  const ids = messages.map(({ message }) => message.id);
  const ack = () => relay.session(HUMAN).kept.ack(ids, { shown: true });
  if (context.json) {
    // One document cannot tell before what comes after; whoever asks for JSON gets the messages in the same write.
    const { acked, notFound } = await ack();
    const answer = { agent_id: HUMAN, acked, not_found: notFound, messages: messages.map(messageJson), more };
    await report(context, answer, () => []);
    return EXIT.done;
  }
  const shown = await report(context, {}, () => messageLines(messages, HUMAN, context.terminal, relay.clock.now()));
  if (!shown) return EXIT.failed;
  const { acked } = await ack();
  remark(context, `\nAcknowledged ${count(acked.length, 'message')}.`);
  if (more > 0) remark(context, `${count(more, 'more message')}: run it again.`);
  return acked.length > 0 ? EXIT.done : EXIT.nothing;
}
