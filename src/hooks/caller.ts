/** What a hook knows of the client that runs it. */
import type { Ancestry, ProcessMark } from '../store/processes.js';
import type { HookInput } from './input.js';
import type { HookEvent } from './shapes.js';

export type { Ancestry };

export interface Caller {
  /** The client's process; undefined where the system does not tell. */
  readonly process: ProcessMark | undefined;
  /** Whether a server was started by a client of this kind, by the name that the client has for itself. */
  isKin(clientName: string): boolean;
  /** What it calls its session, by its input and its environment. */
  readonly aliases: readonly string[];
  /** True where a server whose session is called otherwise is another session's; else a session may have been renamed. */
  readonly keepsSession: boolean;
  /** MCP_DISPATCH_AGENT_ID of the hook's own environment. */
  readonly agentId: string | undefined;
}

// By client: one that was started from the shell of another inherits the variables of that one.
const KINDS: { readonly [client: string]: Kind } = {
  'claude-code': {
    name: /claude/i,
    process: 'CLAUDE_PID',
    session: 'CLAUDE_CODE_SESSION_ID',
    project: 'CLAUDE_PROJECT_DIR',
  },
  // One process can have several conversations, and those of subagents, each with a server of its own.
  codex: { name: /codex/i, keepsSession: true },
  'gemini-cli': { name: /gemini/i, session: 'GEMINI_SESSION_ID', project: 'GEMINI_PROJECT_DIR' },
  cursor: { name: /cursor/i, project: 'CURSOR_PROJECT_DIR' },
};

/** The client's name for itself, and the environment variables in which it tells its hooks what else it is. */
interface Kind {
  readonly name: RegExp;
  readonly keepsSession?: true;
  readonly process?: string;
  readonly session?: string;
  readonly project?: string;
}

/** `input` is undefined where it could not be read. */
export function describeCaller(
  { client }: Pick<HookEvent, 'client'>,
  input: Pick<HookInput, 'sessionId'> | undefined,
  env: NodeJS.ProcessEnv,
  ancestry: Ancestry,
): Caller {
  const { name, process, session, keepsSession = false } = KINDS[client] ?? { name: /^$/ };
  // A client that says which process it is knows better than who looks for it.
  const said = Number((process === undefined ? undefined : env[process]) || Number.NaN);
  const aliases = [input?.sessionId, session === undefined ? undefined : env[session]];
  return {
    process: (Number.isSafeInteger(said) ? ancestry.markOf(said) : undefined) ?? ancestry.findClient(),
    isKin: (clientName) => name.test(clientName),
    aliases: aliases.flatMap((alias) => (alias === undefined || alias === '' ? [] : [alias])),
    keepsSession,
    agentId: env.MCP_DISPATCH_AGENT_ID,
  };
}

/** A command that was run in a shell of the client, by its model, or in one that no client started. */
export function describeShell(env: NodeJS.ProcessEnv, ancestry: Ancestry): Caller {
  const { CLAUDECODE, CLAUDE_PID, CODEX_THREAD_ID, GEMINI_CLI } = env;
  // A client in the shell of another has the variables of both, and so have its shells: the nearest process tells them apart.
  const isClaudes = CLAUDECODE !== undefined && Number(CLAUDE_PID) === ancestry.findClient()?.pid;
  if (CODEX_THREAD_ID && !isClaudes)
    return describeCaller({ client: 'codex' }, { sessionId: CODEX_THREAD_ID }, env, ancestry);
  if (GEMINI_CLI && !isClaudes) return describeCaller({ client: 'gemini-cli' }, undefined, env, ancestry);
  return describeCaller({ client: CLAUDECODE === undefined ? '' : 'claude-code' }, undefined, env, ancestry);
}

/** The folder that the session was opened in, where the client says so: its model may have gone elsewhere since. */
export function projectOf({ client }: HookEvent, env: NodeJS.ProcessEnv): string | undefined {
  const { project } = KINDS[client] ?? {};
  return (project === undefined ? undefined : env[project]) || undefined;
}
