/** The clients that can be set up, in the order in which they are named. */
import { claudeCode } from './claude-code.js';
import type { Client } from './client.js';
import { codex } from './codex.js';
import { cursor } from './cursor.js';
import { exists, findProgram } from './files.js';
import { geminiCli } from './gemini-cli.js';
import type { Machine } from './machine.js';
import { vscode } from './vscode.js';

export const CLIENTS: readonly Client[] = [claudeCode, codex, geminiCli, cursor, vscode];

/** Whether the client is installed here, or has been used. */
export function isHere(client: Client, machine: Machine): boolean {
  return (
    client.programs.some((program) => findProgram(program, machine.env) !== undefined) ||
    client.traces(machine).some(exists)
  );
}
