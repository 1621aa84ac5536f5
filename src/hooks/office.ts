/** What hooks need of a relay. Each hook is a process that lives for a moment, so what it rarely needs is loaded when it does. */
import type { Clock } from '../model/clock.js';
import type { Mail } from '../relay/mail.js';
import type { Presence } from '../relay/presence.js';
import type { Store } from '../store/store.js';

export interface Office {
  readonly store: Store;
  readonly clock: Clock;
  readonly presence: Presence;
  /** Reads messages, which hooks do only where another program has named their files. */
  mail(): Promise<Pick<Mail, 'scan'>>;
}

/** Whose session a hook belongs to. */
export interface Window {
  readonly agent: string;
  /** The server's session; absent where only the environment said whose hook it is. */
  readonly session?: string;
  /** When that session began: ISO 8601. */
  readonly since?: string;
  /** For which mail the operator lets turns be started. */
  readonly wakeOn?: string;
}
