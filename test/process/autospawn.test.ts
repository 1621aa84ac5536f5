/** Workers that real servers start by themselves: how many, what they inherit, and what they outlive. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { isOfWorker } from '../../src/relay/events.js';
import { parseSpawns } from '../../src/relay/jobs/spawn-record.js';
import type { Spawns } from '../../src/relay/jobs/spawn-rules.js';
import { spawnKey } from '../../src/relay/keys.js';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { logOf } from '../helpers/event-log.js';
import { eventually, isAlive, killIfAlive, type Sandbox, test } from '../helpers/server-sandbox.js';

// Does its job once the file is there that it is given first.
const PROGRAM = `
const { existsSync } = require('node:fs');
const look = () => (existsSync(process.argv[2]) ? console.log('done') : setTimeout(look, 20));
look();`;

const go = (sandbox: Sandbox) => path.join(sandbox.root, 'go');

function config(argv: readonly string[]): string {
  const lines = [`argv = ${JSON.stringify([...argv, '--', '{prompt}'])}`, 'env = ["PATH", "HOME"]'];
  return `[executors.codex]\n${lines.join('\n')}\n[worker]\nautospawn = ["codex"]\nidle_timeout_seconds = 1\n`;
}

/** An executor that does a job once `go` is there. */
function waiting(sandbox: Sandbox): string {
  const program = path.join(sandbox.home, 'program.cjs');
  writeFileSync(program, PROGRAM);
  return config([process.execPath, program, go(sandbox)]);
}

/** What the test sees of the relay; it starts nothing. */
function look(sandbox: Sandbox): Relay {
  const store = new FilesystemStore(sandbox.relay);
  return new Relay({ store, processes: new ProcessTable(), executors: ['codex'] });
}

async function spawnsOf({ store }: Relay): Promise<Spawns | undefined> {
  const record = await store.readRecord(spawnKey('codex'));
  return record === undefined ? undefined : parseSpawns(record.value);
}

/** Runs `work`, and lets no worker outlive it. */
async function withoutLeftovers(sandbox: Sandbox, work: (relay: Relay) => Promise<void>): Promise<void> {
  const relay = look(sandbox);
  try {
    await work(relay);
  } finally {
    for (const pid of startedFor(sandbox)) {
      process.kill(pid, 'SIGTERM');
      await eventually('the end of the worker', () => !isAlive(pid)).catch(() => killIfAlive(pid));
    }
  }
}

/** Of the workers of this relay those that still run, confirmed or not. Linux only. */
function startedFor({ relay }: Sandbox): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words.includes('--start') && words.includes(relay) && isAlive(Number(name)) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

const submit = async (relay: Relay) =>
  (await relay.jobs.submit('alice', { to: 'codex', task: { prompt: 'Do it.' } })).job.id;

describe('a job that waits, and servers that may start a worker', () => {
  test('twenty servers that see it at once start one, which ends when it is idle', { timeout: 120_000 }, async ({
    sandbox,
  }) => {
    writeFileSync(go(sandbox), '');
    await withoutLeftovers(sandbox, async (relay) => {
      const text = waiting(sandbox);
      const names = Array.from({ length: 20 }, (_, index) => `agent-${index}`);
      const servers = await Promise.all(names.map((name) => sandbox.start(name, { config: text })));
      // From its first call on a server is no health check.
      await Promise.all(servers.map((server) => server.call('who', {})));
      const id = await submit(relay);
      await eventually('the job', async () => (await relay.jobs.look(id))?.state === 'completed', 60_000);
      await eventually('the end of the worker', async () => (await spawnsOf(relay))?.last?.state === 'ended');
      const [event, ...others] = (await logOf(relay)).filter(isOfWorker);
      expect([event?.event, others]).toEqual(['worker.spawned', []]);
      expect(await spawnsOf(relay)).toMatchObject({
        starts: [expect.any(Number)],
        failures: 0,
        last: { worked: true },
      });
    });
  });
});

/** The server as a client that has its own group, and a pipe open that it tells nobody of. */
function client(sandbox: Sandbox): ChildProcess & { call(method: string, params: object, id?: number): void } {
  const { args, env, cwd } = sandbox.command({
    agent: 'alice',
    config: waiting(sandbox),
    env: { CLAUDECODE: '1', CODEX_SANDBOX: 'seatbelt', NODE_OPTIONS: '--no-warnings', SECRET: 's3cret' },
  });
  const hidden = Array.from({ length: 27 }, () => 'ignore' as const);
  const child = spawn(process.execPath, args, {
    env,
    cwd,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', ...hidden, 'pipe'],
  });
  const call = (method: string, params: object, id?: number) =>
    void child.stdin?.write(
      `${JSON.stringify({ jsonrpc: '2.0', method, params, ...(id === undefined ? {} : { id }) })}\n`,
    );
  call(
    'initialize',
    { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    1,
  );
  call('notifications/initialized', {});
  return Object.assign(child, { call });
}

const linksOf = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return 'closed meanwhile';
    }
  });

/** Parent, process group and session. */
const kinOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) . /s, '')
    .split(' ')
    .slice(0, 3)
    .map(Number);

describe.skipIf(process.platform !== 'linux')('the worker that a server has started', () => {
  test('inherits the variables of the list and nothing else, and outlives the window', async ({ sandbox }) => {
    await withoutLeftovers(sandbox, async (relay) => {
      const server = client(sandbox);
      const pid = Number(server.pid);
      try {
        const task = { prompt: 'Do it.' };
        server.call('tools/call', { name: 'submit', arguments: { to: 'codex', task } }, 2);
        const job = await eventually('the job to run', async () => {
          const { jobs } = await relay.jobs.list.page({ state: 'running', limit: 1 });
          return jobs[0];
        });
        const worker = Number((await spawnsOf(relay))?.last?.worker?.pid);

        const names = readFileSync(`/proc/${worker}/environ`, 'utf8')
          .split('\0')
          .map((each) => each.split('=')[0]);
        expect(names.filter((name) => name !== '').sort()).toEqual(['HOME', 'PATH']);
        expect(kinOf(worker).slice(1)).toEqual([worker, worker]);
        expect(readlinkSync(`/proc/${worker}/cwd`)).toBe(sandbox.home);
        const foreign = linksOf(pid).filter((link) => /^(pipe|socket):/.test(link));
        expect(foreign.length).toBeGreaterThan(0);
        expect(linksOf(worker).filter((link) => foreign.includes(link))).toEqual([]);

        process.kill(-pid, 'SIGHUP');
        process.kill(-pid, 'SIGKILL');
        await eventually('the end of the server', () => !isAlive(pid));
        writeFileSync(go(sandbox), '');
        await eventually('the job', async () => (await relay.jobs.look(job.id))?.state === 'completed');
        expect(await spawnsOf(relay)).toMatchObject({ last: { worker: { pid: worker } }, failures: 0 });
        await eventually('the worker to end', () => !isAlive(worker));
        expect((await spawnsOf(relay))?.last?.state).toBe('ended');
      } finally {
        killIfAlive(pid);
      }
      const log = path.join(sandbox.relay, '.worker-logs', 'codex.log');
      expect(lstatSync(log).mode & 0o777).toBe(0o600);
      expect(readFileSync(log, 'utf8')).toMatch(/Waiting for jobs of codex[\s\S]*completed/);
    });
  });

  test('does what the configuration allows when it starts, in a home that may be a link', async ({ sandbox }) => {
    const text = (table: string) =>
      `[executors.codex]\nargv = ["/bin/pwd"]\nwrite_argv = ["/bin/pwd"]\nstdin = "{prompt}"\n[worker]\nautospawn = ["codex"]\n${table}`;
    const file = String(
      sandbox.command({ config: text('writes = "all"\nidle_timeout_seconds = 86400\n') }).env.MCP_DISPATCH_CONFIG,
    );
    const home = path.join(sandbox.root, 'link');
    symlinkSync(sandbox.home, home);
    await withoutLeftovers(sandbox, async (relay) => {
      const alice = await sandbox.agent('alice', { env: { MCP_DISPATCH_CONFIG: file, HOME: home } });
      writeFileSync(file, text('idle_timeout_seconds = 1\n'));
      const writing = (await relay.jobs.submit('alice', { to: 'codex', task: { prompt: 'Do it.' }, write: true })).job
        .id;
      const id = await submit(relay);
      // Its first call: the server may start workers from now on.
      await alice.call('who', {});
      await eventually('the end of the worker', async () => (await spawnsOf(relay))?.last?.state === 'ended');
      expect(await relay.jobs.look(writing)).toMatchObject({ state: 'queued', attempts: 0 });
      expect((await relay.jobs.look(id))?.result).toMatchObject({ message: `${realpathSync(home)}\n` });
    });
  });

  test('does nothing where others can write its configuration, and says so', async ({ sandbox }) => {
    const { args, env, cwd } = sandbox.command({ config: waiting(sandbox) });
    const file = String(env.MCP_DISPATCH_CONFIG);
    chmodSync(path.dirname(file), 0o777);
    const words = ['--agent', 'codex', '--start', 'abcdefghij0123456789', '--config', file, '--relay', sandbox.relay];
    const worker = spawnSync(process.execPath, [...args, 'worker', ...words], { env, cwd, encoding: 'utf8' });
    expect(worker.stderr).toContain('can be written by other users');
    expect(worker.status).toBe(2);
  });

  test('whose program is not there has failed, which who, the answer and doctor say', async ({ sandbox }) => {
    const text = config(['/nowhere/program']);
    await withoutLeftovers(sandbox, async (relay) => {
      const alice = await sandbox.agent('alice', { config: text });
      const submitted = await alice.call('submit', { to: 'codex', task: { prompt: 'Do it.' } });
      expect(submitted).toMatchObject({
        workers: 0,
        note: expect.stringMatching(/^(A worker is being|No worker is) started/),
      });
      const failure = await eventually('the failure', async () => (await spawnsOf(relay))?.failure ?? undefined);
      expect(failure.why).toContain('The program "/nowhere/program" of the executor');
      const polled = await alice.call('poll', { job_id: submitted.job_id });
      expect(polled.note).toMatch(/^No worker is started now: cooldown until .*, after a start that failed\./);
      const who = await alice.call('who', {});
      expect(who.autospawn).toEqual({ codex: expect.stringMatching(/^cooldown until .*, after a start that failed$/) });
      const log = path.join(sandbox.relay, '.worker-logs', 'codex.log');
      // It tells the relay first, and says it where it logs when it ends.
      await eventually('the words in the log', () => readFileSync(log, 'utf8').includes('/nowhere/program'));
      const { args, env, cwd } = sandbox.command({ config: text });
      const doctor = spawnSync(process.execPath, [...args, 'doctor', '--json'], { env, cwd, encoding: 'utf8' });
      expect(JSON.parse(doctor.stdout).findings).toContainEqual({
        code: 'autospawn-held',
        severity: 'warning',
        path: log,
        message: expect.stringMatching(/a start that failed\. The last one: The program "\/nowhere\/program".*by hand/),
      });
    });
  });
});
