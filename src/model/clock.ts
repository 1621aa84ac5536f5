/** Time, injected wherever the domain needs it, so tests own it. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. Somebody may set it, forward or back. */
  now(): number;
  /** Milliseconds since an arbitrary moment of this process. Only ever grows; may stand still while the machine sleeps. */
  steady(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // `performance` is loaded when it is first asked for, which is a twentieth of a start.
  steady() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
};

/** The last millisecond that ISO 8601 can write with a four-digit year. */
export const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
