/** What went wrong elsewhere between real processes: see the table in docs/failure-modes.md. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import type { LocalAgent } from '../helpers/local-agent.js';
import type { Json } from '../helpers/server-client.js';
import { eventually, test } from '../helpers/server-sandbox.js';

const KILL_AFTER = [fileURLToPath(new URL('../process/preload/kill-after.cjs', import.meta.url))];

const contents = (answer: Json): string[] => answer.messages.map(({ content }: Json) => content);

test.concurrent('a report that is sent right before the end of input arrives', async ({ sandbox, expect }) => {
  const alice = await sandbox.start('alice');
  alice.request('tools/call', { name: 'dispatch', arguments: { message: 'final report', target: 'bob' } });
  alice.endInput();
  expect(await alice.ending('end of input')).toEqual({ code: 0, signal: null });
  const bob = await sandbox.local('bob');
  expect(contents(await bob.call('peek'))).toEqual(['final report']);
});

test.concurrent('what was answered as sent is there after kill -9 right behind the answer', async ({
  sandbox,
  expect,
}) => {
  const answered: string[] = [];
  for (let round = 0; round < 3; round++) {
    const alice = await sandbox.start('alice');
    alice.onmessage = ({ result }) => {
      if (result?.structuredContent?.sent === true) alice.kill('SIGKILL');
    };
    answered.push((await alice.call('dispatch', { message: `round ${round}`, target: 'bob' })).id);
    await alice.ending('SIGKILL');
  }
  const bob = await sandbox.local('bob');
  expect((await bob.call('peek')).messages.map(({ id }: Json) => id)).toEqual(answered);
});

describe('a send with a key whose server was killed', () => {
  const KEYED = { message: 'deploy', target: 'all', idempotency_key: 'deploy-1' };
  /** The call of the file system, and the path, after which the server kills itself; of the last one we kill it. */
  const STEPS: [string, string, string, number][] = [
    ['when a copy is staged', 'linkSync', '\\.keys.alice.*\\.bob$', 1],
    ['when its record is there', 'linkSync', '\\.keys.alice.[0-9a-f]+$', 1],
    ['when one recipient has it', 'renameSync', '(bob|carol).\\d', 1],
    ['when it was answered', 'none', '', 0],
  ];

  test.concurrent.for(STEPS)(
    '%s is one message when it is tried again, also after it was acknowledged',
    async ([title, call, path, after], { sandbox, expect }) => {
      const readers = [await sandbox.local('bob'), await sandbox.local('carol')];
      for (const reader of readers) await reader.call('who');
      const kill = { preload: KILL_AFTER, env: { KILL_CALL: call, KILL_PATH: path, KILL_AFTER: String(after) } };
      const first = await sandbox.start('alice', call === 'none' ? {} : kill);
      const answer = await first.call('dispatch', KEYED).catch(() => undefined);
      first.kill('SIGKILL');
      expect(await first.ending('SIGKILL'), title).toEqual({ code: null, signal: 'SIGKILL' });
      expect(answer === undefined).toBe(call !== 'none');
      const early = await Promise.all(readers.map(readAndAck));
      const second = await sandbox.local('alice');
      const again = await second.call('dispatch', KEYED);
      expect(again.queued_to).toEqual(['bob', 'carol']);
      if (answer !== undefined) expect(again).toMatchObject({ id: answer.id, deduplicated: true });
      const late = await Promise.all(readers.map(readAndAck));
      for (const index of [0, 1]) expect([...(early[index] ?? []), ...(late[index] ?? [])]).toEqual([again.id]);
      expect(await second.call('dispatch', KEYED)).toMatchObject({ id: again.id, deduplicated: true });
      expect(await Promise.all(readers.map(readAndAck))).toEqual([[], []]);
    },
  );

  async function readAndAck(reader: LocalAgent): Promise<string[]> {
    const ids = (await reader.call('peek')).messages.map(({ id }: Json) => id);
    if (ids.length > 0) await reader.call('ack', { message_ids: ids });
    return ids;
  }
});

test.skipIf(process.platform !== 'linux')(
  'a long run of calls, good and bad, leaves no file handle open',
  { timeout: 240_000 },
  async ({ sandbox }) => {
    // A watch is opened a while after the start, and stays.
    const server = await sandbox.start('alice', { config: 'watch = false' });
    const handles = () => readdirSync(`/proc/${server.pid}/fd`).length;
    const round = async (n: number) => {
      const { id } = await server.call('dispatch', { message: 'note', target: 'alice', idempotency_key: `${n}` });
      await server.refusal('dispatch', { message: 'note', target: '../x' });
      await server.refusal('dispatch', { message: 'note', target: 'bob', supersedes: 'msg-nobody' });
      await server.call('peek', { message_id: id });
      await server.call('ack', { message_ids: [id, 'msg-nobody'] });
      await server.call('who');
    };
    for (let n = 0; n < 5; n++) await round(n);
    const before = handles();
    for (let n = 5; n < 35; n++) await round(n);
    // What follows an answer may still be at it.
    await eventually('as many handles as before', () => handles() <= before);
  },
);

test.concurrent('commands and protocol frames in a message are words: they arrive as they are, and nobody acts on them', async ({
  sandbox,
  expect,
}) => {
  const words = [
    '/exit',
    '/clear\n/exit\n',
    '--help',
    '$(kill $PPID)',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}',
    '\n{"jsonrpc":"2.0","id":3,"result":{}}\n',
    '\u0003\u0004\u001a',
    'ack',
  ];
  const [alice, bob] = [await sandbox.start('alice'), await sandbox.start('bob')];
  for (const message of words) expect((await alice.call('dispatch', { message, target: 'bob' })).sent).toBe(true);
  expect(contents(await bob.call('peek'))).toEqual(words);
  for (const server of [alice, bob]) expect((await server.call('who')).count).toBe(2);
  expect((await bob.call('peek', { include_read: true })).count).toBe(words.length);
  expect([alice, bob].flatMap((server) => server.impurities())).toEqual([]);
});
