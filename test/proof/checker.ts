/**
 * Judges a run after the fact: from the journal of every answer that was written whole, and from what stands in the relay
 * when all is quiet and everyone has read everything. It knows the promises, not the program:
 *
 * - I1 what was sent is in exactly one state, and what is said of it is true
 * - I2 nothing is there that nobody sent, and it is what was sent
 * - I3 it is with those that it was queued to, and with no other
 * - I4 it is new once, and comes again only as redelivered and after a kill
 * - I5 one session's mail is shown in the order of sending, urgent mail first
 * - I6 what was refused is nowhere, unless the refusal leaves that open
 * - I8 after a kill the next call works, and little is left over
 * - I9 nothing is written elsewhere, and nobody else can read it
 */
import { type Attempt, type Journal, only, type Shown, sameBody, tokenOf } from './checker-journal.js';
import type { RelayFacts } from './checker-relay.js';
import { fates } from './checker-states.js';

/** Within which the first call of a server that was started again is answered. */
export const FIRST_ANSWER_MS = 2000;

/** What is wrong; empty when every promise was kept. */
export function check(journal: Journal, relay: RelayFacts): string[] {
  return [
    ...fates(journal, relay),
    ...strayMail(journal, relay),
    ...repeatedMail(journal),
    ...disorder(journal),
    ...resurrectedMail(journal),
    ...untrueReceipts(journal, relay),
    ...untrueErrors(journal, relay),
    ...poorRecovery(journal, relay),
    ...relay.violations.map((violation) => `I9 ${violation}`),
  ];
}

/** I2, I3. A message is one that somebody tried to send, as it was sent, under one id, with somebody it was meant for. */
function strayMail(journal: Journal, relay: RelayFacts): string[] {
  const attempts = new Map(only(journal, 'attempt').map((attempt) => [attempt.token, attempt]));
  const sent = new Map(only(journal, 'sent').map((one) => [one.token, one]));
  const ids = new Map([...sent].map(([token, { id }]) => [token, id]));
  const judge = ({ id, from, body }: Pick<Shown, 'id' | 'from' | 'body'>, where: string): string[] => {
    const token = tokenOf(body);
    const attempt = attempts.get(token);
    if (attempt === undefined) return [`I2 phantom: nobody sent ${id}, with ${where}`];
    const known = ids.get(token) ?? id;
    ids.set(token, known);
    if (known !== id) return [`I2 phantom: ${token} is there as ${known} and as ${id}`];
    if (attempt.from !== from) return [`I2 phantom: ${id} claims to be from ${from}, it is from ${attempt.from}`];
    if (!sameBody(attempt.body, body)) return [`I2 altered: ${id} with ${where} is not what ${from} sent`];
    const to = sent.get(token)?.queuedTo ?? attempt.to;
    return to.includes(where) ? [] : [`I3 astray: ${id} was sent to ${to.join(', ')}, and is with ${where}`];
  };
  return [
    ...only(journal, 'shown').flatMap((shown) => judge(shown, shown.agent)),
    ...relay.stored.flatMap((stored) => judge(stored, stored.inbox)),
    ...only(journal, 'sent').flatMap(({ token, id, queuedTo }) => {
      const meant = attempts.get(token)?.to ?? [];
      const isAll = queuedTo.length === meant.length && meant.every((agent) => queuedTo.includes(agent));
      return isAll ? [] : [`I3 astray: ${id} was for ${meant.join(', ')} and queued to ${queuedTo.join(', ')}`];
    }),
  ];
}

/** I4: new once; again only as redelivered, by another process, and no more often than a process of its reader was killed. */
function repeatedMail(journal: Journal): string[] {
  const kills = new Map<string, number>();
  for (const { agent } of only(journal, 'killed')) kills.set(agent, (kills.get(agent) ?? 0) + 1);
  const seen = new Map<string, { sessions: Set<string>; again: number }>();
  return only(journal, 'shown').flatMap(({ id, agent, session, redelivered }) => {
    const key = `${id} ${agent}`;
    const before = seen.get(key) ?? { sessions: new Set(), again: 0 };
    seen.set(key, before);
    const problems: string[] = [];
    if (before.sessions.size > 0 && !redelivered)
      problems.push(`I4 twice: ${id} was new to ${agent} again, and not as redelivered`);
    if (before.sessions.has(session)) problems.push(`I4 twice: ${id} was shown to ${agent} twice by one process`);
    before.sessions.add(session);
    if (redelivered && ++before.again > (kills.get(agent) ?? 0))
      problems.push(`I4 twice: ${id} came to ${agent} again, and no kill excuses it`);
    return problems;
  });
}

/**
 * I5: what one session sent is shown in the order in which it was sent, urgent mail before the rest. Mail that came a second
 * time has lost its turn, and who asks for a thread gets it out of turn.
 */
function disorder(journal: Journal): string[] {
  const attempts = new Map<string, { attempt: Attempt; place: number }>();
  for (const [place, attempt] of only(journal, 'attempt').entries()) attempts.set(attempt.token, { attempt, place });
  const last = new Map<string, { place: number; id: string }>();
  const calm = new Map<string, string>();
  return only(journal, 'shown').flatMap(({ agent, session, reply, filtered, redelivered, id, body }) => {
    const problems: string[] = [];
    if (body.priority !== 'urgent') calm.set(reply, id);
    else if (calm.has(reply)) problems.push(`I5 disorder: ${id} is urgent and stands behind ${calm.get(reply)}`);
    const known = attempts.get(tokenOf(body));
    if (known === undefined || redelivered) return problems;
    const key = [session, filtered ? reply : '', known.attempt.session, body.priority].join(' ');
    const before = last.get(key);
    if (before !== undefined && before.place > known.place)
      problems.push(`I5 disorder: ${id} was sent before ${before.id}, and shown to ${agent} after it`);
    last.set(key, { place: known.place, id });
    return problems;
  });
}

/**
 * What was acknowledged is over: no call that is made after the answer shows it. One that was under way meanwhile, in another
 * server of the agent, may have taken it before.
 */
function resurrectedMail(journal: Journal): string[] {
  const over = new Map<string, number>();
  for (const [place, { ids, agent }] of only(journal, 'acked').entries()) {
    for (const id of ids) if (!over.has(`${id} ${agent}`)) over.set(`${id} ${agent}`, place);
  }
  return only(journal, 'shown')
    .filter(({ id, agent, acksBefore }) => (over.get(`${id} ${agent}`) ?? Number.POSITIVE_INFINITY) < acksBefore)
    .map(({ id, agent }) => `I1 risen: ${id} was new to ${agent} after it was acknowledged`);
}

/** "Read" is said only of what a written answer carried, "acked" only of what its reader acknowledged. */
function untrueReceipts(journal: Journal, relay: RelayFacts): string[] {
  const shown = new Set(only(journal, 'shown').map(({ id, agent }) => `${id} ${agent}`));
  const acking = new Set(only(journal, 'acking').flatMap(({ ids, agent }) => ids.map((id) => `${id} ${agent}`)));
  const isUntrue = ({ id, to, state }: { id: string; to: string; state: string }) =>
    (state === 'read' && !shown.has(`${id} ${to}`)) || (state === 'acked' && !acking.has(`${id} ${to}`));
  return [...only(journal, 'told'), ...relay.recorded]
    .filter(isUntrue)
    .map(({ id, to, state }) => `I1 untrue: ${id} is said to be ${state} by ${to}, which it was not`);
}

/** I6: what was refused is nowhere, unless the refusal left that open. */
function untrueErrors(journal: Journal, relay: RelayFacts): string[] {
  const visible = new Set([...only(journal, 'shown'), ...relay.stored].map(({ body }) => tokenOf(body)));
  return only(journal, 'refused').flatMap(({ token, unknown }) =>
    visible.has(token) && !unknown ? [`I6 untrue: ${token} was refused, and is there`] : [],
  );
}

/** I8: after any kill the next call works, soon; a kill leaves at most one file that was being written. */
function poorRecovery(journal: Journal, relay: RelayFacts): string[] {
  const kills = only(journal, 'killed').length;
  return [
    ...only(journal, 'failed').map(({ agent, what }) => `I8 failed: ${agent}: ${what}`),
    ...only(journal, 'recovered').flatMap(({ agent, ms }) =>
      ms <= FIRST_ANSWER_MS ? [] : [`I8 slow: the first call of ${agent} took ${ms} ms`],
    ),
    ...(relay.temporaries <= kills ? [] : [`I8 leftovers: ${relay.temporaries} of ${kills} kills`]),
  ];
}
