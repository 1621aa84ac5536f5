/** Runs a client's own command for its servers. */
import type { ServerPlace } from './client.js';
import { type Ran, run } from './commands.js';
import { findProgram } from './files.js';
import type { Machine } from './machine.js';
import { SetupProblem } from './setup-problem.js';

// Gemini CLI takes two seconds to start on a fast machine.
const TIMEOUT_MS = 60_000;

/** The client's program where it has a command for its servers and is installed; undefined elsewhere. */
export function ownProgram(place: ServerPlace, { env }: Machine): string | undefined {
  return place.command === undefined ? undefined : findProgram(place.command.program, env);
}

/** Runs the program with these words. @throws SetupProblem when it does not end with 0, with what it said first. */
export async function runOwn(program: string, words: readonly string[], machine: Machine): Promise<void> {
  const { env, cwd } = machine;
  const ran = await run([program, ...words], { env, cwd, timeoutMs: TIMEOUT_MS });
  if (ran.code === 0) return;
  const why = ran.failure ?? `ended with ${ran.code}`;
  throw new SetupProblem(program, `${words.slice(0, 2).join(' ')} ${why}${quote(ran)}`);
}

function quote({ err, out }: Ran): string {
  const lines = `${err}\n${out}`.split('\n').map((line) => line.trim());
  const said = lines.find((line) => line !== '' && !/^warn/i.test(line));
  return said === undefined ? '.' : `: ${said.slice(0, 300)}`;
}
