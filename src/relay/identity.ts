/** Whom a server serves: the id it was given, or the first free name of the roster. */
import { parseAgentId, quoteName } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { newSessionId } from '../model/ids.js';
import type { Relay } from './relay.js';
import type { Session } from './session.js';

export class Identity {
  readonly #sessionId = newSessionId();
  #session: Session | undefined;
  #resolving: Promise<Session> | undefined;
  #claimed = false;
  #over = false;

  constructor(
    private readonly relay: Relay,
    /** As configured; undefined or blank for none. */
    private readonly agentId: string | undefined,
  ) {}

  /** The session, once it is known whom it serves. */
  get session(): Session | undefined {
    return this.#session;
  }

  /**
   * Finds out whom to serve. Asked again at each call as long as it fails, since a name may become free.
   * @throws DispatchError `INVALID_AGENT_ID`, `NO_IDENTITY`, and what the store throws.
   */
  async resolve(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    // Two calls at once must not claim two names.
    this.#resolving ??= this.#agent()
      .then((agent) => {
        this.#session = this.relay.session(agent, this.#sessionId);
        return this.#session;
      })
      .finally(() => {
        this.#resolving = undefined;
      });
    return this.#resolving;
  }

  /** Ends the session and frees a claimed name. */
  async end(): Promise<void> {
    this.#over = true;
    try {
      await this.#session?.end();
    } finally {
      if (this.#claimed && this.#session !== undefined)
        await this.relay.roster?.release(this.#session.agent, this.#sessionId);
    }
  }

  async #agent(): Promise<string> {
    const { roster } = this.relay.agents;
    if (this.agentId !== undefined) {
      const agent = parseAgentId(this.agentId, 'MCP_DISPATCH_AGENT_ID');
      if (roster === undefined || roster.includes(agent)) return agent;
      throw new DispatchError(
        'NO_IDENTITY',
        `MCP_DISPATCH_AGENT_ID is ${quoteName(agent)}, which is not on the roster: ${roster.join(', ')}. Tell your user to set one of these, or to add it to agents in the configuration, and to restart this server.`,
      );
    }
    if (this.relay.roster === undefined) {
      throw new DispatchError(
        'NO_IDENTITY',
        'This server does not know which agent it serves. Tell your user to set MCP_DISPATCH_AGENT_ID (for instance "alice") in the env of this MCP server, one name a window, and to restart it.',
      );
    }
    const name = this.#over ? undefined : await this.relay.roster.claim(this.#sessionId);
    if (name === undefined) {
      throw new DispatchError(
        'NO_IDENTITY',
        `All names of the roster are taken by live sessions: ${roster?.join(', ')}. Tell your user to close one, to add a name to agents in the configuration, or to set MCP_DISPATCH_AGENT_ID; then call again.`,
      );
    }
    this.#claimed = true;
    return name;
  }
}
