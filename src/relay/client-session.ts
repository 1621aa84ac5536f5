/**
 * What the client calls its own session. Such an id is another name of ours: it tells which window came back after a
 * restart, and it may change under a running server, as with `/clear`.
 */

import { MOST_ALIASES } from './session-record.js';
import type { ClientInfo } from './sighting.js';

const CLAUDE_CODE = 'claude-code';

// It says its thread with each call, and nothing in the environment.
const CODEX = /^codex/;

const PRINTABLE = /^[\x20-\x7e]{1,128}$/;

const MOST_NAME_CHARACTERS = 64;

export class ClientSession {
  #name: string | undefined;
  #aliases: readonly string[] = [];

  /** @param claudeSession CLAUDE_CODE_SESSION_ID: believed where the client is Claude Code, which others inherit it from. */
  constructor(private readonly claudeSession: string | undefined) {}

  /** As the client calls itself; undefined before it has. */
  get name(): string | undefined {
    return this.#name;
  }

  /** The first id, which the name of the agent was bound to, then the newest; at most 8, the newest last. */
  get aliases(): readonly string[] {
    return this.#aliases;
  }

  /** True for a client whose own session is known from its first call on, and was not named yet. */
  get saysItsSessionLater(): boolean {
    return CODEX.test(this.#name ?? '') && this.#aliases.length === 0;
  }

  /** Takes in what the client says; true where that is news. What cannot be an id is passed over. */
  meet(client: ClientInfo | undefined, sessions: readonly string[]): boolean {
    const before = this.#aliases;
    this.#name ??= client?.name.slice(0, MOST_NAME_CHARACTERS);
    if (this.#name === CLAUDE_CODE && this.claudeSession !== undefined && before.length === 0)
      this.#add(this.claudeSession);
    for (const id of sessions) this.#add(id);
    return this.#aliases !== before;
  }

  #add(id: string): void {
    if (!PRINTABLE.test(id) || this.#aliases.includes(id)) return;
    const [first, ...later] = [...this.#aliases, id];
    this.#aliases = first === undefined ? [] : [first, ...later.slice(1 - MOST_ALIASES)];
  }
}
