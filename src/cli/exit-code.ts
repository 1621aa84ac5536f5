/** The exit codes of every command, and which error ends in which. */
import type { ErrorCode } from '../model/errors.js';

export const EXIT = {
  done: 0,
  failed: 1,
  /** Usage or configuration. */
  usage: 2,
  /** Nothing there: no mail, no such id, no such agent. */
  nothing: 3,
  /** Refused by a limit or a policy. */
  refused: 4,
  timedOut: 5,
} as const;

const EXIT_OF: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: EXIT.usage,
  INVALID_AGENT_ID: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  UNKNOWN_TARGET: EXIT.nothing,
  NO_RECIPIENT: EXIT.nothing,
  NOT_FOUND: EXIT.nothing,
  IDEMPOTENCY_CONFLICT: EXIT.usage,
  REQUEST_CONFLICT: EXIT.usage,
  NOT_CLAIMABLE: EXIT.nothing,
  LEASE_ENDED: EXIT.refused,
  HELD_BY_ANOTHER: EXIT.refused,
  ALREADY_FINISHED: EXIT.refused,
  LANE_REFUSED: EXIT.refused,
  MESSAGE_TOO_LARGE: EXIT.refused,
  INBOX_FULL: EXIT.refused,
  RATE_LIMITED: EXIT.refused,
  AGENT_IS_LIVE: EXIT.refused,
  INBOX_NOT_EMPTY: EXIT.refused,
  NOT_ALLOWED: EXIT.refused,
  RELAY_UNSAFE: EXIT.refused,
  RELAY_TOO_NEW: EXIT.failed,
  NO_IDENTITY: EXIT.failed,
  STORE_UNAVAILABLE: EXIT.failed,
};

export function exitCodeOf(code: ErrorCode): number {
  return EXIT_OF[code];
}
