/** The operator's command for a person, as a process: what rings it may be gone at once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { logOf } from '../helpers/event-log.js';
import { eventually, test } from '../helpers/server-sandbox.js';
import { WorkerWorld } from './worker-processes.js';

// Both processes of it are noted as those of an executor are. With `go` it ends, and leaves what it was given.
const COMMAND = `
const fs = require('node:fs');
const other = require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore' });
fs.appendFileSync('pids', process.pid + '\\n' + other.pid + '\\n');
fs.writeFileSync('begun', '');
const look = () => {
  if (!fs.existsSync('go')) return setTimeout(look, 20);
  other.kill('SIGKILL');
  fs.writeFileSync('rang', JSON.stringify(process.argv.slice(1)));
};
look();`;

const wakeTable = (code: string) => {
  const command = [process.execPath, '-e', code, '{agent}', '{count}', '{from}', '{notice}'];
  return `[wake]\nmethods = ["command"]\ncommand = ${JSON.stringify(command)}`;
};

describe('the command for a person, of a worker that ends after one job', () => {
  let world: WorkerWorld;
  afterEach(() => world.remove());

  const file = (name: string) => path.join(world.programs.path, name);

  /** A worker whose job waits for a review, and whose command runs. */
  async function ringing() {
    world = new WorkerWorld('ask', { tables: wakeTable(COMMAND) });
    const { id } = await world.submit();
    const worker = await world.start('--once');
    await eventually('the command', () => existsSync(file('begun')));
    await eventually('the end of the work', () => worker.ends().length > 0);
    return { id, worker };
  }

  it('runs to its end: the worker waits for it, and the audit is sound', async () => {
    const { id, worker } = await ringing();
    expect(worker.ends()).toMatchObject([{ job_id: id, state: 'needs_review' }]);
    writeFileSync(file('go'), '');
    expect(await worker.over).toBe(0);
    const [agent, count, from, notice, ...more] = JSON.parse(readFileSync(file('rang'), 'utf8'));
    expect([agent, count, from, more]).toEqual(['human', '1', 'alice', []]);
    expect(notice).toMatch(/^mcp-dispatch: 1 job waits for you: 1 to review, 0 to recover\. [^\n]*$/);
    const rang = (await logOf(world.relay)).filter(({ event }) => event === 'rang');
    expect(rang).toMatchObject([{ agent: 'human', method: 'command', outcome: 'rung', waiting: 1 }]);
    expect(world.command('audit', 'verify').code).toBe(0);
  });

  it('that hangs, with what it started, is gone with a worker that is told to end', async () => {
    const { worker } = await ringing();
    worker.child.kill('SIGTERM');
    // The job was settled before, so that nothing has failed.
    expect(await worker.over).toBe(0);
    await world.gone();
    expect(existsSync(file('rang'))).toBe(false);
  });
});

describe('the command for a person, of a server', () => {
  test('runs when a submit asks for a review, and a flood of words from it goes nowhere', async ({ sandbox }) => {
    const told = path.join(sandbox.root, 'told');
    const code = `process.stdout.write('x'.repeat(1e6)); require('node:fs').writeFileSync(${JSON.stringify(told)}, process.argv[4])`;
    const alice = await sandbox.agent('alice', { config: wakeTable(code) });
    await sandbox.agent('bob');
    const review = 'It deletes rows.';
    const made = await alice.call('submit', { to: 'bob', task: { prompt: 'Do it.' }, review });
    expect(made).toMatchObject({ state: 'needs_review' });
    const notice = await eventually('the command', () => existsSync(told) && readFileSync(told, 'utf8'));
    expect(notice).toContain('1 job waits for you');
    expect(notice).not.toContain('rows');
    expect(await alice.call('who', {})).toMatchObject({ awaiting_person: { review: 1, recovery: 0 } });
  });
});
