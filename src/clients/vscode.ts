/** VS Code with its agents. */
import path from 'node:path';
import { type Client, stdioEntry } from './client.js';
import type { Machine } from './machine.js';

export const vscode: Client = {
  id: 'vscode',
  name: 'VS Code',
  clientName: /^Visual Studio Code/,
  programs: ['code'],
  traces: (machine) => [userFolder(machine)],
  server: (scope, machine) => ({
    file: path.join(scope === 'user' ? userFolder(machine) : path.join(machine.cwd, '.vscode'), 'mcp.json'),
    syntax: 'trailing-commas',
    path: ['servers'],
    shape: stdioEntry,
  }),
  next: () => ['run "MCP: List Servers" in it, start mcp-dispatch and trust it'],
  idle: 'Nothing wakes an idle window of it: mail is shown with its next call of a tool.',
  unknowable: ['Whether a model acts on mail that it is shown.', 'Whether the server is trusted: VS Code asks once.'],
};

function userFolder({ platform, home, env }: Machine): string {
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Code', 'User');
  if (platform === 'win32') return path.join(env.APPDATA || path.join(home, 'AppData', 'Roaming'), 'Code', 'User');
  return path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'Code', 'User');
}
