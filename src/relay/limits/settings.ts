/** What an agent may do to the others, and the words for it: each limit has one name, in settings, errors, events and marks. */

/** Each is off when it is 0 or absent. */
export interface LimitSettings {
  /** Messages that an inbox may hold, read ones included. */
  readonly inboxMessages?: number;
  /** Bytes that the messages of an inbox may have together, as stored. */
  readonly inboxBytes?: number;
  /** Sends of one agent in a minute, over all its sessions; a broadcast is one. */
  readonly sendsPerMinute?: number;
  /** Messages of an hour between agents, in one thread or one group, without a word from `human`. */
  readonly threadMessagesPerHour?: number;
}

export const LIMIT_NAMES = ['inbox_messages', 'inbox_bytes', 'sends_per_minute', 'thread_messages_per_hour'] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** A limit that was met, with its value where it was met. */
export interface Met {
  readonly limit: LimitName;
  readonly max: number;
}

/** As the configuration has it: `limits.inbox_messages`. */
export const keyOf = (limit: LimitName) => `limits.${limit}`;

/** The same with its value, for people and models. */
export const settingOf = ({ limit, max }: Met) => `${keyOf(limit)} = ${max}`;
