/** What a doorbell is made of: one way to ring a session, and what is known of the session by now. */
import type { Notice } from './notice.js';

export type MethodName = 'claude-socket' | 'codex-queue' | 'claude-channel' | 'command';

/** `unconfirmed`: it was sent, and nothing says whether it arrived. The reason is in words of ours. */
export type Attempt =
  | { readonly outcome: 'rung' }
  | { readonly outcome: 'unconfirmed' | 'failed'; readonly why: string };

export interface Method {
  readonly name: MethodName;
  /** Why it cannot be tried in this session, as a short phrase; undefined when it can. Cheap: asked often. */
  obstacle(): string | undefined;
  /** Tries once, within a bound of its own. Never rejects. */
  ring(notice: Notice): Promise<Attempt>;
}

/** What the server learns of its client, as it learns it. */
export interface Connection {
  /** The client's name, as it said it in `initialize`. */
  client?: string | undefined;
  /** The client's thread, as the latest call of a tool named it. */
  thread?: string | undefined;
  /** Sends a notification to the client. */
  notify?: ((method: string, params: Record<string, unknown>) => Promise<void>) | undefined;
}

export const CLAUDE_CODE = 'claude-code';
export const CODEX = 'codex-mcp-client';
