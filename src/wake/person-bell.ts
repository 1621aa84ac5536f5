/**
 * The operator's command for a person: it runs when a job begins to wait for one. Whoever made the job wait runs it, a server
 * or a worker; nothing here holds up the job, throws or, but for `close`, keeps the process alive.
 *
 * The first job rings at once. What comes within a minute of a ring waits for the end of that minute, and is one ring together.
 */
import { HUMAN } from '../model/agent-id.js';
import { newSessionId } from '../model/ids.js';
import type { Job } from '../model/job.js';
import type { Relay } from '../relay/relay.js';
import type { Method, MethodName } from './method.js';
import { OperatorCommand } from './operator-command.js';

export const PAUSE_MS = 60_000;

export interface PersonBellOptions {
  readonly on: string;
  readonly methods: readonly MethodName[];
  readonly command?: readonly string[] | undefined;
}

type Parts = Pick<Relay, 'events' | 'clock'> & { readonly jobs: Pick<Relay['jobs'], 'person' | 'onWaitForPerson'> };

export class PersonBell {
  readonly #session = newSessionId();
  #submitters = new Set<string>();
  #rangAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #ringing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    private readonly relay: Parts,
    private readonly method: Method,
  ) {}

  /** Rings from now on for what this process makes wait; undefined where the operator wants no command run. */
  static start(relay: Parts, { on, methods, command }: PersonBellOptions): PersonBell | undefined {
    if (on === 'none' || command === undefined || !methods.includes('command')) return undefined;
    const bell = new PersonBell(relay, new OperatorCommand(command));
    relay.jobs.onWaitForPerson((job) => bell.see(job));
    return bell;
  }

  /** A job waits from now on. Never throws, and waits for nothing. */
  see({ from }: Job): void {
    if (this.#isClosed) return;
    this.#submitters.add(from);
    if (this.#timer !== undefined) return;
    const left = this.#rangAt + PAUSE_MS - this.relay.clock.steady();
    if (left <= 0) this.#ring();
    else this.#timer = setTimeout(() => this.#ring(), left).unref();
  }

  /**
   * Resolves when what rings has rung, which takes a bounded time, or when `late` does, and keeps the process alive until then.
   * What would have rung later does not. Never rejects.
   */
  async close(late?: Promise<void>): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    // The command does not: a process that has nothing else to do would end, and take it with it.
    const alive = setInterval(() => {}, PAUSE_MS);
    await (late === undefined ? this.#ringing : Promise.race([this.#ringing, late]));
    clearInterval(alive);
  }

  #ring(): void {
    this.#timer = undefined;
    this.#rangAt = this.relay.clock.steady();
    const submitters = [...this.#submitters].sort();
    this.#submitters = new Set();
    this.#ringing = this.#ringFor(submitters).catch(() => {});
  }

  async #ringFor(submitters: readonly string[]): Promise<void> {
    const { review, recovery, more } = await this.relay.jobs.person.count();
    const count = review + recovery;
    // Decided by now.
    if (count === 0) return;
    const from = submitters.length === 1 ? (submitters[0] ?? '') : `${submitters.length} submitters`;
    const one = count === 1;
    const text = `mcp-dispatch: ${more ? 'at least ' : ''}${count} ${one ? 'job waits' : 'jobs wait'} for you: ${review} to review, ${recovery} to recover. \`mcp-dispatch jobs\` lists ${one ? 'it' : 'them'}.`;
    const { outcome, ...rest } = await this.method.ring({ agent: HUMAN, text, count, from, ids: [] });
    await this.relay.events.note({
      event: 'rang',
      agent: HUMAN,
      session: this.#session,
      method: this.method.name,
      outcome,
      ...rest,
      waiting: count,
      ids: [],
    });
  }
}
