/** A client of the facade in this process: JSON-RPC lines over two streams, as over stdio, and no process. */
import { PassThrough } from 'node:stream';
import { createServer } from '../../src/mcp/server.js';
import { SettlingStdioTransport } from '../../src/mcp/stdio.js';
import type { Toolset } from '../../src/mcp/toolset.js';
import type { Project } from '../../src/model/project.js';
import { Identity } from '../../src/relay/identity.js';
import type { TestProcess } from './relay-world.js';

export interface ToolAnswer {
  readonly isError: boolean;
  /** The text block as it came. */
  readonly text: string;
  /** The structured content; empty for an error. */
  readonly json: ToolJson;
}

// biome-ignore lint/suspicious/noExplicitAny: what a tool answers is judged field by field.
export type ToolJson = { [field: string]: any };

export class RelayClient {
  readonly log: string[] = [];
  /** Set while a call waits: the others are not to wait for it. */
  sideBySide = false;
  /** Told of what the server sends unasked. */
  onNotification: (message: ToolJson) => void = () => {};
  readonly #toServer = new PassThrough();
  readonly #fromServer = new PassThrough();
  readonly #waiting = new Map<number, (message: ToolJson) => void>();
  readonly #identity: Identity;
  #transport: SettlingStdioTransport | undefined;
  readonly #leaving = new AbortController();
  #lastId = 0;

  constructor(
    world: { process(): Pick<TestProcess, 'relay'> },
    agent: string | undefined,
    options: {
      maxReplyBytes?: number;
      instructions?: string;
      process?: TestProcess;
      project?: Project;
      toolsets?: readonly Toolset[];
    } = {},
  ) {
    const { relay } = options.process ?? world.process();
    const { project } = options;
    this.#identity = new Identity(relay, agent, { project: project === undefined ? undefined : () => project });
    const { maxReplyBytes = 10_240, instructions, toolsets } = options;
    this.#options = { relay, maxReplyBytes, instructions, toolsets };
    let rest = '';
    this.#fromServer.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = JSON.parse(line) as ToolJson;
        if (message.id === undefined) this.onNotification(message);
        this.#waiting.get(message.id)?.(message);
        this.#waiting.delete(message.id);
      }
    });
  }

  readonly #options: {
    relay: TestProcess['relay'];
    maxReplyBytes: number;
    instructions: string | undefined;
    toolsets: readonly Toolset[] | undefined;
  };

  /** Connects and gives the answer to `initialize`. */
  async connect(): Promise<ToolJson> {
    await this.#identity.begin().catch(() => {});
    const transport = new SettlingStdioTransport(this.#toServer, this.#fromServer);
    this.#transport = transport;
    const server = createServer({
      ...this.#options,
      identity: this.#identity,
      transport,
      version: '0.0.0',
      ending: this.#leaving.signal,
      log: (text) => this.log.push(text),
    });
    await server.connect(transport);
    return this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    });
  }

  async request(method: string, params: unknown): Promise<ToolJson> {
    const { result, error } = await this.#exchange(method, JSON.stringify(params));
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  /** The error of a request that must fail. */
  async refusal(method: string, params: unknown): Promise<ToolJson> {
    const { result, error } = await this.#exchange(method, JSON.stringify(params));
    if (error === undefined) throw new Error(`${method} was not refused: ${JSON.stringify(result)}`);
    return error;
  }

  async call(name: string, args: unknown = {}): Promise<ToolAnswer> {
    return this.callRaw(name, JSON.stringify(args));
  }

  /** With arguments as they are to stand on the line, for those that no JSON writer writes. */
  async callRaw(name: string, argumentsJson: string, metaJson = '{}'): Promise<ToolAnswer> {
    const params = `{"name":${JSON.stringify(name)},"arguments":${argumentsJson},"_meta":${metaJson}}`;
    const { result, error } = await this.#exchange('tools/call', params);
    if (error !== undefined) throw new Error(`${name}: ${JSON.stringify(error)}`);
    return { isError: result.isError === true, text: result.content[0].text, json: result.structuredContent ?? {} };
  }

  async #exchange(method: string, paramsJson: string): Promise<ToolJson> {
    const id = ++this.#lastId;
    const answer = new Promise<ToolJson>((resolve) => this.#waiting.set(id, resolve));
    this.#toServer.write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${paramsJson}}\n`);
    const message = await answer;
    // Another process would not be so quick as to ask again before the server has noted that the reply is out.
    if (!this.sideBySide) await this.#transport?.idle();
    return message;
  }

  /** As when the input ends: calls that wait are answered. */
  leave(): void {
    this.#leaving.abort();
  }

  async close(): Promise<void> {
    await this.#identity.end();
    this.#toServer.destroy();
    this.#fromServer.destroy();
  }
}
