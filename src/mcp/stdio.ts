/**
 * The SDK's stdio transport, and what it leaves out: knowing when a reply was written, which requests are unanswered, and what
 * to answer to one that is too long. Its own `send` resolves when the bytes are in a buffer of ours, which is too early to
 * call mail read.
 */
import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import { ErrorCode, type JSONRPCMessage, type RequestId } from '@modelcontextprotocol/sdk/types.js';
import { LineGate, MAX_LINE_BYTES } from './line-gate.js';

/** What is to happen with the mail that a reply carries. Exactly one of the two is called, once. */
export interface Settlement {
  /** The reply went to the operating system whole. */
  written(): Promise<void>;
  /** The reply was cancelled or could not be written. */
  dropped(): Promise<void>;
}

const TOO_LONG = {
  code: ErrorCode.InvalidRequest,
  message: `The request is longer than ${MAX_LINE_BYTES / 2 ** 20} MB, so it was not read and nothing was done. Send less, or write it to a file and give its path.`,
};

export class SettlingStdioTransport extends StdioServerTransport {
  readonly #stdout: Writable;
  readonly #unanswered = new Set<RequestId>();
  readonly #settlements = new Map<RequestId, Settlement>();
  readonly #idle = new Set<() => void>();
  /** Told when a settlement fails; the reply is out by then. */
  onsettleerror?: (error: unknown) => void;

  constructor(stdin: Readable, stdout: Writable) {
    super(stdin, stdout);
    this.#stdout = stdout;
    const gate = new LineGate(this._ondata, (id) => this.#refuse(id));
    this._ondata = (chunk) => gate.push(chunk);
  }

  override async start(): Promise<void> {
    const deliver = this.onmessage;
    this.onmessage = (message: JSONRPCMessage) => {
      if ('method' in message && 'id' in message) this.#unanswered.add(message.id);
      keepPrototypeArgument(message);
      deliver?.(message);
    };
    await super.start();
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    const id = 'id' in message && !('method' in message) ? message.id : undefined;
    const settlement = id === undefined ? undefined : this.#take(id);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#stdout.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
      });
      await this.#settle(() => settlement?.written());
    } catch (error) {
      await this.#settle(() => settlement?.dropped());
      throw error;
    } finally {
      // Not before it is settled: who waits for idle ends the process next.
      if (id !== undefined) this.#answered(id);
    }
  }

  /** Says what to do once the reply to request `id` is written. A request that is cancelled before is settled as dropped. */
  settleWith(id: RequestId, signal: AbortSignal, settlement: Settlement): void {
    this.#settlements.set(id, settlement);
    const cancel = () => void this.#settle(() => this.#take(id)?.dropped());
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  }

  /** A request that will get no answer. */
  abandon(id: RequestId): void {
    this.#answered(id);
  }

  /** Resolves when every request read so far is answered. */
  async idle(): Promise<void> {
    if (this.#unanswered.size > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** A line that was too long to be read. */
  #refuse(id: RequestId | undefined): void {
    if (id === undefined) {
      // Whoever waits for an answer would wait for ever.
      this.close().catch(() => {});
      return;
    }
    this.send({ jsonrpc: '2.0', id, error: TOO_LONG }).catch((error: unknown) => this.onsettleerror?.(error));
  }

  #take(id: RequestId): Settlement | undefined {
    const settlement = this.#settlements.get(id);
    this.#settlements.delete(id);
    return settlement;
  }

  async #settle(how: () => Promise<void> | undefined): Promise<void> {
    try {
      await how();
    } catch (error) {
      this.onsettleerror?.(error);
    }
  }

  #answered(id: RequestId): void {
    this.#unanswered.delete(id);
    if (this.#unanswered.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}

/** The SDK drops an argument named "__proto__" without a word: under a name that it keeps, it is refused like any other. */
function keepPrototypeArgument(message: JSONRPCMessage): void {
  const args = 'params' in message ? message.params?.arguments : undefined;
  if (args === null || typeof args !== 'object' || !Object.hasOwn(args, '__proto__')) return;
  Object.defineProperty(args, '__proto__ ', { value: true, enumerable: true });
}
