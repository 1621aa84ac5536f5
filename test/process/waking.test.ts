/** Idle sessions of real servers, woken for mail: by a fake inbox of Claude Code, a fake codex, a channel, a command. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { slowness } from '../helpers/machine.js';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, listTree, type Sandbox, type ServerOptions, test } from '../helpers/server-sandbox.js';
import { fakeProgram } from '../wake/fake-program.js';
import { FakeInbox } from '../wake/listening-socket.js';

const posix = process.platform !== 'win32';
const THREAD = '019a9f3e-6c1f-7b00-8a52-0123456789ab';
const SOCKET_ONLY = '[wake]\nmethods = ["claude-socket"]';

interface Idle extends Omit<ServerOptions, 'agent'> {
  /** The name that the client gives itself. @default 'claude-code' */
  readonly client?: string;
}

/** A server whose client has said its name, and nothing more. */
async function idle(sandbox: Sandbox, agent: string, { client = 'claude-code', ...options }: Idle = {}) {
  const server = sandbox.spawn({ agent, ...options });
  const { result } = await server.request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: client, version: '2.1.329' },
  });
  server.notify('notifications/initialized');
  return { server, result: result as Json };
}

async function inbox(
  sandbox: Sandbox,
  name = 'inbox',
  options: { closes?: boolean; name?: string } = {},
): Promise<FakeInbox> {
  const fake = await FakeInbox.listen(path.join(sandbox.root, name), options);
  sandbox.atEnd(() => void fake.close());
  return fake;
}

const socketOf = ({ path: at }: FakeInbox) => ({
  CLAUDE_CODE_MESSAGING_SOCKET: at,
  CLAUDE_CODE_MESSAGING_TOKEN: 'token-of-bob',
});

const announced = (sandbox: Sandbox, agent: string) =>
  eventually(`${agent} to be announced`, () => existsSync(path.join(sandbox.relay, '.presence', `${agent}.json`)));

/** Events of this kind in the logs of all processes, oldest first. */
function eventsIn(sandbox: Sandbox, kind: string): Json[] {
  const logs = listTree(sandbox.relay).filter((file) => file.startsWith('.log/') && !file.endsWith('/'));
  return logs
    .flatMap((file) => readFileSync(path.join(sandbox.relay, file), 'utf8').split('\n'))
    .flatMap((line) => (line.includes(`"event":"${kind}"`) ? [JSON.parse(line)] : []))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

const ringsIn = (sandbox: Sandbox) => eventsIn(sandbox, 'rang');

const aRing = (sandbox: Sandbox, number = 1) =>
  eventually(`ring ${number}`, () => {
    const rings = ringsIn(sandbox);
    return rings.length >= number && rings;
  });

const callAs = (server: RawServer, meta: object) =>
  server.request('tools/call', { name: 'who', arguments: {}, _meta: meta });

test
  .runIf(posix)
  .concurrent(
    'an idle session that has called nothing is rung for direct mail, within bounds and with a notice alone',
    async ({ sandbox, expect }) => {
      const socket = await inbox(sandbox);
      const { server: bob } = await idle(sandbox, 'bob', { env: socketOf(socket) });
      const alice = await sandbox.local('alice');
      await announced(sandbox, 'bob');
      const sent = await alice.call('dispatch', {
        target: 'bob',
        message: 'SECRET words',
        thread_id: 'SECRET thread',
        payload: { SECRET: 1 },
      });
      const answeredAt = Date.now();
      const [ring] = await aRing(sandbox);
      // The bound that is promised, coalescing included; the log is read a moment after it was written.
      const tookMs = Date.now() - answeredAt;
      expect(tookMs).toBeLessThan(1500 * (await slowness()));
      expect(sent.cannot_wake).toBeUndefined();
      expect(ring).toMatchObject({
        agent: 'bob',
        method: 'claude-socket',
        outcome: 'rung',
        waiting: 1,
        ids: [sent.id],
      });
      expect(socket.lines).toEqual([
        { type: 'auth', token: 'token-of-bob' },
        {
          type: 'user',
          message: { role: 'user', content: expect.stringContaining(`1 message waits for you (bob), from alice.`) },
        },
      ]);
      expect(socket.received[0]).toContain(sent.id);
      expect(socket.received[0]).not.toContain('SECRET');
      // To be rung is not to have been shown.
      expect((await alice.call('peek', { message_id: sent.id })).sent_receipts).toMatchObject([{ state: 'pending' }]);
      const { agents } = await alice.call('who');
      expect(agents.find((each: Json) => each.agent_id === 'bob').sessions).toMatchObject([
        { wake: 'claude-socket (direct)' },
      ]);
      expect((await bob.call('peek')).messages).toMatchObject([{ id: sent.id }]);
    },
  );

test
  .runIf(posix)
  .concurrent(
    'a job rings its assignee as mail does, with a notice that has no word of it, and never its submitter',
    async ({ sandbox, expect }) => {
      const [ofAlice, ofBob] = [await inbox(sandbox, 'alice'), await inbox(sandbox, 'bob')];
      const { server: alice } = await idle(sandbox, 'alice', { env: socketOf(ofAlice) });
      const { server: bob } = await idle(sandbox, 'bob', { env: socketOf(ofBob) });
      for (const agent of ['alice', 'bob']) await announced(sandbox, agent);
      for (const each of [alice, bob]) await each.call('join', { topic: 'build' });
      const { job_id } = await alice.call('submit', { to: '#build', task: { prompt: 'SECRET words' } });
      expect(await aRing(sandbox)).toMatchObject([{ agent: 'bob', waiting: 1, outcome: 'rung' }]);
      expect(ofBob.notices).toEqual([expect.stringContaining('1 message waits for you (bob), from alice')]);
      expect(ofBob.received.join('')).not.toContain('SECRET');
      // What becomes of it rings the submitter, who is not the one who did it.
      const { token } = await bob.call('claim', { job_id });
      await bob.call('settle', { job_id, token, outcome: 'completed', result: 'SECRET too' });
      expect((await aRing(sandbox, 2)).map(({ agent }) => agent)).toEqual(['bob', 'alice']);
      expect(ofAlice.notices).toEqual([expect.stringContaining('1 message waits for you (alice), from bob')]);
      expect(ofAlice.received.join('')).not.toContain('SECRET');
    },
  );

test
  .runIf(posix)
  .concurrent(
    'twenty messages at once are one ring, and one more after they were read is another',
    async ({ sandbox, expect }) => {
      const socket = await inbox(sandbox);
      const { server: bob } = await idle(sandbox, 'bob', { env: socketOf(socket) });
      const alice = await sandbox.local('alice');
      await announced(sandbox, 'bob');
      await Promise.all(
        Array.from({ length: 20 }, (_, number) => alice.call('dispatch', { target: 'bob', message: `${number}` })),
      );
      const rings = await aRing(sandbox);
      // A busy machine may need longer for them than a ring waits.
      expect(rings).toMatchObject([{ waiting: expect.any(Number), outcome: 'rung' }]);
      expect(socket.notices).toEqual([expect.stringMatching(/\d+ messages wait for you \(bob\)/)]);
      expect((await bob.call('peek')).messages).toHaveLength(20);
      await alice.call('dispatch', { target: 'bob', message: 'one more' });
      expect((await aRing(sandbox, 2)).slice(1)).toMatchObject([{ waiting: 1 }]);
      expect(socket.notices).toHaveLength(2);
    },
  );

test
  .runIf(posix)
  .concurrent(
    'of two sessions of an agent only the newer one is rung, and the older one once it is alone',
    async ({ sandbox, expect }) => {
      const [old, young] = [await inbox(sandbox, 'old'), await inbox(sandbox, 'young')];
      await idle(sandbox, 'bob', { env: socketOf(old) });
      await announced(sandbox, 'bob');
      const { server: second } = await idle(sandbox, 'bob', { env: socketOf(young) });
      const folder = path.join(sandbox.relay, '.presence', 'bob');
      const alice = await sandbox.local('alice');
      await eventually(
        'both to be announced',
        () => eventsIn(sandbox, 'session_started').filter(({ agent }) => agent === 'bob').length === 2,
      );
      await alice.call('dispatch', { target: 'bob', message: 'hello' });
      await aRing(sandbox);
      expect([old.notices.length, young.notices.length]).toEqual([0, 1]);
      await second.call('peek');
      second.endInput();
      await second.ending('end of input');
      expect(existsSync(folder)).toBe(true);
      await alice.call('dispatch', { target: 'bob', message: 'hello again' });
      await eventually('the older one to be rung', () => old.notices.length === 1);
      expect(young.notices).toHaveLength(1);
    },
  );

test
  .runIf(posix)
  .concurrent(
    'a socket that hangs delays no tool call, and the log says that nothing is known of the ring',
    async ({ sandbox, expect }) => {
      const socket = await inbox(sandbox, 'inbox', { closes: false });
      const { server: bob } = await idle(sandbox, 'bob', { env: socketOf(socket), config: SOCKET_ONLY });
      const alice = await sandbox.local('alice');
      await announced(sandbox, 'bob');
      await alice.call('dispatch', { target: 'bob', message: 'hello' });
      await eventually('the ring to begin', () => socket.notices.length === 1);
      expect((await bob.call('peek')).messages).toHaveLength(1);
      // Answered while the ring hangs: its two seconds are not over, unless all here is slow.
      if (ringsIn(sandbox).length > 0) expect(await slowness()).toBeGreaterThan(2);
      expect(await aRing(sandbox)).toMatchObject([{ method: 'claude-socket', outcome: 'unconfirmed' }]);
    },
  );

test
  .runIf(process.platform === 'linux')
  .concurrent(
    'the socket of the session whose shell a client was started from is not written to by a server of that client',
    async ({ sandbox, expect }) => {
      // In a shell of Claude Code, CLAUDE_PID says whose shell it is. The client of these servers is this process.
      const own = await inbox(sandbox, 'own', { name: `${process.pid}.sock` });
      const above = await inbox(sandbox, 'above', { name: `${process.ppid}.sock` });
      const env = { CLAUDE_PID: String(process.ppid) };
      await idle(sandbox, 'bob', { env: { ...socketOf(above), ...env }, config: SOCKET_ONLY });
      await idle(sandbox, 'carol', { env: { ...socketOf(own), ...env }, config: SOCKET_ONLY });
      await idle(sandbox, 'dora', { env: { ...socketOf(own), CLAUDE_PID: String(process.pid) }, config: SOCKET_ONLY });
      const alice = await sandbox.local('alice');
      for (const agent of ['bob', 'carol', 'dora']) await announced(sandbox, agent);
      const { cannot_wake } = await alice.call('dispatch', { target: 'all', message: 'hello', priority: 'urgent' });
      expect(cannot_wake).toEqual(['bob']);
      const rings = await aRing(sandbox, 2);
      expect(rings.map(({ agent }) => agent).sort()).toEqual(['carol', 'dora']);
      expect(above.received).toEqual([]);
    },
  );

test
  .runIf(posix && process.getuid?.() === 0)
  .concurrent(
    "another user's socket is never written to, nor one that was inherited from another client's shell, and senders are told",
    async ({ sandbox, expect }) => {
      const [foreign, inherited] = [await inbox(sandbox, 'foreign'), await inbox(sandbox, 'inherited')];
      chownSync(foreign.path, 12345, 12345);
      await idle(sandbox, 'bob', { env: socketOf(foreign), config: SOCKET_ONLY });
      await idle(sandbox, 'carol', { env: socketOf(inherited), client: 'gemini-cli-mcp-client' });
      await idle(sandbox, 'dora', {
        env: { CLAUDE_CODE_MESSAGING_SOCKET: path.join(sandbox.root, 'missing') },
        config: SOCKET_ONLY,
      });
      const { calls } = fakeProgram(path.join(sandbox.root, 'bin'), 'notify');
      await idle(sandbox, 'erin', {
        env: { ...socketOf(foreign), PATH: path.dirname(calls) },
        config: '[wake]\nmethods = ["claude-socket", "command"]\ncommand = ["notify", "{agent}", "{count}", "{from}"]',
      });
      const alice = await sandbox.local('alice');
      for (const agent of ['bob', 'carol', 'dora', 'erin']) await announced(sandbox, agent);
      for (const target of ['bob', 'carol', 'dora']) {
        expect((await alice.call('dispatch', { target, message: 'hello' })).cannot_wake).toEqual([target]);
      }
      expect((await alice.call('dispatch', { target: 'erin', message: 'hello' })).cannot_wake).toBeUndefined();
      const broadcast = await alice.call('dispatch', { target: 'all', message: 'hello' });
      expect([broadcast.queued_to, broadcast.cannot_wake]).toEqual([
        ['bob', 'carol', 'dora', 'erin'],
        ['bob', 'carol', 'dora', 'erin'],
      ]);
      const rings = await aRing(sandbox);
      expect(rings).toMatchObject([{ agent: 'erin', method: 'command', outcome: 'rung' }]);
      // The broadcast came within half a second, or, on a busy machine, it did not.
      expect(JSON.parse(readFileSync(calls, 'utf8'))).toEqual(['erin', expect.stringMatching(/^[12]$/), 'alice']);
      expect([foreign.received, inherited.received]).toEqual([[], []]);
    },
  );

test
  .runIf(posix)
  .concurrent(
    'a Codex session is rung through its queue once a call has named its thread, and not before',
    async ({ sandbox, expect }) => {
      const { calls } = fakeProgram(path.join(sandbox.root, 'bin'), 'codex');
      const env = { PATH: path.dirname(calls) };
      const { server: bob } = await idle(sandbox, 'bob', { env, client: 'codex-mcp-client' });
      const alice = await sandbox.local('alice');
      await announced(sandbox, 'bob');
      expect((await alice.call('dispatch', { target: 'bob', message: 'one' })).cannot_wake).toEqual(['bob']);
      await callAs(bob, { threadId: THREAD });
      await eventually('senders to know', async () => {
        const { agents } = await alice.call('who');
        return agents.find((each: Json) => each.agent_id === 'bob').sessions[0].wake === 'codex-queue (direct)';
      });
      // What alice was told a moment ago may be half a second old.
      const carol = await sandbox.local('carol');
      const sent = await carol.call('dispatch', { target: 'bob', message: 'two' });
      expect(sent.cannot_wake).toBeUndefined();
      expect(await aRing(sandbox)).toMatchObject([{ method: 'codex-queue', outcome: 'rung', ids: [sent.id] }]);
      expect(JSON.parse(readFileSync(calls, 'utf8'))).toEqual([
        'queue',
        '--thread',
        THREAD,
        '--message',
        expect.stringContaining(sent.id),
      ]);
    },
  );

test
  .runIf(posix)
  .concurrent('a codex that never ends neither delays a call nor outlives the server', async ({ sandbox, expect }) => {
    const { calls } = fakeProgram(path.join(sandbox.root, 'bin'), 'codex', 'setInterval(() => {}, 1000);');
    const { server: bob } = await idle(sandbox, 'bob', {
      env: { PATH: path.dirname(calls) },
      client: 'codex-mcp-client',
    });
    const alice = await sandbox.local('alice');
    await callAs(bob, { threadId: THREAD });
    await alice.call('dispatch', { target: 'bob', message: 'hello' });
    await eventually('codex to run', () => existsSync(calls));
    expect((await bob.call('peek')).messages).toHaveLength(1);
    bob.endInput();
    // The sandbox fails the test when the program is still there at its end.
    expect(await bob.ending('end of input')).toEqual({ code: 0, signal: null });
  });

test
  .runIf(posix)
  .concurrent(
    'without the program codex the attempt is in the log, and senders are told after it',
    async ({ sandbox, expect }) => {
      const { server: bob } = await idle(sandbox, 'bob', { env: { PATH: sandbox.cwd }, client: 'codex-mcp-client' });
      const alice = await sandbox.local('alice');
      await callAs(bob, { threadId: THREAD });
      expect((await alice.call('dispatch', { target: 'bob', message: 'hello' })).cannot_wake).toBeUndefined();
      expect(await aRing(sandbox)).toMatchObject([
        { method: 'codex-queue', outcome: 'failed', why: 'codex queue: not found' },
      ]);
      await eventually('senders to be told', async () => {
        const { agents } = await alice.call('who');
        return agents.find((each: Json) => each.agent_id === 'bob').sessions[0].wake === 'none';
      });
      expect((await bob.call('peek')).messages).toHaveLength(1);
    },
  );

test.concurrent('Claude Code without a socket gets a notice through its channel, which was declared without any right to approve', async ({
  sandbox,
  expect,
}) => {
  const { server: bob, result } = await idle(sandbox, 'bob');
  expect(result.capabilities.experimental).toEqual({ 'claude/channel': {} });
  const notifications: Json[] = [];
  bob.onmessage = (message) => {
    if (message.method !== undefined) notifications.push(message);
  };
  const alice = await sandbox.local('alice');
  await announced(sandbox, 'bob');
  const sent = await alice.call('dispatch', { target: 'bob', message: 'SECRET' });
  expect(await aRing(sandbox)).toMatchObject([{ method: 'claude-channel', outcome: 'unconfirmed' }]);
  // The log is a file and the notice comes through a pipe: neither waits for the other.
  await eventually('the notice', () => notifications.length > 0);
  expect(notifications).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/claude/channel',
      params: { content: expect.stringContaining(`Id: ${sent.id}.`), meta: { count: '1' } },
    },
  ]);
  expect(JSON.stringify(notifications)).not.toContain('SECRET');
});

test.concurrent('with wake.on = "none" nothing is declared, and every sender is told', async ({ sandbox, expect }) => {
  const { result } = await idle(sandbox, 'bob', { config: '[wake]\non = "none"' });
  expect(result.capabilities.experimental).toBeUndefined();
  const alice = await sandbox.local('alice');
  await announced(sandbox, 'bob');
  const urgent = await alice.call('dispatch', { target: 'bob', message: 'hello', priority: 'urgent' });
  expect(urgent.cannot_wake).toEqual(['bob']);
});

test
  .runIf(posix)
  .concurrent(
    'a session whose relay cannot be used at its start is there, and rung, once it can, without having called anything',
    async ({ sandbox, expect }) => {
      mkdirSync(sandbox.relay);
      chmodSync(sandbox.relay, 0o777);
      const socket = await inbox(sandbox);
      const { server: bob } = await idle(sandbox, 'bob', { env: socketOf(socket) });
      await eventually('the operator to be told', () => bob.stderr.includes('can be written by other users'));
      chmodSync(sandbox.relay, 0o700);
      await announced(sandbox, 'bob');
      const alice = await sandbox.local('alice');
      await alice.call('dispatch', { target: 'bob', message: 'hello' });
      expect(await aRing(sandbox)).toMatchObject([{ agent: 'bob', method: 'claude-socket', outcome: 'rung' }]);
      expect(
        bob.stderr.split('\n').filter((line) => line.startsWith(`[dispatch] Relay ${sandbox.relay} `)),
      ).toHaveLength(1);
    },
  );
