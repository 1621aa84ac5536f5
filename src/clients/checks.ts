/**
 * What works of a client on this machine, shown by doing it: its program, the server of its entry, the hooks in its file. What
 * is started gets a relay of its own that goes again, so nothing of this is seen by any agent.
 */
import path from 'node:path';
import type { Client, Scope, ServerPlace } from './client.js';
import { openDocument } from './client-file.js';
import { run } from './commands.js';
import { findProgram, temporaryFolder } from './files.js';
import { greet } from './handshake.js';
import { ourHooks } from './hook-entries.js';
import { withoutSettings } from './launch.js';
import type { Machine } from './machine.js';
import { findEntry, narrowerPlace } from './server-entry.js';
import { SetupProblem } from './setup-problem.js';

export interface Check {
  readonly what: 'program' | 'server' | 'hooks' | 'wake';
  /** `absent`: it is not set up, or there is nothing to look at. */
  readonly state: 'works' | 'fails' | 'absent';
  /** A sentence. May hold what other programs said. */
  readonly said: string;
}

const VERSION_MS = 5000;
const HOOK_MS = 10_000;
// One of each toolset: the operator chooses among those, and a server without any is not ours.
const TOOLS = ['dispatch', 'join', 'submit'];

/** Runs all checks, one after the other. Does not throw for anything that is wrong with the client or its files. */
export async function checkClient(client: Client, machine: Machine): Promise<Check[]> {
  const folder = temporaryFolder();
  try {
    const { MCP_DISPATCH_AGENT_ID: _, ...others } = machine.env;
    const env = { ...others, MCP_DISPATCH_DIR: path.join(folder.path, 'relay') };
    const place = { machine, env, cwd: folder.path };
    return [
      await checkProgram(client, machine),
      await guarded('server', () => checkServer(client, place)),
      ...(client.hooks === undefined ? [] : [await guarded('hooks', () => checkHooks(client, place))]),
    ];
  } finally {
    folder.remove();
  }
}

interface Place {
  readonly machine: Machine;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

async function guarded(what: Check['what'], check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    return { what, state: 'fails', said: error.message };
  }
}

async function checkProgram({ programs }: Client, { env, cwd }: Machine): Promise<Check> {
  const program = programs.map((name) => findProgram(name, env)).find((file) => file !== undefined);
  const what = 'program';
  if (program === undefined) return { what, state: 'absent', said: `No ${programs.join(' or ')} is on the PATH.` };
  const { code, out, failure } = await run([program, '--version'], { env, cwd, timeoutMs: VERSION_MS });
  const [line = ''] = out.trim().split('\n');
  if (code === 0) return { what, state: 'works', said: `${line}, ${program}.` };
  // A slow one is no broken one.
  if (code === undefined) return { what, state: 'absent', said: `${program} --version ${failure}.` };
  return { what, state: 'fails', said: `${program} --version ended with ${code}.` };
}

/** The entry of the project, if it has one, counts before that of the user. */
const SCOPES: readonly Scope[] = ['project', 'user'];

function serverPlaces(client: Client, machine: Machine): ServerPlace[] {
  const narrower = narrowerPlace(client.server('user', machine));
  return [...(narrower === undefined ? [] : [narrower]), ...SCOPES.map((scope) => client.server(scope, machine))];
}

async function checkServer(client: Client, { machine, env, cwd }: Place): Promise<Check> {
  const what = 'server';
  for (const place of serverPlaces(client, machine)) {
    const { file } = place;
    const found = findEntry(place);
    if (found.kind === 'none') continue;
    if (found.kind === 'other') return { what, state: 'fails', said: `The entry in ${file} is not of this program.` };
    const greeting = await greet(found.entry, env, cwd);
    if (typeof greeting === 'string') return { what, state: 'fails', said: `The server in ${file} ${greeting}.` };
    const { server, tools } = greeting;
    const isOurs = TOOLS.some((tool) => tools.includes(tool));
    const said = `The server in ${file}, ${server}, starts, shakes hands and lists ${tools.length} tools`;
    if (isOurs) return { what, state: 'works', said: `${said}.` };
    return { what, state: 'fails', said: `${said}, and none that is ours.` };
  }
  return { what, state: 'absent', said: 'It is not set up: run mcp-dispatch init.' };
}

async function checkHooks(client: Client, { machine, env, cwd }: Place): Promise<Check> {
  const what = 'hooks';
  const answered: string[] = [];
  const failed: string[] = [];
  let wanted: readonly string[] = [];
  for (const scope of SCOPES) {
    const place = client.hooks?.(scope, machine);
    if (place === undefined) continue;
    wanted = place.events.map(({ event }) => event);
    for (const { event, line } of ourHooks(openDocument(place.file, place.syntax).doc, client.id)) {
      const input = JSON.stringify({ session_id: 'doctor', cwd, hook_event_name: event });
      const ran = await run([withoutSettings(line)], { env, cwd, input, timeoutMs: HOOK_MS, shell: true });
      const [said = ''] = ran.err.trim().split('\n');
      if (ran.code === 0 && said === '') answered.push(event);
      else
        failed.push(
          `${event} ${ran.failure ?? `ended with ${ran.code}`}${said === '' ? '' : ` (${said.slice(0, 200)})`}`,
        );
    }
  }
  if (failed.length > 0) return { what, state: 'fails', said: `Not answering: ${failed.join('; ')}.` };
  if (answered.length === 0) return { what, state: 'absent', said: 'There are none: run mcp-dispatch init.' };
  const missing = wanted.filter((event) => !answered.includes(event));
  const said = `${answered.join(', ')} answer`;
  if (missing.length === 0) return { what, state: 'works', said: `${said}.` };
  return { what, state: 'fails', said: `${said}, and there is none for ${missing.join(', ')}: run mcp-dispatch init.` };
}
