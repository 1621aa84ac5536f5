/** The commands for people and scripts: parses the arguments, runs what they ask for, and turns the outcome into an exit code. */
import { Command, CommanderError } from 'commander';
import { DispatchError } from '../model/errors.js';
import { jsonForTerminal } from '../model/text.js';
import { defineAck } from './ack.js';
import { defineAdopt } from './adopt.js';
import type { App, Place } from './app.js';
import { defineAudit } from './audit.js';
import type { Define, Task } from './command.js';
import { defineConfig } from './config-check.js';
import { defineDemo } from './demo.js';
import { defineDoctor } from './doctor.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { defineForget } from './forget.js';
import { defineInbox } from './inbox.js';
import { defineInit } from './init.js';
import { defineJob } from './job.js';
import { defineJobs } from './jobs.js';
import { defineRecover } from './recover.js';
import { defineRemove } from './remove.js';
import { defineReview } from './review.js';
import { defineSend } from './send.js';
import { defineStats } from './stats.js';
import { defineTail } from './tail.js';
import { processTerminal, type Terminal } from './terminal.js';
import { defineTrace } from './trace.js';
import { defineWait } from './wait.js';
import { defineWho } from './who.js';
import { defineWithdraw } from './withdraw.js';
import { defineWorker } from './worker.js';
import { defineWorktrees } from './worktrees.js';

/** In the order in which the help lists them. */
const COMMANDS: readonly Define[] = [
  defineSend,
  defineInbox,
  defineWait,
  defineAck,
  defineWho,
  defineWithdraw,
  defineJobs,
  defineJob,
  defineRecover,
  defineReview,
  defineWorker,
  defineWorktrees,
  defineTrace,
  defineTail,
  defineStats,
  defineAudit,
  defineAdopt,
  defineForget,
  defineDoctor,
  defineConfig,
  defineInit,
  defineRemove,
  defineDemo,
];

export interface Program {
  open(env: NodeJS.ProcessEnv, place?: Place): Promise<App>;
  readonly version: string;
}

type Parsed = { readonly task: Task; readonly json: boolean } | Usage;

/** Help or the version that was asked for, or what is wrong with the arguments. */
interface Usage {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** Runs one command. Returns its exit code; does not throw. */
export async function runCommand(
  argv: readonly string[],
  program: Program,
  env: NodeJS.ProcessEnv = process.env,
  terminal: Terminal = processTerminal(env),
): Promise<number> {
  // Also for arguments that cannot be parsed: who asks for JSON reads JSON.
  const end = argv.indexOf('--');
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json');
  try {
    const parsed = parse(argv, program.version);
    if ('task' in parsed) {
      const open = (place?: Place) => program.open(env, place);
      return await parsed.task({ env, terminal, json: parsed.json, version: program.version, open });
    }
    if (json && parsed.code !== EXIT.done) {
      await terminal.out(errorJson('INVALID_ARGUMENT', parsed.err.replace(/^error: /, '').trim()));
    } else {
      if (parsed.out !== '') await terminal.out(parsed.out);
      if (parsed.err !== '') terminal.err(parsed.err);
    }
    return parsed.code;
  } catch (error) {
    return fail(error, json, terminal);
  }
}

/** What the arguments ask for. Touches nothing. */
export function parse(argv: readonly string[], version: string): Parsed {
  let out = '';
  let err = '';
  let chosen: { task: Task; json: boolean } | undefined;
  const program = new Command('mcp-dispatch')
    .description(
      'Durable mail between coding agents. Without a command it is the MCP server, for a client to start; the commands are for people and scripts.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        out += text;
      },
      writeErr: (text) => {
        err += text;
      },
    })
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch demo                                   a tour, and the lines to configure your client
  $ mcp-dispatch who                                    who is there
  $ mcp-dispatch send bob "The build is green again."   write to an agent
  $ mcp-dispatch inbox                                  what agents wrote to you

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 nothing there,
4 refused by a limit or policy, 5 timed out.`,
    );
  for (const define of COMMANDS) {
    define(program, (task, { json = false }) => {
      chosen = { task, json };
    });
  }
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { out, err, code: error.exitCode === 0 ? EXIT.done : EXIT.usage };
  }
  if (chosen === undefined) return { out, err: err || program.helpInformation(), code: EXIT.usage };
  return chosen;
}

async function fail(error: unknown, json: boolean, terminal: Terminal): Promise<number> {
  const known = error instanceof DispatchError;
  const code = known ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error && !known ? `unexpected: ${error.stack ?? message}` : message;
  if (json) await terminal.out(errorJson(code, message));
  else terminal.err(`error: ${detail}\n`);
  return known ? exitCodeOf(error.code) : EXIT.failed;
}

function errorJson(code: string, message: string): string {
  return `${jsonForTerminal({ error: { code, message } })}\n`;
}
