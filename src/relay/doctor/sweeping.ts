/** What sweeps should have removed. Every session that reads sweeps, so this is a relay that nobody reads, or cannot write. */
import type { Finding } from '../../model/finding.js';
import { inboxKey, LOG, RECEIPTS, readKey, receiptKey, SENT, seenReceiptKey, sentKey } from '../keys.js';
import { isExpired, parseName } from '../message-name.js';
import { SENT_RETENTION_MS } from '../sent-log.js';
import { SWEPT } from '../sweep.js';
import { DAY_MS, HOUR_MS, listOf, ownersOf, placeOf, type RelayCheck } from './subject.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const NEXT = 'The next call of any agent sweeps it.';

export const expiredWaiting: RelayCheck = {
  code: 'expired-mail-waiting',
  async run(subject) {
    const before = subject.relay.clock.now() - HOUR_MS;
    const found: Finding[] = [];
    for (const owner of await ownersOf(subject)) {
      for (const folder of [inboxKey(owner), readKey(owner)]) {
        const expired = (await listOf(subject, folder)).filter((fileName) => {
          const name = parseName(fileName);
          return name !== undefined && isExpired(name, before);
        }).length;
        if (expired === 0) continue;
        found.push({
          severity: 'warning',
          path: placeOf(subject, folder),
          message: `${expired === 1 ? '1 message expired' : `${expired} messages expired`} more than an hour ago and is still there, so its senders have no receipt yet. ${NEXT}`,
        });
      }
    }
    return found;
  },
};

export const neverSwept: RelayCheck = {
  code: 'never-swept',
  async run(subject) {
    const { store, clock } = subject.relay;
    if ((await store.read(SWEPT, 0)) !== undefined) return [];
    const before = clock.now() - HOUR_MS;
    for (const owner of await ownersOf(subject)) {
      const old = (await listOf(subject, inboxKey(owner))).some((name) => (parseName(name)?.sentAt ?? before) < before);
      if (!old) continue;
      return [
        {
          severity: 'note',
          path: placeOf(subject, SWEPT),
          message: `There is mail older than an hour, and no agent has looked at any since. ${NEXT}`,
        },
      ];
    }
    return [];
  },
};

/** A day beyond their retention, so that a relay at rest over a night is no finding. */
export const pastRetention: RelayCheck = {
  code: 'past-retention',
  async run(subject) {
    const now = subject.relay.clock.now();
    const found: Finding[] = [];
    const note = (key: string, what: string) =>
      found.push({ severity: 'note', path: placeOf(subject, key), message: `${what} past their retention. ${NEXT}` });
    const oldest = now - subject.receiptRetentionMs - DAY_MS;
    for (const sender of await listOf(subject, RECEIPTS)) {
      for (const key of [receiptKey(sender), seenReceiptKey(sender)]) {
        const names = await listOf(subject, key);
        const old = names.filter((name) => /^\d{13}[.-]/.test(name) && Number(name.slice(0, 13)) < oldest).length;
        if (old > 0) note(key, `${old} receipts are`);
      }
    }
    const oldestNote = dayOf(now - SENT_RETENTION_MS - DAY_MS);
    for (const sender of await listOf(subject, SENT)) {
      const days = (await listOf(subject, sentKey(sender))).filter((day) => DAY.test(day) && day < oldestNote);
      if (days.length > 0) note(sentKey(sender), 'Logs of what was sent are');
    }
    const oldestLog = dayOf(now - subject.logRetentionMs - DAY_MS);
    const days = (await listOf(subject, LOG)).filter((day) => DAY.test(day) && day < oldestLog);
    if (days.length > 0) note(LOG, 'Days of the event log are');
    return found;
  },
};

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
