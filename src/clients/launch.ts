/** How a client starts this program: as its server, and as a hook. */
import path from 'node:path';
import { findProgram, realPath } from './files.js';
import type { Machine } from './machine.js';

export const SERVER_NAME = 'mcp-dispatch';
const PACKAGE = 'mcp-dispatch';
const PROGRAM = 'mcp-dispatch.cjs';

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** An entry for a server as most clients have it; what else stands in one is kept. */
export interface Entry extends Launch {
  readonly type?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The way to start `program`, this program's file, again and in years. What npx runs from its cache is gone one day, so npx is
 * asked again; any other stays where it is. `node` by name, so that it outlives an update of Node, where that means this Node.
 */
export function launchOf(program: string, on: Pick<Machine, 'env' | 'platform' | 'execPath'>): Launch {
  const { env, platform, execPath } = on;
  const file = realPath(program);
  if (file.split(/[\\/]/).includes('_npx')) {
    const args = ['-y', PACKAGE];
    return platform === 'win32' ? { command: 'cmd', args: ['/c', 'npx', ...args] } : { command: 'npx', args };
  }
  const found = findProgram('node', env);
  const same = found !== undefined && realPath(found) === realPath(execPath);
  return { command: same ? 'node' : execPath, args: [file] };
}

/** True for what `launchOf` can have written, of any version and place. */
export function isOurLaunch(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { command, args } = value as { command?: unknown; args?: unknown };
  if (typeof command !== 'string' || !Array.isArray(args) || !args.every((word) => typeof word === 'string'))
    return false;
  const words = [command, ...(args as string[])];
  const [first = '', ...rest] = /^cmd(\.exe)?$/i.test(nameOf(command)) ? words.slice(2) : words;
  if (/^npx(\.cmd)?$/i.test(nameOf(first))) return rest.some((word) => /^mcp-dispatch(@[^\s/]+)?$/.test(word));
  return /^node(\.exe)?$/i.test(nameOf(first)) && nameOf(rest[0] ?? '') === PROGRAM;
}

/** Of the environment of an entry, what a hook needs too: a client gives that to the server alone. */
const HOOKS_NEED = ['MCP_DISPATCH_DIR', 'MCP_DISPATCH_CONFIG'];
const SETTINGS = /^env (?:MCP_DISPATCH_[A-Z]+=(?:\\'|'[^']*'|[^'\s\\])* )+/;

/** The line for a shell that runs a hook of ours: `<command> hook <client> <event>`, with `env` before it where it needs some. */
export function hookLine(
  { command, args, env = {} }: Entry,
  client: string,
  event: string,
  platform: NodeJS.Platform,
): string {
  // Windows has no `env`: there they must be set for all programs.
  const needed = platform === 'win32' ? [] : HOOKS_NEED.filter((name) => env[name] !== undefined);
  const settings = needed.map((name) => `${name}=${quoted(env[name] ?? '', platform)}`);
  const words = [command, ...args, 'hook', client, event].map((word) => quoted(word, platform));
  return [...(settings.length === 0 ? [] : ['env', ...settings]), ...words].join(' ');
}

/** The line without what it sets, so that whoever runs it says where the relay is. */
export function withoutSettings(line: string): string {
  return line.replace(SETTINGS, '');
}

/** The event that a line of ours is for; undefined for any other line. */
export function eventOfHookLine(line: unknown, client: string): string | undefined {
  if (typeof line !== 'string') return undefined;
  const match = /(?:^|[\s/\\])mcp-dispatch(?:\.cjs|@\S+)?["']? hook (\S+) ([A-Za-z]+)$/.exec(line);
  return match?.[1] === client ? match[2] : undefined;
}

/** A word for a shell. Both of Windows take double quotes; a path there cannot hold one. */
export function quoted(word: string, platform: NodeJS.Platform): string {
  if (platform === 'win32') return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word}"`;
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function nameOf(file: string): string {
  return path.posix.basename(file.replaceAll('\\', '/'));
}
