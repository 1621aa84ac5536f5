/** Wall-clock time in milliseconds since 1970. Injected wherever the domain needs the time, so tests own it. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** The last millisecond that ISO 8601 can write with a four-digit year. */
export const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
