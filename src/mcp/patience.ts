/** How a call waits: outside of its turn, with word to the caller that it is still waiting, and ended by what ends the call. */
import type { ServerNotification } from '@modelcontextprotocol/sdk/types.js';
import { DispatchError } from '../model/errors.js';
import type { Session } from '../relay/session.js';
import { type Waited, waitForMail } from '../relay/waiting.js';
import type { Reply } from './reply.js';
import type { Wait } from './tool.js';
import type { Queue, Turn } from './turn.js';

const PROGRESS_EVERY_MS = 10_000;

/** What a call is to the connection. */
export interface Call {
  /** Aborted when the caller gives the call up. */
  readonly cancelled: AbortSignal;
  /** Aborted when this server ends. */
  readonly ending: AbortSignal;
  /** Present where the caller wants to know of progress. */
  readonly progressToken?: string | number | undefined;
  notify(notification: ServerNotification): Promise<void>;
}

export const CANCELLED = new DispatchError('INVALID_ARGUMENT', 'The call was cancelled.');

/** A call's place among the others: taken at once, and again after each wait. */
export class Place {
  #turn: Turn;
  // Of all its waits together: progress may only grow, and a wait that often begins anew is as long as one that does not.
  #progress: NodeJS.Timeout | undefined;

  constructor(
    private readonly queue: Queue,
    private readonly call: Call,
  ) {
    this.#turn = queue.join();
  }

  /**
   * Resolves when it is this call's turn.
   * @throws DispatchError when it was cancelled meanwhile: nobody will see the answer, so nothing is to be done.
   */
  async come(): Promise<void> {
    await this.#turn.come;
    if (this.call.cancelled.aborted) throw CANCELLED;
  }

  /** The call is over. */
  leave(): void {
    clearInterval(this.#progress);
    this.#turn.end();
  }

  /** See `ToolContext.wait`. */
  async wait(session: Session, { seconds, isThere, saying, saidFirst, againMs }: Wait): Promise<Waited> {
    this.#turn.end();
    this.#progress ??= this.#tellProgress(seconds, saying, saidFirst === true);
    try {
      const { cancelled, ending } = this.call;
      return await waitForMail({ session, timeoutMs: seconds * 1000, isThere, againMs, cancelled, ending });
    } finally {
      this.#turn = this.queue.join();
      await this.come();
    }
  }

  #tellProgress(seconds: number, message: string, saidFirst: boolean): NodeJS.Timeout | undefined {
    const { progressToken, notify } = this.call;
    if (progressToken === undefined) return undefined;
    let progress = 0;
    const tell = () => {
      const params = { progressToken, progress, total: Math.max(seconds, progress), message };
      // Whoever does not hear it is not waiting for it.
      notify({ method: 'notifications/progress', params }).catch(() => {});
    };
    if (saidFirst) tell();
    return setInterval(() => {
      progress += PROGRESS_EVERY_MS / 1000;
      tell();
    }, PROGRESS_EVERY_MS);
  }
}

/** Says why there is no new mail after a wait. */
export function sayHowItEnded(reply: Reply, waited: Waited): void {
  if (waited === 'arrived') return;
  if (waited === 'timed_out') reply.set('timed_out', true);
  else reply.set('wait_ended', waited);
}
