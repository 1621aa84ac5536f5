/**
 * What callers were answered, and whether a relay keeps to it: the invariants I1 to I6 (no lost mail, no phantom, the right
 * inbox, no second first time, order, honest errors), judged from answers and files alone.
 */
import { isDispatchError } from '../../src/model/errors.js';
import type { Claim } from '../../src/relay/claim.js';
import type { Draft } from '../../src/relay/outbox.js';
import type { Session } from '../../src/relay/session.js';
import type { Copy, RelayContents } from './relay-inspection.js';

/** One send. Its content, which ends in its number, is its own: a copy can be traced to it without an id. */
export interface Attempt {
  readonly from: string;
  readonly content: string;
  /** As answered; undefined when the answer was that nothing came of it. */
  readonly id: string | undefined;
  readonly queuedTo: readonly string[];
  /** Where the answer leaves open whether there is a copy. */
  readonly uncertain: readonly string[];
}

interface Shown {
  readonly agent: string;
  readonly message: Claim['delivered'][number]['message'];
  readonly redelivered: boolean;
}

export class MailLedger {
  readonly attempts: Attempt[];
  /** What stood in replies that were written. */
  readonly shown: Shown[];
  /** `agent id`, answered as acknowledged. */
  readonly acked: Set<string>;
  /** `agent id`, where the answer leaves that open. */
  readonly ackUnknown: Set<string>;
  /** `agent id` of mail that may end by itself. */
  readonly mayExpire: Set<string>;
  /** `agent id` of mail that its reader acknowledges without looking at it. */
  readonly skipped: Set<string>;

  /** Called whenever an answer stands in here. */
  answered: () => void = () => {};

  /** @param before what was answered until now, which other ledgers go on from too. */
  constructor(before?: MailLedger) {
    this.attempts = [...(before?.attempts ?? [])];
    this.shown = [...(before?.shown ?? [])];
    this.acked = new Set(before?.acked);
    this.ackUnknown = new Set(before?.ackUnknown);
    this.mayExpire = new Set(before?.mayExpire);
    this.skipped = new Set(before?.skipped);
  }

  /** @param everyone whom it goes to: each must be in the answer, as queued or as refused. Gives the id, where there is one. */
  async send(session: Session, draft: Draft, everyone = [draft.target]): Promise<string | undefined> {
    const base = { from: session.agent, content: `${draft.content} (${this.attempts.length})` };
    try {
      const { sent, followUp } = await session.publish({ ...draft, content: base.content });
      const { message, queuedTo, refused } = sent;
      const answered = [...queuedTo, ...refused.map(({ to }) => to)].sort().join(' ');
      if (answered !== [...everyone].sort().join(' ')) throw new Error(`sent to "${everyone}", answered "${answered}"`);
      const uncertain = refused.filter(({ outcome }) => outcome === 'unknown').map(({ to }) => to);
      this.attempts.push({ ...base, id: message.id, queuedTo, uncertain });
      this.answered();
      await followUp();
      return message.id;
    } catch (error) {
      const { outcome, id } = failureOf(error);
      if (outcome !== 'unknown') this.attempts.push({ ...base, id: undefined, queuedTo: [], uncertain: [] });
      else if (typeof id !== 'string')
        throw new Error('an outcome is unknown and the error names no id', { cause: error });
      else this.attempts.push({ ...base, id, queuedTo: [], uncertain: everyone });
      return undefined;
    }
  }

  async ack(session: Session, ids: readonly string[]): Promise<void> {
    try {
      for (const id of (await session.kept.ack(ids)).acked) this.acked.add(`${session.agent} ${id}`);
      this.answered();
    } catch (error) {
      if (failureOf(error).outcome === 'unknown') for (const id of ids) this.ackUnknown.add(`${session.agent} ${id}`);
    }
  }

  /** The reply with this claim was written whole. */
  wasShown(agent: string, claim: Claim): void {
    for (const { message, redelivered } of claim.delivered) this.shown.push({ agent, message, redelivered });
  }

  /** All that stands in here, of which JSON can be made. */
  answers(): unknown {
    return [this.attempts, this.shown, [...this.acked], [...this.ackUnknown], [...this.mayExpire], [...this.skipped]];
  }

  /** This ledger as it was when only `earlier` was answered, and the rest of it was still on its way. */
  since(earlier: MailLedger): MailLedger {
    const ledger = new MailLedger(earlier);
    for (const { queuedTo, uncertain, ...attempt } of this.attempts.slice(earlier.attempts.length))
      ledger.attempts.push({ ...attempt, queuedTo: [], uncertain: [...queuedTo, ...uncertain] });
    for (const key of [...this.acked, ...this.ackUnknown]) if (!earlier.acked.has(key)) ledger.ackUnknown.add(key);
    return ledger;
  }

  /** For whoever goes on after a power cut: what was shown lately may be new again, and what was acknowledged is over. */
  afterCut({ copies, receipts }: RelayContents): MailLedger {
    const ledger = new MailLedger(this);
    ledger.shown.length = 0;
    for (const { owner, standing, message } of copies)
      if (standing === 'read') ledger.shown.push({ agent: owner, message, redelivered: false });
    for (const { state, to, id } of receipts) if (state !== 'read') ledger.skipped.add(`${to} ${id}`);
    return ledger;
  }

  /** What in the relay goes against what was answered; empty when every promise is kept. */
  violations({ copies, receipts, wrong }: RelayContents): string[] {
    const found = [...wrong];
    const attemptOf = new Map(this.attempts.map((attempt) => [attempt.content, attempt]));
    const copiesOf = grouped(copies, ({ owner, message }) => `${owner} ${message.content}`);
    const ends = receipts.filter(({ state }) => state !== 'read');
    const endsOf = grouped(ends, ({ id, to }) => `${to} ${id}`);

    for (const copy of copies) found.push(...strange(copy, attemptOf.get(copy.message.content)));
    for (const attempt of this.attempts) {
      for (const to of [...attempt.queuedTo, ...attempt.uncertain]) {
        const key = `${to} ${attempt.id}`;
        const what = `"${attempt.content}" (${attempt.id}) for ${to}`;
        const here = copiesOf.get(`${to} ${attempt.content}`) ?? [];
        const ended = (endsOf.get(key) ?? []).map(({ state }) => state);
        if (here.length > 1) found.push(`${what}: ${here.length} copies`);
        if (here.length === 0 && ended.length === 0 && attempt.queuedTo.includes(to)) found.push(`${what}: lost`);
        if (this.acked.has(key)) {
          if (here.length > 0) found.push(`${what}: answered as acknowledged, and still there`);
          if (!ended.includes('acked')) found.push(`${what}: acknowledged without a receipt`);
        } else if (!this.ackUnknown.has(key) && ended.includes('acked')) {
          found.push(`${what}: a receipt says acked, no answer does`);
        }
        if (ended.includes('expired') && !this.mayExpire.has(key)) found.push(`${what}: expired before its time`);
      }
    }
    return [...found, ...this.#misreported()];
  }

  /** The same when all mail has been read and acknowledged: what was accounted for was shown, once, in order, and is gone. */
  violationsAtRest(contents: RelayContents): string[] {
    const found = this.violations(contents);
    found.push(...contents.copies.map(({ owner, message }) => `"${message.content}" is left with ${owner}`));
    const shown = new Set(this.shown.map(({ agent, message }) => `${agent} ${message.content}`));
    for (const attempt of this.attempts) {
      for (const to of attempt.queuedTo) {
        const key = `${to} ${attempt.id}`;
        if (shown.has(`${to} ${attempt.content}`) || this.mayExpire.has(key) || this.skipped.has(key)) continue;
        found.push(`"${attempt.content}" was never shown to ${to}`);
      }
    }
    return found;
  }

  #misreported(): string[] {
    const found: string[] = [];
    const fresh = new Set<string>();
    const last = new Map<string, number>();
    const place = new Map(this.attempts.map(({ content }, index) => [content, index]));
    for (const { agent, message, redelivered } of this.shown) {
      const key = `${agent} ${message.content}`;
      const index = place.get(message.content) ?? -1;
      if (!redelivered && fresh.has(key)) found.push(`"${message.content}" was new to ${agent} twice`);
      fresh.add(key);
      const pair = `${agent} ${message.from} ${message.priority}`;
      if (!redelivered && index < (last.get(pair) ?? -1)) found.push(`"${message.content}" was shown out of order`);
      if (!redelivered) last.set(pair, index);
    }
    return found;
  }
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function strange(copy: Copy, attempt: Attempt | undefined): string[] {
  const { owner, message } = copy;
  if (attempt === undefined) return [`${owner} holds ${message.id}, which nobody sent`];
  if (attempt.id === undefined)
    return [`${owner} holds "${attempt.content}", though its sender was told that nobody got it`];
  const differs = message.id !== attempt.id || message.from !== attempt.from;
  const astray = ![...attempt.queuedTo, ...attempt.uncertain].includes(owner);
  return [
    ...(differs ? [`${owner} holds "${attempt.content}" with another id or sender`] : []),
    ...(astray ? [`${owner} holds "${attempt.content}", which was not queued to it`] : []),
  ];
}

/** An error that callers may see. Anything else is a defect, and thrown on. */
export function failureOf(error: unknown): { readonly outcome: unknown; readonly id: unknown } {
  if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
  return { outcome: error.data.outcome, id: error.data.id };
}
