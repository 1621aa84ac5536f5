/** I1: whatever was answered `sent`, or was ever shown, is in exactly one state, and that state is a true one. */
import { type Attempt, type Journal, only, tokenOf } from './checker-journal.js';
import type { RelayFacts } from './checker-relay.js';

const ENDS = new Set(['acked', 'expired', 'refused', 'quarantined']);

export function fates(journal: Journal, relay: RelayFacts): string[] {
  const states = statesOf(relay);
  const shown = new Set(only(journal, 'shown').map(({ id, agent }) => `${id} ${agent}`));
  const acked = new Set(only(journal, 'acked').flatMap(({ ids, agent }) => ids.map((id) => `${id} ${agent}`)));
  const attempts = attemptsById(journal);
  const problems = [...new Set([...promised(journal), ...shown])].flatMap((key) => {
    const [id = '', to = ''] = key.split(' ');
    const found = states.get(key) ?? [];
    if (found.length !== 1) return [`I1 lost: ${id} for ${to} is ${found.join(' and ') || 'nowhere'}`];
    const state = found[0];
    if (state === 'acked' || !acked.has(key)) {
      if (state === 'pending') return [`I1 lost: ${id} for ${to} is still unread`];
      if (state === 'expired')
        return attempts.get(id)?.expires ? [] : [`I1 lost: ${id} for ${to} expired before its time`];
      if (state === 'quarantined' || state === 'refused') return [`I1 lost: ${id} for ${to} was ${state}`];
      return shown.has(key) ? [] : [`I1 lost: ${id} was sent to ${to}, is ${state}, and was never shown`];
    }
    return [`I1 risen: ${id} was acknowledged by ${to} and is ${state}`];
  });
  const known = new Set([...promised(journal), ...shown]);
  const strange = [...states.keys()].filter((key) => !known.has(key) && !isUnanswered(key, relay));
  return [
    ...problems,
    ...strange.map((key) => `I2 phantom: there is a record of ${key.replace(' ', ' for ')}, which nobody sent`),
    ...untrueAnswers(journal, states),
  ];
}

/** Each message and recipient, with every state that there is evidence of. */
function statesOf({ stored, recorded }: RelayFacts): Map<string, string[]> {
  const states = new Map<string, string[]>();
  const add = (key: string, state: string) => states.set(key, [...(states.get(key) ?? []), state]);
  for (const { id, inbox, state } of stored) add(`${id} ${inbox}`, state);
  // An end may be recorded twice: by a process that was killed before it removed the message, and by the next.
  const ends = recorded.filter(({ state }) => ENDS.has(state)).map(({ id, to, state }) => `${id} ${to} ${state}`);
  for (const end of new Set(ends)) {
    const [id, to, state = ''] = end.split(' ');
    add(`${id} ${to}`, state);
  }
  return states;
}

function promised(journal: Journal): string[] {
  return only(journal, 'sent').flatMap(({ id, queuedTo }) => queuedTo.map((to) => `${id} ${to}`));
}

function attemptsById(journal: Journal): Map<string, Attempt> {
  const attempts = new Map(only(journal, 'attempt').map((attempt) => [attempt.token, attempt]));
  const byId = new Map<string, Attempt>();
  const add = (id: string, token: string) => {
    const attempt = attempts.get(token);
    if (attempt !== undefined) byId.set(id, attempt);
  };
  for (const { id, token } of only(journal, 'sent')) add(id, token);
  for (const { id, body } of only(journal, 'shown')) add(id, tokenOf(body));
  return byId;
}

/** The sender was killed before it was answered, and the message, which the other rules judge, expired unseen. */
function isUnanswered(key: string, { stored, recorded }: RelayFacts): boolean {
  return (
    stored.some(({ id, inbox, state }) => key === `${id} ${inbox}` && state === 'expired') ||
    recorded.some(({ id, to, state }) => key === `${id} ${to}` && state === 'expired')
  );
}

/** Who asks in the end is told the state that the directory shows. */
function untrueAnswers(journal: Journal, states: Map<string, string[]>): string[] {
  return only(journal, 'told').flatMap(({ id, to, state, asked }) => {
    const found = states.get(`${id} ${to}`)?.join(' and ') ?? 'nowhere';
    return !asked || found === state ? [] : [`I1 untrue: ${id} for ${to} is ${found}, and its sender is told ${state}`];
  });
}
