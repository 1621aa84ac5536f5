/** `init`: sets up the clients on this machine: an entry for this server, and hooks where they help. */
import { InvalidArgumentError } from 'commander';
import type { Machine } from '../clients/machine.js';
import type { Outcome } from '../clients/outcome.js';
import { PRESET_IDS } from '../config/presets.js';
import { parseAgentId } from '../model/agent-id.js';
import { type ClientOptions, chooseClients, clientOptions, exitOf, machineOf, outcomeLines } from './client-report.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';

interface Options extends ClientOptions {
  readonly agentId?: string;
  readonly hooks: boolean;
  readonly force?: boolean;
  readonly executors?: readonly string[];
}

// Where the relay and its configuration are must be the same for all: clients do not pass on what a shell has set.
const PASSED_ON = ['MCP_DISPATCH_DIR', 'MCP_DISPATCH_CONFIG'] as const;

export const defineInit: Define = (program, choose) => {
  const command = program
    .command('init')
    .summary('set up the clients on this machine')
    .description(
      'Finds Claude Code, Codex, Gemini CLI, Cursor and VS Code, and sets each up: an entry for this server, and hooks where they help. Uses the command of the client where it has one; else it edits the file of the client, after a copy of it, and keeps all else in it. Doing it again changes nothing.',
    );
  clientOptions(command)
    .option('--agent-id <agent>', 'serve this agent; without it the name is found at the start of each window')
    .option('--no-hooks', 'leave the hooks out')
    .option('--force', 'replace an entry of the same name that is not of this program, after a copy of the file')
    .option(
      '--executors <names>',
      `also add executors to the configuration, with which workers do jobs: ${PRESET_IDS.join(',')}`,
      parseExecutors,
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch init --dry-run                 what it would do
  $ mcp-dispatch init --client claude-code      one client only
  $ mcp-dispatch init --executors codex         and a way for a worker to run Codex

Exit codes: 0 done, 1 a client could not be set up, 2 usage, 3 no client was found.`,
    )
    .action((options: Options) => {
      const agent = options.agentId === undefined ? undefined : parseAgentId(options.agentId, 'agent');
      choose((context) => init(context, options, agent), options);
    });
};

async function init(context: Context, options: Options, agent: string | undefined): Promise<number> {
  const { setUp } = await import('../clients/setup.js');
  const { launchOf, SERVER_NAME } = await import('../clients/launch.js');
  const { stdioEntry } = await import('../clients/client.js');
  const machine = machineOf(context.env);
  const { found, missing } = await chooseClients(options.client, machine);
  const launch = launchOf(process.argv[1] ?? '', machine);
  const passed = PASSED_ON.map((name) => [name, context.env[name]] as const);
  const env = Object.fromEntries([
    ...(agent === undefined ? [] : [['MCP_DISPATCH_AGENT_ID', agent]]),
    ...passed.filter(([, value]) => value !== undefined && value !== ''),
  ]) as { [name: string]: string };
  const { scope, hooks, force = false, dryRun = false } = options;
  const outcomes: Outcome[] = [];
  // One after the other: two clients may share a file, and their words would mix.
  for (const client of found) {
    outcomes.push(await setUp(client, { launch, env, scope, hooks, force, dryRun }, machine));
  }
  const added = options.executors === undefined ? undefined : await addTo(options.executors, dryRun, machine);
  const all = added === undefined ? outcomes : [...outcomes, added];
  const entry = { mcpServers: { [SERVER_NAME]: stdioEntry({ ...launch, env }) } };
  const value = {
    scope,
    dry_run: dryRun,
    clients: outcomes,
    not_found: missing.map(({ id }) => id),
    entry,
    ...(added === undefined ? {} : { executors: added }),
  };
  await report(context, value, () => [
    ...all.flatMap((outcome) => outcomeLines(outcome, context, machine, dryRun)),
    ...(options.client === undefined ? [] : missing.map(({ name }) => `${name} is not on this machine.`)),
    ...(outcomes.length === 0 ? ['No client was found that can be set up here.'] : []),
    '',
    'For any other client, the entry to paste:',
    JSON.stringify(entry),
  ]);
  return all.length === 0 ? EXIT.nothing : exitOf(all);
}

async function addTo(ids: readonly string[], dryRun: boolean, machine: Machine): Promise<Outcome> {
  const { addExecutors } = await import('./init-executors.js');
  return addExecutors(ids, dryRun, machine);
}

function parseExecutors(text: string, others: readonly string[] = []): readonly string[] {
  const ids = text.split(',').map((id) => id.trim());
  if (ids.every((id) => (PRESET_IDS as readonly string[]).includes(id))) return [...others, ...ids];
  throw new InvalidArgumentError(`Allowed are ${PRESET_IDS.join(' and ')}, separated by a comma.`);
}
