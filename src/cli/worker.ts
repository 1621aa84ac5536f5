/** `worker`: does the jobs of an agent, or of the lanes, with the executor that the operator has written for it. */
import { isAbsolute } from 'node:path';
import { type Command, Option } from 'commander';
import * as z from 'zod/v4';
import type { Config } from '../config/config.js';
import { listNames, parseAgentId } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import type { Executor } from '../model/executor.js';
import { isSessionId } from '../model/ids.js';
import { MOST_LEASE_SECONDS, WRITES, type Writes } from '../model/job.js';
import type { Spawned } from '../worker/spawned.js';
import type { Worker } from '../worker/worker.js';
import type { App } from './app.js';
import type { Context, Define } from './command.js';
import { EXIT } from './exit-code.js';
import { numeric, parseOptions } from './options.js';
import { WorkerDisplay } from './worker-display.js';
import { onSignals } from './worker-signals.js';

const DEFAULT_INTERVAL_MS = 5000;
// A lost machine holds its job for as long, and a machine that sleeps for longer loses its own.
const DEFAULT_LEASE = 60;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const whole = (least: number, most: number, hint = '') => {
  const message = `must be a whole number, ${least} to ${most}${hint}`;
  return numeric(z.int(message).min(least, message).max(most, message).optional());
};

const Options = () =>
  z.object({
    once: z.boolean().default(false),
    allowWrites: z.boolean().default(false),
    writes: z.enum(WRITES, `must be one of ${WRITES.join(', ')}`).optional(),
    interval: whole(100, 3_600_000, ' milliseconds'),
    // 0 is neither "at once" nor "never" to everybody.
    idleTimeout: whole(1, WEEK_MS, ' milliseconds; leave it out to wait for ever'),
    concurrency: whole(1, 64),
    lease: whole(1, MOST_LEASE_SECONDS, ' seconds'),
    // What a server says to the worker that it starts.
    start: z.string().refine(isSessionId, 'must be the id of a start').optional(),
    config: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
    relay: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
    umask: z
      .string()
      .regex(/^[0-7]{1,3}$/, 'must be an octal number')
      .transform((octal) => Number.parseInt(octal, 8))
      .optional(),
  });
type Wanted = z.output<ReturnType<typeof Options>>;

export const defineWorker: Define = (program, choose) => {
  const command: Command = program
    .command('worker')
    .summary('do the jobs of an agent with its executor')
    .description(
      "Does the jobs that are addressed to an agent, each with the program of [executors.<agent>] in the configuration, or those of the lanes, with that of [lanes]: claims one, holds it while the program runs, and settles it with the program's last message. A job that may change things is done with --writes worktrees or all only, and by write_argv; without, it waits for another worker.",
    )
    .option('--agent <id>', 'whose jobs; names the executor')
    .option('--lanes', 'instead, the jobs of the repositories that are on the list of [lanes] now')
    .option('--once', 'do one job and end')
    .option(
      '--writes <which>',
      'of the jobs that may change things do none, those in worktrees of their own, or all (default: none)',
    )
    .option('--allow-writes', 'the same as --writes all')
    .option('--interval <ms>', `look for jobs so often, 100 to 3600000 (default: ${DEFAULT_INTERVAL_MS})`)
    .option('--idle-timeout <ms>', 'end after so long without a job, 1 or more (default: never)')
    .option('--concurrency <n>', 'jobs at a time, 1 to 64 (default: 1)')
    .option('--lease <seconds>', `hold a job for so long at a time, 1 to 3600 (default: ${DEFAULT_LEASE})`)
    .option('--json', 'print one JSON object for each job that ends')
    .addOption(new Option('--start <id>').hideHelp())
    .addOption(new Option('--config <file>').hideHelp())
    .addOption(new Option('--relay <folder>').hideHelp())
    .addOption(new Option('--umask <octal>').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch worker --agent codex
  $ mcp-dispatch worker --agent codex --once --json
  $ mcp-dispatch worker --lanes --writes worktrees

What happens is shown on stderr. SIGTERM and Ctrl-C end what runs: a job that changes nothing is given back, one that may
is parked for \`mcp-dispatch recover\`. Exit code 3 when --once finds no job.`,
    )
    .action((options: { json?: boolean; agent?: string; lanes?: boolean }) => {
      if ((options.agent === undefined) === (options.lanes === undefined)) {
        throw new DispatchError('INVALID_ARGUMENT', 'worker: say whose jobs, with --agent <id> or with --lanes.');
      }
      const agent = options.agent === undefined ? undefined : parseAgentId(options.agent, 'agent');
      const parsed = parseOptions(command, Options, options);
      if (parsed.allowWrites && parsed.writes !== undefined && parsed.writes !== 'all') {
        const why = `worker: --allow-writes is --writes all, and --writes ${parsed.writes} is there too. Leave one out.`;
        throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'writes' });
      }
      choose((context) => work(context, agent, parsed), options);
    });
};

async function work(context: Context, agent: string | undefined, wanted: Wanted): Promise<number> {
  const { start, config, relay } = wanted;
  const app = await context.open(config === undefined || relay === undefined ? undefined : { config, relay });
  if (start === undefined) return run(context, app, agent, wanted);
  const { autospawn: settings, operatorProblem } = app.config;
  if (operatorProblem !== undefined) throw new DispatchError('CONFIG_INVALID', operatorProblem);
  const { Spawned } = await import('../worker/spawned.js');
  const spawned = await Spawned.confirm(app.relay.jobs.autospawn, agent, start);
  // Not what the server says that started it: it may have read the configuration long ago.
  const now = { ...wanted, writes: settings.writes, idleTimeout: settings.idleTimeoutSeconds * 1000 };
  if (spawned !== undefined) return spawned.during(() => run(context, app, agent, now, spawned));
  context.terminal.err('This start was given up, or another worker has it: nothing is done here.\n');
  return EXIT.done;
}

async function run(
  context: Context,
  app: App,
  agent: string | undefined,
  wanted: Wanted,
  spawned?: Spawned,
): Promise<number> {
  const service = agent === undefined ? await serveLanes(app) : serveAgent(app, agent);
  const canWrite = service.executor.writeArgv !== undefined;
  const display = new WorkerDisplay(context, app.relay.clock);
  const asked = wanted.writes ?? (wanted.allowWrites ? 'all' : 'none');
  const parts = { service, writes: canWrite ? asked : 'none', wanted, display, spawned } as const;
  const worker = await compose(context, app, parts);
  if (asked !== 'none' && !canWrite) {
    display.warned(`${service.table} has no write_argv, so jobs that may write are left to others.`);
  }
  const bell = await app.ringForPerson?.();
  const signals = onSignals(worker);
  try {
    if ((await worker.run()) !== 'nothing') return EXIT.done;
    display.nothing();
    return EXIT.nothing;
  } finally {
    signals.workIsOver();
    display.close();
    // Ended now, it would take the operator's command with it; ended by a signal that nobody hears, it would leave it behind.
    await bell?.close(signals.late);
    signals.release();
  }
}

type Composing = typeof import('../worker/compose.js');
type Settings = Parameters<Composing['laneWorker']>[0];
type Surroundings = Omit<Parameters<Composing['executorWorker']>[1], 'executor'>;

/** Whose jobs a worker does, and with what. */
interface Service {
  /** Undefined for the lanes. */
  readonly agent: string | undefined;
  /** For a person. */
  readonly whose: string;
  /** Of the configuration. */
  readonly table: string;
  readonly executor: Executor;
  worker(composing: Composing, settings: Settings, surroundings: Surroundings): Worker;
}

function serveAgent({ config }: App, agent: string): Service {
  const executor = findExecutor(config, agent);
  return {
    agent,
    whose: agent,
    table: `executors.${agent}`,
    executor,
    worker: ({ executorWorker }, settings, around) => executorWorker({ ...settings, agent }, { ...around, executor }),
  };
}

/** @throws DispatchError `CONFIG_INVALID` where there are no lanes, `LANE_REFUSED` where their list cannot be trusted. */
async function serveLanes({ config, lanes }: App): Promise<Service> {
  if (lanes === undefined) {
    const why = `There are no lanes in ${config.file ?? 'the configuration'}. Write argv in its table [lanes]: config.example.toml shows how.`;
    throw new DispatchError('CONFIG_INVALID', config.operatorProblem ?? why);
  }
  const addresses = await lanes.list();
  if (addresses.length === 0) {
    throw new DispatchError('CONFIG_INVALID', `The list of lanes ${config.lanes?.repos ?? ''} allows none.`);
  }
  return {
    agent: undefined,
    whose: listNames(addresses),
    table: 'lanes',
    executor: lanes.executor,
    worker: ({ laneWorker }, settings, around) => laneWorker(settings, { ...around, lanes }),
  };
}

interface Parts {
  readonly service: Service;
  readonly writes: Writes;
  readonly wanted: Wanted;
  readonly display: WorkerDisplay;
  /** Absent where a person has started it. */
  readonly spawned: Spawned | undefined;
}

async function compose({ env }: Context, { relay, config, umask }: App, parts: Parts): Promise<Worker> {
  const { service, writes, wanted, display, spawned } = parts;
  const composing = await import('../worker/compose.js');
  const hasChanged = config.file === undefined ? () => false : composing.watchFile(config.file);
  const isReplaced = spawned === undefined ? () => false : composing.watchFile(import.meta.filename);
  let isTold = false;
  const looked = () => {
    if (isTold || !(hasChanged() || isReplaced())) return;
    isTold = true;
    const what = hasChanged() ? config.file : 'This program';
    if (spawned === undefined) {
      display.warned(`${what} was changed: this worker goes on with what it has read. Start it anew to use that.`);
    } else {
      display.warned(
        `${what} was changed: this worker ends with what it has begun. The next one is started with that.`,
      );
      worker.finish();
    }
  };
  const ready = () => {
    display.ready(service.whose, writes);
    // Whoever starts one by hand has looked at what was wrong.
    if (spawned === undefined) relay.jobs.autospawn?.forgive(service.agent).catch(() => {});
  };
  const worker = service.worker(
    composing,
    {
      relay,
      writes,
      concurrency: wanted.concurrency ?? 1,
      leaseSeconds: wanted.lease ?? DEFAULT_LEASE,
      intervalMs: wanted.interval ?? DEFAULT_INTERVAL_MS,
      idleTimeoutMs: wanted.idleTimeout,
      once: wanted.once,
      observer: {
        ready,
        started: (held) => display.started(held),
        ended: (end) => {
          display.ended(end);
          spawned?.jobEnded(end);
        },
        warned: (text) => display.warned(text),
        looked,
      },
    },
    { env, cwd: process.cwd(), umask: wanted.umask === undefined ? (umask ?? process.umask()) : wanted.umask },
  );
  return worker;
}

/** @throws DispatchError `CONFIG_INVALID`, with the names there are and what to write */
function findExecutor({ executors, operatorProblem, file }: Config, agent: string): Executor {
  const executor = executors.get(agent);
  if (executor !== undefined) return executor;
  if (operatorProblem !== undefined) throw new DispatchError('CONFIG_INVALID', operatorProblem);
  const names = [...executors.keys()];
  const instead =
    names.length === 0 ? 'Write one' : `There are executors for ${names.join(', ')}. Name one of these, or write one`;
  const example = [
    `[executors.${agent}]`,
    'argv = ["codex", "exec", "-s", "read-only", "--output-last-message", "{output_file}", "--", "{prompt}"]',
  ].join('\n');
  const where = file === undefined ? 'the configuration' : file;
  throw new DispatchError(
    'CONFIG_INVALID',
    `There is no executor for ${agent} in ${where}. ${instead}. \`mcp-dispatch init --executors codex,claude-code\` adds two that also keep your mail out of the jobs; the least is:\n\n${example}`,
  );
}
