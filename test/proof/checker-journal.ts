/** What clients of a run write down: what they asked for before they ask, and what they were told as it arrives. */

/** What a message says; it stays the same from the call to every reply and file. */
export interface Body {
  /** Begins with the token of the attempt. */
  readonly content: string;
  readonly priority: string;
  readonly thread: string | null;
  readonly payload: unknown;
}

/** A call of `dispatch` that was begun. Its token stands in the content, so a message can be traced without an answer. */
export interface Attempt {
  readonly kind: 'attempt';
  readonly token: string;
  readonly from: string;
  /** Tells one server process from another; attempts of one session stand in the order of the calls. */
  readonly session: string;
  /** Whom it may reach. */
  readonly to: readonly string[];
  readonly body: Body;
  readonly expires: boolean;
}

/** Its answer, when there was one. */
export interface Sent {
  readonly kind: 'sent';
  readonly token: string;
  readonly id: string;
  readonly queuedTo: readonly string[];
}

/** The same, when it was an error. `unknown` is true when it said that the message may have arrived. */
export interface Refused {
  readonly kind: 'refused';
  readonly token: string;
  readonly unknown: boolean;
}

/** A message in an answer that was written whole, as new mail; in the order of the answer. */
export interface Shown {
  readonly kind: 'shown';
  readonly agent: string;
  readonly session: string;
  /** Tells one answer from another. */
  readonly reply: string;
  /** True when the reader asked for some of its mail only. */
  readonly filtered: boolean;
  readonly id: string;
  readonly from: string;
  readonly body: Body;
  readonly redelivered: boolean;
  /** How many acknowledgements were answered, of anybody, before the call was made that this answers. */
  readonly acksBefore: number;
}

/** An `ack` that was begun. */
export interface Acking {
  readonly kind: 'acking';
  readonly agent: string;
  readonly ids: readonly string[];
}

/** An `ack` that was answered, and that found these. */
export interface Acked {
  readonly kind: 'acked';
  readonly agent: string;
  readonly ids: readonly string[];
}

/** What a sender was told of a message of its own: by itself, or, with `asked`, at the very end and on asking. */
export interface Told {
  readonly kind: 'told';
  readonly id: string;
  readonly to: string;
  readonly state: string;
  readonly asked: boolean;
}

/** A server of `agent` was killed. */
export interface Killed {
  readonly kind: 'killed';
  readonly agent: string;
}

/** A call that no fault excuses was answered with an error, or a server ended that nobody had killed. */
export interface Failed {
  readonly kind: 'failed';
  readonly agent: string;
  readonly what: string;
}

/** How long the first call of a server took when all was quiet, and on a busy machine how much longer than on an empty relay. */
export interface Recovered {
  readonly kind: 'recovered';
  readonly agent: string;
  readonly ms: number;
}

export type Event = Attempt | Sent | Refused | Shown | Acking | Acked | Told | Killed | Failed | Recovered;
export type Journal = readonly Event[];

export function only<K extends Event['kind']>(journal: Journal, kind: K): Extract<Event, { kind: K }>[] {
  return journal.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind);
}

export const tokenOf = ({ content }: Body): string => content.split(' ', 1)[0] ?? '';

export const sameBody = (a: Body, b: Body): boolean =>
  a.content === b.content &&
  a.priority === b.priority &&
  a.thread === b.thread &&
  JSON.stringify(a.payload) === JSON.stringify(b.payload);
