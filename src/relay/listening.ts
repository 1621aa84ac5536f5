/**
 * Who listens: the one place that judges whether anybody will soon read what is sent to an agent. To be live is not enough.
 * A window can be open while nobody works in it, and a stopped process answers to its name, so what is not known is called
 * unknown. The evidence is that of presence; who owns mail or a name is never decided by it.
 */
import { ageOf } from '../model/age.js';
import { HUMAN } from '../model/agent-id.js';
import type { Clock } from '../model/clock.js';
import type { Presence } from './presence.js';
import type { About, Sighting } from './sighting.js';

/**
 * A session counts as listening for this long after its last call of a tool, in milliseconds. A model at work calls tools
 * all the time, but its mail waits while one of its commands runs, and ten minutes is the longest that clients commonly let
 * a command take. A shorter time would call agents at work unknown, a longer one would vouch for windows left open.
 */
export const LISTENING_MS = 10 * 60 * 1000;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const JUST_MS = 500;

export interface Listening {
  /** `yes`: it called a tool lately. `no`: nobody is there, or all who are have been stopped. `unknown`: no evidence of either. */
  readonly listening: 'yes' | 'no' | 'unknown';
  /** A short phrase of our own words and numbers, for models and people. */
  readonly reason: string;
}

/** Of the recipients of a message, those of whom something is to be said. */
export interface Audience {
  readonly notListening: readonly string[];
  readonly listeningUnknown: readonly string[];
  /** Those with a session of which it is known that nothing wakes it for this message. */
  readonly cannotWake: readonly string[];
}

/** A message, as far as that decides whom it wakes. */
export interface Kind {
  readonly urgent: boolean;
  /** Not addressed to all. */
  readonly direct: boolean;
}

interface JustNow {
  readonly listening: Listening['listening'];
  /** What the newest session says of waking it, where it is known which that is. */
  readonly wake?: About['wake'];
}

export class Listeners {
  readonly #just = new Map<string, JustNow & { readonly at: number }>();

  constructor(
    private readonly presence: Presence,
    private readonly clock: Clock,
  ) {}

  /** Never fails: of whom nothing can be found out, nothing is said. A person has no session. */
  async audienceOf(recipients: readonly string[], kind: Kind): Promise<Audience> {
    const notListening: string[] = [];
    const listeningUnknown: string[] = [];
    const cannotWake: string[] = [];
    for (const agent of recipients) {
      const found = agent === HUMAN ? undefined : await this.#justNow(agent).catch(() => undefined);
      if (found?.listening === 'no') notListening.push(agent);
      if (found?.listening === 'unknown') listeningUnknown.push(agent);
      if (isNotWoken(found?.wake, kind) === true) cannotWake.push(agent);
    }
    return { notListening, listeningUnknown, cannotWake };
  }

  /**
   * The verdict without its reason, as of the last half second: for a sender of many messages, to whom the difference is none. A `no` is
   * found anew each time, since the next message may be for one who has just come; it costs the least of the three.
   */
  async #justNow(agent: string): Promise<JustNow> {
    const at = this.clock.now();
    const just = this.#just.get(agent);
    if (just !== undefined && Math.abs(at - just.at) < JUST_MS) return just;
    this.#just.delete(agent);
    const sightings: Sighting[] = [];
    let sawAll = true;
    for await (const sighting of this.presence.sightings(agent)) {
      sightings.push(sighting);
      if (recentCallIn(sighting, at) === undefined) continue;
      // Enough for the verdict. Which session is the newest is known as well where there is but one.
      sawAll = sighting.isOnly === true;
      break;
    }
    const { listening } = judge(agent, sightings, undefined, at);
    const wake = sawAll ? newestAmong(sightings)?.wake : undefined;
    const found = { listening, ...(wake === undefined ? {} : { wake }) };
    if (listening !== 'no') this.#just.set(agent, { at, ...found });
    return found;
  }
}

/** The session of ours that is rung: the newest that runs, as `Presence.standing` has it. */
function newestAmong(sightings: readonly Sighting[]): Sighting['session'] | undefined {
  const rank = ({ session: { since, session } }: Sighting) => `${since} ${session}`;
  const [newest] = sightings
    .filter(
      ({ session, process, silentSince }) =>
        session.session !== undefined && process !== 'stopped' && silentSince === undefined,
    )
    .sort((a, b) => (rank(a) > rank(b) ? -1 : 1));
  return newest?.session;
}

/**
 * True where a session that says this of itself is not woken for such a message.
 * Undefined where it does not say, or says what a later version means.
 */
function isNotWoken(wake: About['wake'], message: Kind): boolean | undefined {
  if (wake === undefined) return undefined;
  if (wake.methods.length === 0 || wake.on === 'none') return true;
  switch (wake.on) {
    case 'all':
      return false;
    case 'direct':
      return !message.urgent && !message.direct;
    case 'urgent':
      return !message.urgent;
    default:
      return undefined;
  }
}

/** By which methods, and for which mail: `claude-socket (direct)`, or `none`. Undefined where it is not said. */
export function wakeText(wake: About['wake']): string | undefined {
  if (wake === undefined) return undefined;
  return wake.methods.length === 0 ? 'none' : `${wake.methods.join(', ')} (${wake.on})`;
}

/**
 * The verdict on an agent by its best session: one that called a tool lately, else one that may be listening, else one that
 * is stopped. `servedAt` is when a session last served it, to the hour, in milliseconds since 1970.
 */
export function judge(
  agent: string,
  sightings: readonly Sighting[],
  servedAt: number | undefined,
  now: number,
): Listening {
  if (agent === HUMAN) return { listening: 'unknown', reason: 'a person, who has no session' };
  const running = sightings.filter(({ process }) => process !== 'stopped');
  const calls = running.flatMap((sighting) => recentCallIn(sighting, now) ?? []);
  if (calls.length > 0) return { listening: 'yes', reason: `called a tool ${lately(Math.max(...calls), now)}` };
  const [best] = running.map((sighting) => doubtAbout(sighting, now)).sort((a, b) => a.rank - b.rank);
  if (best !== undefined) return { listening: 'unknown', reason: best.reason };
  if (sightings.length > 0) {
    return { listening: 'no', reason: sightings.length === 1 ? 'its process is stopped' : 'its processes are stopped' };
  }
  return { listening: 'no', reason: `no session; ${served(servedAt, now)}` };
}

/** When a session called a tool that is evidence of somebody listening; undefined without. */
function recentCallIn({ process, calledAt }: Sighting, now: number): number | undefined {
  if (process !== 'alive' || calledAt === undefined || calledAt === null) return undefined;
  return isWithin(calledAt, now, LISTENING_MS) ? calledAt : undefined;
}

/** Why it cannot be said whether a session listens. What is known of a process that can be checked comes first. */
function doubtAbout(
  { session, process, silentSince, calledAt }: Sighting,
  now: number,
): { rank: number; reason: string } {
  if (silentSince !== undefined) {
    return { rank: 5, reason: `cannot be checked from here; silent for ${ageOf(silentSince, now)}` };
  }
  if (process === 'unknown') return { rank: 4, reason: 'live on another machine or in another container' };
  if (session.session === undefined) return { rank: 3, reason: 'live, served by another program' };
  if (calledAt === undefined) return { rank: 2, reason: 'live; its version does not say when it called a tool' };
  if (calledAt === null) return { rank: 1, reason: 'live; has not called a tool yet' };
  if (calledAt > now) return { rank: 0, reason: 'live; the clock was set back since it called a tool' };
  return { rank: 0, reason: `live; no tool called for ${ageOf(calledAt, now)}` };
}

// The record of a session that calls often is up to a heartbeat old: seconds would say more than is known.
function lately(calledAt: number, now: number): string {
  return isWithin(calledAt, now, 60_000) ? 'in the last minute' : `${ageOf(calledAt, now)} ago`;
}

// Noted once an hour: no more than that is known of when it ended.
function served(servedAt: number | undefined, now: number): string {
  if (servedAt === undefined) return 'none was ever seen';
  if (servedAt > now) return 'it was served before the clock was set back';
  if (now - servedAt < HOUR_MS) return 'last served within the hour';
  return now - servedAt < DAY_MS
    ? `last served about ${ageOf(servedAt, now)} ago`
    : `last served ${ageOf(servedAt, now)} ago`;
}

function isWithin(then: number, now: number, ms: number): boolean {
  return then <= now && now - then <= ms;
}
