/**
 * Which session a hook belongs to. Several windows can share a terminal, a directory and a client's session id, so the first
 * that says more than another is believed, and where none does, there is no guess: no hook may speak for another window's agent.
 *
 * 1. The process: the session whose server was started by the client that runs this hook.
 * 2. The client's own session id, as the server was told.
 * 3. MCP_DISPATCH_AGENT_ID, unless a session of that agent is known to be another client's.
 */
import { isAgentId, normalizeName } from '../model/agent-id.js';
import type { Presence } from '../relay/presence.js';
import type { About, Sighting } from '../relay/sighting.js';
import type { Caller } from './caller.js';
import type { Window } from './office.js';

interface Found {
  readonly agent: string;
  readonly sighting: Sighting;
}

/** Undefined where it cannot be said. */
export async function findWindow(presence: Presence, caller: Caller): Promise<Window | undefined> {
  const all: Found[] = [];
  for await (const found of presence.everySession((agent, session) => isConcerned(agent, session, caller)))
    all.push(found);
  const alike = all.filter(({ sighting }) => isCalledAs(sighting, caller));
  const related = all.filter(({ sighting }) => isStartedBy(sighting, caller) && !isOfAnother(sighting, caller));
  // An editor starts the servers of all its windows, and a client can be told of two servers.
  if (related.length > 0)
    return onlyAgentOf(related) ?? onlyAgentOf(related.filter((one) => alike.includes(one))) ?? named(related, caller);
  // What another client has started is not ours, whatever id it was told.
  const possible = alike.filter(({ sighting }) => !isOfAnother(sighting, caller));
  if (possible.length > 0) return onlyAgentOf(possible);
  const agent = agentOf(caller);
  if (agent === undefined) return undefined;
  const sessions = all.filter((one) => one.agent === agent);
  return sessions.some(({ sighting }) => isOfAnother(sighting, caller)) ? undefined : { agent };
}

/** Whether any of the three could speak of the session. */
function isConcerned(agent: string, { clientProcess, aliases = [] }: About, caller: Caller): boolean {
  if (clientProcess !== undefined && clientProcess.pid === caller.process?.pid) return true;
  return agent === agentOf(caller) || aliases.some((alias) => caller.aliases.includes(alias));
}

/** The agent that all of them serve, by its newest session. */
function onlyAgentOf(found: readonly Found[]): Window | undefined {
  const [first] = found;
  if (first === undefined || found.some(({ agent }) => agent !== first.agent)) return undefined;
  const newest = found.reduce((a, b) => (b.sighting.session.since > a.sighting.session.since ? b : a));
  const { session, since, wake } = newest.sighting.session;
  return {
    agent: first.agent,
    since,
    ...(session === undefined ? {} : { session }),
    ...(wake === undefined ? {} : { wakeOn: wake.on }),
  };
}

function named(found: readonly Found[], caller: Caller): Window | undefined {
  return onlyAgentOf(found.filter(({ agent }) => agent === agentOf(caller)));
}

function agentOf({ agentId }: Caller): string | undefined {
  const name = normalizeName(agentId ?? '');
  return isAgentId(name) ? name : undefined;
}

/** A PID says something only where it can be looked up. */
function isStartedBy({ process, session: { clientProcess } }: Sighting, caller: Caller): boolean {
  if (process === 'unknown' || clientProcess === undefined || caller.process === undefined) return false;
  return clientProcess.pid === caller.process.pid && clientProcess.start === caller.process.start;
}

function isOfAnother(sighting: Sighting, caller: Caller): boolean {
  const { process, session } = sighting;
  if (caller.keepsSession && isCalledOtherwise(session.aliases ?? [], caller.aliases)) return true;
  if (caller.process === undefined || session.clientProcess === undefined || process === 'unknown') return false;
  return !isStartedBy(sighting, caller);
}

function isCalledOtherwise(known: readonly string[], own: readonly string[]): boolean {
  return known.length > 0 && own.length > 0 && !known.some((alias) => own.includes(alias));
}

/** Ids of one client mean nothing in another, which may have inherited them in its environment. */
function isCalledAs({ session: { aliases, client } }: Sighting, caller: Caller): boolean {
  if (client !== undefined && !caller.isKin(client.name)) return false;
  return aliases?.some((alias) => caller.aliases.includes(alias)) === true;
}
