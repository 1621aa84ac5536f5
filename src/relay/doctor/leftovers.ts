/** What a server that was killed left half done: files that were being written, and copies of a send that was cut short. */

import { isRecipient } from '../../model/agent-id.js';
import type { Finding } from '../../model/finding.js';
import { isMessageId } from '../../model/ids.js';
import { KEYS } from '../keys.js';
import { Quarantine } from '../quarantine.js';
import { HOUR_MS, listOf, placeOf, type RelayCheck, type Subject } from './subject.js';

export const TEMPORARY = '.tmp';

// No write takes as long, and no retry of a send counts as late.
const TEMPORARY_AGE_MS = HOUR_MS;
const STAGED_AGE_MS = 25 * HOUR_MS;

export const temporaryFiles: RelayCheck = {
  code: 'temporary-file-left',
  async run(subject) {
    const found: Finding[] = [];
    for (const name of await listOf(subject, TEMPORARY)) {
      const key = `${TEMPORARY}/${name}`;
      if (!(await isOlder(subject, key, TEMPORARY_AGE_MS))) continue;
      found.push({
        severity: 'note',
        path: placeOf(subject, key),
        message: 'A write that was cut short left this; nobody was told that it was done. The next sweep removes it.',
        repair: {
          does: 'move it to .quarantine/',
          run: () => setAside(subject, key, TEMPORARY_AGE_MS, 'tmp', name, 'left by a write that was cut short'),
        },
      });
    }
    return found;
  },
};

export const stagedSends: RelayCheck = {
  code: 'staged-send-left',
  async run(subject) {
    const found: Finding[] = [];
    for (const sender of (await listOf(subject, KEYS)).filter(isRecipient)) {
      for (const name of await listOf(subject, `${KEYS}/${sender}`)) {
        // `<hash>.<message id>.<recipient>`; the record of a send, `<hash>`, is kept for its day whatever became of it.
        const [, id = '', to = '', ...more] = name.split('.');
        if (more.length > 0 || !isMessageId(id) || !isRecipient(to)) continue;
        const key = `${KEYS}/${sender}/${name}`;
        if (!(await isOlder(subject, key, STAGED_AGE_MS))) continue;
        found.push({
          severity: 'warning',
          path: placeOf(subject, key),
          message: `A send of ${sender} was cut short and not tried again: ${to} did not get ${id}.`,
          repair: {
            does: 'move the copy to .quarantine/',
            run: () => setAside(subject, key, STAGED_AGE_MS, sender, name, 'a copy of a send that was cut short'),
          },
        });
      }
    }
    return found;
  },
};

async function isOlder({ relay: { store, clock } }: Subject, key: string, ageMs: number): Promise<boolean> {
  const read = await store.read(key, 0);
  return read !== undefined && clock.now() - read.modifiedAt >= ageMs;
}

async function setAside(
  subject: Subject,
  key: string,
  ageMs: number,
  owner: string,
  name: string,
  reason: string,
): Promise<void> {
  if (!(await isOlder(subject, key, ageMs))) return;
  // The report of the command says it.
  await new Quarantine(subject.relay.store, () => {}).take(key, owner, name, reason);
}
