/**
 * Where things are unless configured otherwise, and what "~" means. The same places on every platform, Windows
 * included: one documented path is worth more to someone who is searching than each platform's own convention.
 */
import os from 'node:os';
import path from 'node:path';

/** The configuration file that may be missing. Only a file named by MCP_DISPATCH_CONFIG must exist. */
export const DEFAULT_CONFIG_PATH = '~/.config/mcp-dispatch/config.toml';

/** The relay directory when nothing names another. */
export const DEFAULT_RELAY_PATH = '~/.config/mcp-dispatch/messages';

/**
 * The absolute home directory; undefined where the system knows none. `HOME=""` is such a case: os.homedir() then
 * answers "", and every path built on it would quietly be relative to wherever the client started the server.
 */
export function findHome(): string | undefined {
  try {
    const home = os.homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/** True for "~" and for what begins with "~/" (on Windows also "~\"). `~name` is another user's home: not supported. */
export function startsAtHome(text: string): boolean {
  return text === '~' || text.startsWith('~/') || (path.sep === '\\' && text.startsWith('~\\'));
}

/**
 * The absolute, normalized form of a path that is absolute or starts at home; undefined for any other. Without a
 * trailing slash, because `lstat('link/')` follows the link and would hide a symlink from whoever checks for one.
 */
export function expandPath(text: string, home: string | undefined): string | undefined {
  if (startsAtHome(text)) return home === undefined ? undefined : path.resolve(path.join(home, text.slice(1)));
  return path.isAbsolute(text) ? path.resolve(text) : undefined;
}
