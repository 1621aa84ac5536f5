/** Inputs of the fuzzers: made of what is right, and then changed. */
import fc from 'fast-check';
import { anyCharacter } from '../helpers/any-character.js';
import { json, planted } from '../helpers/planted-kinds.js';
import type { Json } from '../helpers/server-client.js';

const call = (id: number, name: string, args: object) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

/** Frames that a client may send, as the seed of those that none sends. */
export const FRAMES: readonly string[] = [
  { jsonrpc: '2.0', id: 1, method: 'ping' },
  {
    jsonrpc: '2.0',
    id: 2,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3, reason: 'x' } },
  { jsonrpc: '2.0', id: 4, method: 'tools/list', params: { cursor: 'x' } },
  { jsonrpc: '2.0', id: 5, method: 'resources/list' },
  { jsonrpc: '2.0', id: 6, method: 'logging/setLevel', params: { level: 'debug' } },
  { jsonrpc: '2.0', id: 7, result: {} },
  { jsonrpc: '2.0', id: 8, error: { code: -1, message: 'x' } },
  call(9, 'dispatch', { message: 'hi', target: 'alice', payload: { a: [1] } }),
  call(10, 'peek', { include_read: true, limit: 5 }),
  call(11, 'ack', { message_ids: ['msg-x'] }),
  call(12, 'who', {}),
].map((frame) => JSON.stringify(frame));

const STRANGE = [
  '',
  '\0',
  '\x1b[2J',
  '\u202e',
  '\ud800',
  '__proto__',
  'constructor',
  '../x',
  'all',
  'human',
  'bob',
  ' Bob ',
  'msg-000000000000',
  '[]',
  '{}',
  '["a"]',
  '#x',
  '\u212a',
  'x'.repeat(300),
];
const NUMBERS = [0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e21, 1e308, Number.MIN_VALUE];

const deep = fc.integer({ min: 1, max: 2000 }).map((levels) => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
});

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: anyCharacter, maxLength: 200 }),
  fc.constantFrom<unknown>(...STRANGE, ...NUMBERS, null, true, false),
  fc.array(fc.constantFrom(...STRANGE), { maxLength: 30 }),
  { arbitrary: deep, weight: 1 },
);

/** `bytes` with some changed, removed, doubled or put in between. */
function mutated(source: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const change = fc.record({
    how: fc.constantFrom('set', 'cut', 'insert', 'double', 'end'),
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((some) => Buffer.from(some)),
      fc
        .constantFrom(
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          '\n',
          '\r\n',
          '\ufeff',
          'null',
          '1e999',
          '-',
          '"\\ud800"',
          '"__proto__":',
        )
        .map((text) => Buffer.from(text)),
    ),
  });
  return fc.tuple(source, fc.array(change, { maxLength: 4 })).map(([text, changes]) =>
    changes.reduce((whole, { how, where, bytes }) => {
      const at = Math.trunc(where * whole.length);
      const behind =
        { set: at + bytes.length, cut: at + bytes.length, insert: at, double: Math.trunc(at / 2), end: whole.length }[
          how
        ] ?? at;
      return Buffer.concat([whole.subarray(0, at), how === 'cut' ? Buffer.alloc(0) : bytes, whole.subarray(behind)]);
    }, Buffer.from(text)),
  );
}

/** What comes in on stdin, in chunks: frames, frames that were changed, values that are no frames, and plain bytes. */
export function lines(frames: readonly string[]): fc.Arbitrary<Buffer[]> {
  const field = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const frame = fc
    .record({
      jsonrpc: field(fc.oneof(fc.constant('2.0'), anything)),
      id: field(anything),
      method: field(fc.oneof(fc.constantFrom('tools/call', 'ping', 'initialize', 'tools/list'), anything)),
      params: field(anything),
    })
    .map((value) => JSON.stringify(value));
  const feed = Buffer.from('\n');
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some)),
    mutated(fc.constantFrom(...frames)).map((bytes) => Buffer.concat([bytes, feed])),
    mutated(frame).map((bytes) => Buffer.concat([bytes, feed])),
    anything.map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
    fc.constantFrom('\n', '\r\n', '\r', '\0', ' ').map((text) => Buffer.from(text.repeat(20))),
    fc.integer({ min: 1, max: 5000 }).map((levels) => Buffer.from(`${'[{"a":'.repeat(levels)}\n`)),
  );
  return fc.array(chunk, { minLength: 1, maxLength: 6 });
}

/** A value as a JSON schema of a tool has it. */
function arbitraryFor(schema: Json): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(arbitraryFor));
  if (schema.type === 'string')
    return fc.oneof(
      fc.constantFrom(...STRANGE, 'alice', 'msg-000000000001'),
      fc.string({
        unit: 'grapheme',
        minLength: schema.minLength ?? 0,
        maxLength: Math.min(schema.maxLength ?? 3000, 3000),
      }),
    );
  if (schema.type === 'integer')
    return fc.integer({ min: Math.max(schema.minimum ?? 0, -1e9), max: Math.min(schema.maximum ?? 1e9, 1e9) });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'array')
    return fc.array(arbitraryFor(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 40 });
  if (schema.type === 'object')
    return fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 });
  return anything;
}

/** Calls of the tools as their own schemas have them, some with arguments of other kinds, or that there are not. */
export function callsOf(tools: readonly Json[]): fc.Arbitrary<{ tool: string; args: unknown }> {
  const calls = tools.map(({ name, inputSchema }) => {
    const fields = Object.entries<Json>(inputSchema.properties).map(([field, schema]) => {
      const known = (inputSchema.required ?? []).includes(field);
      const value = fc.oneof(
        { arbitrary: arbitraryFor(schema), weight: 9 },
        { arbitrary: anything, weight: 1 },
        { arbitrary: arbitraryFor(schema).map((one) => JSON.stringify(one)), weight: 1 },
      );
      return [field, fc.option(value, { nil: undefined, freq: known ? 30 : 1 })] as const;
    });
    const good: Record<string, fc.Arbitrary<unknown>> = name === 'dispatch'
      ? {
          message: fc.string({ minLength: 1, maxLength: 5000, size: 'max' }),
          target: fc.constantFrom('alice', 'ALICE', 'bob', 'all', 'human'),
        }
      : {};
    const args = fc.record<Record<string, unknown>>({ ...Object.fromEntries(fields) });
    const whole = fc
      .tuple(args, fc.record(good), fc.boolean())
      .map(([some, sure, isGood]) => (isGood ? { ...some, ...sure } : some));
    const extra = fc
      .tuple(whole, fc.constantFrom(...STRANGE), anything)
      .map(([some, key, value]) => ({ ...some, [key]: value }));
    return fc
      .oneof({ arbitrary: whole, weight: 9 }, { arbitrary: extra, weight: 1 })
      .map((value) => ({ tool: name as string, args: value as unknown }));
  });
  return fc.oneof(...calls);
}

const field = fc.constantFrom(
  'id',
  'from',
  'to',
  'timestamp',
  'priority',
  'content',
  'payload',
  'thread_id',
  'reply_to',
  'ttl',
  'must_read',
  'state',
  '__proto__',
  'extra',
);

/** Bytes of a file in an inbox: a message, one with other values in its fields, one whose bytes were changed, or any. */
export const messageFiles: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  mutated(fc.constant(json({ payload: { a: [1, { b: null }] }, thread_id: 't', ttl: 0, reply_to: 'msg-1' }))),
  fc
    .array(
      fc.tuple(
        field,
        fc.oneof(anything, fc.constantFrom<unknown>('read', 'urgent', 60, '#x', 'all', 'BOB', '2026-02-17')),
      ),
      { maxLength: 3 },
    )
    .map((changes) => {
      const fields = [...Object.entries(planted({ content: 'fuzz' })), ...changes];
      return Buffer.from(JSON.stringify(Object.fromEntries(fields)));
    }),
);
