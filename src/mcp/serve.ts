/**
 * The life of the server process. Starting writes nothing; stopping is prompt, whatever is going on: clients kill within
 * 0.1 to 0.5 s of a first signal, so nothing may depend on a clean end.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../model/clock.js';
import { isDispatchError } from '../model/errors.js';

import { forTerminal } from '../model/text.js';
import { untilBeat } from '../relay/beat.js';
import type { Identity } from '../relay/identity.js';
import type { Relay } from '../relay/relay.js';
import type { Session } from '../relay/session.js';
import { createServer } from './server.js';
import { SettlingStdioTransport } from './stdio.js';
import type { Toolset } from './toolset.js';
import type { Waking } from './waking.js';

export interface ServeOptions {
  readonly relay: Relay;
  readonly identity: Identity;
  /** Begins to tell the person at the terminal of new mail. Undefined when the operator wants no alerts. */
  readonly alertsFor: ((session: Session, relay: Relay) => Promise<void>) | undefined;
  /** Rings the session's own client when mail waits. */
  readonly waking?: Waking | undefined;
  /** Starts workers when work waits for them. Undefined where none is to be started. */
  readonly autospawn?: { begin(): void; close(): Promise<void> } | undefined;
  readonly version: string;
  readonly maxReplyBytes: number;
  readonly instructions?: string | undefined;
  /** The sets of tools that are offered. @default all */
  readonly toolsets?: readonly Toolset[] | undefined;
  /** One line for the person at the terminal. */
  readonly log: (text: string) => void;
}

// A session shows itself after this long without a call; a health check is over by then.
const ANNOUNCE_AFTER_MS = 5000;
// Calls that were read before the end of input are still answered, for at most this long.
const FINISH_MS = 1000;
// Whatever hangs, the process is gone by then.
const BACKSTOP_MS = 1500;
// An orphan whose input stays open notices within twice this.
const PARENT_CHECK_MS = 10_000;

/** Serves one client on stdin and stdout until the connection ends, then exits the process. */
export async function serve(options: ServeOptions): Promise<void> {
  const { identity, log, waking, autospawn } = options;
  // Claims a roster name, so that the instructions can say whose mail this is. What fails is said by each call.
  await identity.begin().catch((error: unknown) => log(error instanceof Error ? error.message : String(error)));

  const transport = new SettlingStdioTransport(process.stdin, process.stdout);
  const leaving = new AbortController();
  // Each call that waits listens to it, and Node warns on stderr from the eleventh on.
  setMaxListeners(0, leaving.signal);
  const server = createServer({ ...options, transport, ending: leaving.signal });
  let alerts: Promise<void> | undefined;
  let announcing: NodeJS.Timeout | undefined;
  let ending = false;

  const end = async (code: number, why: string | undefined, patience: number) => {
    if (ending) return;
    ending = true;
    if (why !== undefined) log(why);
    setTimeout(() => process.exit(code), BACKSTOP_MS).unref();
    clearTimeout(announcing);
    leaving.abort();
    waking?.close();
    void autospawn?.close();
    try {
      if (patience > 0) await Promise.race([transport.idle(), sleep(patience)]);
      await identity.end();
    } catch (error) {
      log(`Leaving the relay failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    process.exit(code);
  };

  process.stdin.once('end', () => void end(0, undefined, FINISH_MS));
  process.stdin.once('close', () => void end(0, undefined, FINISH_MS));
  process.stdin.on('error', () => void end(0, undefined, 0));
  process.stdout.on('error', () => void end(0, undefined, 0));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(0, undefined, 0));
  process.on(
    'uncaughtException',
    (error) => void end(1, `Stopped by an unexpected error: ${error.stack ?? error.message}`, 0),
  );
  process.on(
    'unhandledRejection',
    (error) =>
      void end(1, `Stopped by an unexpected error: ${error instanceof Error ? error.stack : String(error)}`, 0),
  );
  // Without a terminal to read it, what is said on stderr may have nowhere to go; that is no reason to stop.
  process.stderr.on('error', () => {});
  watchParent(options.relay.clock, () => void end(0, 'The client is gone.', 0));

  transport.onsettleerror = (error) =>
    log(`Bookkeeping after a reply failed: ${error instanceof Error ? error.message : String(error)}`);
  // The transport stops at a line that is too long where it cannot say so to whoever waits for the answer.
  server.onclose = () =>
    void end(1, ending ? undefined : 'The connection cannot go on: a line was longer than 10 MB.', 0);
  server.onerror = (error) => {
    if (!ending) log(describeFrameError(error));
  };
  server.oninitialized = () => {
    waking?.initialized(server.getClientVersion()?.name, (method, params) =>
      server.notification({ method, params: { ...params } }),
    );
    announceSoon();
  };
  const announceSoon = (saidBefore?: string) => {
    announcing = setTimeout(() => void announce(saidBefore), ANNOUNCE_AFTER_MS);
    announcing.unref();
  };
  const announce = async (saidBefore: string | undefined) => {
    try {
      const session = await identity.sessionUncalled();
      session.client ??= server.getClientVersion();
      waking?.attend(session);
      await session.announce();
      autospawn?.begin();
      alerts ??= options.alertsFor?.(session, options.relay);
      await alerts;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== saidBefore) log(why);
      // A relay that is put right later has to find the session there: a model that calls nothing is only ever woken.
      if (isDispatchError(error, 'STORE_UNAVAILABLE') || isDispatchError(error, 'RELAY_UNSAFE')) announceSoon(why);
    } finally {
      waking?.settled();
    }
  };
  await server.connect(transport);
}

/** What was wrong with what the client sent, in a line; the SDK's own words are a page of JSON. */
function describeFrameError(error: Error): string {
  if (error instanceof SyntaxError) return 'A line that is not valid JSON was ignored.';
  if (error.name.endsWith('ZodError')) return 'A line that is not JSON-RPC was ignored.';
  return `MCP: ${forTerminal(error.message, 300)}`;
}

/** Calls `gone` when the process that started this one is no more. */
function watchParent(clock: Clock, gone: () => void): void {
  const parent = process.ppid;
  if (parent <= 1) return;
  const look = () => {
    if (process.ppid !== parent || !exists(parent)) gone();
    else setTimeout(look, untilBeat(clock, PARENT_CHECK_MS)).unref();
  };
  setTimeout(look, untilBeat(clock, PARENT_CHECK_MS)).unref();
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
