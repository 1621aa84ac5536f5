/**
 * Whether a process that left a record still runs. A PID alone lies: it is reused, and means nothing on another machine
 * or in another container.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Identifies this boot of the machine; absent where the system has no such thing. */
  readonly boot?: string;
  /** Identifies the PID namespace (the container); absent where the system has no such thing. */
  readonly namespace?: string;
  /** When the process started, in a unit of the system's own, only ever compared for equality; absent where unknown. */
  readonly start?: string;
}

/**
 * `stopped` is alive and not running, until a signal lets it go on: it keeps all that it owns, and answers nobody. A system
 * that does not tell calls it `alive`. `unknown` where it cannot be seen from here: another machine or another container.
 * Never guess death from it.
 */
export type Liveness = 'alive' | 'stopped' | 'dead' | 'unknown';

/** A process of this machine and namespace, told from another that has its PID later. */
export interface ProcessMark {
  readonly pid: number;
  /** As in `ProcessIdentity`; absent where unknown. */
  readonly start?: string;
}

export interface Processes {
  self(): ProcessIdentity;
  check(process: ProcessIdentity): Liveness;
}

/** Who has started whom. */
export interface Ancestry {
  /**
   * The client that this process was started by: the nearest process above it that is no shell and no launcher. A server and
   * a hook that one client has started find the same. Undefined where there is none before a person's terminal begins, and
   * where the system does not tell.
   */
  findClient(): ProcessMark | undefined;
  /** A running process of this machine by its PID; undefined for none, and where the system does not tell. */
  markOf(pid: number): ProcessMark | undefined;
}
