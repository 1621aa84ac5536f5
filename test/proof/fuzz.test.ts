/**
 * What nobody thought of: random bytes on stdin, random arguments, random files. 30 seconds in all, or FUZZ_SECONDS; the seed
 * is printed, and FUZZ_SEED replays it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { normalizeName } from '../../src/model/agent-id.js';
import { type Message, parseMessage, serializeMessage } from '../../src/model/message.js';
import { age, quarantineOf, UNHINDERED } from '../helpers/planted-kinds.js';
import type { RawServer } from '../helpers/server-raw.js';
import { DEADLINE_MS, filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';
import { callsOf, FRAMES, lines, messageFiles } from './fuzz-inputs.js';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 30);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const TIMEOUT_MS = SECONDS * 1000 + 180_000;

// Small replies are the hardest to keep small. Far more is sent here within a minute than agents send to each other.
const MAX_REPLY_BYTES = 2048;
const CONFIG = `max_reply_bytes = ${MAX_REPLY_BYTES}\n${UNHINDERED}`;

/** Runs `check` on inputs for a share of the time, and fails when that were fewer than `least`. */
async function fuzz<T>(
  what: string,
  share: number,
  least: number,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => Promise<void>,
) {
  let runs = 0;
  const property = fc.asyncProperty(inputs, async (input) => {
    await check(input);
    runs++;
  });
  const interruptAfterTimeLimit = SECONDS * 1000 * share;
  await fc.assert(property, { seed: SEED, numRuns: 1e9, interruptAfterTimeLimit, markInterruptAsFailure: false });
  console.log(`fuzz: ${runs} times ${what}, FUZZ_SEED=${SEED} FUZZ_SECONDS=${SECONDS}`);
  expect(runs, 'runs').toBeGreaterThanOrEqual(least);
}

/** Gives the server that is to be asked next: the same one, or another when it has ended. */
function servers(sandbox: Sandbox) {
  let server: RawServer | undefined;
  return async () => {
    if (server === undefined || server.isOver) server = await sandbox.start('alice', { config: CONFIG });
    return server;
  };
}

let probes = 0;

/** Asks for something valid: true when it is answered, false when the server has ended as it may. */
async function answersStill(server: RawServer): Promise<boolean> {
  const id = `probe-${probes++}`;
  let timer: NodeJS.Timeout | undefined;
  const answered = new Promise<boolean>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer, and no end either')), DEADLINE_MS);
    server.onmessage = (message) => {
      if (message.id === id) resolve('result' in message);
    };
  });
  try {
    server.write(`\n{"jsonrpc":"2.0","id":"${id}","method":"tools/list"}\n`);
    return await Promise.race([answered, server.closed.then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}

test('whatever bytes come in, only JSON-RPC goes out, and the next request is answered', {
  timeout: TIMEOUT_MS,
}, async ({ sandbox }) => {
  const next = servers(sandbox);
  await fuzz('bytes on stdin', 1 / 3, 20, lines(FRAMES), async (chunks) => {
    const server = await next();
    for (const chunk of chunks) server.child.stdin.write(chunk);
    if (!(await answersStill(server))) {
      // A line that is too long is the one reason to end, with a word about it.
      expect([server.child.exitCode, server.stderr]).toEqual([1, expect.stringContaining('longer than 10 MB')]);
    }
    expect(server.impurities()).toEqual([]);
    expect(server.stderr).not.toMatch(/unexpected/i);
  });
});

test('whatever the arguments, a tool answers or refuses: never INTERNAL, never over the limit', {
  timeout: TIMEOUT_MS,
}, async ({ sandbox }) => {
  const next = servers(sandbox);
  const { tools } = (await (await next()).request('tools/list')).result;
  await fuzz('arguments of tools', 1 / 3, 100, callsOf(tools), async ({ tool, args }) => {
    const server = await next();
    const { result, error } = await server.request('tools/call', { name: tool, arguments: args } as object);
    expect(error, 'an answer of the protocol itself').toBeUndefined();
    const text = result.content[0].text;
    expect(Buffer.byteLength(text), 'bytes of the answer').toBeLessThanOrEqual(MAX_REPLY_BYTES);
    if (result.isError === true) expect(text).toMatch(/^(?!INTERNAL)[A-Z_]+: /);
    else expect(JSON.parse(text)).toEqual(result.structuredContent);
    expect(server.isOver).toBe(false);
  });
});

test('whatever is in a file, it is a message or a reason', { timeout: TIMEOUT_MS }, async () => {
  await fuzz('bytes of a file', 1 / 9, 200, messageFiles, async (bytes) => {
    const parsed = parseMessage(bytes);
    if ('problem' in parsed) expect(parsed.problem).toMatch(/^[a-z][ -~]{3,80}$/i);
    else expect(parseMessage(Buffer.from(serializeMessage(parsed.message)))).toEqual(parsed);
  });
});

type End = 'shown' | 'read' | 'expired' | 'set aside';

/** What must become of a file in the inbox of bob. */
function endOf(bytes: Uint8Array): End {
  const parsed = parseMessage(bytes);
  if ('problem' in parsed) return 'set aside';
  const { to, state, ttl, timestamp, must_read: mustRead }: Message = parsed.message;
  if (!['bob', 'all'].includes(normalizeName(to)) && !normalizeName(to).startsWith('#')) return 'set aside';
  if (state === 'read') return 'read';
  return ttl > 0 && !mustRead && Date.parse(timestamp) + ttl * 1000 <= Date.now() ? 'expired' : 'shown';
}

test('whatever files are planted, each ends in one place', { timeout: TIMEOUT_MS }, async ({ sandbox }) => {
  const bob = await sandbox.start('bob', { config: CONFIG });
  await bob.call('who');
  const folder = path.join(sandbox.relay, 'bob');
  mkdirSync(folder, { mode: 0o700 });
  // The time that each name says keeps files of one id apart.
  let time = 1_000_000_000_000;
  let expired = 0;
  await fuzz(
    '20 files in an inbox',
    2 / 9,
    2,
    fc.array(messageFiles, { minLength: 20, maxLength: 20 }),
    async (files) => {
      const known = quarantineOf(sandbox.relay).size;
      for (const bytes of files) {
        const at = path.join(folder, `${time++}-x.json`);
        writeFileSync(at, bytes);
        age(at);
      }
      const expected = files.map(endOf);
      const count = (end: End) => expected.filter((one) => one === end).length;
      let shown = 0;
      for (;;) {
        const { messages, more } = await bob.call('peek', { limit: 100 });
        shown += messages.length;
        if (more === undefined) break;
      }
      expect(shown).toBe(count('shown'));
      expect(quarantineOf(sandbox.relay).size - known).toBe(count('set aside'));
      expired += count('expired');
      const left = filesIn(folder).length;
      expect(left, 'only what has expired may still be there').toBeLessThanOrEqual(expired);
    },
  );
});
