/** Waiting for mail, without taking any: what was waited for is claimed by whoever waited. */
import type { Candidate } from './mail.js';
import type { Session } from './session.js';

/**
 * How a wait ended. `arrived`: what was waited for is there. `newer_session`: another session of the agent began later, and
 * mail is for that one to wait for. `relay_gone`: the relay was removed. `ending`: this server ends. `cancelled`: nobody
 * waits for the answer any more.
 */
export type Waited = 'arrived' | 'timed_out' | 'newer_session' | 'relay_gone' | 'ending' | 'cancelled';

export interface WaitOptions {
  readonly session: Session;
  readonly timeoutMs: number;
  /** Whether what is waited for is among what is pending; asked after each look. */
  isThere(pending: readonly Candidate[]): boolean | Promise<boolean>;
  /** Milliseconds after which it is asked again without a new look: for what no mail tells of. @default never */
  readonly againMs?: number | undefined;
  /** Ends the wait as `cancelled`. */
  readonly cancelled: AbortSignal;
  /** Ends the wait as `ending`. */
  readonly ending: AbortSignal;
}

/**
 * Waits until what is wanted is there, for at most `timeoutMs`. Looks first, so that what is there already ends it at once.
 * @throws what the store throws when it cannot be looked at.
 */
export function waitForMail({ session, timeoutMs, isThere, againMs, cancelled, ending }: WaitOptions): Promise<Waited> {
  return new Promise((resolve, reject) => {
    let over = false;
    let judging = false;
    let latest: readonly Candidate[] | undefined;
    let seen: readonly Candidate[] | undefined;
    const end = (settle: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      clearInterval(again);
      unsubscribe();
      cancelled.removeEventListener('abort', onCancel);
      ending.removeEventListener('abort', onEnd);
      settle();
    };
    const onCancel = () => end(() => resolve('cancelled'));
    const onEnd = () => end(() => resolve('ending'));
    const timer = setTimeout(() => end(() => resolve('timed_out')), timeoutMs);
    // One look is judged after the other, and of those that come meanwhile only the last.
    const judge = async (): Promise<void> => {
      if (judging) return;
      judging = true;
      try {
        while (latest !== undefined && !over) {
          const pending = latest;
          seen = latest;
          latest = undefined;
          const outcome = await outcomeOf(session, await isThere(pending));
          if (outcome !== undefined) end(() => resolve(outcome));
        }
      } catch (error) {
        end(() => reject(error));
      } finally {
        judging = false;
      }
    };
    const askAgain = () => {
      latest ??= seen;
      void judge();
    };
    const again = againMs === undefined ? undefined : setInterval(askAgain, againMs);
    const unsubscribe = session.arrivals.subscribe({
      looked: (pending) => {
        latest = pending;
        void judge();
      },
      failed: (error) => end(() => reject(error)),
    });
    cancelled.addEventListener('abort', onCancel, { once: true });
    ending.addEventListener('abort', onEnd, { once: true });
    if (cancelled.aborted) onCancel();
    else if (ending.aborted) onEnd();
  });
}

async function outcomeOf(session: Session, isThere: boolean): Promise<Waited | undefined> {
  if (isThere) return 'arrived';
  const standing = await session.standing();
  if (standing === 'newest') {
    // What a session had claimed that has died since waits as well, and nobody rings for it.
    await session.inbox.recover();
    return undefined;
  }
  return standing === 'older' ? 'newer_session' : 'relay_gone';
}
