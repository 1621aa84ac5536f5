/** `trace`: what became of a message or a job, and how that is known. */
import { messageId } from '../model/draft.js';
import { DispatchError } from '../model/errors.js';
import { isJobId } from '../model/ids.js';
import { forTerminal, linesForTerminal } from '../model/text.js';
import { traceJob } from '../relay/audit/job-trace.js';
import { type CopyEvent, type CopyTrace, type MessageTrace, type Place, traceMessage } from '../relay/trace.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { ringOf } from './event-line.js';
import { EXIT } from './exit-code.js';
import { jobTraceJson, jobTraceLines } from './job-trace.js';
import { agoOf, durationOf, momentOf, paragraph, table } from './layout.js';

const NO_EVIDENCE = 'no evidence';

export const defineTrace: Define = (program, choose) => {
  program
    .command('trace')
    .summary('show the whole life of a message or a job')
    .description(
      'Shows when a message was sent, to whom, when it was shown to each of them, and where it is now or how it ended. Each fact names its source: the event log, a receipt, or the mailbox. Where nothing is known it says "no evidence". Of a job it shows each step that the event log has, and the state in its record.',
    )
    .argument('<id>', 'id of the message or job, as send, inbox and the tools show it')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  $ mcp-dispatch trace msg-k3j9x0q2m4ab

Exit code 3 when nothing is known of such a message or job.`,
    )
    .action((id: string, options: { json?: boolean }) => {
      choose((context) => trace(context, id), options);
    });
};

async function trace(context: Context, text: string): Promise<number> {
  const parsed = messageId().safeParse(text);
  if (!parsed.success) {
    throw new DispatchError('INVALID_ARGUMENT', `trace: the id ${parsed.error.issues[0]?.message}.`, {
      argument: 'id',
    });
  }
  const id = parsed.data;
  const { relay } = await context.open();
  // Another program may have given a message the id of a job.
  const job = isJobId(id) ? await traceJob(relay, id) : undefined;
  if (job !== undefined) {
    await report(context, jobTraceJson(job), () => jobTraceLines(job, context.terminal.style));
    return EXIT.done;
  }
  const messages = await traceMessage(relay, id);
  if (messages.length === 0) {
    throw new DispatchError(
      'NOT_FOUND',
      `Nothing is known of a ${isJobId(id) ? 'job' : 'message'} ${id} in ${relay.store.location}: it is in no mailbox, no receipt and not in the event log. Look for a slip in the id, and for another relay (MCP_DISPATCH_DIR); receipts and log are kept for a limited time.`,
      { id },
    );
  }
  await report(context, { id, messages: messages.map(traceJson) }, () =>
    messages.flatMap((message, index) => [
      ...(index === 0 ? [] : ['']),
      ...traceLines(message, context, relay.clock.now()),
    ]),
  );
  return EXIT.done;
}

function traceJson({ from, sent, copies, supersededBy, answers }: MessageTrace): object {
  const brief = (events: MessageTrace['answers']) =>
    events.map(({ at, id, from }) => ({ at, id, from, source: 'log' }));
  return {
    from,
    sent: sent === undefined ? null : { ...sent, source: 'log' },
    recipients: copies.map(({ to, now, events, rings }) => ({
      to,
      now: now ?? { state: 'no evidence' },
      events: events.map((event) => ({ ...event, ...afterMs(event, sent), source: 'log' })),
      ...(rings.length === 0 ? {} : { rings: rings.map((event) => ({ ...event, source: 'log' })) }),
    })),
    superseded_by: brief(supersededBy),
    answers: brief(answers),
  };
}

/** How long after the sending a message was shown, where the log has both. */
function afterMs({ event, at }: CopyEvent, sent: MessageTrace['sent']): { after_ms?: number } {
  if (event !== 'shown' || sent === undefined) return {};
  // The sending is noted behind its answer, so a quick reader can be noted first.
  return { after_ms: Math.max(0, Date.parse(at) - Date.parse(sent.at)) };
}

function traceLines(message: MessageTrace, { terminal }: Context, now: number): string[] {
  const { id, from, sent, copies, supersededBy, answers } = message;
  const { style } = terminal;
  const content =
    sent?.content === undefined ? [] : paragraph(linesForTerminal(sent.content), '    ', terminal.columns);
  return [
    `${style.cyan(id)}  from ${style.bold(from)}`,
    sent === undefined
      ? `  sending: ${style.yellow(`${NO_EVIDENCE} in the log`)}`
      : `  ${sentText(sent, now)}  ${style.dim('(log)')}`,
    ...content,
    ...copies.flatMap((copy) => copyLines(copy, sent, terminal.style)),
    ...(copies.length === 0 ? [`  recipients: ${style.yellow(NO_EVIDENCE)}`] : []),
    ...supersededBy.map((by) => `  superseded by ${by.id}, sent ${momentOf(by.at)}  ${style.dim('(log)')}`),
    ...answers.map(
      (answer) => `  answered by ${answer.from} with ${answer.id}, sent ${momentOf(answer.at)}  ${style.dim('(log)')}`,
    ),
  ];
}

function sentText(sent: NonNullable<MessageTrace['sent']>, now: number): string {
  const facts = [
    ...(sent.target === undefined ? [] : [`as ${forTerminal(sent.target, 70)}`]),
    ...(sent.thread_id === undefined ? [] : [`thread ${forTerminal(sent.thread_id, 128)}`]),
    ...(sent.reply_to === undefined ? [] : [`answers ${forTerminal(sent.reply_to, 70)}`]),
    ...(sent.supersedes === undefined ? [] : [`supersedes ${sent.supersedes}`]),
    ...(sent.priority === undefined ? [] : [forTerminal(sent.priority, 20)]),
    `${sent.bytes} bytes`,
  ];
  return `sent ${momentOf(sent.at)} (${agoOf(Date.parse(sent.at), now)}) to ${sent.to.join(', ')}; ${facts.join(', ')}`;
}

function copyLines(
  { to, now, events, rings }: CopyTrace,
  sent: MessageTrace['sent'],
  style: Context['terminal']['style'],
): string[] {
  const rows = [...events, ...rings]
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map((event) => [momentOf(event.at), event.event, event.event === 'rang' ? ringOf(event) : detailOf(event, sent)]);
  const place =
    now === undefined
      ? style.yellow(`${NO_EVIDENCE} of where it is now`)
      : `${placeText(now)}  ${style.dim(`(${now.source})`)}`;
  return [`  ${style.bold(to)}: ${place}`, ...table(rows).map((line) => `    ${line}  ${style.dim('(log)')}`)];
}

function placeText({ state, at, how }: Place): string {
  const when = at === undefined ? '' : ` ${momentOf(at)}`;
  const detail =
    how === undefined
      ? ''
      : state === 'read'
        ? `, by ${how === 'other' ? 'another program' : forTerminal(how, 20)}`
        : `, ${wasShown(how)}`;
  return `${state}${when}${detail}`;
}

function detailOf(event: CopyEvent, sent: MessageTrace['sent']): string {
  switch (event.event) {
    case 'shown': {
      const { after_ms: after } = afterMs(event, sent);
      const facts = [
        `by ${forTerminal(event.by, 20)}`,
        ...(after === undefined ? [] : [`after ${durationOf(after)}`]),
        ...(event.redelivered === true ? ['redelivered'] : []),
      ];
      return facts.join(', ');
    }
    case 'returned':
      return event.why === 'session over'
        ? 'new again: the session that had claimed it is over'
        : 'new again: its reply was not written';
    case 'withdrawn':
      if (event.was !== undefined)
        return `too late, ${event.was === 'read' ? 'it had been shown' : 'it was acknowledged'}`;
      return event.superseded_by === undefined ? '' : `for ${event.superseded_by}`;
    case 'quarantined':
      return forTerminal(event.reason, 200);
    default:
      return wasShown(event.was);
  }
}

function wasShown(was: string): string {
  if (was === 'read') return 'had been shown';
  return was === 'unread' ? 'never shown' : 'may have been shown';
}
