/**
 * The topics that the operator wants each session of a server to be in. They are joined when the session first shows itself,
 * so a health check that lives for a moment joins none, and once: what the agent leaves by its own call it stays out of
 * until the next session.
 */
import { markTopic } from '../model/topic.js';
import type { Topics } from './topics.js';

export class SessionTopics {
  readonly #wanted: Set<string>;
  readonly #missing: Set<string>;
  #warned = false;

  constructor(
    private readonly topics: Topics,
    private readonly agent: string,
    /** Names without their mark. */
    wanted: readonly string[],
    private readonly warn: (text: string) => void,
  ) {
    this.#wanted = new Set(wanted);
    this.#missing = new Set(wanted);
  }

  /** Joins what is not joined yet. Never fails: what cannot be joined now is said once, and tried again by the next call. */
  async join(): Promise<void> {
    for (const topic of this.#missing) {
      try {
        await this.topics.join(this.agent, topic);
        this.#missing.delete(topic);
      } catch (error) {
        if (this.#warned) continue;
        this.#warned = true;
        const why = error instanceof Error ? error.message : String(error);
        this.warn(`${this.agent} could not join ${markTopic(topic)}; the next call of a tool tries again. ${why}`);
      }
    }
  }

  /** The relay was removed, and the memberships with it. */
  forget(): void {
    for (const topic of this.#wanted) this.#missing.add(topic);
  }

  /** The agent does not want to be in the topic. */
  drop(topic: string): void {
    this.#wanted.delete(topic);
    this.#missing.delete(topic);
  }
}
