/**
 * A healthy relay in full use gives no finding. Files come and go under every look, so each finding here would be a false
 * alarm by a race: something listed and then gone, a session between two steps of its end, a record just being replaced.
 */
import { expect } from 'vitest';
import { newSessionId } from '../../../src/model/ids.js';
import { RelayInspection } from '../../../src/relay/doctor/doctor.js';
import { Relay } from '../../../src/relay/relay.js';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { FilesystemInspection } from '../../../src/store/filesystem/inspection.js';
import { ProcessTable } from '../../../src/store/filesystem/process-table.js';
import type { Store } from '../../../src/store/store.js';
import { read } from '../../helpers/relay-world.js';
import type { AgentClient } from '../../helpers/server-client.js';
import { type Sandbox, test } from '../../helpers/server-sandbox.js';

const RUNS = 1000;
// The look at the directory takes the same care and more system calls, so every tenth run has one.
const DIRECTORY_EVERY = 10;
const NAMES = ['alice', 'bob', 'carol'];

test('A healthy busy relay gives no finding in 1,000 runs', async ({ sandbox }) => {
  const config = `agents = ${JSON.stringify(NAMES)}`;
  // Without a name of their own: each claims one of the roster, which is a record.
  const servers = [await sandbox.agent(undefined, { config }), await sandbox.agent(undefined, { config })];
  const activity = new Activity();
  const busy = Promise.all([
    ...servers.map((server) => converse(server, activity)),
    comeAndGo(relayIn(sandbox), activity),
    sweepOn(relayIn(sandbox), activity),
    work(relayIn(sandbox), activity),
  ]);
  // Awaited below, when the runs are done.
  busy.catch(() => {});
  const relay = relayIn(sandbox);
  const inRelay = new RelayInspection({ relay, receiptRetentionMs: 604_800_000, logRetentionMs: 2_592_000_000 });
  const inDirectory = new FilesystemInspection(sandbox.relay, { proc: `${sandbox.root}/none` });
  let runs = 0;
  const found: unknown[] = [];
  try {
    for (; runs < RUNS && found.length === 0; runs++) {
      found.push(...(await inRelay.find()));
      if (runs % DIRECTORY_EVERY === 0) found.push(...(await inDirectory.find()));
      activity.looked();
      await breathe();
    }
  } finally {
    activity.end();
    await busy;
  }
  expect(found).toEqual([]);
  expect(runs).toBe(RUNS);
  // It was busy, and not at rest behind an error.
  expect(activity.calls).toBeGreaterThan(100);
  expect(activity.sessions).toBeGreaterThan(20);
  expect(activity.swept).toBeGreaterThan(20);
  expect(activity.jobs).toBeGreaterThan(5);
}, 180_000);

/**
 * What goes on beside the looks, at the pace of the looks: as much of it on a slow machine as on a fast one, where what it
 * leaves behind would else make each look longer, and each longer look leave more behind.
 */
class Activity {
  over = false;
  calls = 0;
  sessions = 0;
  swept = 0;
  jobs = 0;
  #looks = 0;
  #waiting: { readonly until: number; readonly resolve: () => void }[] = [];

  looked(): void {
    this.#looks++;
    this.#wake();
  }

  end(): void {
    this.over = true;
    this.#wake();
  }

  /** Resolves after so many looks from now, and at the end. */
  async looks(count: number): Promise<void> {
    if (this.over) return;
    const until = this.#looks + count;
    await new Promise<void>((resolve) => this.#waiting.push({ until, resolve }));
  }

  #wake(): void {
    const isDue = ({ until }: { until: number }) => this.over || until <= this.#looks;
    const due = this.#waiting.filter(isDue);
    this.#waiting = this.#waiting.filter((one) => !isDue(one));
    for (const { resolve } of due) resolve();
  }
}

function relayIn({ relay }: Sandbox): Relay {
  const files = new Files();
  const store = interruptible(new FilesystemStore(relay, { files, durability: 'process' }));
  return new Relay({ store, processes: new ProcessTable(files), roster: NAMES });
}

// Often enough that each pair of operations is parted in some run, and no divisor of how many a run makes.
const INTERRUPTED_EVERY = 7;

/** The store, with a turn for everybody else before every few operations: as if each relay here had a process of its own. */
function interruptible(store: Store): Store {
  let operations = 0;
  return new Proxy(store, {
    get(target, property) {
      const value = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (++operations % INTERRUPTED_EVERY === 0) await breathe();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** A server whose agent writes to all, reads and acknowledges. */
async function converse(server: AgentClient, activity: Activity): Promise<void> {
  for (let round = 0; !activity.over; round++) {
    const target = round % 5 === 0 ? 'all' : NAMES[round % 3];
    await server.call('dispatch', { target, message: `round ${round}`, ...(round % 3 === 0 ? { ttl: 1 } : {}) });
    const { messages } = await server.call('peek', {});
    const ids = messages.map(({ id }: { id: string }) => id);
    if (ids.length > 0) await server.call('ack', { message_ids: ids });
    await server.call('who', {});
    activity.calls += 4;
    await activity.looks(16);
  }
}

/** Sessions of this process that begin, read, answer and end. */
async function comeAndGo(relay: Relay, activity: Activity): Promise<void> {
  while (!activity.over) {
    const session = relay.session('carol');
    await session.begin();
    await session.send({ target: 'human', content: 'done', ttl: 1 });
    await read(session);
    await breathe();
    await read(session);
    await session.end();
    activity.sessions++;
    await activity.looks(20);
  }
}

// Every look reads every record, and is to find a relay at work, not one that is full.
const MOST_JOBS = 10;

/** Jobs of a worker that comes and goes: given back four times, then completed, until there are enough to look at. */
async function work(relay: Relay, activity: Activity): Promise<void> {
  let id: string | undefined;
  for (let round = 1; !activity.over; round++) {
    const worker = { session: newSessionId(), since: new Date().toISOString(), writes: 'all' as const, concurrency: 1 };
    await relay.jobs.workers.enter('carol', worker);
    const draft = { to: 'carol', task: { prompt: 'Do it.' }, requestId: newSessionId(), write: true };
    id ??= (await relay.jobs.submit('alice', draft)).job.id;
    const by = { agent: 'carol', session: worker.session };
    const { token } = await relay.jobs.claim(id, by, { addresses: ['carol'] });
    await relay.jobs.renew(id, token, by);
    await breathe();
    if (round % 5 === 0 && activity.jobs < MOST_JOBS) {
      await relay.jobs.settle(id, token, { outcome: 'completed', result: 'x'.repeat(20_000) });
      activity.jobs++;
      id = undefined;
    } else await relay.jobs.settle(id, token, { outcome: 'released', untouched: true });
    await relay.jobs.workers.leave('carol', worker.session);
    await activity.looks(8);
  }
}

async function sweepOn(relay: Relay, activity: Activity): Promise<void> {
  while (!activity.over) {
    if (await relay.sweeper.sweep()) activity.swept++;
    await activity.looks(10);
  }
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
