/** Claude Code. Its files and `claude mcp` as of 2.1.329. */
import path from 'node:path';
import { type Client, groupedHook, type Scope, stdioEntry } from './client.js';
import type { Machine } from './machine.js';

// Seconds. A hook that finds nothing takes a tenth of one; what hangs must not hold up a turn.
const TIMEOUT_SECONDS = 10;
// None at the end of a session: there is nobody left to tell.
const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop'];

export const claudeCode: Client = {
  id: 'claude-code',
  name: 'Claude Code',
  clientName: /^claude-code$/,
  programs: ['claude'],
  traces: (machine) => [folder(machine), userFile(machine)],
  server: (scope, machine) => ({
    file: scope === 'user' ? userFile(machine) : path.join(machine.cwd, '.mcp.json'),
    syntax: 'json',
    path: ['mcpServers'],
    ...(scope === 'user' ? { live: true, narrower: ['projects', machine.cwd, 'mcpServers'] } : {}),
    command: {
      program: 'claude',
      add: (name, entry) => ['mcp', 'add-json', '-s', scope, name, JSON.stringify(entry)],
      remove: (name) => ['mcp', 'remove', '-s', scope, name],
      replaces: false,
    },
    shape: stdioEntry,
  }),
  hooks: (scope, machine) => ({
    file: settingsFile(scope, machine),
    syntax: 'json',
    events: EVENTS.map((event) =>
      groupedHook(event, (command) => ({ type: 'command', command, timeout: TIMEOUT_SECONDS })),
    ),
  }),
  plugins: (machine) =>
    (['project', 'user'] as const).map((scope) => ({
      file: settingsFile(scope, machine),
      syntax: 'json',
      path: ['enabledPlugins'],
    })),
  next: (scope) => [
    'restart its open windows',
    'allow mcp__mcp-dispatch with /permissions, where nobody is to be asked before a woken window reads its mail',
    ...(scope === 'project' ? ['approve the server when Claude Code asks for it'] : []),
  ],
  unknowable: [
    'Whether a model acts on a notice that it is shown.',
    'Whether a folder is trusted: its windows run no hooks until it is.',
    'Whether a window was started with a flag that lets channels in.',
    'Whether crossSessionInbound holds or refuses what is written to the socket of a window.',
  ],
};

function folder({ env, home }: Machine): string {
  return env.CLAUDE_CONFIG_DIR || path.join(home, '.claude');
}

function settingsFile(scope: Scope, machine: Machine): string {
  return path.join(scope === 'user' ? folder(machine) : path.join(machine.cwd, '.claude'), 'settings.json');
}

function userFile({ env, home }: Machine): string {
  return path.join(env.CLAUDE_CONFIG_DIR || home, '.claude.json');
}
