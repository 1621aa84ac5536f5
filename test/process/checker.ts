/**
 * Judges a run after the fact: from the journal of every answer that was written whole, and from what the relay says when all
 * is quiet. It knows the promises, not the program.
 */

/** A call of `dispatch` that was begun. Its token is in the content, so a message can be traced without an answer. */
export interface Attempt {
  readonly kind: 'attempt';
  readonly token: string;
  readonly from: string;
  /** Whom it may reach. */
  readonly to: readonly string[];
}

/** Its answer, when there was one. */
export interface Sent {
  readonly kind: 'sent';
  readonly token: string;
  readonly id: string;
  readonly queuedTo: readonly string[];
}

/** A message in an answer that was written whole, as new mail. */
export interface Shown {
  readonly kind: 'shown';
  readonly agent: string;
  /** Tells one server process from another. */
  readonly session: string;
  readonly id: string;
  readonly from: string;
  readonly token: string;
  readonly redelivered: boolean;
}

/** An `ack` of `agent` that was answered, and that found these. */
export interface Acked {
  readonly kind: 'acked';
  readonly agent: string;
  readonly ids: readonly string[];
}

/** What a sender was told of a message of its own. */
export interface Told {
  readonly kind: 'told';
  readonly id: string;
  readonly to: string;
  readonly state: string;
}

/** At the end, with every inbox drained: what the relay says became of a message. */
export interface Final {
  readonly kind: 'final';
  readonly id: string;
  readonly to: string;
  readonly state: string;
}

export type Event = Attempt | Sent | Shown | Acked | Told | Final;

/** What the journal shows to be wrong; empty when every promise was kept. */
export function check(journal: readonly Event[]): string[] {
  return [
    ...lostMail(journal),
    ...repeatedMail(journal),
    ...strayMail(journal),
    ...resurrectedMail(journal),
    ...untrueReceipts(journal),
  ];
}

const only = <K extends Event['kind']>(journal: readonly Event[], kind: K) =>
  journal.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind);

/** Whatever was answered `sent` has been shown to each of those it was queued to, and the relay knows it. */
function lostMail(journal: readonly Event[]): string[] {
  const shown = new Set(only(journal, 'shown').map(({ id, agent }) => `${id} ${agent}`));
  const final = new Map(only(journal, 'final').map(({ id, to, state }) => [`${id} ${to}`, state]));
  return only(journal, 'sent').flatMap(({ id, queuedTo }) =>
    queuedTo.flatMap((to) => {
      if (!shown.has(`${id} ${to}`)) return [`lost: ${id} was sent to ${to} and never shown`];
      const state = final.get(`${id} ${to}`);
      return state === 'read' || state === 'acked' ? [] : [`lost: ${id} to ${to} ended as ${state ?? 'nothing'}`];
    }),
  );
}

/** New once; again only as redelivered, and then only by another process than the one whose answer is known. */
function repeatedMail(journal: readonly Event[]): string[] {
  const seen = new Map<string, Set<string>>();
  return only(journal, 'shown').flatMap(({ id, agent, session, redelivered }) => {
    const key = `${id} ${agent}`;
    const before = seen.get(key) ?? new Set();
    seen.set(key, before);
    const problems: string[] = [];
    if (before.size > 0 && !redelivered)
      problems.push(`twice: ${id} was new to ${agent} again, and not as redelivered`);
    if (before.has(session)) problems.push(`twice: ${id} was shown to ${agent} twice by one process`);
    before.add(session);
    return problems;
  });
}

/** A message is one that somebody tried to send, under one id, in an inbox it was meant for. */
function strayMail(journal: readonly Event[]): string[] {
  const attempts = new Map(only(journal, 'attempt').map((attempt) => [attempt.token, attempt]));
  const ids = new Map(only(journal, 'sent').map(({ token, id }) => [token, id]));
  return only(journal, 'shown').flatMap(({ id, agent, from, token }) => {
    const attempt = attempts.get(token);
    if (attempt === undefined) return [`phantom: nobody sent ${id}`];
    const known = ids.get(token) ?? id;
    ids.set(token, known);
    if (known !== id) return [`phantom: ${token} arrived as ${known} and as ${id}`];
    if (attempt.from !== from) return [`phantom: ${id} claims to be from ${from}, it is from ${attempt.from}`];
    return attempt.to.includes(agent)
      ? []
      : [`astray: ${id} was sent to ${attempt.to.join(', ')}, and ${agent} got it`];
  });
}

/** What was acknowledged is over. */
function resurrectedMail(journal: readonly Event[]): string[] {
  const done = new Set<string>();
  return journal.flatMap((event) => {
    if (event.kind === 'acked') for (const id of event.ids) done.add(`${id} ${event.agent}`);
    return event.kind === 'shown' && done.has(`${event.id} ${event.agent}`)
      ? [`risen: ${event.id} was new to ${event.agent} after it was acknowledged`]
      : [];
  });
}

/** "Read" is said only of what a written answer carried, "acked" only of what its reader acknowledged. */
function untrueReceipts(journal: readonly Event[]): string[] {
  const shown = new Set(only(journal, 'shown').map(({ id, agent }) => `${id} ${agent}`));
  return [...only(journal, 'told'), ...only(journal, 'final')].flatMap(({ id, to, state }) =>
    (state === 'read' || state === 'acked') && !shown.has(`${id} ${to}`)
      ? [`untrue: ${id} is said to be ${state} by ${to}, and no answer carried it`]
      : [],
  );
}
