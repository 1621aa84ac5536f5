/** Cursor, the editor and `cursor-agent`. Its files as of 3.7. */
import path from 'node:path';
import { type Client, plainEntry, type Scope } from './client.js';
import type { Machine } from './machine.js';

const TIMEOUT_SECONDS = 10;
// What a hook of `stop` answers becomes the next prompt; Cursor ends that after so many in a row.
const MOST_CONTINUATIONS = 3;

export const cursor: Client = {
  id: 'cursor',
  name: 'Cursor',
  clientName: /^cursor/i,
  programs: ['cursor', 'cursor-agent'],
  traces: (machine) => [folder('user', machine)],
  server: (scope, machine) => ({
    file: path.join(folder(scope, machine), 'mcp.json'),
    syntax: 'trailing-commas',
    path: ['mcpServers'],
    shape: plainEntry,
  }),
  hooks: (scope, machine) => ({
    file: path.join(folder(scope, machine), 'hooks.json'),
    syntax: 'trailing-commas',
    header: { version: 1 },
    events: [
      { event: 'sessionStart', item: (command) => ({ command, timeout: TIMEOUT_SECONDS }) },
      { event: 'postToolUse', item: (command) => ({ command, timeout: TIMEOUT_SECONDS }) },
      {
        event: 'stop',
        item: (command) => ({ command, timeout: TIMEOUT_SECONDS, loop_limit: MOST_CONTINUATIONS }),
      },
    ],
  }),
  next: () => ['restart it, and see under Settings, MCP that the server is on'],
  idle: 'Nothing wakes an idle window of it: mail is shown with the next tool, or at the end of a turn.',
  unknowable: [
    'Whether a model acts on a notice that it is shown.',
    'Whether the server is switched on in its settings.',
  ],
};

function folder(scope: Scope, { home, cwd }: Machine): string {
  return path.join(scope === 'project' ? cwd : home, '.cursor');
}
