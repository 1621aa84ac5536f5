/** The methods that run a program: the queue of Codex, and the operator's command. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/wake/child.js';
import { CodexQueue, MISSING_MS } from '../../src/wake/codex-queue.js';
import type { Connection } from '../../src/wake/method.js';
import { composeNotice } from '../../src/wake/notice.js';
import { fillIn, OperatorCommand } from '../../src/wake/operator-command.js';
import { START, TestClock } from '../helpers/relay-world.js';
import { eventually, isAlive } from '../helpers/server-sandbox.js';
import { candidate } from './candidates.js';
import { fakeProgram } from './fake-program.js';

const posix = process.platform !== 'win32';
const notice = composeNotice('bob', [candidate('msg-a'), candidate('msg-b', { from: 'carol' })], START);
const THREAD = '019a9f3e-6c1f-7b00-8a52-0123456789ab';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-wake-')));
  vi.stubEnv('PATH', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const codex = (connection: Connection = {}, clock = new TestClock()) =>
  new CodexQueue({ client: 'codex-mcp-client', thread: THREAD, ...connection }, clock);

const callsIn = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.runIf(posix)('the queue of Codex', () => {
  it('is rung by one run of codex with the thread and the notice', async () => {
    const { calls } = fakeProgram(folder, 'codex');
    expect(codex().obstacle()).toBeUndefined();
    expect(await codex().ring(notice)).toEqual({ outcome: 'rung' });
    expect(callsIn(calls)).toEqual([['queue', '--thread', THREAD, '--message', notice.text]]);
  });

  it('is not there for other clients, nor before the thread is known, nor for what is no id of one', () => {
    expect(codex({ client: 'claude-code' }).obstacle()).toBe('the client is not Codex');
    expect(codex({ thread: undefined }).obstacle()).toBe('the thread is not known before the first call of a tool');
    for (const thread of ['--resume', '', 'my thread', `${THREAD}\n`, `-${THREAD}`, `${THREAD} --resume`, '../x'])
      expect(codex({ thread }).obstacle()).toBe('the thread has no id that codex takes');
  });

  it('without the program fails once and is no method for a quarter of an hour, in which it may come back', async () => {
    const clock = new TestClock();
    const method = codex({}, clock);
    expect(await method.ring(notice)).toEqual({ outcome: 'failed', why: 'codex queue: not found' });
    clock.advance(MISSING_MS - 1);
    expect(method.obstacle()).toBe('the program codex was not found');
    fakeProgram(folder, 'codex');
    clock.advance(1);
    expect(method.obstacle()).toBeUndefined();
    expect(await method.ring(notice)).toEqual({ outcome: 'rung' });
  });

  it('whose program fails is an attempt that failed, and is tried again the next time', async () => {
    fakeProgram(folder, 'codex', 'process.exit(7);');
    const method = codex();
    expect(await method.ring(notice)).toEqual({ outcome: 'failed', why: 'codex queue: ended with 7' });
    expect(method.obstacle()).toBeUndefined();
    fakeProgram(folder, 'codex', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);');
    expect(await method.ring(notice)).toEqual({ outcome: 'failed', why: 'codex queue: ended by SIGTERM' });
  });
});

describe.runIf(posix)('a program', () => {
  it('that takes too long is killed with what it started', async () => {
    const pids = path.join(folder, 'pids');
    fakeProgram(
      folder,
      'slow',
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
       fs.writeFileSync(${JSON.stringify(`${pids}.part`)}, process.pid + ' ' + child.pid);
       fs.renameSync(${JSON.stringify(`${pids}.part`)}, ${JSON.stringify(pids)});
       setInterval(() => {}, 1000);`,
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const ran = run([path.join(folder, 'slow')]);
      await vi.waitUntil(() => existsSync(pids), { timeout: 20_000 });
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await ran).toEqual({ ended: 'badly', why: 'not done within 10 s' });
    } finally {
      vi.useRealTimers();
    }
    const [parent, child] = readFileSync(pids, 'utf8').split(' ').map(Number);
    await eventually('both to be gone', () => !isAlive(parent ?? 0) && !isAlive(child ?? 0));
  });

  it('that prints without end fills nothing and is not waited for to be read', async () => {
    fakeProgram(folder, 'loud', `for (let i = 0; i < 1000; i++) fs.writeSync(1, 'x'.repeat(10000));`);
    expect(await run([path.join(folder, 'loud')])).toEqual({ ended: 'well' });
  });

  it('leaves no listener on this process behind', async () => {
    fakeProgram(folder, 'quick');
    const before = process.listenerCount('exit');
    await Promise.all([run([path.join(folder, 'quick')]), run([path.join(folder, 'missing')])]);
    expect(process.listenerCount('exit')).toBe(before);
  });
});

describe("the operator's command", () => {
  it('gets each value as one argument, in one pass and through no shell', () => {
    const spiced = { ...notice, agent: '{notice}', from: '$(id); {count}' };
    expect(fillIn(['p', '{agent}', '{from} x', '{count}{count}', '{other}', '{notice}'], spiced)).toEqual([
      'p',
      '{notice}',
      '$(id); {count} x',
      '22',
      '{other}',
      notice.text,
    ]);
  });

  it.runIf(posix)('runs, and is not there without being configured', async () => {
    const { calls } = fakeProgram(folder, 'notify');
    expect(new OperatorCommand(undefined).obstacle()).toBe('no command is configured');
    const method = new OperatorCommand(['notify', '{agent}: {count} from {from}']);
    expect(method.obstacle()).toBeUndefined();
    expect(await method.ring(notice)).toEqual({ outcome: 'rung' });
    expect(callsIn(calls)).toEqual([['bob: 2 from alice, carol']]);
    expect(await new OperatorCommand(['missing']).ring(notice)).toEqual({
      outcome: 'failed',
      why: 'the command: not found',
    });
  });
});
