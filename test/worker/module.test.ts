/** `mcp-dispatch/worker`, as somebody else's program has it. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Relay } from '../../src/relay/relay.js';
import { Files } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { eventually } from '../helpers/server-sandbox.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

let folder: string;
let relay: Relay;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-module-')));
  chmodSync(folder, 0o700);
  const files = new Files();
  relay = new Relay({
    store: new FilesystemStore(path.join(folder, 'relay'), { files }),
    processes: new ProcessTable(files),
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(kind: string) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'module.mjs'), kind], {
    env: { PATH: process.env.PATH, HOME: folder, MCP_DISPATCH_DIR: path.join(folder, 'relay') },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const lines = () =>
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { child, lines, over: new Promise((resolve) => child.once('close', resolve)) };
}

const submit = async (task: object = {}, more: object = {}) => {
  await (await relay.session('reviewer')).begin();
  const draft = { to: 'reviewer', task: { prompt: 'Look at it.', ...task }, ...more };
  return (await relay.jobs.submit('alice', draft)).job;
};

it('does a job with a function, and the process ends when it is done', async () => {
  const { id } = await submit({ model: 'large', cwd: '/evil' }, { write: true });
  const { lines, over } = start('answer');
  expect(await over).toBe(0);
  expect(lines()).toMatchObject([
    { started: { job_id: id, from: 'alice', attempt: 1, write: true } },
    { ended: { job_id: id, state: 'completed', attempt: 1, write: true } },
    'once',
  ]);
  expect(await relay.jobs.look(id)).toMatchObject({
    state: 'completed',
    result: { cwd: folder, prompt: 'Look at it.', model: 'large', write: true },
  });
});

it('fails a job whose function rejects, with its words', async () => {
  const { id } = await submit();
  await start('fail').over;
  expect(await relay.jobs.look(id)).toMatchObject({ state: 'failed', error: 'no luck' });
});

it('ends by its signal, and gives back what ran', async () => {
  const { id } = await submit();
  const { child, lines, over } = start('wait');
  await eventually('the job', () => lines().includes('begun'));
  child.kill('SIGTERM');
  expect(await over).toBe(0);
  expect(lines().at(-1)).toBe('stopped');
  expect(await relay.jobs.look(id)).toMatchObject({ state: 'queued', attempts: 0 });
});

it.each([
  ['agent: "a/b"', 'agent'],
  ['agent: "a", idleTimeoutMs: 0', 'idleTimeoutMs must be a whole number, 1 to'],
  ['agent: "a", concurrency: 1.5', 'concurrency must be a whole number, 1 to 64'],
  ['agent: "a", runTurn: 1', 'runTurn must be a function'],
])('refuses options that are wrong: %s', (options, why) => {
  const script = `import('mcp-dispatch/worker').then(({ runWorker }) =>
    runWorker({ runTurn: async () => 1, once: true, ${options} })).catch((error) => console.log(error.code, error.message))`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
  expect(stdout).toMatch(/^INVALID_/);
  expect(stdout).toContain(why);
});

it('has types that a strict compiler accepts, with no other types at hand', () => {
  const file = path.join(folder, 'use.ts');
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(ROOT, path.join(folder, 'node_modules/mcp-dispatch'));
  writeFileSync(
    file,
    `import { type RunTurn, runWorker, type WorkerEnd } from 'mcp-dispatch/worker';
     const runTurn: RunTurn = async (cwd, { prompt, model, write, signal }) => [cwd, prompt, model ?? '', write, signal.aborted];
     export const end: Promise<WorkerEnd> = runWorker({ agent: 'a', runTurn });
     // @ts-expect-error: without a function there is nothing to run
     void runWorker({ agent: 'a' });
    `,
  );
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--lib',
    'es2023,dom',
  ];
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, '--types', '', file], { encoding: 'utf8' });
  expect([stdout, status]).toEqual(['', 0]);
});
