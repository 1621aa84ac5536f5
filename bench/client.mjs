/**
 * The smallest client that speaks MCP over pipes: one line a message, no SDK, so that what it costs itself is little and
 * the same for every server that is measured.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const EXIT_WITHIN_MS = 5000;
const PROTOCOL = '2025-11-25';

/** Servers that still run, for the clean-up after a failure. */
const running = new Set();

export class Client {
  #child;
  #nextId = 1;
  #waiting = new Map();
  #partial = '';
  #stderr = '';
  #exited;

  /** @param {{ command: string, args: string[], env: NodeJS.ProcessEnv, cwd: string }} server */
  constructor({ command, args, env, cwd }) {
    this.#child = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#exited = once(this.#child, 'close').then(() => {
      running.delete(this.#child);
      this.#fail(`the server ended\n${this.#stderr}`);
    });
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.stdin.on('error', (error) => this.#fail(error.message));
    this.#child.stdout.setEncoding('utf8').on('data', (text) => this.#read(text));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** The opening of a connection, by a client of that name. Gives the answer to `initialize`. */
  async initialize(name = 'bench') {
    const answer = await this.request('initialize', {
      protocolVersion: PROTOCOL,
      capabilities: {},
      clientInfo: { name, version: '1' },
    });
    if (answer.protocolVersion !== PROTOCOL) throw new Error(`initialize answered ${JSON.stringify(answer)}`);
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    return answer;
  }

  /** The structured answer of a tool. An error answer is an error here: it must never be measured as if it were work. */
  async call(name, args = {}) {
    const result = await this.request('tools/call', { name, arguments: args });
    if (result.isError) throw new Error(`${name}: ${result.content?.[0]?.text}`);
    return result.structuredContent;
  }

  request(method, params) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method });
      this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  /** Ends the connection as clients do, and waits until the process is gone. */
  async close() {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), EXIT_WITHIN_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #read(text) {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line);
      const waiting = this.#waiting.get(message.id);
      if (waiting === undefined) continue;
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting.resolve(message.result);
      else waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
    }
  }

  #fail(why) {
    for (const { reject, method } of this.#waiting.values()) reject(new Error(`${method}: ${why}`));
    this.#waiting.clear();
  }
}

/** Opens a connection. */
export async function connect(server, name) {
  const client = new Client(server);
  await client.initialize(name);
  return client;
}

/** Has a process killed with the servers, if it still runs then. */
export function killWithOthers(child) {
  running.add(child);
  child.once('close', () => running.delete(child));
}

/** Kills what still runs. For the end of a bench that failed. */
export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}
