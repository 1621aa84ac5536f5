/**
 * The queue of a Codex thread, through the `codex` program: an idle thread begins a turn within seconds, a busy one when its
 * turn is over. The message comes to the model as one of the user's, which is one more reason why it is a notice.
 */
import type { Clock } from '../model/clock.js';
import { run } from './child.js';
import { type Attempt, CODEX, type Connection, type Method } from './method.js';
import type { Notice } from './notice.js';

// As Codex makes them. Nothing else is passed on: it came from outside, and must be no option.
const THREAD = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** For so long a program that was not there is not looked for again: it can be missing for a moment, as while it is updated. */
export const MISSING_MS = 15 * 60_000;

export class CodexQueue implements Method {
  readonly name = 'codex-queue';
  #missingUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly connection: Connection,
    private readonly clock: Pick<Clock, 'steady'>,
  ) {}

  obstacle(): string | undefined {
    const { client, thread } = this.connection;
    if (client !== CODEX) return 'the client is not Codex';
    if (this.clock.steady() < this.#missingUntil) return 'the program codex was not found';
    if (thread === undefined) return 'the thread is not known before the first call of a tool';
    return THREAD.test(thread) ? undefined : 'the thread has no id that codex takes';
  }

  async ring({ text }: Notice): Promise<Attempt> {
    const ran = await run(['codex', 'queue', '--thread', this.connection.thread ?? '', '--message', text]);
    if (ran.ended === 'well') return { outcome: 'rung' };
    if (ran.errno === 'ENOENT') this.#missingUntil = this.clock.steady() + MISSING_MS;
    return { outcome: 'failed', why: `codex queue: ${ran.why}` };
  }
}
