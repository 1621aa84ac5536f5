/**
 * `mcp-dispatch hook <client> <event>`: what a client runs at certain moments of a session. It says on stdout that mail waits, in
 * the client's own form, or nothing. It fails open: whatever goes wrong, the exit code is 0, for other codes stop a client.
 *
 * Each prompt and each step of a model wait for it, so it runs past all other commands, without the libraries that they need.
 */
import { answerHook } from '../hooks/answer.js';
import { type Ancestry, describeCaller, projectOf } from '../hooks/caller.js';
import { type HookFailure, noteFailure } from '../hooks/failures.js';
import { MAX_INPUT_BYTES, parseInput } from '../hooks/input.js';
import type { Office } from '../hooks/office.js';
import { findEvent, type HookEvent, listEvents } from '../hooks/shapes.js';
import { findWindow } from '../hooks/whose.js';
import { forTerminal } from '../model/text.js';
import { findWorkingDirectory } from '../relay/working-directory.js';

export interface HookDesk {
  readonly office: Office;
  readonly ancestry: Ancestry;
}

/** The outer world of a hook, for tests to take the place of. */
export interface HookWorld {
  readonly env: NodeJS.ProcessEnv;
  /** The relay as configured, seen from `folder`. */
  open(env: NodeJS.ProcessEnv, folder: string | undefined): Promise<HookDesk>;
  /** What stdin holds, or why that cannot be said. */
  read(maxBytes: number): Promise<Uint8Array | 'too large' | 'too slow'>;
  out(text: string): void;
  err(text: string): void;
}

/** Runs a hook. Does not throw. */
export async function runHook(argv: readonly string[], world: HookWorld): Promise<void> {
  const [client = '', name = ''] = argv;
  if (client === '' || argv.includes('--help') || argv.includes('-h')) return world.out(help());
  const event = findEvent(client, name);
  if (event === undefined) return world.err(`mcp-dispatch hook: unknown: ${forTerminal(argv.join(' '), 80)}\n`);
  try {
    const answer = await run(event, world);
    if (answer !== undefined) world.out(answer);
  } catch (error) {
    world.err(`mcp-dispatch hook: ${forTerminal(error instanceof Error ? error.message : String(error), 300)}\n`);
  }
}

async function run(event: HookEvent, world: HookWorld): Promise<string | undefined> {
  const bytes = await world.read(MAX_INPUT_BYTES);
  if (event.moment === 'end') return undefined;
  const input = typeof bytes === 'string' ? undefined : parseInput(bytes);
  // A subagent costs its client no more than the start of a process.
  if (input?.isSubagent) return undefined;
  const { office, ancestry } = await world.open(world.env, projectOf(event, world.env) ?? findWorkingDirectory());
  const window = await findWindow(office.presence, describeCaller(event, input, world.env, ancestry));
  if (window === undefined) return undefined;
  if (input === undefined) {
    await noteFailure(office.store, window, event, failureOf(bytes));
    return undefined;
  }
  try {
    return await answerHook(office, window, event, input);
  } catch (error) {
    // Where this fails too, the server meets what is wrong itself.
    await noteFailure(office.store, window, event, 'relay_failed').catch(() => {});
    throw error;
  }
}

function failureOf(bytes: Uint8Array | 'too large' | 'too slow'): HookFailure {
  if (bytes === 'too large') return 'input_too_large';
  return bytes === 'too slow' ? 'input_too_slow' : 'input_not_json';
}

function help(): string {
  const events = listEvents().map(({ client, events }) => `  ${client.padEnd(12)} ${events.join(', ')}`);
  return `Usage: mcp-dispatch hook <client> <event>

For clients to run: reads the hook's JSON on stdin, and says in the client's form that mail waits, or nothing.
The exit code is always 0.

${events.join('\n')}
`;
}

/** stdin, stdout and stderr of this process. What is beyond the bounds is read and dropped: a client may wait for its pipe to empty. */
export function processHookWorld(open: HookWorld['open'], waitMs = 2000): HookWorld {
  const { stdin, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  return {
    env: process.env,
    open,
    read: (maxBytes) =>
      new Promise((resolve) => {
        if (stdin.isTTY) return resolve(new Uint8Array());
        const chunks: Uint8Array[] = [];
        let bytes = 0;
        const finish = (result: Uint8Array | 'too large' | 'too slow') => {
          clearTimeout(timer);
          resolve(result);
          // An end that never comes must not keep the process.
          stdin.destroy();
        };
        const timer = setTimeout(() => finish('too slow'), waitMs);
        stdin.on('data', (chunk: Uint8Array) => {
          bytes += chunk.length;
          if (bytes <= maxBytes) chunks.push(chunk);
          else chunks.length = 0;
        });
        const end = () => finish(bytes > maxBytes ? 'too large' : Buffer.concat(chunks));
        stdin.once('end', end);
        stdin.once('error', end);
      }),
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
  };
}
