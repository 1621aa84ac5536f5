/** A session as others see it: what its record says, and how far that can be believed. */
import type { Liveness } from '../store/processes.js';

export interface ClientInfo {
  readonly name: string;
  readonly version: string;
}

/** What a session lets others know of itself beside that it lives. All of it helps, and nothing rests on it. */
export interface About {
  /** The client that started it: a hook that the same client runs finds the session by it. */
  readonly clientProcess?: { readonly pid: number; readonly start?: string | undefined };
  /** What the client calls its own session, the newest last; at most 8. */
  readonly aliases?: readonly string[];
  /** For which mail, and by which methods, its model can be woken. No methods: by none. */
  readonly wake?: { readonly on: string; readonly methods: readonly string[] };
}

export interface LiveSession extends About {
  /** Absent for a server of another program, which keeps no session record. */
  readonly session?: string;
  readonly client?: ClientInfo;
  readonly pid: number;
  readonly cwd?: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** A session of this program, which keeps a record. */
export type OurSession = LiveSession & { readonly session: string };

/** A session that is not known to be over, and how far that can be checked. */
export interface Sighting {
  readonly session: LiveSession;
  /** `unknown` for one on another machine or in another container: only its renewals tell that it lives. */
  readonly process: Exclude<Liveness, 'dead'>;
  /** Set when it cannot be checked and has not renewed its record in time: since when, in milliseconds since 1970. */
  readonly silentSince?: number;
  /** Set where no other record of one that may live stands beside its own, so that no session of ours is newer. */
  readonly isOnly?: true;
  /**
   * When a tool was last called in it, as of its last renewal, in milliseconds since 1970; null for no call yet, undefined
   * where that is not said.
   */
  readonly calledAt: number | null | undefined;
}

/**
 * `older` while another session of the agent is live, and not stopped, that began later. `gone` when the record is not there,
 * and with it, most likely, the relay.
 */
export type Standing = 'newest' | 'older' | 'gone';

/** Those that count as live, oldest first, servers of other programs last. */
export function liveAmong(sightings: readonly Sighting[]): Sighting[] {
  const rank = ({ session: { session, since } }: Sighting) => (session === undefined ? `~${since}` : since);
  return sightings
    .filter(({ silentSince }) => silentSince === undefined)
    .sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}
