/** Looks at every job that is not over, and forgets what is long over: for jobs that nobody else looks at. */
import { isAddressSegment } from '../../model/address.js';
import { isDispatchError } from '../../model/errors.js';
import { type Job, waitsForPerson } from '../../model/job.js';
import { Breather } from '../breathing.js';
import { openJobKey } from '../keys.js';
import type { Relay } from '../relay.js';
import type { JobChanges } from './job-changes.js';
import { type JobName, parseJobName } from './job-name.js';
import type { JobTable } from './job-table.js';
import type { PersonList } from './person-list.js';
import { pruneJobs, removeUnmade } from './pruning.js';

type Parts = Pick<Relay, 'store' | 'events'>;

/** Does what time asks for: leases that ended, jobs that expired, mail that is owed; and forgets what is long over. */
export async function sweepJobs(
  relay: Parts,
  table: JobTable,
  changes: JobChanges,
  person: PersonList,
  now: number,
): Promise<void> {
  const { store } = relay;
  const breather = new Breather();
  const waiting: Job[] = [];
  for (const segment of (await store.list(openJobKey())).filter(isAddressSegment)) {
    for (const name of await store.list(openJobKey(segment))) {
      await breather.step();
      const parsed = parseJobName(name);
      if (parsed !== undefined) await sweepOpen(segment, parsed);
    }
    await store.prune(openJobKey(segment));
  }
  await person.mend(waiting, now);
  await pruneJobs(relay, now);

  async function sweepOpen(segment: string, name: JobName): Promise<void> {
    try {
      const job = await changes.look(name.id);
      if (job === undefined) await removeUnmade(relay, table, segment, name, now);
      else if (waitsForPerson(job)) waiting.push(job);
    } catch (error) {
      // A record that cannot be understood costs only itself; `doctor` names it.
      if (!isDispatchError(error)) throw error;
    }
  }
}
