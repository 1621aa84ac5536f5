/**
 * A test's own world for real servers: a temporary home, working directory and relay, an environment with nothing else in
 * it, and the promise that no process of the test outlives it.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base } from 'vitest';
import { open } from '../../src/open.js';
import { LocalAgent } from './local-agent.js';
import { slowness } from './machine.js';
import { type AgentClient, connectAgent } from './server-client.js';
import { RawServer } from './server-raw.js';

/** The artefact that `npm test` has built. */
export const SERVER = fileURLToPath(new URL('../../dist/mcp-dispatch.cjs', import.meta.url));

/** Generous: a condition that a busy machine needs long for is still met within it. */
export const DEADLINE_MS = 20_000;

const NO_LIMITS = '[limits]\ninbox_messages = 0\ninbox_bytes = 0\nsends_per_minute = 0\nthread_messages_per_hour = 0\n';

export interface ServerOptions {
  /** MCP_DISPATCH_AGENT_ID; none when left out. */
  readonly agent?: string;
  /** Text of a configuration file. Without a table `[limits]` it gets one that has them off: tests send fast. */
  readonly config?: string;
  /** Paths of scripts to run before the server. */
  readonly preload?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another working directory. */
  readonly cwd?: string;
  /** Another place for the relay. */
  readonly relay?: string;
}

export interface Command {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

export class Sandbox {
  readonly root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-server-')));
  readonly home = path.join(this.root, 'home');
  readonly cwd = path.join(this.root, 'work');
  readonly relay = path.join(this.root, 'relay');
  // Beside it, so that the root shows what servers write.
  readonly #configFolder = `${this.root}-config`;
  readonly #clients: (AgentClient | LocalAgent)[] = [];
  readonly #servers: RawServer[] = [];
  readonly #undo: (() => void)[] = [];
  #configs = 0;

  constructor() {
    for (const folder of [this.home, this.cwd, this.#configFolder]) mkdirSync(folder, { mode: 0o700 });
  }

  /** How to start a server: nothing of this process's environment gets in but PATH. */
  command({
    agent,
    config = '',
    preload = [],
    env = {},
    relay = this.relay,
    cwd = this.cwd,
  }: ServerOptions = {}): Command {
    return {
      args: [...preload.flatMap((script) => ['--require', script]), SERVER],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: this.home,
        MCP_DISPATCH_DIR: relay,
        ...(agent === undefined ? {} : { MCP_DISPATCH_AGENT_ID: agent }),
        MCP_DISPATCH_CONFIG: this.#writeConfig(config),
        ...env,
      },
      cwd,
    };
  }

  /** A server behind the SDK's client, initialized. */
  async agent(agent: string | undefined, options: Omit<ServerOptions, 'agent'> = {}): Promise<AgentClient> {
    const client = await connectAgent(this.command({ ...options, ...(agent === undefined ? {} : { agent }) }), agent);
    this.#clients.push(client);
    return client;
  }

  /** A server on bare pipes, not initialized. */
  spawn(options: ServerOptions = {}): RawServer {
    const server = new RawServer(this.command(options));
    this.#servers.push(server);
    return server;
  }

  /** The same, initialized. */
  async start(agent: string | undefined, options: Omit<ServerOptions, 'agent'> = {}): Promise<RawServer> {
    const server = this.spawn({ ...options, ...(agent === undefined ? {} : { agent }) });
    await server.initialize(agent);
    return server;
  }

  /** One in this process: for who only sends or looks on, where another process is what is tested. */
  async local(agent: string | undefined, options: Pick<ServerOptions, 'config' | 'relay'> = {}): Promise<LocalAgent> {
    const local = await LocalAgent.connect(this.command({ ...options, ...(agent === undefined ? {} : { agent }) }).env);
    this.#clients.push(local);
    return local;
  }

  /** A message of nobody's session, as the command `send` sends it; gives its id. */
  async post(
    from: string,
    target: string,
    content: string,
    options: Pick<ServerOptions, 'relay'> = {},
  ): Promise<string> {
    const { relay } = await open(this.command(options).env);
    return (await relay.send(from, { target, content })).message.id;
  }

  /** To be done when the test is over, before its files go; the last one first. */
  atEnd(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Ends what still runs and removes all files. @throws Error naming every process that would not end by itself. */
  async dispose(): Promise<void> {
    const problems: string[] = [];
    try {
      const closing = [...this.#clients, ...this.#servers].map(async (one) => {
        problems.push(...(await one.dispose()));
      });
      await Promise.all(closing);
      for (const { pid, command } of await leftBehind(this.root)) {
        problems.push(`process ${pid} was left running: ${command}`);
        killIfAlive(pid);
      }
    } finally {
      for (const undo of this.#undo.reverse()) undo();
      for (const folder of [this.root, this.#configFolder]) rmSync(folder, { recursive: true, force: true });
    }
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  #writeConfig(text: string): string {
    const file = path.join(this.#configFolder, `config-${this.#configs++}.toml`);
    writeFileSync(file, text.includes('[limits]') ? text : `${text}\n${NO_LIMITS}`, { mode: 0o600 });
    return file;
  }
}

/** Tests with a sandbox of their own; safe to run side by side. */
export const test = base.extend<{ sandbox: Sandbox }>({
  sandbox: async ({ task: _ }, use) => {
    const sandbox = new Sandbox();
    try {
      await use(sandbox);
    } finally {
      await sandbox.dispose();
    }
  },
});

/**
 * Waits until `check` returns something, and returns that. What is undefined or false is asked for again. The deadline is for
 * a machine that has time: on a busy one it is as much later as that is slower.
 */
export async function eventually<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const start = performance.now();
  let withinMs = deadlineMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - start;
    if (waitedMs > withinMs) {
      withinMs = deadlineMs * (await slowness());
      if (waitedMs > withinMs) throw new Error(`waited ${Math.round(waitedMs)} ms in vain: ${what}`);
    }
    // What is long in coming is asked for less often: each time may be a call of a server.
    await new Promise((resolve) => setTimeout(resolve, Math.min(20 + waitedMs / 10, 200)));
  }
}

/** Removes a folder in which servers that run may make a file meanwhile, which then is not empty when it is to go. */
export async function removeWhole(folder: string): Promise<void> {
  await eventually('the end of the relay', () => {
    try {
      rmSync(folder, { recursive: true, force: true });
      return true;
    } catch {
      return false;
    }
  });
}

/** Every path below `folder`, sorted, folders with a slash at the end. What goes while it is listed, as a lock does, is not there. */
export function listTree(folder: string, prefix = ''): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const name = prefix + entry.name;
      if (!entry.isDirectory()) return [name];
      const below = path.join(folder, entry.name);
      try {
        return [`${name}/`, ...listTree(below, `${name}/`)];
      } catch (error) {
        if (existsSync(below)) throw error;
        return [];
      }
    })
    .sort();
}

/** Files in a folder of the relay; none when there is no such folder. */
export function filesIn(...parts: string[]): string[] {
  const folder = path.join(...parts);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, which is what was wanted.
  }
}

/** What runs although all servers have ended. What one of them has killed at its end is gone a moment later. */
async function leftBehind(root: string): Promise<{ pid: number; command: string }[]> {
  if (processesOf(root).length === 0) return [];
  await eventually('the end of what was killed', () => processesOf(root).length === 0, 1000).catch(() => {});
  return processesOf(root);
}

/** Processes whose environment names the sandbox. Known on Linux only; elsewhere the tracked ones have to do. */
function processesOf(root: string): { pid: number; command: string }[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(root) || !isAlive(pid)) return [];
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }];
    } catch {
      return [];
    }
  });
}
