/** Whom a server serves: the id it was given, or the first free name of the roster, or a name from its project. */
import { listNames, parseAgentId, quoteName } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { newSessionId } from '../model/ids.js';
import type { Project } from '../model/project.js';
import { ClientSession } from './client-session.js';
import type { Relay } from './relay.js';
import type { Naming, Session } from './session.js';
import type { About, ClientInfo } from './sighting.js';
import type { Claimant } from './slots.js';

export interface IdentityOptions {
  /** Where this server works, asked when that is needed; undefined where nobody is to be named after it. */
  readonly project?: (() => Project) | undefined;
  /** What Claude Code says of its session in the environment, which other clients inherit from its shells. */
  readonly claudeSession?: string | undefined;
  /** Which process the client is: its hooks find the session by it. Asked once, when there is a session. */
  readonly findClient?: () => About['clientProcess'];
}

// How often a call makes sure that its slot is still there, in milliseconds.
const LOOK_EVERY_MS = 1000;

export class Identity {
  /** Asked for what the client said of itself at `initialize`; set by who talks to it. */
  client: () => ClientInfo | undefined = () => undefined;
  readonly #clientSession: ClientSession;
  readonly #project: (() => Project) | undefined;
  readonly #findClient: NonNullable<IdentityOptions['findClient']>;
  // Of this server: who claims a name, and the session that serves it.
  readonly #id = newSessionId();
  #agent: string | undefined;
  #naming: Naming = { by: 'id' };
  #resolving: Promise<string> | undefined;
  #session: Session | undefined;
  #keptAt = Number.NEGATIVE_INFINITY;
  #wasCalled = false;
  #over = false;
  #known: (() => void) | undefined;
  readonly #whenKnown = new Promise<void>((resolve) => {
    this.#known = resolve;
  });

  constructor(
    private readonly relay: Relay,
    /** As configured; undefined or blank for none. */
    private readonly agentId: string | undefined,
    { project, claudeSession, findClient = () => undefined }: IdentityOptions = {},
  ) {
    this.#project = project;
    this.#findClient = findClient;
    this.#clientSession = new ClientSession(claudeSession);
  }

  /** Whom this server serves, once that is known. */
  get agent(): string | undefined {
    return this.#agent;
  }

  /** The top folder of the project whose agents are named after it, this one or others; undefined where there is none. */
  get project(): string | undefined {
    return this.relay.roster === undefined ? this.#project?.().path : undefined;
  }

  /**
   * What can be found out before the client has said who it is: an id, or a name of the roster. A name from the project is
   * left for later: to check that a server starts must not take one.
   * @throws as `resolve`.
   */
  async begin(): Promise<void> {
    if (!this.#isNamedByProject) await this.resolve();
  }

  /** A tool is called, and the client calls its own session so. */
  async noteCall(sessions: readonly string[]): Promise<void> {
    this.#wasCalled = true;
    await this.noteSessions(sessions);
  }

  /** The client calls its own session so, as one of its hooks says; that is no call. */
  async noteSessions(sessions: readonly string[]): Promise<void> {
    if (!this.#clientSession.meet(this.client(), sessions)) return;
    await this.#session?.describe({ aliases: this.#clientSession.aliases });
    this.#keptAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * Finds out whom to serve. Asked again at each call as long as it fails, since a name may become free.
   * @throws DispatchError `INVALID_AGENT_ID`, `NO_IDENTITY`, and what the store throws.
   */
  async resolve(): Promise<string> {
    if (this.#agent !== undefined) return this.#agent;
    this.#clientSession.meet(this.client(), []);
    // Two calls at once must not claim two names.
    this.#resolving ??= this.#find().finally(() => {
      this.#resolving = undefined;
    });
    this.#agent = await this.#resolving;
    this.#known?.();
    return this.#agent;
  }

  /** The session of the agent; see `resolve` for what it throws. */
  async session(): Promise<Session> {
    const agent = await this.resolve();
    if (this.#session === undefined) {
      this.#clientSession.meet(this.client(), []);
      this.#session = this.relay.session(agent, this.#id, this.#naming);
      const clientProcess = this.#findClient();
      const { aliases } = this.#clientSession;
      await this.#session.describe({
        ...(clientProcess === undefined ? {} : { clientProcess }),
        ...(aliases.length === 0 ? {} : { aliases }),
      });
    }
    await this.#keepSlot(agent);
    return this.#session;
  }

  /**
   * The session of a server that was not called yet. A client that names its own session with a call only is waited for:
   * of two windows that are opened again in another order, the first would take the name and the mail of the second.
   */
  async sessionUncalled(): Promise<Session> {
    if (this.#mustBeCalledFirst) await this.#whenKnown;
    return this.session();
  }

  /** Ends the session and frees a claimed name. */
  async end(): Promise<void> {
    this.#over = true;
    try {
      await this.#session?.end();
    } finally {
      if (this.#agent !== undefined) {
        if (this.#naming.by === 'roster') await this.relay.roster?.release(this.#agent, this.#id);
        if (this.#naming.by === 'project') await this.relay.slots.release(this.#agent, this.#id);
      }
    }
  }

  get #mustBeCalledFirst(): boolean {
    this.#clientSession.meet(this.client(), []);
    return this.#isNamedByProject && !this.#wasCalled && this.#clientSession.saysItsSessionLater;
  }

  get #isNamedByProject(): boolean {
    return this.agentId === undefined && this.relay.roster === undefined && this.#project !== undefined;
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
    if (this.#over) throw new DispatchError('NO_IDENTITY', 'This server is ending, and serves nobody any more.');
    if (this.relay.roster === undefined) return this.#claimSlot();
    const name = await this.relay.roster.claim(this.#id);
    if (name === undefined) {
      throw new DispatchError(
        'NO_IDENTITY',
        `All names of the roster are taken by live sessions: ${listNames(roster ?? [])}. It is for the user to close one, to add a name to agents in the configuration, or to set MCP_DISPATCH_AGENT_ID; then call again.`,
      );
    }
    this.#naming = { by: 'roster' };
    return name;
  }

  async #claimSlot(): Promise<string> {
    const claimant = this.#claimant();
    if (claimant === undefined) {
      throw new DispatchError(
        'NO_IDENTITY',
        'This server does not know which agent it serves: MCP_DISPATCH_AGENT_ID is not set. It is for the user to set it (for instance to "alice") in the env of this MCP server, one name a window, and to restart the server.',
      );
    }
    if (this.#mustBeCalledFirst) {
      const why =
        'This server has no name before a tool is called in it: only a call says which session of the client it is.';
      throw new DispatchError('NO_IDENTITY', why);
    }
    const name = await this.relay.slots.claim(claimant);
    this.#naming = { by: 'project', project: claimant.project.path };
    return name;
  }

  async #keepSlot(agent: string): Promise<void> {
    const claimant = this.#claimant();
    const now = this.relay.clock.steady();
    if (this.#naming.by !== 'project' || claimant === undefined || now - this.#keptAt < LOOK_EVERY_MS) return;
    this.#keptAt = now;
    // The name is held all the same: what it is bound to helps the next session only.
    await this.relay.slots.keep(agent, claimant).catch(() => {});
  }

  #claimant(): Claimant | undefined {
    if (this.#project === undefined) return undefined;
    const { name, aliases } = this.#clientSession;
    return { session: this.#id, project: this.#project(), client: name, clientSessions: aliases };
  }
}
