/** A real server on bare pipes: for what must be seen byte by byte, and for what the SDK's client would not send. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { slowness } from './machine.js';
import type { Answer, Json, ToolResult } from './server-client.js';
import { answerOf, refusalOf } from './server-client.js';
import type { Command } from './server-sandbox.js';

// Promised are two seconds; a machine that others share gets three times as long.
export const END_DEADLINE_MS = 6000;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Response = { readonly result?: Json; readonly error?: { readonly code: number; readonly message: string } };

export class RawServer {
  readonly child: ChildProcessWithoutNullStreams;
  /** Complete lines of stdout, in order. */
  readonly lines: string[] = [];
  /** Resolves when the process is gone. */
  readonly exited: Promise<Ending>;
  /** Resolves when also everything it wrote has been read. */
  readonly closed: Promise<Ending>;
  /** Told each message of the server, as soon as its line is whole. */
  onmessage: ((message: Json) => void) | undefined;
  /** Set by tests that stop reading: what the process could not write any more is then missing from its last line. */
  mayEndMidLine = false;
  /** What came after the last line. */
  #rest = Buffer.alloc(0);
  readonly #impure: string[] = [];
  #stderr = '';
  #nextId = 1;
  #isOver = false;
  readonly #waiting = new Map<number, { resolve(response: Response): void; reject(error: Error): void }>();

  constructor({ args, env, cwd }: Command) {
    this.child = spawn(process.execPath, [...args], { env, cwd, stdio: 'pipe' });
    this.child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
    });
    // A server that is gone is what many tests are about; writing to it is no error of the test.
    this.child.stdin.on('error', () => {});
    this.exited = new Promise((resolve) => this.child.on('exit', (code, signal) => resolve({ code, signal })));
    this.closed = new Promise((resolve) =>
      this.child.on('close', (code, signal) => {
        this.#isOver = true;
        for (const { reject } of this.#waiting.values()) reject(new Error('the server ended without an answer'));
        this.#waiting.clear();
        resolve({ code, signal });
      }),
    );
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Bytes behind the last complete line. */
  get rest(): string {
    return this.#rest.toString('utf8');
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }

  /** Sends a frame as it is, and a line feed. */
  frame(json: string): void {
    this.write(`${json}\n`);
  }

  takeId(): number {
    return this.#nextId++;
  }

  /** The response to a request that is sent elsewhere, with an id from `takeId`. */
  responseTo(id: number): Promise<Response> {
    const response = new Promise<Response>((resolve, reject) => {
      if (this.#isOver) reject(new Error('the server has ended'));
      else this.#waiting.set(id, { resolve, reject });
    });
    // A test that ends the server may not want the answer any more.
    response.catch(() => {});
    return response;
  }

  request(method: string, params: object = {}): Promise<Response> {
    const id = this.takeId();
    const response = this.responseTo(id);
    this.frame(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return response;
  }

  notify(method: string, params: object = {}): void {
    this.frame(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  async initialize(name = 'nobody'): Promise<Json> {
    const { result } = await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: `client of ${name}`, version: '1.2.3' },
    });
    this.notify('notifications/initialized');
    return result;
  }

  async result(tool: string, args: object = {}): Promise<ToolResult> {
    return (await this.request('tools/call', { name: tool, arguments: args })).result;
  }

  async call(tool: string, args: object = {}): Promise<Json> {
    return answerOf(await this.result(tool, args));
  }

  async refusal(tool: string, args: object = {}): Promise<string> {
    return refusalOf(await this.result(tool, args));
  }

  /** The result of a call whose arguments are JSON that no JavaScript value stringifies to. */
  async resultOfRaw(tool: string, argumentsJson: string): Promise<ToolResult> {
    const id = this.takeId();
    const response = this.responseTo(id);
    this.frame(
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":${argumentsJson}}}`,
    );
    return (await response).result;
  }

  endInput(): void {
    this.child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** How it ended; an error when it does not within the promised time, which on a busy machine is as much longer as that is slower. */
  async ending(what: string, deadlineMs = END_DEADLINE_MS): Promise<Ending> {
    const start = performance.now();
    for (let withinMs = deadlineMs; ; ) {
      const ended = await within(this.exited, withinMs - (performance.now() - start));
      if (ended !== undefined) return ended;
      const patientMs = deadlineMs * (await slowness());
      if (patientMs <= withinMs) throw new Error(`did not end within ${Math.round(withinMs)} ms: ${what}`);
      withinMs = patientMs;
    }
  }

  /** Problems with what stdout held: it is JSON-RPC, a message a line, and nothing else. */
  impurities(): string[] {
    const bad = this.#impure.map((line) => `stdout held ${JSON.stringify(line.slice(0, 200))}`);
    // Only a killed process may leave half a line, and one that nobody reads.
    if (this.#rest.length > 0 && this.child.signalCode !== 'SIGKILL' && !this.mayEndMidLine)
      bad.push(`stdout ended with half a line: ${this.rest.slice(0, 200)}`);
    return bad;
  }

  /** Ends it if a test has not, and says what was wrong with it. */
  async dispose(): Promise<string[]> {
    const problems: string[] = [];
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.stdout.resume();
      this.endInput();
      await this.ending('end of input').catch((error: Error) => {
        problems.push(`server ${this.pid} ${error.message}`);
        this.kill('SIGKILL');
      });
    }
    this.child.stdout.resume();
    await this.closed;
    return [...problems, ...this.impurities()];
  }

  #take(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let feed = data.indexOf(0x0a); feed !== -1; feed = data.indexOf(0x0a)) {
      const line = data.subarray(0, feed).toString('utf8');
      data = data.subarray(feed + 1);
      this.lines.push(line);
      const message = jsonRpcIn(line);
      if (message === undefined) this.#impure.push(line);
      else this.#receive(message);
    }
    this.#rest = Buffer.from(data);
  }

  #receive(message: Json): void {
    this.onmessage?.(message);
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined || 'method' in message) return;
    this.#waiting.delete(message.id);
    waiting.resolve(message);
  }
}

/** Undefined when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined for anything that is not written the way this server writes: no space, no other line end, nothing beside the message. */
function jsonRpcIn(line: string): Json | undefined {
  try {
    const message = JSON.parse(line) as Answer;
    return message.jsonrpc === '2.0' && JSON.stringify(message) === line ? message : undefined;
  } catch {
    return undefined;
  }
}
