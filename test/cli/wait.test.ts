import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Context } from '../../src/cli/command.js';
import { styleFor } from '../../src/cli/terminal.js';
import { waitFor } from '../../src/cli/wait.js';
import type { Session } from '../../src/relay/session.js';
import { read, send, type TestProcess } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
let bobs: TestProcess;
let bob: Session;
let alice: Session;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  desk = new Desk();
  alice = await desk.world.session('alice');
  bobs = desk.world.process();
  bob = await bobs.session('bob');
});

afterEach(async () => {
  await desk.world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const pass = async (ms: number, step = 50) => {
  for (let passed = 0; passed < ms; passed += step) {
    desk.world.clock.advance(step);
    await vi.advanceTimersByTimeAsync(step);
  }
};

interface Running {
  out: string;
  err: string;
  code: number | undefined;
  /** Nobody reads stdout any more. */
  closed: boolean;
  stop(): void;
}

function begin(
  options: { follow?: boolean; timeout?: number; agent?: string; session?: string; json?: boolean } = {},
): Running {
  const interrupt = new AbortController();
  const running: Running = { out: '', err: '', code: undefined, closed: false, stop: () => interrupt.abort() };
  const context: Context = {
    env: {},
    json: options.json ?? false,
    version: '1.2.3',
    open: () => Promise.reject(new Error('not opened again')),
    terminal: {
      stdinIsTTY: true,
      columns: undefined,
      style: styleFor(false, {}),
      out: async (text) => {
        running.out += text;
        return !running.closed;
      },
      err: (text) => {
        running.err += text;
      },
      readInput: async () => Buffer.alloc(0),
    },
  };
  const { follow = false, timeout, agent = 'bob', session } = options;
  void waitFor(context, desk.relay, { follow, timeout }, { agent, session }, interrupt.signal).then((code) => {
    running.code = code;
  });
  return running;
}

describe('wait', () => {
  it('ends with one line about all that came together, and marks nothing', async () => {
    const running = begin();
    await pass(5000);
    expect([running.out, running.code]).toEqual(['', undefined]);
    const first = await send(alice, 'bob', 'the secret word');
    await pass(300);
    const second = await send(alice, 'bob', 'another', { priority: 'urgent' });
    await pass(2000);
    expect(running.code).toBe(0);
    expect(running.out).toMatch(/^\[mcp-dispatch\] 2 unread messages for bob, 1 urgent: .*\n$/);
    expect(running.out).toContain(`${second} from alice, ${first} from alice`);
    expect(running.out).not.toMatch(/secret|another/);
    expect(await read(bob)).toEqual(['another', 'the secret word']);
  });

  it('counts mail that is unread already', async () => {
    await send(alice, 'bob', 'early');
    const running = begin();
    await pass(2000);
    expect([running.code, running.out.split('\n').length]).toEqual([0, 2]);
  });

  it('says nothing of mail that was read while it gathered, and waits on', async () => {
    const running = begin();
    await pass(1000);
    await send(alice, 'bob', 'quick');
    await pass(500);
    await read(bob);
    await pass(3000);
    expect([running.out, running.code]).toEqual(['', undefined]);
    running.stop();
    await pass(50);
    expect(running.code).toBe(0);
  });

  it('is silent about what the agent wrote to itself', async () => {
    const running = begin({ timeout: 5 });
    await send(bob, 'bob', 'note to self');
    await pass(6000);
    expect([running.out, running.code]).toEqual(['', 5]);
  });

  it('with --follow prints a line a batch, each message once, until it is stopped', async () => {
    const running = begin({ follow: true, json: true });
    const one = await send(alice, 'bob', 'one');
    await pass(2000);
    const two = await send(alice, 'bob', 'two');
    await pass(15_000);
    const lines = running.out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { agent_id: 'bob', messages: [{ id: one, from: 'alice', priority: 'normal' }], unread: 1 },
      { agent_id: 'bob', messages: [{ id: two, from: 'alice', priority: 'normal' }], unread: 2 },
    ]);
    running.stop();
    await pass(50);
    expect(running.code).toBe(0);
  });

  it('with --follow ends when nobody reads its lines any more', async () => {
    const running = begin({ follow: true });
    running.closed = true;
    await send(alice, 'bob', 'one');
    await pass(2000);
    expect(running.code).toBe(0);
  });

  it('goes on after a look that failed', async () => {
    const running = begin({ follow: true });
    await pass(1000);
    vi.spyOn(desk.relay.mail, 'scan').mockRejectedValueOnce(new Error('EIO'));
    await send(alice, 'bob', 'one');
    await pass(6000);
    expect([running.code, running.out.includes('1 unread message for bob')]).toEqual([undefined, true]);
    running.stop();
    await pass(50);
  });

  it('gives up after --timeout with code 5, and says so', async () => {
    const running = begin({ timeout: 60 });
    await pass(59_000);
    expect(running.code).toBeUndefined();
    await pass(1100);
    expect([running.code, running.err]).toEqual([5, 'No new mail for bob in 60 s.\n']);
  });

  it('ends with code 3 when the session is gone, by its end or by its death', async () => {
    const ended = begin({ session: bob.id });
    const killed = begin({ agent: 'alice' });
    await pass(6000);
    expect([ended.code, killed.code]).toEqual([undefined, undefined]);
    await bob.end();
    await alice.end();
    await pass(6000);
    expect([ended.code, ended.err]).toEqual([3, 'The session of bob is gone.\n']);
    expect(killed.code).toBe(3);
  });

  it('is not kept by another session of the agent when it is known whose shell it runs in', async () => {
    await desk.world.session('bob');
    const running = begin({ session: bob.id });
    await pass(1000);
    bobs.kill();
    await pass(6000);
    expect(running.code).toBe(3);
  });

  it('does not begin when nobody is there to read, but for the human', async () => {
    const running = begin({ agent: 'nobody' });
    await pass(50);
    expect([running.code, running.err]).toEqual([
      3,
      'No session of nobody is live: nobody would read its mail. `mcp-dispatch who` lists who is there.\n',
    ]);
    const human = begin({ agent: 'human' });
    await send(alice, 'human', 'a question');
    await pass(2000);
    expect([human.code, human.out]).toEqual([0, expect.stringContaining('1 unread message for human')]);
  });
});

describe('the arguments of wait', () => {
  it.each([['0'], ['-1'], ['1.5'], ['soon'], ['604801']])(
    '--timeout %s is refused with what is right',
    async (timeout) => {
      const { code, err } = await desk.run(['wait', '--agent', 'bob', `--timeout=${timeout}`]);
      expect(code).toBe(2);
      expect(err).toContain('--timeout must be a whole number of seconds, 1 to 604800');
      expect(desk.opened).toBe(0);
    },
  );

  it('without an agent to be found, it says how to name one', async () => {
    const { code, err } = await desk.run(['wait']);
    expect(code).toBe(2);
    expect(err).toContain('mcp-dispatch wait --agent <id>');
  });

  it('the agent of the environment is found', async () => {
    const running = desk.run(['wait', '--timeout', '1'], { env: { MCP_DISPATCH_AGENT_ID: ' Bob ' } });
    await pass(2000);
    expect((await running).code).toBe(5);
  });
});
