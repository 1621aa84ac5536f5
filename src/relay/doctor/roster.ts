/** Names of the roster that are held by who cannot be asked any more, or not from here. */
import { DispatchError, isDispatchError } from '../../model/errors.js';
import type { Finding } from '../../model/finding.js';
import { rosterKey } from '../keys.js';
import type { Roster } from '../roster.js';
import { isHead, listOf, placeOf, type RelayCheck, type Subject } from './subject.js';

export const heldByEnded: RelayCheck = {
  code: 'roster-name-of-ended-process',
  async run(subject) {
    const found: Finding[] = [];
    for (const { name, roster } of names(subject)) {
      const holding = await held(roster, name);
      if (holding?.liveness !== 'dead') continue;
      found.push({
        severity: 'note',
        path: placeOf(subject, rosterKey(name)),
        message: `${name} is held by process ${holding.pid}, which is gone. The next server that wants the name gets it.`,
        repair: {
          does: 'free the name',
          // By the same compare-and-set as a claim: whoever claimed it meanwhile keeps it.
          run: async () => {
            const now = await roster.holding(name);
            if (now?.liveness === 'dead') await roster.release(name, now.session);
          },
        },
      });
    }
    return found;
  },
};

export const heldElsewhere: RelayCheck = {
  code: 'roster-name-held-elsewhere',
  async run(subject) {
    const found: Finding[] = [];
    for (const { name, roster } of names(subject)) {
      if ((await held(roster, name))?.liveness !== 'unknown') continue;
      found.push({
        severity: 'note',
        path: placeOf(subject, rosterKey(name)),
        message: `${name} is held by a server on another machine or in another container, which cannot be looked at from here. If that server is gone for good, set MCP_DISPATCH_AGENT_ID=${name} for one here.`,
      });
    }
    return found;
  },
};

/** A record without its head or its value can neither be read nor replaced. */
export const brokenRecords: RelayCheck = {
  code: 'roster-record-broken',
  async run(subject) {
    const found: Finding[] = [];
    for (const { name } of names(subject)) {
      const parts = await listOf(subject, rosterKey(name));
      if (parts.length === 0 || (await isWhole(subject, name, parts))) continue;
      const path = placeOf(subject, rosterKey(name));
      found.push({
        severity: 'warning',
        path,
        message: `The record of who holds ${name} is broken, so no server can claim the name. Stop the servers of the roster and move this folder away.`,
      });
    }
    return found;
  },
};

async function isWhole({ relay }: Subject, name: string, parts: readonly string[]): Promise<boolean> {
  try {
    if ((await relay.store.readRecord(rosterKey(name))) !== undefined) return true;
  } catch (error) {
    if (isDispatchError(error, 'STORE_UNAVAILABLE') && error.data.errno === 'EIO') return false;
    throw error;
  }
  // One that has ended has a head and no value.
  return parts.some(isHead);
}

function names({ relay: { roster, agents } }: Subject): { name: string; roster: Roster }[] {
  return roster === undefined ? [] : (agents.roster ?? []).map((name) => ({ name, roster }));
}

async function held(roster: Roster, name: string) {
  try {
    return await roster.holding(name);
  } catch (error) {
    // A broken record is a finding of its own.
    if (!(error instanceof DispatchError)) throw error;
    return undefined;
  }
}
