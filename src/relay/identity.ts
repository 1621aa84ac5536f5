/** Whom a server serves: the id it was given, or the first free name of the roster. */
import { listNames, parseAgentId, quoteName } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { newSessionId } from '../model/ids.js';
import type { Relay } from './relay.js';
import type { Session } from './session.js';

export class Identity {
  #agent: string | undefined;
  #resolving: Promise<string> | undefined;
  #session: Session | undefined;
  // Set while a name of the roster is held.
  #claimant: string | undefined;
  #over = false;

  constructor(
    private readonly relay: Relay,
    /** As configured; undefined or blank for none. */
    private readonly agentId: string | undefined,
  ) {}

  /** Whom this server serves, once that is known. */
  get agent(): string | undefined {
    return this.#agent;
  }

  /**
   * Finds out whom to serve. Asked again at each call as long as it fails, since a name may become free.
   * @throws DispatchError `INVALID_AGENT_ID`, `NO_IDENTITY`, and what the store throws.
   */
  async resolve(): Promise<string> {
    if (this.#agent !== undefined) return this.#agent;
    // Two calls at once must not claim two names.
    this.#resolving ??= this.#find().finally(() => {
      this.#resolving = undefined;
    });
    this.#agent = await this.#resolving;
    return this.#agent;
  }

  /** The session of the agent; see `resolve` for what it throws. */
  async session(): Promise<Session> {
    const agent = await this.resolve();
    this.#session ??= this.relay.session(agent, this.#claimant);
    return this.#session;
  }

  /** Ends the session and frees a claimed name. */
  async end(): Promise<void> {
    this.#over = true;
    try {
      await this.#session?.end();
    } finally {
      if (this.#claimant !== undefined && this.#agent !== undefined)
        await this.relay.roster?.release(this.#agent, this.#claimant);
    }
  }

  async #find(): Promise<string> {
    const { roster } = this.relay.agents;
    if (this.agentId !== undefined) {
      const agent = parseAgentId(this.agentId, 'MCP_DISPATCH_AGENT_ID');
      if (roster === undefined || roster.includes(agent)) return agent;
      throw new DispatchError(
        'NO_IDENTITY',
        `MCP_DISPATCH_AGENT_ID is ${quoteName(agent)}, which is not on the roster: ${listNames(roster)}. It is for the user to set one of these, or to add it to agents in the configuration, and to restart this server.`,
      );
    }
    if (this.relay.roster === undefined) {
      throw new DispatchError(
        'NO_IDENTITY',
        'This server does not know which agent it serves: MCP_DISPATCH_AGENT_ID is not set. It is for the user to set it (for instance to "alice") in the env of this MCP server, one name a window, and to restart the server.',
      );
    }
    const claimant = newSessionId();
    const name = this.#over ? undefined : await this.relay.roster.claim(claimant);
    if (name === undefined) {
      throw new DispatchError(
        'NO_IDENTITY',
        `All names of the roster are taken by live sessions: ${listNames(roster ?? [])}. It is for the user to close one, to add a name to agents in the configuration, or to set MCP_DISPATCH_AGENT_ID; then call again.`,
      );
    }
    this.#claimant = claimant;
    return name;
  }
}
