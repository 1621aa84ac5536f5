/** Codex. Its files and `codex mcp` as of 0.169. */
import path from 'node:path';
import { type Client, groupedHook, plainEntry } from './client.js';
import type { Entry } from './launch.js';
import type { Machine } from './machine.js';

const TIMEOUT_SECONDS = 10;
const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop'];

export const codex: Client = {
  id: 'codex',
  name: 'Codex',
  clientName: /^codex/,
  programs: ['codex'],
  traces: (machine) => [folder('user', machine)],
  server: (scope, machine) => ({
    file: path.join(folder(scope, machine), 'config.toml'),
    syntax: 'toml',
    path: ['mcp_servers'],
    // `codex mcp` knows the user's file only.
    ...(scope === 'user' ? { command: COMMAND } : {}),
    shape: (entry) => plainEntry(scope === 'user' ? withFolder(entry, machine) : entry),
  }),
  hooks: (scope, machine) => ({
    file: path.join(folder(scope, machine), 'hooks.json'),
    syntax: 'json',
    events: EVENTS.map((event) =>
      groupedHook(event, (command) => ({ type: 'command', command, timeout: TIMEOUT_SECONDS })),
    ),
  }),
  next: () => [
    'trust the hooks of mcp-dispatch when the next window of Codex asks, or with /hooks: it runs none before',
    'add `required = true` to [mcp_servers.mcp-dispatch] in its config.toml, so that a first turn waits for the server',
    'restart its open windows',
  ],
  unknowable: [
    'Whether a model acts on a notice that it is shown.',
    'Whether its hooks are trusted: Codex runs none before that, and keeps to itself which are.',
  ],
};

const COMMAND = {
  program: 'codex',
  add: (name: string, { command, args, env = {} }: { command: string; args: readonly string[]; env?: object }) => [
    'mcp',
    'add',
    name,
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    '--',
    command,
    ...args,
  ],
  remove: (name: string) => ['mcp', 'remove', name],
  replaces: true,
};

/** Codex gives a server few variables, and `codex queue`, with which ours wakes it, has to look into the folder of its threads. */
function withFolder(entry: Entry, { env: { CODEX_HOME } }: Machine): Entry {
  return CODEX_HOME ? { ...entry, env: { ...entry.env, CODEX_HOME } } : entry;
}

function folder(scope: string, { env, home, cwd }: Machine): string {
  return scope === 'project' ? path.join(cwd, '.codex') : env.CODEX_HOME || path.join(home, '.codex');
}
