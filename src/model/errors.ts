/**
 * The one error type of the project. A code says what kind of thing went wrong, the message says what failed, which
 * id or path, and what to do next; it is read by models and by people, so another agent's words never go into it.
 *
 * Whose fault it is, and what `data` carries:
 *
 * | code | fault | data |
 * |---|---|---|
 * | `INVALID_ARGUMENT` | caller | `argument` |
 * | `INVALID_AGENT_ID` | caller | none |
 * | `MESSAGE_TOO_LARGE` | caller | `bytes`, `maxBytes` |
 * | `UNKNOWN_TARGET` | caller | `target`, `known` |
 * | `NO_RECIPIENT` | caller | none |
 * | `NOT_FOUND` | state | `id` |
 * | `NO_IDENTITY` | state: this server serves nobody | none |
 * | `AGENT_IS_LIVE` | state | `agent` |
 * | `INBOX_NOT_EMPTY` | state | `agent`, and `messages` or `jobs` |
 * | `IDEMPOTENCY_CONFLICT` | caller: the key was used for something else | `id` of the first message |
 * | `REQUEST_CONFLICT` | caller: the request_id was used for another job | `job` |
 * | `NOT_CLAIMABLE` | state: the job is not there to be taken | `job`, `state` |
 * | `LEASE_ENDED` | state: the caller's hold on the job is over | `job`, `state` |
 * | `HELD_BY_ANOTHER` | state: somebody else holds the job | `job` |
 * | `ALREADY_FINISHED` | state: the job has ended | `job`, `state` |
 * | `LANE_REFUSED` | policy: no such lane, or the list of lanes cannot be trusted | `known` where it can |
 * | `INBOX_FULL` | state: a limit of the recipient's inbox | `limit`, `max`, `to` |
 * | `RATE_LIMITED` | state: a limit of what is sent in a time | `limit`, `max`, `retryAt` (ISO 8601) |
 * | `NOT_ALLOWED` | policy | none |
 * | `CONFIG_INVALID` | operator | `path`, `line`, `column`, `key` where known |
 * | `RELAY_UNSAFE` | operator: the directory is not ours alone | `path` |
 * | `RELAY_TOO_NEW` | operator: written by a newer version | `path`, `format` |
 * | `STORE_UNAVAILABLE` | environment | `errno`, `outcome` (`"none"` or `"unknown"`), `id` when unknown |
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_AGENT_ID'
  | 'MESSAGE_TOO_LARGE'
  | 'UNKNOWN_TARGET'
  | 'NO_RECIPIENT'
  | 'NOT_FOUND'
  | 'NO_IDENTITY'
  | 'AGENT_IS_LIVE'
  | 'INBOX_NOT_EMPTY'
  | 'IDEMPOTENCY_CONFLICT'
  | 'REQUEST_CONFLICT'
  | 'NOT_CLAIMABLE'
  | 'LEASE_ENDED'
  | 'HELD_BY_ANOTHER'
  | 'ALREADY_FINISHED'
  | 'LANE_REFUSED'
  | 'INBOX_FULL'
  | 'RATE_LIMITED'
  | 'NOT_ALLOWED'
  | 'CONFIG_INVALID'
  | 'RELAY_UNSAFE'
  | 'RELAY_TOO_NEW'
  | 'STORE_UNAVAILABLE';

export class DispatchError extends Error {
  override readonly name = 'DispatchError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly data: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** True for a DispatchError, of the given code when one is given. */
export function isDispatchError(error: unknown, code?: ErrorCode): error is DispatchError {
  return error instanceof DispatchError && (code === undefined || error.code === code);
}

/** The errno code of a system error (`"ENOENT"`), undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
