/** Which session a hook speaks for, and that it speaks for no other. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import { send } from '../helpers/relay-world.js';
import { type Call, CLIENT, HookTest } from './hook-desk.js';

let hooks: HookTest;
let sender: Session;

beforeEach(async () => {
  hooks = new HookTest();
  sender = await hooks.start('sender', {});
  for (const agent of ['alice', 'bob', 'carol']) await send(sender, agent, 'hello');
});
afterEach(() => hooks.close());

const OTHER = { pid: 80, start: '800' };

/** Whose mail the hook names; undefined for silence. */
async function agentOf(call: Partial<Call> = {}): Promise<string | undefined> {
  const text = await hooks.text({ event: 'SessionStart', ...call });
  return text === undefined ? undefined : /unread message for (\w+)/.exec(text)?.[1];
}

/** A session whose client calls itself as it should. */
async function startNamed(agent: string, name: string, about: Parameters<HookTest['start']>[1]) {
  const session = await hooks.start(agent, about);
  session.client = { name, version: '1' };
  await session.describe({});
  return session;
}

describe('by its process', () => {
  it('a hook finds the session that its client has started, among those of other windows', async () => {
    await hooks.start('alice', { clientProcess: OTHER });
    await hooks.start('bob', { clientProcess: CLIENT });
    expect(await agentOf()).toBe('bob');
    expect(await agentOf({ from: OTHER })).toBe('alice');
  });

  it('it wins over a session id and a name that say something else', async () => {
    await hooks.start('alice', { clientProcess: OTHER, aliases: ['client-session'] });
    await hooks.start('bob', { clientProcess: CLIENT, aliases: ['another'] });
    expect(await agentOf({ env: { MCP_DISPATCH_AGENT_ID: 'carol' } })).toBe('bob');
  });

  it('a process that has the number of a dead client is not it', async () => {
    await hooks.start('bob', { clientProcess: CLIENT });
    expect(await agentOf({ from: { pid: CLIENT.pid, start: '701' } })).toBeUndefined();
  });

  it('CLAUDE_PID says which process Claude Code is, and nothing of another client', async () => {
    await hooks.start('bob', { clientProcess: { pid: 90, start: '900' } });
    expect(await agentOf({ env: { CLAUDE_PID: '90' }, from: OTHER })).toBe('bob');
    expect(await agentOf({ client: 'codex', env: { CLAUDE_PID: '90' }, from: OTHER })).toBeUndefined();
    await hooks.start('alice', { clientProcess: OTHER });
    for (const CLAUDE_PID of ['', 'x', '1e99'])
      expect(await agentOf({ env: { CLAUDE_PID }, from: OTHER })).toBe('alice');
  });

  it('of two agents that one client has started, the session id tells them apart, then the name, else nothing', async () => {
    await hooks.start('alice', { clientProcess: CLIENT, aliases: ['a'] });
    await hooks.start('bob', { clientProcess: CLIENT, aliases: ['client-session'] });
    expect(await agentOf()).toBe('bob');
    const input = { session_id: 'neither' };
    expect(await agentOf({ input })).toBeUndefined();
    expect(await agentOf({ input, env: { MCP_DISPATCH_AGENT_ID: ' Alice' } })).toBe('alice');
    expect(await agentOf({ input, env: { MCP_DISPATCH_AGENT_ID: 'carol' } })).toBeUndefined();
  });

  it('Codex has conversations side by side in one process: the server of one is not that of another, or of a subagent', async () => {
    const codex = { client: 'codex', input: { session_id: 'thread-1' } };
    await hooks.start('bob', { clientProcess: CLIENT });
    expect(await agentOf(codex)).toBe('bob');
    await hooks.start('alice', { clientProcess: CLIENT, aliases: ['thread-2'] });
    expect(await agentOf({ ...codex, input: { session_id: 'thread-2' } })).toBe('alice');
    expect(await agentOf(codex)).toBe('bob');
    const named = { ...codex, input: { session_id: 'thread-3' }, env: { MCP_DISPATCH_AGENT_ID: 'alice' } };
    await hooks.start('bob', { clientProcess: CLIENT, aliases: ['thread-1'] });
    expect(await agentOf({ ...named, from: OTHER })).toBeUndefined();
    // Claude Code gives the session of a window another id with /clear.
    await hooks.start('carol', { clientProcess: OTHER, aliases: ['before'] });
    expect(await agentOf({ from: OTHER, input: { session_id: 'after' } })).toBe('carol');
  });

  it('the system is asked about no process but those that may be meant: each question can start a program', async () => {
    await hooks.start('alice', { aliases: ['another'] });
    const process = hooks.world.process();
    await hooks.start('bob', { clientProcess: CLIENT }, process);
    await hooks.start('carol', { clientProcess: OTHER });
    const asked = vi.spyOn(hooks.world.processes, 'check');
    expect(await agentOf()).toBe('bob');
    expect(asked.mock.calls.map(([{ pid }]) => pid)).toEqual([process.identity.pid]);
    expect(await agentOf({ from: { pid: 1 }, input: { session_id: 'another' } })).toBe('alice');
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('a session that is over is nobody’s', async () => {
    const process = hooks.world.process();
    await hooks.start('bob', { clientProcess: CLIENT }, process);
    process.kill();
    expect(await agentOf()).toBeUndefined();
  });

  it('a number of another machine says nothing', async () => {
    await hooks.start('bob', { clientProcess: CLIENT }, hooks.world.process({ elsewhere: true }));
    expect(await agentOf()).toBeUndefined();
  });
});

describe('by the session id of its client', () => {
  const UNKNOWN = { from: { pid: 1, start: '1' } };

  it('a hook finds the session that was told it, from its input or its environment', async () => {
    await startNamed('bob', 'claude-code', { aliases: ['old', 'client-session'] });
    expect(await agentOf(UNKNOWN)).toBe('bob');
    const input = { session_id: undefined };
    expect(await agentOf({ ...UNKNOWN, input })).toBeUndefined();
    expect(await agentOf({ ...UNKNOWN, input, env: { CLAUDE_CODE_SESSION_ID: 'old' } })).toBe('bob');
  });

  it('a variable that a client has inherited from another one says nothing', async () => {
    await startNamed('bob', 'claude-code', { aliases: ['outer'] });
    const env = { CLAUDE_CODE_SESSION_ID: 'outer', GEMINI_SESSION_ID: 'outer' };
    for (const client of ['codex', 'cursor'])
      expect(
        await agentOf({ ...UNKNOWN, client, event: client === 'codex' ? 'SessionStart' : 'sessionStart', env }),
      ).toBeUndefined();
    // A server inside Gemini CLI, which was started from the shell of Claude Code.
    await startNamed('alice', 'gemini-cli-mcp-client', { aliases: ['outer', 'inner'] });
    expect(await agentOf({ ...UNKNOWN, env })).toBe('bob');
    expect(await agentOf({ ...UNKNOWN, client: 'gemini-cli', env: { ...env, GEMINI_SESSION_ID: 'inner' } })).toBe(
      'alice',
    );
  });

  it('a session that another client has started is not meant, though it was told the same id', async () => {
    await hooks.start('bob', { clientProcess: OTHER, aliases: ['client-session'] });
    expect(await agentOf()).toBeUndefined();
  });

  it('two agents with one id are not guessed between', async () => {
    await hooks.start('alice', { aliases: ['client-session'] });
    await hooks.start('bob', { aliases: ['client-session'] });
    expect(await agentOf(UNKNOWN)).toBeUndefined();
  });
});

describe('by its environment', () => {
  it('a hook finds its agent where no session is known to be its own', async () => {
    expect(await agentOf({ env: { MCP_DISPATCH_AGENT_ID: ' Bob ' } })).toBe('bob');
  });

  it('no hook speaks for an agent that another client’s server serves, though all windows have its name', async () => {
    await hooks.start('bob', { clientProcess: OTHER });
    expect(await agentOf({ env: { MCP_DISPATCH_AGENT_ID: 'bob' } })).toBeUndefined();
  });

  it.each(['', ' ', 'all', 'human', '../bob', 'bob/read', '.presence', 'b'.repeat(65)])(
    '%j names nobody',
    async (name) => {
      expect(await hooks.run({ event: 'SessionStart', env: { MCP_DISPATCH_AGENT_ID: name } })).toEqual({
        out: '',
        err: '',
      });
    },
  );

  it('without a session that can be named, only a start and a prompt speak: what was said could not be remembered', async () => {
    const call = { env: { MCP_DISPATCH_AGENT_ID: 'bob' }, input: { session_id: undefined } };
    for (const event of ['PostToolBatch', 'Stop']) expect(await hooks.text({ ...call, event })).toBeUndefined();
    for (const event of ['SessionStart', 'UserPromptSubmit'])
      expect(await hooks.text({ ...call, event })).toContain('bob');
  });
});

it('a hook of a window that nothing is known of is silent', async () => {
  await hooks.start('alice', { clientProcess: OTHER });
  await hooks.start('bob', {});
  for (const event of ['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop'])
    expect(await hooks.run({ event })).toEqual({ out: '', err: '' });
});
