/**
 * Eight servers under six names send, read and acknowledge while one of them after the other is killed. Each seat starts
 * its server again when it was killed. What is called, and when who is killed, follows from the seed; how the processes
 * interleave does not.
 */
import os from 'node:os';
import path from 'node:path';
import { randomOf } from '../helpers/random.js';
import type { Sandbox } from '../helpers/server-sandbox.js';
import { FIRST_ANSWER_MS } from './checker.js';
import { type Event, only } from './checker-journal.js';
import { JournallingClient } from './torture-client.js';

/** Two of them are served by two servers each. */
const SEATS = ['alice', 'alice', 'bob', 'bob', 'carol', 'dave', 'erin', 'frank'];
export const AGENTS = [...new Set(SEATS)];

// Behind the other test files, which share the machine.
const NICENESS = 5;
// Eight that never paused would take every core there is from the other files. Just before a kill the victim goes on, and
// others with it, so that it falls among calls: its own, and those of who writes to it and shares its mail.
const PAUSE_MS = 1000;
const GO_ON_AMONG = 0.4;
const STRIKE_MS = 15;
const THREADS = [null, null, 'red', 'blue'];
const ACKED_AMONG = 60;
const ASKED_IN_THE_END = 40;

export class TortureRun {
  readonly journal: Event[] = [];
  readonly #running: (JournallingClient | undefined)[] = SEATS.map(() => undefined);
  readonly #pausing = new Map<number, () => void>();
  #tokens = 0;
  #over = false;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly seed: number,
  ) {}

  /** For `ms`, and on a machine that has no time for it up to six times as long, until `isEnough`. */
  async rage(ms: number, isEnough: () => boolean): Promise<void> {
    // Everyone is known before the first broadcast, whose recipients are then the same throughout.
    for (const agent of AGENTS) await this.#finish(await this.#first(agent));
    const lives = SEATS.map((agent, seat) => this.#live(agent, seat, randomOf(this.seed + 1 + seat)));
    await this.#killFor(ms, isEnough, randomOf(this.seed));
    this.#over = true;
    for (const client of this.#running) client?.kill();
    await Promise.all(lives);
  }

  /** Every agent repeats the acknowledgements that were not answered, and reads what is left; then all is asked after. */
  async drain(): Promise<void> {
    const random = randomOf(this.seed);
    const clients: JournallingClient[] = [];
    // One by one: how long a first call takes is not to be how long six at once take.
    for (const agent of AGENTS) clients.push(await this.#first(agent));
    for (const client of clients) {
      const unanswered = this.#unanswered(client.agent);
      for (let next = 0; next < unanswered.length; next += 50) await client.ack(unanswered.slice(next, next + 50));
      await until(`${client.agent} has read everything`, async () => (await client.peek({ limit: 100 })).count === 0);
    }
    const expiring = new Set(only(this.journal, 'attempt').flatMap(({ token, expires }) => (expires ? [token] : [])));
    const lasting = only(this.journal, 'sent').filter(({ token }) => !expiring.has(token));
    for (const client of clients) {
      await until(`${client.agent} was told everything`, async () => (await client.peek()).sent_receipts === undefined);
      const mine = lasting.filter(({ token }) => token.startsWith(`${client.agent}-`));
      for (let count = Math.min(ASKED_IN_THE_END, mine.length); count > 0; count--) {
        const { id } = pick(mine, random);
        await client.peek({ message_id: id });
      }
    }
    for (const client of clients) await this.#finish(client);
  }

  counts() {
    const count = (kind: Event['kind']) => only(this.journal, kind).length;
    return {
      kills: count('killed'),
      attempts: count('attempt'),
      sent: count('sent'),
      shown: count('shown'),
      redelivered: only(this.journal, 'shown').filter(({ redelivered }) => redelivered).length,
      acked: only(this.journal, 'acked').flatMap(({ ids }) => ids).length,
      receipts: count('told'),
      expired: only(this.journal, 'told').filter(({ state }) => state === 'expired').length,
    };
  }

  /** One server after the other in one seat. */
  async #live(agent: string, seat: number, random: () => number): Promise<void> {
    while (!this.#over) {
      const client = new JournallingClient(this.sandbox, agent, this.journal);
      os.setPriority(client.server.pid, NICENESS);
      this.#running[seat] = client;
      try {
        await client.initialize();
        // It begins with mail, so that there is some however soon the servers die.
        await this.#sendSome(client, random);
        while (!client.server.isOver) {
          await this.#act(client, random);
          await this.#pause(seat, client, random() * PAUSE_MS);
        }
      } catch (error) {
        // Killed with calls unanswered, which is the point. Whatever else ends a server is in the journal.
        if (!client.server.child.killed) throw error;
      } finally {
        client.kill();
        await client.server.closed;
      }
    }
  }

  async #act(client: JournallingClient, random: () => number): Promise<void> {
    const what = random();
    if (what < 0.45) {
      await this.#sendSome(client, random);
    } else if (what < 0.75) {
      const thread = random() < 0.2 ? { thread_id: 'red' } : {};
      await client.peek({ limit: 1 + Math.trunc(random() * 20), ...thread });
    } else if (what < 0.9) {
      // Of the latest, some are acknowledged already, by this server or the other one of its name.
      const shown = only(this.journal, 'shown').filter(({ agent }) => agent === client.agent);
      const latest = shown.slice(-ACKED_AMONG).map(({ id }) => id);
      const ids = Array.from({ length: Math.min(latest.length, 1 + Math.trunc(random() * 20)) }, () =>
        pick(latest, random),
      );
      if (ids.length > 0) await client.ack([...new Set(ids)]);
    } else {
      await client.who();
    }
  }

  async #sendSome(client: JournallingClient, random: () => number): Promise<void> {
    await Promise.all(Array.from({ length: 1 + Math.trunc(random() * 8) }, () => this.#send(client, random)));
  }

  async #send(client: JournallingClient, random: () => number): Promise<void> {
    const token = `${client.agent}-${this.#tokens++}`;
    const others = AGENTS.filter((agent) => agent !== client.agent);
    const target = random() < 0.15 ? 'all' : pick(others, random);
    const body = {
      content: `${token} ${'ä"\\\n😀'.repeat(Math.trunc(random() ** 3 * 100))}`,
      priority: random() < 0.1 ? 'urgent' : 'normal',
      thread: pick(THREADS, random),
      payload: random() < 0.2 ? { commit: token, files: ['a', 'b'] } : null,
    };
    await client.dispatch(token, target, target === 'all' ? others : [target], body, random() < 0.03 ? 1 : 0);
  }

  async #killFor(ms: number, isEnough: () => boolean, random: () => number): Promise<void> {
    const start = performance.now();
    const isOver = () => {
      const raged = performance.now() - start;
      return raged >= 6 * ms || (raged >= ms && isEnough());
    };
    while (!isOver()) {
      await sleep(50 + random() * (350 - STRIKE_MS));
      const seat = Math.trunc(random() * SEATS.length);
      for (const other of SEATS.keys()) {
        const goesOn = random() < GO_ON_AMONG;
        if (goesOn || other === seat) this.#pausing.get(other)?.();
      }
      await sleep(random() * STRIKE_MS);
      const victim = this.#running[seat];
      // Some while they start.
      if (random() < 0.2) victim?.kill();
      else victim?.killWhenUsed();
    }
  }

  /** Until so much time is over, or a kill is near or has come. */
  async #pause(seat: number, { server }: JournallingClient, ms: number): Promise<void> {
    const near = new Promise<void>((resolve) => {
      this.#pausing.set(seat, resolve);
      setTimeout(resolve, ms);
    });
    await Promise.race([near, server.closed]);
    this.#pausing.delete(seat);
  }

  /** A server when all is quiet: how long its first call takes is noted. */
  async #first(agent: string): Promise<JournallingClient> {
    const client = new JournallingClient(this.sandbox, agent, this.journal);
    const ms = await firstCallMs(client);
    // What a machine that is busy with something else takes for a server with nothing to recover is no recovery.
    const idleMs = ms > FIRST_ANSWER_MS ? await this.#idleFirstCallMs(agent) : 0;
    this.journal.push({ kind: 'recovered', agent, ms: Math.round(ms - idleMs) });
    return client;
  }

  /** The same on a relay of its own, on which nobody was killed. */
  async #idleFirstCallMs(agent: string): Promise<number> {
    const relay = path.join(this.sandbox.root, 'idle-relay');
    const client = new JournallingClient(this.sandbox, agent, [], { relay });
    const ms = await firstCallMs(client);
    await this.#finish(client);
    return ms;
  }

  async #finish(client: JournallingClient): Promise<void> {
    client.server.endInput();
    await client.server.closed;
  }

  #unanswered(agent: string): string[] {
    const answered = new Set(only(this.journal, 'acked').flatMap((event) => (event.agent === agent ? event.ids : [])));
    const begun = only(this.journal, 'acking').flatMap((event) => (event.agent === agent ? event.ids : []));
    return [...new Set(begun)].filter((id) => !answered.has(id));
  }
}

async function firstCallMs(client: JournallingClient): Promise<number> {
  await client.initialize();
  const start = performance.now();
  await client.who();
  return performance.now() - start;
}

/** Repeats `done` until it is true; a thousand times is far more than any run has mail for. */
async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 1000; round++) if (await done()) return;
  throw new Error(`never true: ${what}`);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.trunc(random() * items.length)] as T;
}
