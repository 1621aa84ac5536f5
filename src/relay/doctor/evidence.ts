/** Receipts and logs that cannot be read. They are evidence only, so what is lost with them is an answer, not mail. */
import { isRecipient } from '../../model/agent-id.js';
import type { Finding } from '../../model/finding.js';
import { RECEIPTS, receiptKey, SENT, seenReceiptKey, sentKey } from '../keys.js';
import { listOf, placeOf, type RelayCheck, type Subject } from './subject.js';

const PART_BYTES = 1024 * 1024;

/** A state that this version does not know is one of a newer version: only what does not begin with a time is none. */
export const strayReceipts: RelayCheck = {
  code: 'receipt-unreadable',
  async run(subject) {
    const found: Finding[] = [];
    for (const sender of (await listOf(subject, RECEIPTS)).filter(isRecipient)) {
      for (const key of [receiptKey, seenReceiptKey]) {
        for (const name of await listOf(subject, key(sender))) {
          if (/^\d{13}[.-]/.test(name) || (name === 'seen' && key === receiptKey)) continue;
          found.push({
            severity: 'note',
            path: placeOf(subject, key(sender, name)),
            message: 'This is no receipt, and passed over. Look what put it there, and move it away.',
          });
        }
      }
    }
    return found;
  },
};

export const tornNotes: RelayCheck = {
  code: 'sent-log-torn',
  async run(subject) {
    const found: Finding[] = [];
    for (const sender of (await listOf(subject, SENT)).filter(isRecipient)) {
      for (const day of await listOf(subject, sentKey(sender))) {
        const torn = await countTorn(subject, sentKey(sender, day));
        if (torn === 0) continue;
        found.push({
          severity: 'note',
          path: placeOf(subject, sentKey(sender, day)),
          message: `${torn === 1 ? '1 record is' : `${torn} records are`} torn, by a crash. Asking for such a message takes a search through the relay.`,
        });
      }
    }
    return found;
  },
};

async function countTorn({ relay: { store } }: Subject, log: string): Promise<number> {
  let torn = 0;
  let rest = '';
  for (let at = 0; ; ) {
    const part = await store.readLog(log, at, PART_BYTES);
    // The last line may be one that is just being written.
    if (part === undefined || part.bytes.length === 0) return torn;
    at = part.next;
    const lines = (rest + Buffer.from(part.bytes).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    torn += lines.filter((line) => line !== '' && !line.endsWith(' .')).length;
  }
}
