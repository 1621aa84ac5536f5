/**
 * A model that does what a test says, behind an API on loopback: each request of a conversation takes the next step, and is
 * kept, so that a test can ask what the model was shown. What the dialects of the two clients share.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call of a tool of this server, or of one of the client's own, or the words that end a turn. */
export type Step = ({ readonly call: string } | { readonly own: string } | { readonly say: string }) & {
  readonly with?: object;
  /** Done before the model answers, in the middle of its turn. */
  readonly meanwhile?: () => Promise<unknown>;
};

/** A step, or what decides on it once it sees the request. */
export type Move = Step | ((shown: Shown) => Step);

/** What one request showed to the model. */
export interface Shown {
  /** All that came since the model last spoke, in the order of the request: results, notices, prompts. */
  readonly news: readonly { readonly role: string; readonly text: string }[];
  /** The same in one text. */
  readonly text: string;
  /** The results among the news. */
  readonly results: readonly string[];
  /** The whole request as JSON. */
  readonly whole: string;
}

/** The reply of a tool of this server, as the model was shown it. Codex puts before it how long it took. */
export function replyIn({ results: [text = ''] }: Shown) {
  return JSON.parse(text.slice(text.indexOf('{')));
}

/** How a client talks to its model. */
export interface Dialect {
  /** True for the path that a conversation posts to. */
  readonly path: RegExp;
  /** False for what a client asks on the side, for a title perhaps. */
  isConversation(body: never, headers: IncomingHttpHeaders): boolean;
  show(body: never): Shown;
  answer(body: never, step: Step): readonly { readonly type: string }[];
}

export class ScriptedModel {
  readonly shown: Shown[] = [];
  readonly #moves: Move[] = [];
  readonly #server: Server;
  #looked = 0;

  private constructor(private readonly dialect: Dialect) {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // Whoever wants to leave the machine asks for a tunnel, as this is the proxy of all clients.
    this.#server.on('connect', (_, socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
  }

  static async listen(dialect: Dialect): Promise<ScriptedModel> {
    const model = new ScriptedModel(dialect);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What it does next, a step a request. Without steps left it says that it is done. */
  will(...moves: readonly Move[]): void {
    this.#moves.push(...moves);
  }

  /** The first request that has not been asked for and of which this holds; those before it are passed over. */
  take(holds: (shown: Shown) => boolean): Shown | undefined {
    const at = this.shown.findIndex((one, index) => index >= this.#looked && holds(one));
    if (at < 0) return undefined;
    this.#looked = at + 1;
    return this.shown[at];
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { dialect } = this;
    if (request.method !== 'POST' || !dialect.path.test(request.url ?? '')) {
      const isThere = request.method === 'HEAD' || request.url === '/';
      response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
      response.end('{}');
      return;
    }
    const body = JSON.parse(text) as never;
    let step: Step = { say: 'Done.' };
    if (dialect.isConversation(body, request.headers)) {
      const shown = dialect.show(body);
      const move = this.#moves.shift() ?? step;
      step = typeof move === 'function' ? move(shown) : move;
      this.shown.push(shown);
      await step.meanwhile?.();
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of dialect.answer(body, step))
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  }
}
