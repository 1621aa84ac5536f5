/** Gemini CLI. Its file and `gemini mcp` as of 0.61, whose command re-indents the whole file. */
import path from 'node:path';
import { type Client, groupedHook, plainEntry, type Scope } from './client.js';
import type { Machine } from './machine.js';

const TIMEOUT_MS = 10_000;
const EVENTS = ['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent'];

export const geminiCli: Client = {
  id: 'gemini-cli',
  name: 'Gemini CLI',
  clientName: /^gemini-cli/,
  programs: ['gemini'],
  traces: (machine) => [folder('user', machine)],
  server: (scope, machine) => ({
    file: settings(scope, machine),
    syntax: 'comments',
    path: ['mcpServers'],
    command: {
      program: 'gemini',
      add: (name, { command, args, env = {} }) => [
        ...['mcp', 'add', '-s', scope],
        ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
        ...[name, command, ...args],
      ],
      remove: (name) => ['mcp', 'remove', '-s', scope, name],
      replaces: true,
    },
    shape: plainEntry,
  }),
  hooks: (scope, machine) => ({
    file: settings(scope, machine),
    syntax: 'comments',
    events: EVENTS.map((event) =>
      groupedHook(event, (command) => ({ name: 'mcp-dispatch', type: 'command', command, timeout: TIMEOUT_MS })),
    ),
  }),
  next: () => ['trust the folders that you work in, for it starts no servers in others', 'restart its open windows'],
  idle: 'Nothing wakes an idle window of it: mail is shown with the next prompt or tool.',
  unknowable: [
    'Whether a model acts on a notice that it is shown.',
    'Whether a folder is trusted: its windows start no servers until it is.',
  ],
};

function folder(scope: Scope, { env, home, cwd }: Machine): string {
  return path.join(scope === 'project' ? cwd : env.GEMINI_CLI_HOME || home, '.gemini');
}

function settings(scope: Scope, machine: Machine): string {
  return path.join(folder(scope, machine), 'settings.json');
}
