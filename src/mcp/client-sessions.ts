/** What a client calls its own session, where a call says so. */

/** The ids in the `_meta` of a call, in the order in which they are to be believed; empty for a client that says none. */
export function clientSessionsIn(meta: Readonly<Record<string, unknown>> | undefined): string[] {
  // Codex names both, and what it opens again is the thread.
  return [meta?.threadId, meta?.sessionId].filter((id) => typeof id === 'string');
}
