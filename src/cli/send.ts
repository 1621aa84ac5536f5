/** `send`: a message from the person at the terminal, or from a script in the name of an agent that is not running. */
import * as z from 'zod/v4';
import { listNames } from '../model/agent-id.js';
import { content, idempotencyKey, messageId, payload, priority, threadId, ttlSeconds } from '../model/draft.js';
import { DispatchError } from '../model/errors.js';
import { hasTopicMark } from '../model/topic.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { textFromInput } from './input.js';
import { numeric, parseOptions } from './options.js';
import { openAs } from './speaker.js';
import { withdrawalLines } from './withdraw.js';

const Options = () =>
  z.object({
    from: z.string().optional(),
    priority: priority().optional(),
    thread: threadId().optional(),
    replyTo: messageId().optional(),
    payload: payload().optional(),
    ttl: numeric(ttlSeconds()).optional(),
    mustRead: z.boolean().optional(),
    idempotencyKey: idempotencyKey().optional(),
    supersedes: messageId().optional(),
  });
type Options = z.output<ReturnType<typeof Options>>;

export const defineSend: Define = (program, choose) => {
  const command = program
    .command('send')
    .summary('send a message to an agent, or to all')
    .description(
      'Sends a message, which waits until it is read. It comes from "human", the person at this terminal; scripts say --from.',
    )
    .argument('<target>', 'an agent, a topic in quotes ("#build"), "all" or "human"')
    .argument('<message...>', 'the text; "-" reads it from stdin')
    .option('--from <agent>', 'send in the name of an agent that has no live session')
    .option('--priority <priority>', '"normal" or "urgent"')
    .option('--thread <id>', 'the conversation that it belongs to')
    .option('--reply-to <id>', 'the message that it answers')
    .option('--payload <json>', 'structured data beside the text: a JSON object')
    .option('--ttl <seconds>', 'expires after so long; 0 is never')
    .option('--must-read', 'does not expire before it is acknowledged')
    .option('--idempotency-key <key>', 'a name for this send: repeating it within 24 h sends nothing twice')
    .option('--supersedes <id>', 'an earlier message that this one replaces')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch send bob "The staging database is back."
  $ mcp-dispatch send all --priority urgent "Stop deploying, please."
  $ mcp-dispatch send '#build' "The build is green again."
  $ git log -1 | mcp-dispatch send bob - --from ci --thread deploys

A shell takes an unquoted # for the beginning of a comment: quote the name of a topic.`,
    )
    .action((target: string, words: string[], options: { json?: boolean }) => {
      const parsed = parseOptions(command, Options, options);
      choose((context) => send(context, target, words, parsed), options);
    });
};

async function send(context: Context, target: string, words: readonly string[], options: Options): Promise<number> {
  const { app, speaker: from } = await openAs(context, 'send', options.from);
  const { relay, config } = app;
  const text =
    words.length === 1 && words[0] === '-'
      ? await textFromInput(context.terminal, config.maxMessageBytes, 'sent')
      : words.join(' ');
  const judged = content().safeParse(text);
  if (!judged.success) {
    const problem = judged.error.issues[0]?.message ?? 'is not valid';
    throw new DispatchError('INVALID_ARGUMENT', `send: the message ${problem}. Nothing was sent.`, {
      argument: 'message',
    });
  }
  const {
    message,
    queuedTo,
    refused,
    notListening,
    listeningUnknown,
    cannotWake,
    neverSeen,
    deduplicated,
    superseded,
  } = await relay.send(from, {
    target,
    content: judged.data,
    priority: options.priority ?? 'normal',
    threadId: options.thread,
    replyTo: options.replyTo,
    payload: options.payload,
    ttl: options.ttl,
    mustRead: options.mustRead,
    idempotencyKey: options.idempotencyKey,
    supersedes: options.supersedes,
  });
  const answer = {
    sent: true,
    id: message.id,
    from,
    to: message.to,
    priority: message.priority,
    thread_id: message.thread_id,
    queued_to: queuedTo,
    not_listening: notListening,
    listening_unknown: listeningUnknown,
    cannot_wake: cannotWake,
    refused,
    never_seen: neverSeen,
    deduplicated,
    superseded,
  };
  await report(context, answer, () => {
    const { style } = context.terminal;
    const what = deduplicated ? 'Sent before, under this key:' : 'Sent';
    const names = listNames(queuedTo);
    const to = hasTopicMark(message.to) ? `${message.to} (${names})` : names;
    const lines = [`${what} ${style.bold(message.id)} from ${from} to ${to}.`];
    if (notListening.length > 0) lines.push(`Not listening now: ${listNames(notListening)}. The message waits.`);
    if (listeningUnknown.length > 0) {
      lines.push(`Not known to listen now: ${listNames(listeningUnknown)}. The message waits; \`who\` says more.`);
    }
    if (cannotWake.length > 0)
      lines.push(`Not woken by it: ${cannotWake.join(', ')}. They find it with their next call.`);
    lines.push(...withdrawalLines(superseded, options.supersedes ?? ''));
    for (const { to, code, limit, outcome } of refused) {
      const fate = outcome === 'unknown' ? 'Uncertain' : 'Not delivered';
      lines.push(style.red(`${fate}: ${to} (${code}${limit === undefined ? '' : `, ${limit}`}).`));
    }
    return lines;
  });
  if (neverSeen) {
    remark(context, `No session ever served "${message.to}" here. If the name is a mistake: \`who\` lists the agents.`);
  }
  return EXIT.done;
}
