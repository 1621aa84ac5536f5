/** Jobs that go no further: what of them cannot be understood, what waits for a person, and what the clock or the mail holds up. */
import { isAddressSegment } from '../../model/address.js';
import { DispatchError } from '../../model/errors.js';
import type { Finding } from '../../model/finding.js';
import { isJobId } from '../../model/ids.js';
import { isEnded, type Job, MAX_TASK_BYTES, parseJob } from '../../model/job.js';
import { parseJobName, personName } from '../jobs/job-name.js';
import { jobKey, openJobKey, personKey } from '../keys.js';
import { DAY_MS, isHead, listOf, MINUTE_MS, placeOf, type RelayCheck, type Subject } from './subject.js';

// A task at its limit, the beginning of a result and an error, and the longest history.
const LARGEST_BYTES = MAX_TASK_BYTES + 128 * 1024;
// Two machines that share a relay may differ by that much.
const TOLERANCE_MS = MINUTE_MS;
// Each sweep tries again, and there is one a minute while anybody works.
const OWED_LONG_MS = 10 * MINUTE_MS;

export const brokenJobs: RelayCheck = {
  code: 'job-broken',
  async run(subject) {
    const found: Finding[] = [];
    for (const id of await listOf(subject, jobKey())) {
      const problem = await problemOf(subject, id);
      if (problem !== undefined) found.push({ ...problem, path: placeOf(subject, jobKey(id)) });
    }
    return found;
  },
};

async function problemOf(subject: Subject, id: string): Promise<Omit<Finding, 'path'> | undefined> {
  if (!isJobId(id)) {
    const message = 'This is no job, and nothing goes by it. Look what put it there, and move it away.';
    return { severity: 'note', message };
  }
  const unknown =
    'so nobody is told what became of the job, and nobody can claim it. A copy of the relay may hold it as it was; to give the job up, move this folder away.';
  try {
    const value = (await subject.relay.store.readRecord(jobKey(id)))?.value;
    if (value === undefined) {
      const parts = await listOf(subject, jobKey(id));
      if (parts.length === 0 || parts.some(isHead)) return undefined;
      return { severity: 'error', message: `This record has lost the part that says its state, ${unknown}` };
    }
    const { length } = value;
    if (parseJob(value)?.id !== id) {
      return { severity: 'error', message: `This record is not that of a job as this version knows it, ${unknown}` };
    }
    if (length <= LARGEST_BYTES) return undefined;
    const message = `This record takes ${length} bytes, more than a job can come to: something else has written it. Beyond 1 MiB nobody could read it.`;
    return { severity: 'warning', message };
  } catch (error) {
    // Links and rights are the adapter's to name.
    if (!(error instanceof DispatchError) || error.code !== 'STORE_UNAVAILABLE') throw error;
    const { errno } = error.data;
    if (errno !== 'EIO' && errno !== 'EACCES') throw error;
    return { severity: 'error', message: `This record cannot be read (${errno}), ${unknown}` };
  }
}

export const parkedJobs: RelayCheck = {
  code: 'job-parked',
  async run(subject) {
    return (await openJobs(subject))
      .filter(({ state }) => state === 'needs_recovery')
      .map(({ id }) => ({
        severity: 'note',
        path: placeOf(subject, jobKey(id)),
        message: `This job may have changed things before its holder was lost, and waits until you decide: \`mcp-dispatch job show ${id}\` tells what it was, \`mcp-dispatch recover ${id} --retry\` or \`--fail\` ends the waiting.`,
      }));
  },
};

export const reviewsWaiting: RelayCheck = {
  code: 'job-waits-for-review',
  async run(subject) {
    const found: Finding[] = [];
    for (const name of await listOf(subject, personKey())) {
      const parsed = parseJobName(name);
      if (parsed === undefined || subject.relay.clock.now() - parsed.createdAt < DAY_MS) continue;
      const { id } = parsed;
      const job = await readSound(subject, id);
      if (job?.state !== 'needs_review' || personName(job) !== name) continue;
      found.push({
        severity: 'note',
        path: placeOf(subject, jobKey(id)),
        message: `This job has waited for your review for more than a day: \`mcp-dispatch review show ${id}\` tells why, \`mcp-dispatch review approve ${id}\` or \`mcp-dispatch review reject ${id}\` ends the waiting.`,
      });
    }
    return found;
  },
};

export const heldIntoTheFuture: RelayCheck = {
  code: 'job-held-into-the-future',
  async run(subject) {
    const now = subject.relay.clock.now();
    return (await openJobs(subject)).flatMap(({ id, lease }) => {
      if (lease === null || lease.until <= now + lease.seconds * 1000 + TOLERANCE_MS) return [];
      const until = new Date(lease.until).toISOString();
      return [
        {
          severity: 'warning' as const,
          path: placeOf(subject, jobKey(id)),
          message: `The lease of this job ends ${until}, later than any that is given now: the clock was set back since. If its holder is lost, nobody takes the job up before that. Look at the clocks of all machines that share this relay; \`mcp-dispatch job cancel ${id}\` asks the holder to stop.`,
        },
      ];
    });
  },
};

export const owedLong: RelayCheck = {
  code: 'job-mail-owed',
  async run(subject) {
    const { relay } = subject;
    const isLate = ({ owed, updated_at }: Job) =>
      owed.length > 0 && relay.clock.now() - Date.parse(updated_at) >= OWED_LONG_MS;
    return (await openJobs(subject)).filter(isLate).map(({ id, state }) => ({
      severity: 'warning',
      path: placeOf(subject, jobKey(id)),
      message: `${isEnded(state) ? 'The end of this job' : 'What became of this job'} is still to be told by mail, and no attempt worked so far. poll and \`mcp-dispatch job show ${id}\` tell it.`,
      repair: {
        does: 'send what is owed',
        async run() {
          const job = await relay.jobs.look(id);
          if (job !== undefined && job.owed.length > 0) throw new Error('the mail could not be sent now either');
        },
      },
    }));
  },
};

/** The jobs that somebody may still wait for, as their records say it, without what time has done since. */
async function openJobs(subject: Subject): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const segment of (await listOf(subject, openJobKey())).filter(isAddressSegment)) {
    for (const name of await listOf(subject, openJobKey(segment))) {
      const id = parseJobName(name)?.id;
      const job = id === undefined ? undefined : await readSound(subject, id);
      if (job !== undefined) jobs.push(job);
    }
  }
  return jobs;
}

/** Undefined for a record that is broken, which is a finding of its own. */
async function readSound({ relay: { store } }: Subject, id: string): Promise<Job | undefined> {
  try {
    const record = await store.readRecord(jobKey(id));
    return record === undefined ? undefined : parseJob(record.value);
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    return undefined;
  }
}
