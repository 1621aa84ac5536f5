/** Times that cannot be: a clock that is wrong now, or was when they were written. Expiry and order go by them. */
import type { Finding } from '../../model/finding.js';
import { inboxKey, RECEIPTS, readKey, receiptKey } from '../keys.js';
import { parseName } from '../message-name.js';
import { SWEPT } from '../sweep.js';
import { listOf, MINUTE_MS, ownersOf, placeOf, type RelayCheck } from './subject.js';

// Two machines that share a relay may differ by that much.
const TOLERANCE_MS = MINUTE_MS;
const EARLIEST_MS = Date.UTC(2024, 0, 1);

export const clockEarly: RelayCheck = {
  code: 'clock-before-2024',
  async run(subject) {
    const now = subject.relay.clock.now();
    if (now >= EARLIEST_MS) return [];
    return [
      {
        severity: 'error',
        path: placeOf(subject, ''),
        message: `The clock of this machine says ${new Date(now).toISOString()}. Mail is ordered and expires by it: set the clock.`,
      },
    ];
  },
};

export const mailFromTheFuture: RelayCheck = {
  code: 'mail-from-the-future',
  async run(subject) {
    const latest = subject.relay.clock.now() + TOLERANCE_MS;
    const found: Finding[] = [];
    for (const owner of await ownersOf(subject)) {
      for (const folder of [inboxKey(owner), readKey(owner)]) {
        const names = (await listOf(subject, folder)).filter((name) => (parseName(name)?.sentAt ?? 0) > latest);
        if (names.length === 0) continue;
        found.push({
          severity: 'warning',
          path: placeOf(subject, folder),
          message: `${names.length === 1 ? '1 message was' : `${names.length} messages were`} sent in the future by their names, so they come after newer mail and expire late. The clock was wrong then, or is now: look at the clocks of all machines that share this relay.`,
        });
      }
    }
    return found;
  },
};

export const receiptsFromTheFuture: RelayCheck = {
  code: 'receipts-from-the-future',
  async run(subject) {
    const latest = subject.relay.clock.now() + TOLERANCE_MS;
    const found: Finding[] = [];
    for (const sender of await listOf(subject, RECEIPTS)) {
      const names = await listOf(subject, receiptKey(sender));
      const late = names.filter((name) => /^\d{13}\./.test(name) && Number(name.slice(0, 13)) > latest).length;
      if (late === 0) continue;
      found.push({
        severity: 'note',
        path: placeOf(subject, receiptKey(sender)),
        message: `${late === 1 ? '1 receipt is' : `${late} receipts are`} from the future, so they are shown as the newest and kept too long. The clock was wrong when they were written, or is now.`,
      });
    }
    return found;
  },
};

export const sweptInTheFuture: RelayCheck = {
  code: 'swept-in-the-future',
  async run(subject) {
    const { store, clock } = subject.relay;
    const swept = await store.read(SWEPT, 0);
    if (swept === undefined || swept.modifiedAt <= clock.now() + TOLERANCE_MS) return [];
    return [
      {
        severity: 'note',
        path: placeOf(subject, SWEPT),
        message: 'The last sweep was in the future, so a clock is or was wrong. The next sweep puts this file right.',
      },
    ];
  },
};
