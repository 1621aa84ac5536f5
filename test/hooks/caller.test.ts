/** Whose shell a command runs in, where a client was started from the shell of another and has its variables too. */
import { describe, expect, it } from 'vitest';
import { describeShell } from '../../src/hooks/caller.js';

const CLAUDE = { pid: 70, start: '700' };
const CODEX = { pid: 80, start: '800' };
const GEMINI = { pid: 90, start: '900' };
const IN_CLAUDE = { CLAUDECODE: '1', CLAUDE_PID: '70', CLAUDE_CODE_SESSION_ID: 'claude-session' };
const IN_CODEX = { CODEX_THREAD_ID: 'codex-thread' };
const IN_GEMINI = { GEMINI_CLI: '1' };

const shell = (env: NodeJS.ProcessEnv, nearest: { pid: number; start: string } | undefined) => {
  const { process, aliases, isKin, keepsSession } = describeShell(env, {
    findClient: () => nearest,
    markOf: (pid) => [CLAUDE, CODEX, GEMINI].find((one) => one.pid === pid),
  });
  const kin = ['claude-code', 'codex-mcp-client', 'gemini-cli'].filter(isKin);
  return { process, aliases, kin, keepsSession };
};

const claudes = { process: CLAUDE, aliases: ['claude-session'], kin: ['claude-code'], keepsSession: false };
const codexs = { process: CODEX, aliases: ['codex-thread'], kin: ['codex-mcp-client'], keepsSession: true };
const geminis = { process: GEMINI, aliases: [], kin: ['gemini-cli'], keepsSession: false };

describe('a command in a shell of', () => {
  it('one client is of the session that its variables name', () => {
    expect(shell(IN_CLAUDE, CLAUDE)).toEqual(claudes);
    expect(shell(IN_CODEX, CODEX)).toEqual(codexs);
    expect(shell(IN_GEMINI, GEMINI)).toEqual(geminis);
    // Through a program of the model's own, which is no client.
    expect(shell(IN_CLAUDE, { pid: 71, start: '710' })).toEqual(claudes);
  });

  it('Codex or Gemini CLI, inside one of Claude Code, is not of the session of Claude Code', () => {
    expect(shell({ ...IN_CLAUDE, ...IN_CODEX }, CODEX)).toEqual(codexs);
    expect(shell({ ...IN_CLAUDE, ...IN_GEMINI }, GEMINI)).toMatchObject({ process: GEMINI, kin: ['gemini-cli'] });
  });

  it('Claude Code, inside one of Codex or Gemini CLI, is of the session of Claude Code', () => {
    expect(shell({ ...IN_CODEX, ...IN_GEMINI, ...IN_CLAUDE }, CLAUDE)).toEqual(claudes);
  });

  it('nobody is of no session', () => {
    expect(shell({}, undefined)).toEqual({ process: undefined, aliases: [], kin: [], keepsSession: false });
  });
});
