/** What stands in the place of folders, and folders that nobody serves. */
import { AGENT_ID_RULE, isRecipient } from '../../model/agent-id.js';
import { isDispatchError } from '../../model/errors.js';
import type { Finding } from '../../model/finding.js';
import { isSessionId } from '../../model/ids.js';
import { isTopic } from '../../model/topic.js';
import * as keys from '../keys.js';
import { TEMPORARY } from './leftovers.js';
import { listOf, ownersOf, placeOf, type RelayCheck, type Subject } from './subject.js';

// Of each agent there is a folder in these.
const BY_AGENT = [keys.HOOKS, keys.KEYS, keys.PRESENCE, keys.RECEIPTS, keys.REFUSED, keys.SENT, keys.SUPERSEDED];
// The store has its bells in `.bell`.
const OTHERS = [
  keys.AGENTS,
  keys.JOBS,
  keys.LOG,
  keys.PACE,
  keys.QUARANTINE,
  keys.ROSTER,
  keys.SLOTS,
  keys.TOPICS,
  TEMPORARY,
  '.bell',
];

/** A link would lead out of the relay, so no server goes through it, and what it should hold cannot be reached. */
export const foldersReplaced: RelayCheck = {
  code: 'folder-replaced',
  async run(subject) {
    const found = new Map<string, Finding>();
    for (const prefix of [
      ...OTHERS,
      ...BY_AGENT,
      ...(await agentFolders(subject)),
      ...(await topicFolders(subject)),
      ...(await jobFolders(subject)),
      ...(await mailFolders(subject)),
    ]) {
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

/** Records and outcomes stand in one folder each, and names below what they name. */
async function jobFolders(subject: Subject): Promise<string[]> {
  const folders = [keys.jobKey(), keys.jobOutcomeKey(), keys.personKey()];
  for (const keyOf of [keys.openJobKey, keys.doneJobKey, keys.jobsByKey, keys.jobRequestKey, keys.workerKey]) {
    folders.push(keyOf(), ...(await listOf(subject, keyOf())).map((name) => keyOf(name)));
  }
  return folders;
}

async function agentFolders(subject: Subject): Promise<string[]> {
  const folders: string[] = [];
  for (const folder of BY_AGENT) {
    const agents = (await listOf(subject, folder)).filter(isRecipient);
    folders.push(...agents.map((agent) => `${folder}/${agent}`));
    if (folder === keys.RECEIPTS) folders.push(...agents.map((agent) => keys.seenReceiptKey(agent)));
  }
  return folders;
}

async function topicFolders(subject: Subject): Promise<string[]> {
  return (await listOf(subject, keys.TOPICS)).filter(isTopic).map((topic) => keys.topicKey(topic));
}

async function mailFolders(subject: Subject): Promise<string[]> {
  const folders: string[] = [];
  for (const owner of await ownersOf(subject)) {
    const sessions = (await listOf(subject, keys.takenKey(owner))).filter(isSessionId);
    folders.push(keys.inboxKey(owner), keys.takenKey(owner), keys.readKey(owner), keys.endedKey(owner));
    folders.push(...sessions.map((session) => keys.takenBy(owner, session)));
  }
  return folders;
}

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
