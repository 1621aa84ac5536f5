/** The composition root of the server: the relay as configured, the facade, and the doorbell. */

import './model/plain-schemas.js';
import { DispatchError } from './model/errors.js';
import { parseTopicList } from './model/topic.js';
import { log, open } from './open.js';
import type { Mail } from './relay/mail.js';
import type { Relay } from './relay/relay.js';
import type { Session } from './relay/session.js';
import type { Ancestry } from './store/processes.js';
import type { ClaudeInbox } from './wake/claude-socket.js';

/** Serves one client on stdin and stdout. */
export async function main(): Promise<void> {
  const umask = process.umask(0o077);
  // stdout belongs to JSON-RPC, whatever a library thinks.
  for (const method of ['log', 'info', 'debug', 'dir', 'table', 'trace'] as const) console[method] = console.error;
  if (process.stdin.isTTY) {
    log('mcp-dispatch is an MCP server: it waits here for JSON-RPC from a client on stdin. Ctrl-C ends it.');
    log('For people: mcp-dispatch --help, or mcp-dispatch demo for a tour and the lines to configure your client.');
  }
  try {
    const { config, relay, project, processes } = await open(process.env);
    if (config.operatorProblem !== undefined) log(`${config.operatorProblem} The server goes on without them.`);
    for (const problem of parseTopicList(config.topics ?? '').problems)
      log(`${problem} The server goes on without it.`);
    const autospawn = relay.jobs.autospawn === undefined ? undefined : await autospawnOf(relay, config, umask);
    const { Identity } = await import('./relay/identity.js');
    const { serve } = await import('./mcp/serve.js');
    const { Waker } = await import('./wake/waker.js');
    const { PersonBell } = await import('./wake/person-bell.js');
    PersonBell.start(relay, config.wake);
    await serve({
      relay,
      identity: new Identity(relay, config.agentId, {
        project: config.identity === 'auto' ? project : undefined,
        claudeSession: process.env.CLAUDE_CODE_SESSION_ID,
        findClient: () => processes.findClient(),
      }),
      alertsFor: config.watch ? startAlerts : undefined,
      waking: new Waker(relay, { ...config.wake, inbox: await claudeInbox(process.env, processes), log }),
      autospawn,
      version: __VERSION__,
      maxReplyBytes: config.maxReplyBytes,
      instructions: config.instructions,
      toolsets: config.toolsets,
      log,
    });
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    log(error.message);
    process.exitCode = error.code === 'CONFIG_INVALID' ? 2 : 1;
  }
}

/** Its code is loaded only where workers are to be started. */
async function autospawnOf(...args: Parameters<typeof import('./autospawn.js').spawnWatchOf>) {
  const { spawnWatchOf } = await import('./autospawn.js');
  return spawnWatchOf(...args);
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
