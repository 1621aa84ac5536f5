/** What stands in the place of folders, and folders that nobody serves. */
import { AGENT_ID_RULE, isRecipient } from '../../model/agent-id.js';
import { isDispatchError } from '../../model/errors.js';
import type { Finding } from '../../model/finding.js';
import { isSessionId } from '../../model/ids.js';
import { AGENTS, inboxKey, PRESENCE, QUARANTINE, RECEIPTS, readKey, SENT, takenBy, takenKey } from '../keys.js';
import { listOf, ownersOf, placeOf, type RelayCheck } from './subject.js';

/** A link would lead out of the relay, so no server goes through it, and what it should hold cannot be reached. */
export const foldersReplaced: RelayCheck = {
  code: 'folder-replaced',
  async run(subject) {
    const prefixes = [AGENTS, PRESENCE, QUARANTINE, RECEIPTS, SENT];
    for (const owner of await ownersOf(subject)) {
      const sessions = (await listOf(subject, takenKey(owner))).filter(isSessionId);
      prefixes.push(inboxKey(owner), takenKey(owner), readKey(owner));
      prefixes.push(...sessions.map((session) => takenBy(owner, session)));
    }
    const found = new Map<string, Finding>();
    for (const prefix of prefixes) {
      try {
        await subject.relay.store.list(prefix);
      } catch (error) {
        if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
        const path = typeof error.data.path === 'string' ? error.data.path : placeOf(subject, prefix);
        const message = `${error.message} Until then what belongs there cannot be read or written.`;
        found.set(path, { severity: 'error', path, message });
      }
    }
    return [...found.values()];
  },
};

export const strayFolders: RelayCheck = {
  code: 'folder-not-an-agent',
  async run(subject) {
    const found: Finding[] = [];
    for (const name of await listOf(subject, '')) {
      if (name.startsWith('.') || isRecipient(name)) continue;
      // Nothing where it is a file, or an empty folder.
      if ((await listOf(subject, name)).length === 0) continue;
      found.push({
        severity: 'warning',
        path: placeOf(subject, name),
        message: `This folder has no name of an agent, so nobody reads what is in it. ${AGENT_ID_RULE} If there is mail in it, move that into the folder of its recipient.`,
      });
    }
    return found;
  },
};
