/** A server process on a stage: what its callers do, as the facade does it for them, and what they are answered. */
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import type { DiskWorld } from './disk-world.js';
import { failureOf, type MailLedger } from './mail-ledger.js';

export class Stage {
  readonly #sessions = new Map<string, Session>();

  constructor(
    readonly world: DiskWorld,
    readonly relay: Relay,
    readonly ledger: MailLedger,
  ) {}

  session(agent: string): Session {
    const session = this.#sessions.get(agent) ?? this.relay.session(agent);
    this.#sessions.set(agent, session);
    return session;
  }

  async send(from: string, target: string, content: string, draft: { ttl?: number; mustRead?: boolean } = {}) {
    const id = await this.ledger.send(this.session(from), { target, content, ...draft });
    if (draft.ttl !== undefined && draft.mustRead !== true) this.ledger.mayExpire.add(`${target} ${id}`);
    return id ?? '';
  }

  /**
   * A call of `peek` as the facade makes it. An error before the reply is one that gives everything back; when the reply is
   * out, an error of what follows changes nothing of that.
   * @returns the ids that were shown; undefined when the call failed or its reply was not written.
   */
  async peek(agent: string, { written = true } = {}): Promise<string[] | undefined> {
    const session = this.session(agent);
    try {
      await session.begin();
      await session.kept.count();
      const receipts = await this.relay.receipts.changes(agent, 20);
      const claim = await session.inbox.claim({ by: 'peek', limit: 20, offer: () => () => {} });
      if (!written) {
        await claim.release();
        return undefined;
      }
      this.ledger.wasShown(agent, claim);
      await claim.commit().catch(failureOf);
      await receipts.markSeen(20).catch(failureOf);
      return claim.delivered.map(({ message }) => message.id);
    } catch (error) {
      failureOf(error);
      return undefined;
    }
  }

  /** Makes the names known, without a session that stays. */
  async meet(...agents: string[]): Promise<void> {
    for (const agent of agents) {
      const session = this.relay.session(agent);
      await session.begin();
      await session.end();
    }
  }

  /** Everyone reads all mail and acknowledges it. */
  async drain(): Promise<void> {
    const attempts = this.ledger.attempts.map(({ id = '', queuedTo, uncertain }) => ({
      id,
      to: [...queuedTo, ...uncertain],
    }));
    for (const agent of new Set(attempts.flatMap(({ to }) => to))) {
      // What is left after so many replies is left for good, and found by whoever looks then.
      for (let reply = 0; reply < 4; reply++) if ((await this.peek(agent))?.length === 0) break;
      const ids = attempts.flatMap(({ id, to }) => (to.includes(agent) ? [id] : []));
      await this.ledger.ack(this.session(agent), ids);
    }
  }
}
