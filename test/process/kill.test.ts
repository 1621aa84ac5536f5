/**
 * Servers that send, read and acknowledge are killed at random for ten seconds, with SIGKILL, mid-call and mid-answer. Then all is
 * drained and a checker reads the journal. The seed is printed; KILL_SEED runs it again.
 */
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { type Sandbox, test } from '../helpers/server-sandbox.js';
import { check, type Event } from './checker.js';

const RUN_MS = 10_000;
const SENDERS = ['alice', 'dave'] as const;
const READERS = ['bob', 'carol'] as const;

test('kill -9 of senders and readers loses nothing, repeats nothing unsaid and never claims too much', {
  timeout: 120_000,
}, async ({ sandbox, expect }) => {
  const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000_007);
  console.log(`kill test: KILL_SEED=${seed}`);
  const run = new Run(sandbox, seed);
  await run.rage(RUN_MS);
  await run.drain();
  const counts = run.counts();
  console.log(`kill test: ${JSON.stringify(counts)}`);
  expect(check(run.journal)).toEqual([]);
  // A run in which little happened shows nothing.
  expect(counts.kills).toBeGreaterThan(10);
  expect(counts.sent).toBeGreaterThan(20);
});

class Run {
  readonly journal: Event[] = [];
  readonly #random: () => number;
  #tokens = 0;
  #kills = 0;
  #sessions = 0;
  #over = false;

  constructor(
    private readonly sandbox: Sandbox,
    seed: number,
  ) {
    this.#random = randomOf(seed);
  }

  async rage(ms: number): Promise<void> {
    // Everyone is known before the first broadcast, which would else find nobody.
    for (const agent of [...SENDERS, ...READERS]) {
      const server = await this.#start(agent);
      await server.call('who');
      server.kill('SIGKILL');
      await server.closed;
    }
    setTimeout(() => {
      this.#over = true;
    }, ms);
    await Promise.all([
      ...SENDERS.map((agent) => this.#lives(agent, 'send')),
      ...READERS.map((agent) => this.#lives(agent, 'read')),
    ]);
  }

  /** Everything still there is read in peace, and each message is asked after. */
  async drain(): Promise<void> {
    const servers = new Map<string, RawServer>();
    for (const agent of [...SENDERS, ...READERS]) {
      const server = await this.#start(agent);
      servers.set(agent, server);
      await until(
        `${agent} has read everything`,
        server,
        async () => (await server.call('peek', { limit: 100 })).count === 0,
      );
    }
    const sent = this.journal.filter((event) => event.kind === 'sent');
    for (const agent of SENDERS) {
      const server = servers.get(agent) ?? (await this.#start(agent));
      await until(
        `${agent} was told everything`,
        server,
        async () => (await server.call('peek')).sent_receipts === undefined,
      );
      const mine = sent.filter(({ token }) => token.startsWith(agent));
      await Promise.all(
        mine.map(async ({ id }) => {
          const { sent_receipts: receipts } = await server.call('peek', { message_id: id });
          for (const { to, state } of receipts) this.journal.push({ kind: 'final', id, to, state });
        }),
      );
    }
  }

  counts() {
    const count = (test: (event: Event) => boolean) => this.journal.filter(test).length;
    return {
      kills: this.#kills,
      attempts: this.#tokens,
      sent: count(({ kind }) => kind === 'sent'),
      shown: count(({ kind }) => kind === 'shown'),
      redelivered: count((event) => event.kind === 'shown' && event.redelivered),
      acks: count(({ kind }) => kind === 'acked'),
      receipts: count(({ kind }) => kind === 'told'),
    };
  }

  /** One server after the other under one name, each killed while it is busy. */
  async #lives(agent: string, what: 'send' | 'read'): Promise<void> {
    while (!this.#over) {
      const server = await this.#start(agent);
      const timer = setTimeout(() => server.kill('SIGKILL'), 20 + this.#random() * 600);
      try {
        while (!server.isOver) {
          if (what === 'send') await this.#send(agent, server);
          else await this.#read(agent, server);
        }
      } catch (error) {
        // Killed with calls unanswered, which is the point; any other failure is one.
        if (!server.child.killed) {
          this.#over = true;
          throw new Error(`${agent}: ${error}\n${server.stderr}`);
        }
      } finally {
        clearTimeout(timer);
        server.kill('SIGKILL');
      }
      this.#kills++;
      await server.closed;
    }
  }

  /** A server whose every answer goes into the journal as soon as its line is whole, whoever waits for it. */
  async #start(agent: string): Promise<RawServer> {
    const session = `${agent}-${this.#sessions++}`;
    const server = this.sandbox.spawn({ agent });
    server.onmessage = ({ result }) => {
      const answer: Json = result?.structuredContent ?? {};
      for (const field of ['messages', 'new_messages']) {
        for (const message of answer[field] ?? []) {
          if (message.state === 'read') continue;
          const { id, from, content, redelivered = false } = message;
          this.journal.push({ kind: 'shown', agent, session, id, from, token: content, redelivered });
        }
      }
      for (const { id, to, state } of answer.sent_receipts ?? []) this.journal.push({ kind: 'told', id, to, state });
    };
    await server.initialize(agent);
    return server;
  }

  async #send(from: string, server: RawServer): Promise<void> {
    const burst = Array.from({ length: 1 + Math.trunc(this.#random() * 8) }, async () => {
      const pick = this.#random();
      const target = pick < 0.45 ? 'bob' : pick < 0.9 ? 'carol' : 'all';
      const token = `${from}-${this.#tokens++}`;
      // "all" reaches the other sender too, which reads it on its own answers.
      const others = [...SENDERS, ...READERS].filter((agent) => agent !== from);
      this.journal.push({ kind: 'attempt', token, from, to: target === 'all' ? others : [target] });
      const { id, queued_to } = await server.call('dispatch', {
        message: token,
        target,
        priority: this.#random() < 0.1 ? 'urgent' : 'normal',
      });
      this.journal.push({ kind: 'sent', token, id, queuedTo: queued_to });
    });
    await Promise.all(burst);
    if (this.#random() < 0.2) await server.call('peek');
  }

  async #read(agent: string, server: RawServer): Promise<void> {
    const { messages } = await server.call(this.#random() < 0.8 ? 'peek' : 'who');
    if (messages === undefined || this.#random() < 0.5) return;
    const ids: string[] = messages.map(({ id }: Json) => id);
    if (ids.length === 0) return;
    const { not_found: missing = [] } = await server.call('ack', { message_ids: ids });
    this.journal.push({ kind: 'acked', agent, ids: ids.filter((id) => !missing.includes(id)) });
  }
}

/** Repeats `done` until it is true; far more often than any run has mail would be for ever. */
async function until(what: string, server: RawServer, done: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 1000; round++) if (await done()) return;
  throw new Error(`never true: ${what}. Its last answer: ${server.lines.at(-1)}\n${server.stderr}`);
}

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
