/** When the mail of a reply counts as shown: exactly one of written and dropped is called, once, whenever a cancel comes. */
import { PassThrough, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { type Settlement, SettlingStdioTransport } from '../../src/mcp/stdio.js';

const ANSWER = { jsonrpc: '2.0', id: 1, result: {} } as const;

/** A transport whose stdout takes nothing before `take`, and what became of the reply to request 1. */
function replying() {
  let taken: ((error?: Error) => void) | undefined;
  const stdout = new Writable({
    write(_chunk, _encoding, done) {
      taken = done;
    },
  });
  // A pipe that broke tells everyone who listens; here nobody has to.
  stdout.on('error', () => {});
  const transport = new SettlingStdioTransport(new PassThrough(), stdout);
  const settled: string[] = [];
  const settlement: Settlement = {
    written: async () => void settled.push('written'),
    dropped: async () => void settled.push('dropped'),
  };
  const cancel = new AbortController();
  return { transport, settled, settlement, cancel, take: (error?: Error) => taken?.(error) };
}

it('a reply counts as written when stdout has taken it, and not before', async () => {
  const { transport, settled, settlement, cancel, take } = replying();
  transport.settleWith(1, cancel.signal, settlement);
  const sent = transport.send(ANSWER);
  await new Promise(setImmediate);
  expect(settled).toEqual([]);
  take();
  await sent;
  expect(settled).toEqual(['written']);
});

it('a reply that stdout refuses is dropped', async () => {
  const { transport, settled, settlement, cancel, take } = replying();
  transport.settleWith(1, cancel.signal, settlement);
  const sent = transport.send(ANSWER);
  take(new Error('EPIPE'));
  await expect(sent).rejects.toThrow('EPIPE');
  expect(settled).toEqual(['dropped']);
});

it('a request that was cancelled while it was worked on drops its reply', () => {
  const { transport, settled, settlement, cancel } = replying();
  cancel.abort();
  transport.settleWith(1, cancel.signal, settlement);
  expect(settled).toEqual(['dropped']);
});

it('a cancel that comes before the reply is sent drops it for good', async () => {
  const { transport, settled, settlement, cancel, take } = replying();
  transport.settleWith(1, cancel.signal, settlement);
  cancel.abort();
  expect(settled).toEqual(['dropped']);
  const sent = transport.send(ANSWER);
  take();
  await sent;
  expect(settled).toEqual(['dropped']);
});

it('a cancel that comes while the reply is being written drops nothing: the client may see it', async () => {
  const { transport, settled, settlement, cancel, take } = replying();
  transport.settleWith(1, cancel.signal, settlement);
  const sent = transport.send(ANSWER);
  cancel.abort();
  take();
  await sent;
  expect(settled).toEqual(['written']);
});
