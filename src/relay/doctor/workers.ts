/** Workers that are gone and left their record. It decides nothing: it says who might take a job up soon. */
import { addressSegment } from '../../model/address.js';
import { workerKey } from '../keys.js';
import { placeOf, type RelayCheck, unlessReplaced } from './subject.js';

export const endedWorkers: RelayCheck = {
  code: 'worker-ended',
  async run(subject) {
    const { workers } = subject.relay.jobs;
    return (await unlessReplaced(() => workers.everywhere(), []))
      .filter(({ alive }) => !alive)
      .map(({ address, worker: { session, pid } }) => ({
        severity: 'note',
        path: placeOf(subject, workerKey(addressSegment(address), session)),
        message: `Process ${pid}, a worker for ${address}, is gone. Nobody counts on it; the next sweep takes the record away.`,
        repair: { does: 'take the record away', run: () => workers.sweep() },
      }));
  },
};
