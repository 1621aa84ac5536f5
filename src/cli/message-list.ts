/** Messages as a person reads them. All words of other agents go through model/text.ts. */
import { forTerminal, linesForTerminal } from '../model/text.js';
import type { Seen } from '../relay/mailbox.js';
import { agoOf, paragraph } from './layout.js';
import type { Terminal } from './terminal.js';

// Long lines of prose are hard to read, however wide the window is.
const WIDEST = 110;
const SHORT_PAYLOAD = 80;

export function messageLines(messages: readonly Seen[], reader: string, terminal: Terminal, now: number): string[] {
  const { style } = terminal;
  const columns = terminal.columns === undefined ? undefined : Math.min(terminal.columns, WIDEST);
  return messages.flatMap(({ message, standing }, index) => {
    const facts = [
      agoOf(Date.parse(message.timestamp), now),
      ...(message.to === reader ? [] : [`to ${forTerminal(message.to, 70)}`]),
      ...(message.thread_id === null ? [] : [`thread ${forTerminal(message.thread_id, 128)}`]),
      ...(message.reply_to === null ? [] : [`answers ${forTerminal(message.reply_to, 70)}`]),
      ...(message.must_read ? ['must be read'] : []),
      ...(standing === 'read' ? ['read, not acknowledged'] : []),
    ];
    const mark = message.priority === 'urgent' ? ` ${style.red(style.bold('urgent'))}` : '';
    const head = `${style.cyan(message.id)}  from ${style.bold(message.from)}${mark}  ${style.dim(facts.join(' · '))}`;
    const body = linesForTerminal(message.content);
    return [
      ...(index === 0 ? [] : ['']),
      head,
      ...paragraph(body, '    ', columns),
      ...paragraph(payloadLines(message.payload), '    ', undefined).map(style.dim),
    ];
  });
}

function payloadLines(payload: object | null): string[] {
  if (payload === null) return [];
  const compact = JSON.stringify(payload);
  return linesForTerminal(compact.length <= SHORT_PAYLOAD ? compact : JSON.stringify(payload, null, 2));
}

/** A message as --json has it: as stored, with what became of it since. */
export function messageJson({ message, standing }: Seen): object {
  return { ...message, state: standing };
}
