/** What the server tells whoever wakes its session. None of it fails, and none of it is waited for. */
import type { Session } from '../relay/session.js';

export interface Waking {
  /** Whether to declare a channel to the client. */
  readonly channel: boolean;
  /** The client has said its name; `notify` sends it a notification. */
  initialized(client: string | undefined, notify: (method: string, params: object) => Promise<void>): void;
  /** The process has lived long enough to be no health check. */
  settled(): void;
  /** The session is about to be announced, or to serve a call that came with `meta`. */
  attend(session: Session, meta?: unknown): void;
  callBegan(): void;
  /** The reply is made. */
  callEnded(): void;
  /** The server ends. */
  close(): void;
}
