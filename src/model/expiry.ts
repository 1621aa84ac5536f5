/** From a ttl to a time. Apart from the message's schema: a hook that reads nothing but names runs without it. */
import { MAX_TIME_MS } from './clock.js';

/** When a message expires, in milliseconds since 1970; undefined for never. The one place that turns a ttl into a time. */
export function expiryOf(sentAtMs: number, ttlSeconds: number): number | undefined {
  return ttlSeconds === 0 ? undefined : Math.min(sentAtMs + Math.ceil(ttlSeconds * 1000), MAX_TIME_MS);
}
