/** Mail for names that nobody serves: it is safe, and waits for somebody who may never come. */
import { HUMAN } from '../../model/agent-id.js';
import type { Finding } from '../../model/finding.js';
import { inboxKey } from '../keys.js';
import { type Held, surveyMail } from '../mailbox.js';
import { HOUR_MS, ownersOf, placeOf, type RelayCheck, type Subject, unlessReplaced } from './subject.js';

export const neverLive: RelayCheck = {
  code: 'inbox-of-unknown-agent',
  async run(subject) {
    const { relay } = subject;
    const found: Finding[] = [];
    // A name of the roster is no misspelling.
    if (relay.agents.roster !== undefined) return found;
    for (const { agent, waiting } of await waitingMail(subject)) {
      const oldest = Math.min(...waiting.map(({ name }) => name.sentAt));
      // A recipient is often written to just before it is started.
      if (relay.clock.now() - oldest < HOUR_MS) continue;
      if ((await relay.agents.servedAt(agent)) !== undefined || (await relay.presence.isLive(agent))) continue;
      found.push({
        severity: 'warning',
        path: placeOf(subject, inboxKey(agent)),
        message: `${counted(waiting.length)} for ${agent}, which no session ever served: a misspelled name, or an agent still to come. \`mcp-dispatch inbox ${agent}\` shows the mail; \`mcp-dispatch forget ${agent} --drop\` gives it up and tells the senders.`,
      });
    }
    return found;
  },
};

export const notOnRoster: RelayCheck = {
  code: 'inbox-not-on-roster',
  async run(subject) {
    const { roster } = subject.relay.agents;
    if (roster === undefined) return [];
    return (await waitingMail(subject))
      .filter(({ agent }) => !roster.includes(agent))
      .map(({ agent, waiting }) => ({
        severity: 'warning',
        path: placeOf(subject, inboxKey(agent)),
        message: `${counted(waiting.length)} for ${agent}, which is not on the roster, so no server here serves it. Add the name to agents in the configuration, or give the mail up: mcp-dispatch forget ${agent} --drop`,
      }));
  },
};

async function waitingMail(subject: Subject): Promise<{ agent: string; waiting: Held[] }[]> {
  const found: { agent: string; waiting: Held[] }[] = [];
  for (const agent of await ownersOf(subject)) {
    // The human's mail waits for a command, not for a session.
    if (agent === HUMAN) continue;
    const waiting = (await unlessReplaced(() => surveyMail(subject.relay, agent), [])).filter(
      ({ expired }) => !expired,
    );
    if (waiting.length > 0) found.push({ agent, waiting });
  }
  return found;
}

function counted(messages: number): string {
  return messages === 1 ? '1 message waits' : `${messages} messages wait`;
}
