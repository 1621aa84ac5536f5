/** New mail on its way into a reply. */
import type { Message } from '../model/message.js';
import type { ShownBy } from './events.js';
import type { MessageName } from './message-name.js';
import type { Marks } from './withdrawals.js';

export interface Delivered {
  readonly message: Message;
  /** True when an earlier reply with this message may not have been written. */
  readonly redelivered: boolean;
  /** The messages that this one supersedes, directly or by others, that the agent was shown or may have been. */
  readonly replacesSeen: readonly string[];
}

export interface Claim {
  /** In the order in which it is to be shown: urgent first, then by age. */
  readonly delivered: readonly Delivered[];
  /** How many more messages were pending and are not in this claim. */
  readonly more: number;
  /** How many were pending that were not asked for: of another thread, or with another id. */
  readonly elsewhere: number;
  /** The names of all pending mail that is not in this claim. */
  readonly waiting: readonly MessageName[];
  /** Which messages that the agent has or had were superseded, and by which; undefined for by none. */
  readonly superseded: Marks['superseded'];
  /** Which of them were withdrawn without the agent having been told. */
  readonly withdrawn: readonly string[];
  /** True when expired mail was seen that a sweep should remove. */
  readonly sawExpired: boolean;
  /** The reply was written: all of it is read from now on. */
  commit(): Promise<void>;
  /** The reply was not written: all of it is pending again. */
  release(): Promise<void>;
}

export interface ClaimOptions {
  readonly by: ShownBy;
  readonly limit: number;
  readonly threadId?: string;
  readonly messageId?: string;
  /**
   * Offers the next message to the reply. Undefined when it has no room, which ends the claim; else a function that puts it
   * in, called once the message is claimed.
   */
  offer(delivered: Delivered): (() => void) | undefined;
}
