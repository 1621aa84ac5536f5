/** Files in inboxes that are no mail. */
import { isDispatchError } from '../../model/errors.js';
import type { Finding } from '../../model/finding.js';
import { inboxKey } from '../keys.js';
import { SUFFIX } from '../message-name.js';
import { HOUR_MS, listOf, ownersOf, placeOf, type RelayCheck, type Subject } from './subject.js';

/** The recipient's session sets it aside when it comes to it; one that never comes leaves its sender without a receipt. */
export const brokenMail: RelayCheck = {
  code: 'mail-broken',
  async run(subject) {
    const found: Finding[] = [];
    for (const { agent, fileName } of await files(subject)) {
      if (!fileName.endsWith(SUFFIX)) continue;
      const problem = await problemOf(subject, agent, fileName);
      if (problem === undefined || problem === UNREADABLE) continue;
      found.push({
        severity: 'warning',
        path: placeOf(subject, inboxKey(agent, fileName)),
        message: `This is no message, and never shown: ${problem}.`,
        repair: {
          does: 'move it to .quarantine/',
          run: () => subject.relay.mail.setAsideIfBroken(agent, fileName),
        },
      });
    }
    return found;
  },
};

export const unreadableMail: RelayCheck = {
  code: 'mail-unreadable',
  async run(subject) {
    const found: Finding[] = [];
    for (const { agent, fileName } of await files(subject)) {
      if (!fileName.endsWith(SUFFIX) || (await problemOf(subject, agent, fileName)) !== UNREADABLE) continue;
      found.push({
        severity: 'error',
        path: placeOf(subject, inboxKey(agent, fileName)),
        message:
          'This file cannot be read, so it is not shown; it is tried again at every look. Check its owner and mode, and the disk.',
      });
    }
    return found;
  },
};

/** What does not end in .json is never opened. */
export const strayFiles: RelayCheck = {
  code: 'file-not-mail',
  async run(subject) {
    const { store, clock } = subject.relay;
    const found: Finding[] = [];
    for (const { agent, fileName } of await files(subject)) {
      if (fileName.endsWith(SUFFIX)) continue;
      const read = await store.read(inboxKey(agent, fileName), 0);
      // Another program may make its files here and rename them.
      if (read === undefined || clock.now() - read.modifiedAt < HOUR_MS) continue;
      found.push({
        severity: 'note',
        path: placeOf(subject, inboxKey(agent, fileName)),
        message:
          'This is no mail and nobody opens it, but the inbox cannot be forgotten while it is there. Move it away.',
      });
    }
    return found;
  },
};

const UNREADABLE = Symbol('unreadable');

async function problemOf(subject: Subject, agent: string, fileName: string) {
  try {
    return await subject.relay.mail.findProblem(agent, fileName);
  } catch (error) {
    if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
    return UNREADABLE;
  }
}

async function files(subject: Subject): Promise<{ agent: string; fileName: string }[]> {
  const found: { agent: string; fileName: string }[] = [];
  for (const agent of await ownersOf(subject)) {
    for (const fileName of await listOf(subject, inboxKey(agent))) {
      if (!['taken', 'read', 'ended'].includes(fileName)) found.push({ agent, fileName });
    }
  }
  return found;
}
