/**
 * `demo`: two real servers of this very program, driven over stdio as a client does it, and two workers, on a relay of their
 * own. Nothing of the user's is read or written: home, configuration and relay are in a temporary directory.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { type Answer, type Call, DemoFailed, type Step, story } from './demo-story.js';
import { DemoWorkers, DemoWorld } from './demo-workers.js';
import { EXIT } from './exit-code.js';
import { paragraph } from './layout.js';

// Far above what a slow machine needs for one call.
const CALL_TIMEOUT_MS = 20_000;
const REQUEST_TIMED_OUT = -32001;
const WIDEST = 110;

export const defineDemo: Define = (program, choose) => {
  program
    .command('demo')
    .summary('show two agents talking, and the lines to configure your client')
    .description(
      'Starts two servers, alice and bob, on a temporary relay, lets them exchange messages and checks every step; then a job survives the crash of its worker. Ends with the configuration to paste for Claude Code and Codex. Takes some five seconds.',
    )
    .option(...JSON_OPTION)
    .action((options: { json?: boolean }) => choose(demo, options));
};

async function demo(context: Context): Promise<number> {
  const program = realpathSync(process.argv[1] ?? '');
  const directory = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-demo-')));
  const world = new DemoWorld(program, directory);
  const windows = new Windows(program, world, context.version);
  const workers = new DemoWorkers(world);
  const cleanUp = async () => {
    await Promise.all([windows.close(), workers.close()]);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  // Ctrl-C reaches the processes as well, so only the directory is left to remove.
  const interrupted = () => void cleanUp().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  const steps: Step[] = [];
  try {
    await tell(context, ['', context.terminal.style.bold('Two agents and a worker, a process each, one directory')]);
    for await (const step of story(windows.call, workers)) {
      steps.push(step);
      await tell(context, ['', ...stepLines(steps.length, step, context)]);
    }
  } catch (error) {
    const late = error instanceof Error && 'code' in error && error.code === REQUEST_TIMED_OUT;
    const why = late
      ? `no answer within ${CALL_TIMEOUT_MS / 1000} s`
      : error instanceof Error
        ? error.message
        : `${error}`;
    const message = `step ${steps.length + 1} did not do what it shows: ${why}`;
    remark(context, `${windows.errorOutput()}${workers.errorOutput()}\nerror: ${message}`.trimStart());
    const code = late ? 'TIMED_OUT' : 'DEMO_FAILED';
    if (context.json) await report(context, { ok: false, steps, error: { code, message } }, () => []);
    return late ? EXIT.timedOut : EXIT.failed;
  } finally {
    process.off('SIGINT', interrupted);
    await cleanUp();
  }
  // Loaded here: no other command needs it.
  const { clientSetup } = await import('./client-setup.js');
  const { launchOf } = await import('../clients/launch.js');
  const setup = clientSetup(
    launchOf(program, { env: context.env, platform: process.platform, execPath: process.execPath }),
  );
  if (context.json) {
    await report(context, { ok: true, steps, configuration: setup }, () => []);
    return EXIT.done;
  }
  const { style } = context.terminal;
  await tell(context, [
    '',
    style.green('All of this was checked. To have it in your own windows: mcp-dispatch init. Or by hand, with names:'),
    '',
    `${style.bold('Claude Code:')} ${setup.claudeCommand}`,
    `${style.bold('or in ~/.claude.json:')} ${setup.claudeJson}`,
    '',
    `${style.bold('Codex')}, in ~/.codex/config.toml:`,
    setup.codexToml,
    '',
    style.dim(
      'Windows with one name share one mailbox. The scope local is one project; the entry in the file is for all.',
    ),
  ]);
  return EXIT.done;
}

/** The windows of the agents: for each a server of this program, and the client that drives it. */
class Windows {
  readonly #clients = new Map<string, Client>();
  #stderr = '';

  constructor(
    private readonly program: string,
    private readonly world: DemoWorld,
    private readonly version: string,
  ) {}

  readonly call: Call = async (agent, tool, args) => {
    const client = this.#clients.get(agent) ?? (await this.#open(agent));
    const result = await client.callTool({ name: tool, arguments: { ...args } }, undefined, {
      timeout: CALL_TIMEOUT_MS,
    });
    if (result.isError === true) throw new DemoFailed(`${agent}: ${tool} failed: ${JSON.stringify(result.content)}`);
    return (result.structuredContent ?? {}) as Answer;
  };

  /** What the servers wrote for a person, for the case that something failed. */
  errorOutput(): string {
    return this.#stderr.trimEnd();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#clients.values()].map((client) => client.close()));
    this.#clients.clear();
  }

  async #open(agent: string): Promise<Client> {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
    const { world } = this;
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [this.program],
      cwd: world.directory,
      env: { ...world.env, MCP_DISPATCH_AGENT_ID: agent },
      stderr: 'pipe',
    });
    transport.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
    });
    const client = new Client(
      { name: 'demo', version: this.version },
      // Without it the SDK compiles schemas, with a library that is not in the bundle.
      {
        jsonSchemaValidator: {
          getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
        },
      },
    );
    this.#clients.set(agent, client);
    await client.connect(transport, { timeout: CALL_TIMEOUT_MS });
    return client;
  }
}

/** Prints while it happens; with --json everything comes in one document at the end. */
async function tell(context: Context, lines: readonly string[]): Promise<void> {
  if (!context.json) await context.terminal.out(`${lines.join('\n')}\n`);
}

function stepLines(number: number, { title, does, shows }: Step, context: Context): string[] {
  const { style, columns } = context.terminal;
  const width = columns === undefined ? undefined : Math.min(columns, WIDEST);
  return [
    `${style.bold(`${number}.`)} ${title}`,
    ...does.flatMap((line) => paragraph([line], '   ', width).map(style.cyan)),
    ...shows.flatMap((line) => paragraph([`- ${line}`], '   ', width)),
  ];
}
