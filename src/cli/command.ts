/** What every command is made of: parsing chooses a task, and the task runs with a context. */
import type { Command } from 'commander';
import { jsonForTerminal } from '../model/text.js';
import type { App, Place } from './app.js';
import type { Terminal } from './terminal.js';

export interface Context {
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
  /** The result is wanted as one JSON document. */
  readonly json: boolean;
  readonly version: string;
  /** The configured relay, or the one at `place`; reads and writes nothing there yet. */
  open(place?: Place): Promise<App>;
}

/** Runs a command and returns its exit code. What goes wrong is thrown. */
export type Task = (context: Context) => Promise<number>;

/** Adds a command to the program. Its action only looks at the arguments and hands over a task. */
export type Define = (program: Command, choose: (task: Task, options: { readonly json?: boolean }) => void) => void;

export const JSON_OPTION = ['--json', 'print one JSON document'] as const;

/** Prints a result, as JSON or as lines for a person. False when nobody reads it any more. */
export async function report(
  { terminal, json }: Context,
  value: object,
  lines: () => readonly string[],
): Promise<boolean> {
  const text = json ? jsonForTerminal(value) : lines().join('\n');
  return text === '' || terminal.out(`${text}\n`);
}

/** Says something beside the result. Left out with --json, whose reader has the result to go by. */
export function remark({ terminal, json }: Context, text: string): void {
  if (!json) terminal.err(`${text}\n`);
}
