import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonBytes } from '../../src/mcp/reply.js';
import { type ShownMessage, showMessage, showPart } from '../../src/mcp/shown-message.js';
import type { Message } from '../../src/model/message.js';
import { START } from '../helpers/relay-world.js';

const message = (fields: Partial<Message> = {}): Message => ({
  id: 'msg-k3j9x0q2m4ab',
  from: 'alice',
  to: 'bob',
  timestamp: new Date(START).toISOString(),
  priority: 'normal',
  content: 'hi',
  payload: null,
  thread_id: null,
  reply_to: null,
  ttl: 0,
  must_read: false,
  state: 'pending',
  ...fields,
});

// Characters of one to four bytes, and those that take two to six in JSON.
const text = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\u00e9', '\u20ac', '\u{1f600}', '\u2028', '\u0301'),
  maxLength: 1500,
  // Without this, few strings are longer than ten characters.
  size: 'max',
});
const payload = fc.option(
  fc.dictionary(
    text.filter((key) => key.length < 20),
    fc.oneof(text, fc.double({ noNaN: true }), fc.boolean()),
    { maxKeys: 6 },
  ),
);

const SHOWING = { reader: 'bob', now: Date.parse('2026-02-17T20:31:15.900Z') };

/** Follows next_offset to the end. */
function partsOf(sent: Message, room: number): ShownMessage[] {
  const parts: ShownMessage[] = [];
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const part: ShownMessage = showPart(sent, SHOWING, offset, room);
    parts.push(part);
    if (parts.length > 5000) throw new Error('the parts come to no end');
    offset = part.next_offset;
  }
  return parts;
}

describe('the parts of a message', () => {
  it('make up its exact content and payload, each within its room', () => {
    fc.assert(
      fc.property(text, payload, fc.integer({ min: 300, max: 2000 }), (content, given, room) => {
        const sent = message({ content, payload: given });
        const parts = partsOf(sent, room);
        expect(parts.map((part) => part.content ?? '').join('')).toBe(content);
        const whole = parts.find((part) => part.payload !== undefined)?.payload;
        const pieces = parts.map((part) => part.payload_part ?? '').join('');
        const got = whole ?? (pieces === '' ? null : JSON.parse(pieces));
        expect(JSON.stringify(got)).toBe(JSON.stringify(given));
        for (const part of parts) {
          expect(jsonBytes(part)).toBeLessThanOrEqual(room);
          expect(part.content_bytes).toBe(Buffer.byteLength(content));
        }
      }),
    );
  });

  it('go on, at least a character at a time, where there is no room at all', () => {
    const parts = partsOf(message({ content: 'a\u{1f600}\u20acb' }), 0);
    expect(parts.map(({ content }) => content).join('')).toBe('a\u{1f600}\u20acb');
  });

  it('of a message without text, but with a large payload, lead through the payload', () => {
    const large = { text: 'x'.repeat(5000) };
    const parts = partsOf(message({ content: '', payload: large }), 1000);
    expect(JSON.parse(parts.map((part) => part.payload_part ?? '').join(''))).toEqual(large);
  });

  it.each([1, 2, 4, 99, 1e15])('cannot begin at byte %i, inside a character or behind the end', (offset) => {
    expect(() => showPart(message({ content: '\u20ac\u20ac' }), SHOWING, offset, 1000)).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(String(offset)) }),
    );
  });
});

describe('a message as it is shown', () => {
  it('has no field that is null or default', () => {
    expect(showMessage(message(), SHOWING)).toEqual({
      id: 'msg-k3j9x0q2m4ab',
      from: 'alice',
      timestamp: '2026-02-17T20:30:00.000Z',
      age_seconds: 75,
      content: 'hi',
    });
  });

  it('has every field that says something', () => {
    const fields = {
      to: 'all',
      priority: 'urgent',
      thread_id: 't',
      reply_to: 'msg-0',
      supersedes: 'msg-old',
      ttl: 60,
      must_read: true,
      payload: { a: 1 },
    } as const;
    expect(
      showMessage(message(fields), {
        ...SHOWING,
        redelivered: true,
        read: true,
        superseded: new Map([['msg-k3j9x0q2m4ab', 'msg-new']]),
      }),
    ).toEqual({
      id: 'msg-k3j9x0q2m4ab',
      from: 'alice',
      timestamp: '2026-02-17T20:30:00.000Z',
      age_seconds: 75,
      content: 'hi',
      ...fields,
      newer_waiting: expect.any(Number),
      superseded_by: 'msg-new',
      redelivered: true,
      state: 'read',
    });
  });
});
