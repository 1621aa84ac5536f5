/** The composition root: configuration, store, relay, then the facade or a command. It and hook-main.ts are the only files that name an adapter. */

import type { App } from './cli/app.js';
import { DispatchError } from './model/errors.js';
import { lazy } from './model/lazy.js';
import type { Project } from './model/project.js';
import { linesForTerminal } from './model/text.js';
import { parseTopicList } from './model/topic.js';
import type { Mail } from './relay/mail.js';
import type { Relay } from './relay/relay.js';
import type { Session } from './relay/session.js';
import { findWorkingDirectory } from './relay/working-directory.js';
import type { Ancestry } from './store/processes.js';
import type { ClaudeInbox } from './wake/claude-socket.js';

/** Runs the stdio server without arguments, and a command with some. */
export async function main(argv: readonly string[]): Promise<void> {
  process.umask(0o077);
  if (argv.length > 0) {
    const { runCommand } = await import('./cli/program.js');
    process.exitCode = await runCommand(argv, { open: openForCommand, version: __VERSION__ });
    return;
  }
  // stdout belongs to JSON-RPC, whatever a library thinks.
  for (const method of ['log', 'info', 'debug', 'dir', 'table', 'trace'] as const) console[method] = console.error;
  if (process.stdin.isTTY) {
    log('mcp-dispatch is an MCP server: it waits here for JSON-RPC from a client on stdin. Ctrl-C ends it.');
    log('For people: mcp-dispatch --help, or mcp-dispatch demo for a tour and the lines to configure your client.');
  }
  try {
    const { config, relay, project, processes } = await open(process.env);
    for (const problem of parseTopicList(config.topics ?? '').problems)
      log(`${problem} The server goes on without it.`);
    const { Identity } = await import('./relay/identity.js');
    const { serve } = await import('./mcp/serve.js');
    const { Waker } = await import('./wake/waker.js');
    await serve({
      relay,
      identity: new Identity(relay, config.agentId, {
        project: config.identity === 'auto' ? project : undefined,
        claudeSession: process.env.CLAUDE_CODE_SESSION_ID,
        findClient: () => processes.findClient(),
      }),
      alertsFor: config.watch ? startAlerts : undefined,
      waking: new Waker(relay, { ...config.wake, inbox: await claudeInbox(process.env, processes), log }),
      version: __VERSION__,
      maxReplyBytes: config.maxReplyBytes,
      instructions: config.instructions,
      log,
    });
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    log(error.message);
    process.exitCode = error.code === 'CONFIG_INVALID' ? 2 : 1;
  }
}

/** The relay as configured. Nothing is read or written there before the first use. */
async function open(
  env: NodeJS.ProcessEnv,
  folder?: string,
): Promise<Omit<App, 'project'> & { readonly project: () => Project; readonly processes: Ancestry }> {
  const { loadConfig } = await import('./config/load.js');
  const config = await loadConfig(env);
  const { FilesystemStore } = await import('./store/filesystem/filesystem-store.js');
  const { Files } = await import('./store/filesystem/files.js');
  const { ProcessTable } = await import('./store/filesystem/process-table.js');
  const { Relay } = await import('./relay/relay.js');
  const { findProject, projectRelayPath } = await import('./store/filesystem/project-folder.js');
  const { findHome } = await import('./config/paths.js');
  const files = new Files(undefined, log);
  // Not CLAUDE_PROJECT_DIR: where it is set it says the same, and other clients inherit it from the shells of Claude Code.
  // When it is needed: Node remembers the directory that it is asked for, and a folder can be removed.
  const project = lazy(() => findProject(folder ?? findWorkingDirectory(), findHome(), files));
  const relayDir =
    config.scope === 'project' ? projectRelayPath(config.relayDir, project().repository) : config.relayDir;
  const processes = new ProcessTable(files);
  const relay = new Relay({
    store: new FilesystemStore(relayDir, { files, durability: config.durability }),
    processes,
    roster: config.agents,
    maxMessageBytes: config.maxMessageBytes,
    defaultTtlSeconds: config.defaultTtlSeconds,
    receiptRetentionSeconds: config.receiptRetentionSeconds,
    logRetentionSeconds: config.logRetentionSeconds,
    logContent: config.logContent,
    limits: config.limits,
    watch: config.watch,
    sessionTopics: parseTopicList(config.topics ?? '').topics,
    warn: log,
  });
  return { config, relay, project, processes };
}

/** The same with a look at the directory itself, which only commands take. */
async function openForCommand(env: NodeJS.ProcessEnv): Promise<App> {
  const app = await open(env);
  const { FilesystemInspection } = await import('./store/filesystem/inspection.js');
  return {
    ...app,
    project: app.project(),
    ancestry: app.processes,
    inspection: new FilesystemInspection(app.relay.store.location, { program: import.meta.filename }),
  };
}

/** What reads messages, for a hook that meets the file of another program. */
export async function openMail(env: NodeJS.ProcessEnv, folder: string | undefined): Promise<Mail> {
  return (await open(env, folder)).relay.mail;
}

async function startAlerts(session: Session, relay: Relay): Promise<void> {
  const { Alerts } = await import('./relay/alerts.js');
  await new Alerts(session.agent, relay.mail, session.arrivals, (line) => process.stderr.write(`${line}\n`)).start();
}

/** The socket that Claude Code gives its servers, and whether it is one of ours. */
async function claudeInbox(env: NodeJS.ProcessEnv, processes: Ancestry): Promise<ClaudeInbox> {
  const { Files } = await import('./store/filesystem/files.js');
  const { findSocketProblem } = await import('./store/filesystem/own-socket.js');
  const { isInherited } = await import('./wake/claude-socket.js');
  const files = new Files();
  return {
    path: isInherited(env, () => processes.findClient()?.pid) ? undefined : env.CLAUDE_CODE_MESSAGING_SOCKET,
    token: env.CLAUDE_CODE_MESSAGING_TOKEN,
    findProblem: (path) => findSocketProblem(files, path),
  };
}

function log(text: string): void {
  // Paths and names of files may hold anything.
  process.stderr.write(`[dispatch] ${linesForTerminal(text).join('\n')}\n`);
}
