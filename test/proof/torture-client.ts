/** A client of one real server that writes down every call before it makes it, and every answer as soon as its line is whole. */
import type { Json, ToolResult } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import type { Sandbox, ServerOptions } from '../helpers/server-sandbox.js';
import { type Body, type Event, only } from './checker-journal.js';

/** For every server of these tests: nothing but their own pace bounds what they send. */
const CONFIG = `
durability = "full"

[limits]
inbox_messages = 0
inbox_bytes = 0
sends_per_minute = 0
thread_messages_per_hour = 0
`;

const ANSWERS_OF_A_LIFE = 5;

interface Call {
  readonly tool: string;
  readonly args: Json;
  readonly token?: string;
  /** See `Shown`. */
  readonly acksBefore: number;
}

let sessions = 0;

export class JournallingClient {
  /** Tells one server process from another. */
  readonly session: string;
  readonly server: RawServer;
  readonly #calls = new Map<number, Call>();
  #killed = false;
  #answers = 0;
  #isDoomed = false;

  constructor(
    sandbox: Sandbox,
    readonly agent: string,
    private readonly journal: Event[],
    options: Omit<ServerOptions, 'agent' | 'config'> = {},
  ) {
    this.session = `${agent}-${sessions++}`;
    this.server = sandbox.spawn({ ...options, agent, config: CONFIG });
    this.server.onmessage = (message) => {
      const call = this.#calls.get(message.id);
      if (call === undefined) return;
      this.#note(call, `${this.session}-${message.id}`, message.result);
      this.#answers++;
      if (this.#isDoomed && this.#answers >= ANSWERS_OF_A_LIFE) this.kill();
    };
    void this.server.closed.then(({ code, signal }) => {
      if (this.#killed || (code === 0 && signal === null)) return;
      this.#fail(`the server ended by itself, with ${signal ?? code}: ${this.server.stderr.slice(-500)}`);
    });
  }

  async initialize(): Promise<void> {
    await this.server.initialize(this.agent);
  }

  async dispatch(token: string, target: string, to: readonly string[], body: Body, ttl = 0): Promise<void> {
    const { agent: from, session } = this;
    this.journal.push({ kind: 'attempt', token, from, session, to, body, expires: ttl > 0 });
    const { content: message, priority, thread: thread_id, payload } = body;
    await this.#call({ tool: 'dispatch', args: { message, target, priority, thread_id, payload, ttl }, token });
  }

  async peek(args: object = {}): Promise<Json> {
    return this.#call({ tool: 'peek', args });
  }

  async ack(ids: readonly string[]): Promise<void> {
    this.journal.push({ kind: 'acking', agent: this.agent, ids });
    await this.#call({ tool: 'ack', args: { message_ids: ids } });
  }

  async who(): Promise<Json> {
    return this.#call({ tool: 'who', args: {} });
  }

  kill(): void {
    this.expectKill();
    this.server.kill('SIGKILL');
  }

  /** Now, or as soon as it has given a few answers: however slow the machine, some servers get to do something. */
  killWhenUsed(): void {
    this.#isDoomed = true;
    if (this.#answers >= ANSWERS_OF_A_LIFE) this.kill();
  }

  /** For a server that will kill itself. */
  expectKill(): void {
    if (this.#killed) return;
    this.#killed = true;
    this.journal.push({ kind: 'killed', agent: this.agent });
  }

  async #call(asked: Omit<Call, 'acksBefore'>): Promise<Json> {
    const call = { ...asked, acksBefore: only(this.journal, 'acked').length };
    const id = this.server.takeId();
    const response = this.server.responseTo(id);
    this.#calls.set(id, call);
    const params = { name: call.tool, arguments: call.args };
    this.server.frame(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }));
    return (await response).result?.structuredContent ?? {};
  }

  #note({ tool, args, token, acksBefore }: Call, reply: string, result: ToolResult | undefined): void {
    const { agent, session, journal } = this;
    if (result === undefined || result.isError === true) {
      const text = result?.content[0]?.text ?? 'a protocol error';
      if (token !== undefined) journal.push({ kind: 'refused', token, unknown: text.includes('outcome: unknown') });
      this.#fail(`${tool} was answered with ${text}`);
      return;
    }
    const answer: Json = result.structuredContent;
    if (token !== undefined) journal.push({ kind: 'sent', token, id: answer.id, queuedTo: answer.queued_to });
    if (tool === 'ack') {
      const missing = new Set(answer.not_found);
      journal.push({ kind: 'acked', agent, ids: args.message_ids.filter((id: string) => !missing.has(id)) });
    }
    const filtered = args.thread_id !== undefined && tool === 'peek';
    for (const message of [...(answer.messages ?? []), ...(answer.new_messages ?? [])]) {
      if (message.state === 'read') continue;
      const { id, from, redelivered = false } = message;
      const body = bodyOf(message);
      journal.push({ kind: 'shown', agent, session, reply, filtered, id, from, redelivered, body, acksBefore });
    }
    const asked = tool === 'peek' && args.message_id !== undefined;
    for (const { id, to, state } of answer.sent_receipts ?? []) journal.push({ kind: 'told', id, to, state, asked });
  }

  #fail(what: string): void {
    this.journal.push({ kind: 'failed', agent: this.agent, what });
  }
}

/** As a reply shows it: what is default is left out there. */
function bodyOf({ content, priority = 'normal', thread_id: thread = null, payload = null }: Json): Body {
  return { content, priority, thread, payload };
}
