/** A message as a model is shown it: without what is null or default, and in parts when it is larger than a reply. */
import { DispatchError } from '../model/errors.js';
import type { Message } from '../model/message.js';
import { cutUtf8, isCharacterBoundary } from '../model/text.js';
import { type MessageName, threadHash } from '../relay/message-name.js';
import { jsonBytes } from './reply.js';

export interface ShownMessage {
  readonly id: string;
  readonly from: string;
  /** Absent when it was sent to the reader alone. */
  readonly to?: string;
  readonly timestamp: string;
  /** Seconds since it was sent. */
  readonly age_seconds: number;
  /** How many newer messages of its sender in its thread wait and are not in this reply. Set when that is known. */
  newer_waiting?: number;
  /** The message that this one replaces. */
  readonly supersedes?: string;
  /** The message that replaced this one. */
  readonly superseded_by?: string;
  /** Its sender took it back after it was shown. */
  readonly withdrawn?: true;
  readonly priority?: 'urgent';
  readonly thread_id?: string;
  readonly reply_to?: string;
  readonly ttl?: number;
  readonly must_read?: true;
  readonly redelivered?: true;
  /** Only on mail that was shown before. */
  readonly state?: 'read';
  readonly content?: string;
  readonly payload?: object;
  /** A part of the payload's JSON text. */
  readonly payload_part?: string;
  /** Size of the whole content, when a part is shown. */
  readonly content_bytes?: number;
  /** Size of the payload as JSON text, when it is not shown whole. */
  readonly payload_bytes?: number;
  /** Where the next part begins. */
  readonly next_offset?: number;
}

export interface Showing {
  readonly reader: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of mail that was shown before, what was superseded, as a claim has it. */
  readonly superseded?: ReadonlyMap<string, string | undefined>;
  readonly redelivered?: boolean;
  readonly read?: boolean;
}

// As many digits as any count has.
const MOST_WAITING = 9_999_999;

/** The whole message. */
export function showMessage(message: Message, showing: Showing): ShownMessage {
  return {
    ...envelope(message, showing),
    content: message.content,
    ...(message.payload === null ? {} : { payload: message.payload }),
  };
}

/**
 * As much of a message from `offset` on as fits into `room` bytes of JSON. Its text is the content followed by the payload's
 * JSON, and offsets count the bytes of both in UTF-8.
 * @throws DispatchError `INVALID_ARGUMENT` for an offset past the end or inside a character.
 */
export function showPart(message: Message, showing: Showing, offset: number, room: number): ShownMessage {
  const content = Buffer.from(message.content, 'utf8');
  const payload = message.payload === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(message.payload), 'utf8');
  // Content that is empty has no part of its own: the payload would never be reached.
  const inContent = offset < content.length || payload.length === 0;
  const [text, start] = inContent ? [content, offset] : [payload, offset - content.length];
  if (offset > 0 && (start >= text.length || !isCharacterBoundary(text, start))) {
    throw new DispatchError(
      'INVALID_ARGUMENT',
      `offset ${offset} is not a place in message ${message.id}: it has ${content.length + payload.length} bytes, and a part begins between two characters. Use the next_offset of the part before.`,
      {
        argument: 'offset',
      },
    );
  }
  const head = envelope(message, showing);
  const sizes = { content_bytes: content.length, ...(payload.length > 0 ? { payload_bytes: payload.length } : {}) };
  const fixed = jsonBytes({
    ...head,
    ...sizes,
    next_offset: content.length + payload.length,
    payload_part: '',
    content: '',
  });
  const part = fitting(text.subarray(start), room - fixed);
  const end = offset + part.length;
  if (!inContent) {
    return {
      ...head,
      payload_part: part.toString('utf8'),
      ...sizes,
      ...(end < content.length + payload.length ? { next_offset: end } : {}),
    };
  }
  const left = room - fixed - jsonBytes(part.toString('utf8'));
  const whole = end === content.length && payload.length > 0 && payload.length + 16 <= left;
  return {
    ...head,
    content: part.toString('utf8'),
    ...(whole && message.payload !== null ? { payload: message.payload } : {}),
    content_bytes: content.length,
    ...(payload.length > 0 && !whole ? { payload_bytes: payload.length } : {}),
    ...(end < content.length || (payload.length > 0 && !whole) ? { next_offset: end } : {}),
  };
}

function fateOf(id: string, superseded: Showing['superseded']): Pick<ShownMessage, 'superseded_by' | 'withdrawn'> {
  if (superseded?.has(id) !== true) return {};
  const by = superseded.get(id);
  return by === undefined ? { withdrawn: true } : { superseded_by: by };
}

function envelope(message: Message, { reader, redelivered, read, now, superseded }: Showing): ShownMessage {
  const age = Math.floor((now - Date.parse(message.timestamp)) / 1000);
  return {
    id: message.id,
    from: message.from,
    ...(message.to === reader ? {} : { to: message.to }),
    timestamp: message.timestamp,
    age_seconds: Math.max(0, age),
    // Holds its place in the budget until the count is known.
    ...(message.thread_id === null ? {} : { newer_waiting: MOST_WAITING }),
    ...(message.supersedes === undefined ? {} : { supersedes: message.supersedes }),
    ...fateOf(message.id, superseded),
    ...(message.priority === 'urgent' ? { priority: 'urgent' } : {}),
    ...(message.thread_id === null ? {} : { thread_id: message.thread_id }),
    ...(message.reply_to === null ? {} : { reply_to: message.reply_to }),
    ...(message.ttl === 0 ? {} : { ttl: message.ttl }),
    ...(message.must_read ? { must_read: true } : {}),
    ...(redelivered === true ? { redelivered: true } : {}),
    ...(read === true ? { state: 'read' } : {}),
  };
}

/** Sets `newer_waiting` of what is shown, by the names of all mail that waits. */
export function countNewer(shown: readonly ShownMessage[], waiting: readonly MessageName[]): void {
  for (const message of shown) {
    if (message.newer_waiting === undefined || message.thread_id === undefined) continue;
    const thread = threadHash(message.thread_id);
    const sentAt = Date.parse(message.timestamp);
    // Of one sender what waits in the same millisecond is newer too: mail is shown in the order it was sent.
    const newer = waiting.filter(
      (name) => name.from === message.from && name.thread === thread && name.sentAt >= sentAt,
    ).length;
    if (newer > 0) message.newer_waiting = newer;
    else delete message.newer_waiting;
  }
}

/** The longest beginning of `text` whose JSON string takes at most `room` bytes, and at least one character. */
export function fitting(text: Buffer, room: number): Buffer {
  const fits = (bytes: number) => jsonBytes(Buffer.from(cutUtf8(text, bytes)).toString('utf8')) <= room;
  if (fits(text.length)) return text;
  let low = 0;
  let high = Math.min(text.length, Math.max(room, 0));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  // Progress even where there is no room at all: four bytes hold any character.
  return Buffer.from(cutUtf8(text, Math.max(low, 4)));
}
