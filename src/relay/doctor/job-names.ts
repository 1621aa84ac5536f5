/**
 * Jobs that are not found, and what is found and names none. The names beside the records are finding aids: they can be made
 * from a record at any time, and taken away where there is none.
 */
import { isAddressSegment } from '../../model/address.js';
import type { Finding, Repair } from '../../model/finding.js';
import { isJobId } from '../../model/ids.js';
import { parseJobName } from '../jobs/job-name.js';
import { JobTable } from '../jobs/job-table.js';
import { doneJobKey, jobKey, jobOutcomeKey, jobsByKey, openJobKey } from '../keys.js';
import { Quarantine } from '../quarantine.js';
import { isHead, listOf, MINUTE_MS, placeOf, type RelayCheck, type Subject } from './subject.js';

// A submit takes milliseconds between the names of a job and its record.
const UNMADE_AFTER_MS = 10 * MINUTE_MS;

export const unlistedJobs: RelayCheck = {
  code: 'job-not-listed',
  async run(subject) {
    // In this order: a name that is moved from the open ones to the others meanwhile is met in one of them.
    const ids = (await listOf(subject, jobKey())).filter(isJobId);
    const open = await namedIn(subject, openJobKey);
    const done = await namedIn(subject, doneJobKey);
    const by = await namedIn(subject, jobsByKey);
    const found: Finding[] = [];
    for (const id of ids) {
      const isListed = open.has(id) || done.has(id);
      if ((isListed && by.has(id)) || !(await isThere(subject, id))) continue;
      found.push({
        severity: isListed ? 'note' : 'warning',
        path: placeOf(subject, jobKey(id)),
        message: isListed
          ? 'This job is not among those of its submitter, so the list of its jobs leaves it out.'
          : 'This job is in no list of its address: nobody is given it by claim, no sweep looks after it, and it is kept for ever.',
        repair: { does: 'make its names again', run: () => nameAgain(subject, id) },
      });
    }
    return found;
  },
};

export const strayJobNames: RelayCheck = {
  code: 'job-name-without-job',
  async run(subject) {
    const found: Finding[] = [];
    for (const keyOf of [openJobKey, doneJobKey, jobsByKey]) {
      for (const segment of await listOf(subject, keyOf())) {
        for (const name of await listOf(subject, keyOf(segment))) {
          const parsed = parseJobName(name);
          if (parsed === undefined || isYoung(subject, parsed.createdAt) || (await isKept(subject, parsed.id)))
            continue;
          const key = keyOf(segment, name);
          found.push({
            severity: 'note',
            path: placeOf(subject, key),
            message: 'This names a job that is not there: its submit, or its removal, was cut short.',
            repair: { does: 'remove the name', run: () => removeName(subject, key, parsed.id) },
          });
        }
      }
    }
    return found;
  },
};

export const endedJobRecords: RelayCheck = {
  code: 'job-record-left',
  async run(subject) {
    const done = await namedIn(subject, doneJobKey);
    const found: Finding[] = [];
    for (const id of (await listOf(subject, jobKey())).filter(isJobId)) {
      // While it has a name the next sweep takes the rest away.
      if (done.has(id) || (await isThere(subject, id)) || !(await listOf(subject, jobKey(id))).some(isHead)) continue;
      const repair: Repair = { does: 'remove what is left of it', run: () => subject.relay.store.forget(jobKey(id)) };
      const message =
        'The record of this job was ended when the job was old enough, and what is left of it holds nothing.';
      found.push({ severity: 'note', path: placeOf(subject, jobKey(id)), message, repair });
    }
    return found;
  },
};

export const strayOutcomes: RelayCheck = {
  code: 'job-outcome-without-job',
  async run(subject) {
    const found: Finding[] = [];
    for (const name of await listOf(subject, jobOutcomeKey())) {
      if (!(await isStrayOutcome(subject, name))) continue;
      const key = jobOutcomeKey(name);
      found.push({
        severity: 'note',
        path: placeOf(subject, key),
        message: 'This is the outcome of a job that is not there any more. Nothing shows it.',
        repair: {
          does: 'move it to .quarantine/',
          async run() {
            if (!(await isStrayOutcome(subject, name))) return;
            // The report of the command says it.
            await new Quarantine(subject.relay.store, () => {}).take(
              key,
              'job',
              name,
              'the outcome of a job that is gone',
            );
          },
        },
      });
    }
    return found;
  },
};

async function isStrayOutcome(subject: Subject, name: string): Promise<boolean> {
  const id = name.split('.', 1)[0] ?? '';
  if (isJobId(id) && (await isKept(subject, id))) return false;
  const read = await subject.relay.store.read(jobOutcomeKey(name), 0);
  return read !== undefined && !isYoung(subject, read.modifiedAt);
}

/** The ids that the listings below `keyOf` name. */
async function namedIn(subject: Subject, keyOf: (segment?: string) => string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const segment of (await listOf(subject, keyOf())).filter(
    (one) => keyOf === jobsByKey || isAddressSegment(one),
  )) {
    for (const name of await listOf(subject, keyOf(segment))) {
      const parsed = parseJobName(name);
      if (parsed !== undefined) ids.add(parsed.id);
    }
  }
  return ids;
}

/** True where there is anything of a record, be it broken or just ended. */
async function isKept(subject: Subject, id: string): Promise<boolean> {
  return (await listOf(subject, jobKey(id))).length > 0 || (await isThere(subject, id));
}

/** True where a record holds a value, or one that cannot be read: that is a finding of its own. */
async function isThere({ relay: { store } }: Subject, id: string): Promise<boolean> {
  return store.readRecord(jobKey(id)).then(
    (record) => record !== undefined,
    () => true,
  );
}

/** A clock that was wrong makes old what is young, and the other way round. */
function isYoung({ relay: { clock } }: Subject, at: number): boolean {
  return Math.abs(clock.now() - at) < UNMADE_AFTER_MS;
}

async function nameAgain({ relay }: Subject, id: string): Promise<void> {
  const table = new JobTable(relay);
  const job = await table.read(id);
  if (job === undefined) return;
  await table.name(job);
  // Moves the name of one that is over to its place.
  await relay.jobs.look(id);
}

async function removeName(subject: Subject, key: string, id: string): Promise<void> {
  if (await isKept(subject, id)) return;
  await subject.relay.store.remove(key, { durable: false });
  // A submit that is repeated under its request id makes a job of the old time: it may have been made just now.
  await nameAgain(subject, id);
}
