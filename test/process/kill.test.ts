/**
 * A server that dies at one step of a call after the other: right after it has moved, published or removed one more file.
 * Kills at any other moment, and many servers at once, are in test/proof/torture.test.ts.
 */
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import type { LocalAgent } from '../helpers/local-agent.js';
import { type Sandbox, test } from '../helpers/server-sandbox.js';
import { check } from '../proof/checker.js';
import { type Body, type Event, only } from '../proof/checker-journal.js';
import { readRelay } from '../proof/checker-relay.js';
import { JournallingClient } from '../proof/torture-client.js';

const PRELOAD = [fileURLToPath(new URL('preload/kill-after.cjs', import.meta.url))];

interface Step {
  readonly call: 'renameSync' | 'linkSync' | 'unlinkSync' | 'openSync';
  readonly path: string;
  readonly after: number;
}

/** alice has sent three messages to bob. */
class Scene {
  readonly journal: Event[] = [];
  readonly #clients: JournallingClient[] = [];

  constructor(private readonly sandbox: Sandbox) {}

  async client(agent: string, step?: Step): Promise<JournallingClient> {
    const env = { KILL_CALL: step?.call ?? '', KILL_PATH: step?.path ?? '', KILL_AFTER: String(step?.after) };
    const client = new JournallingClient(
      this.sandbox,
      agent,
      this.journal,
      step === undefined ? {} : { preload: PRELOAD, env },
    );
    this.#clients.push(client);
    await client.initialize();
    return client;
  }

  async threeMessages(): Promise<void> {
    const alice = await this.sandbox.local('alice');
    for (const token of ['one', 'two', 'three']) {
      const body = bodyOf(token);
      this.journal.push({ kind: 'attempt', token, from: 'alice', session: 'alice', to: ['bob'], body, expires: false });
      const { id, queued_to } = await alice.call('dispatch', { message: body.content, target: 'bob' });
      this.journal.push({ kind: 'sent', token, id, queuedTo: queued_to });
    }
    await alice.close();
  }

  /** What `agent` is shown by a session in this process; gives how much that is. */
  async peek(agent: string, reader: LocalAgent): Promise<number> {
    const { messages } = await reader.call('peek');
    for (const { id, from, content, redelivered = false } of messages) {
      const body = { content, priority: 'normal', thread: null, payload: null };
      const reply = { session: `${agent} here`, reply: `of ${agent} here`, filtered: false, acksBefore: 0 };
      this.journal.push({ kind: 'shown', agent, ...reply, id, from, redelivered, body });
    }
    return messages.length;
  }

  /** The call is the last thing that the process does; whether its answer got out depends on the step. */
  async dying(client: JournallingClient, call: () => Promise<unknown>): Promise<void> {
    client.expectKill();
    await call().catch(() => {});
    const { signal } = await client.server.closed;
    if (signal !== 'SIGKILL') throw new Error(`it did not come to this step: ${client.server.stderr}`);
  }

  /** How often each agent was shown something, and how much of that as redelivered. */
  shown(agent: string) {
    const shown = only(this.journal, 'shown').filter((event) => event.agent === agent);
    return { shown: shown.length, redelivered: shown.filter(({ redelivered }) => redelivered).length };
  }

  /** What there is to say against it, when the servers that are left have ended. */
  async problems(): Promise<string[]> {
    for (const { server } of this.#clients) {
      server.endInput();
      await server.closed;
    }
    return check(this.journal, readRelay(this.sandbox.relay, [this.sandbox.home, this.sandbox.cwd]));
  }
}

const bodyOf = (token: string): Body => ({
  content: `${token} message`,
  priority: 'normal',
  thread: null,
  payload: null,
});

describe('a reader that dies', () => {
  test.for([1, 2, 3])(
    'with %i of three messages in hand leaves all three to the next, and marks those',
    async (after, { sandbox, expect }) => {
      const scene = new Scene(sandbox);
      await scene.threeMessages();
      const first = await scene.client('bob', { call: 'renameSync', path: '/bob/taken/', after });
      await scene.dying(first, () => first.peek());
      await scene.peek('bob', await sandbox.local('bob'));
      expect(scene.shown('bob')).toEqual({ shown: 3, redelivered: after });
      expect(await scene.problems()).toEqual([]);
    },
  );

  test.for([1, 2, 3])(
    'when it has noted %i of the three messages of its answer leaves the others, marked',
    async (after, { sandbox, expect }) => {
      const scene = new Scene(sandbox);
      await scene.threeMessages();
      const first = await scene.client('bob', { call: 'renameSync', path: '/bob/read/', after });
      await scene.dying(first, () => first.peek());
      await scene.peek('bob', await sandbox.local('bob'));
      expect(scene.shown('bob')).toEqual({ shown: 3 + 3 - after, redelivered: 3 - after });
      expect(await scene.problems()).toEqual([]);
    },
  );

  test.for<[Step['call'], string, number]>([
    ['renameSync', '/bob/ended/', 1],
    ['renameSync', '/bob/ended/', 3],
    ['openSync', '/.receipts/alice/.*acked', 1],
    ['openSync', '/.receipts/alice/.*acked', 3],
    ['unlinkSync', '/bob/ended/', 1],
    ['unlinkSync', '/bob/ended/', 3],
  ])(
    'in an acknowledgement, after %s of %s number %i, leaves each message ended or not, and the rest can be acknowledged',
    async ([call, path, after], { sandbox, expect }) => {
      const scene = new Scene(sandbox);
      await scene.threeMessages();
      const first = await scene.client('bob', { call, path, after });
      await first.peek();
      const ids = only(scene.journal, 'sent').map(({ id }) => id);
      await scene.dying(first, () => first.ack(ids));
      const second = await sandbox.local('bob');
      scene.journal.push({ kind: 'acking', agent: 'bob', ids });
      const { not_found: missing = [] } = await second.call('ack', { message_ids: ids });
      scene.journal.push({ kind: 'acked', agent: 'bob', ids: ids.filter((id) => !missing.includes(id)) });
      expect((await second.call('peek', { include_read: true })).count).toBe(0);
      expect(await scene.problems()).toEqual([]);
    },
  );
});

test.for([1, 2, 3])(
  'a sender that dies when a broadcast is in %i of three inboxes has sent it to those',
  async (after, { sandbox, expect }) => {
    const scene = new Scene(sandbox);
    const others = ['bob', 'carol', 'dave'];
    const readers = await Promise.all(others.map((agent) => sandbox.local(agent)));
    for (const reader of readers) await reader.call('who');
    const alice = await scene.client('alice', { call: 'linkSync', path: '/(bob|carol|dave)/\\d', after });
    await scene.dying(alice, () => alice.dispatch('token', 'all', others, bodyOf('token')));
    const counts = [];
    for (const [index, reader] of readers.entries()) counts.push(await scene.peek(others[index] ?? '', reader));
    expect(counts.sort()).toEqual([0, 0, 0, ...Array(after).fill(1)].slice(-3));
    expect(await scene.problems()).toEqual([]);
  },
);
