/**
 * The doorbell of one server: what is known of its client, the methods that follow from it, and when to ring. Nothing here
 * throws into a call, delays one, or keeps the process alive.
 */
import { DispatchError } from '../model/errors.js';
import { inboxKey } from '../relay/keys.js';
import type { Relay } from '../relay/relay.js';
import type { Session } from '../relay/session.js';
import { judgeWorth, type WakeOn } from '../relay/worth.js';
import { ClaudeChannel } from './claude-channel.js';
import { type ClaudeInbox, ClaudeSocket } from './claude-socket.js';
import { CodexQueue } from './codex-queue.js';
import { Doorbell } from './doorbell.js';
import { Ladder } from './ladder.js';
import type { Connection, Method, MethodName } from './method.js';
import { composeNotice } from './notice.js';
import { OperatorCommand } from './operator-command.js';

export interface WakerOptions {
  readonly on: WakeOn;
  /** In the order in which they are tried. */
  readonly methods: readonly MethodName[];
  readonly command?: readonly string[] | undefined;
  readonly inbox: ClaudeInbox;
  /** One line for the operator. */
  readonly log: (text: string) => void;
}

// An event names no more of what waits.
const MOST_IDS = 20;

export class Waker {
  /** Whether to declare the channel. The client is not known yet when that is asked. */
  readonly channel: boolean;
  readonly #connection: Connection = {};
  readonly #ladder: Ladder;
  #session: Session | undefined;
  #isSettled = false;
  #doorbell: Doorbell | undefined;
  #calls = 0;
  #described = '';
  #complaint = '';

  constructor(
    private readonly relay: Pick<Relay, 'mail' | 'events' | 'clock'>,
    private readonly options: WakerOptions,
  ) {
    const wanted = options.on === 'none' ? [] : options.methods;
    const socket = new ClaudeSocket(this.#connection, options.inbox);
    const all: readonly Method[] = [
      socket,
      new CodexQueue(this.#connection, relay.clock),
      new ClaudeChannel(this.#connection, wanted.includes('claude-socket') ? socket : undefined),
      new OperatorCommand(options.command),
    ];
    const methods = wanted.flatMap((name) => all.find((method) => method.name === name) ?? []);
    this.channel = wanted.includes('claude-channel');
    this.#ladder = new Ladder(methods, async (method, { outcome, ...rest }, { count, ids }) => {
      const session = this.#session;
      if (session === undefined) return;
      await relay.events.note({
        event: 'rang',
        agent: session.agent,
        session: session.id,
        method,
        outcome,
        ...rest,
        waiting: count,
        ids: ids.slice(0, MOST_IDS),
      });
    });
  }

  /** The client has said who it is. `notify` sends it a notification. */
  initialized(client: string | undefined, notify: Connection['notify']): void {
    this.#connection.client = client;
    this.#connection.notify = notify;
    if (this.#session !== undefined) this.#describe(this.#session);
  }

  /** The process is no health check: it rings from now on. */
  settled(): void {
    this.#isSettled = true;
    if (this.#session !== undefined) this.#start(this.#session);
  }

  /** The session is about to show itself, or to serve a call that came with `meta`: says what can wake it. */
  attend(session: Session, meta?: unknown): void {
    this.#session = session;
    const thread = meta !== null && typeof meta === 'object' && 'threadId' in meta ? meta.threadId : undefined;
    if (typeof thread === 'string') this.#connection.thread = thread;
    this.#describe(session);
    if (this.#isSettled) this.#start(session);
  }

  callBegan(): void {
    this.#calls++;
    this.#doorbell?.callBegan();
  }

  /** Its reply is made. What that left over has been announced by it. */
  callEnded(): void {
    this.#calls--;
    if (this.#doorbell !== undefined) this.#endCall(this.#doorbell);
  }

  #endCall(doorbell: Doorbell): void {
    doorbell.callEnded((this.#session?.leftPending ?? []).map(({ core }) => core));
  }

  #start(session: Session): void {
    if (this.#doorbell !== undefined || this.options.on === 'none' || this.options.methods.length === 0) return;
    const { agent } = session;
    const { mail, clock } = this.relay;
    const doorbell = new Doorbell({
      agent,
      clock,
      look: async () => (await mail.scan(agent, false)).pending,
      judge: (waiting) =>
        judgeWorth(this.options.on, waiting, (one) => mail.openAt(agent, inboxKey(agent, one.fileName), one, false)),
      isNewest: async () => (await session.standing()) === 'newest',
      ring: async (waiting) => {
        await this.#ladder.ring(composeNotice(agent, waiting, clock.now()));
        this.#describe(session);
      },
      failed: (error) => this.#complain(error),
    });
    this.#doorbell = doorbell;
    // What an earlier reply left over was announced by it.
    if (session.leftPending.length > 0) {
      doorbell.callBegan();
      this.#endCall(doorbell);
    }
    for (let call = 0; call < this.#calls; call++) doorbell.callBegan();
    session.arrivals.subscribe({ looked: (waiting) => doorbell.see(waiting) });
  }

  close(): void {
    this.#doorbell?.close();
  }

  /** Where it changed, others are told with the record of the session. */
  #describe(session: Session): void {
    const methods = this.#ladder.available();
    const described = `${session.id} ${methods.join(' ')}`;
    if (described === this.#described) return;
    this.#described = described;
    session.describe({ wake: { on: this.options.on, methods } }).catch(() => {});
  }

  /** A relay that is gone is said once, not each minute. */
  #complain(error: unknown): void {
    const complaint = error instanceof DispatchError ? error.message : String(error);
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.options.log(`The doorbell could not look for mail: ${complaint}`);
  }
}
