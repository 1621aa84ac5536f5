/** What was set aside, with the reason that was written down. */
import { forTerminal } from '../../model/text.js';
import { QUARANTINE, quarantineKey } from '../keys.js';
import { listOf, placeOf, type RelayCheck } from './subject.js';

const REASON = '.reason';
const MAX_REASON_BYTES = 1024;

export const quarantined: RelayCheck = {
  code: 'quarantined',
  async run(subject) {
    const names = await listOf(subject, QUARANTINE);
    const kept = names.filter((name) => !name.endsWith(REASON));
    return Promise.all(
      kept.sort().map(async (name) => {
        const read = await subject.relay.store.read(quarantineKey(name + REASON), MAX_REASON_BYTES);
        // Written by us, but whoever can put a file here can put words into it.
        const reason = read?.ok === true ? forTerminal(Buffer.from(read.bytes).toString('utf8'), 200) : '';
        return {
          severity: 'note',
          path: placeOf(subject, quarantineKey(name)),
          message: `Set aside: ${reason === '' ? 'no reason is written down' : reason}. Look at it, and remove it when it is of no use.`,
        };
      }),
    );
  },
};
