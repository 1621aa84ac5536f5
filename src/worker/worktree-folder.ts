/** Where worktrees are made: outside of every repository, and not where the system cleans up. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `XDG_STATE_HOME` where it is an absolute path, as its specification asks, else `~/.local/state`. */
export function worktreesFolder(env: NodeJS.ProcessEnv): string {
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = env;
  const base = isAbsolute(state) ? state : join(isAbsolute(home) ? home : homedir(), '.local', 'state');
  return join(base, 'mcp-dispatch', 'worktrees');
}
