/** The checks of a relay, by what its files mean. Those of rights, links and disks are the adapter's. */
import { isDispatchError } from '../../model/errors.js';
import { type CodedFinding, type Inspection, runChecks } from '../../model/finding.js';
import { heldSpawns } from './autospawn.js';
import { brokenMail, strayFiles, unreadableMail } from './broken-mail.js';
import { claimedByEnded, claimedLong } from './claims.js';
import { clockEarly, mailFromTheFuture, receiptsFromTheFuture, sweptInTheFuture } from './clock.js';
import { strayReceipts, tornNotes } from './evidence.js';
import { foldersReplaced, strayFolders } from './folders.js';
import { endedJobRecords, strayJobNames, strayOutcomes, unlistedJobs } from './job-names.js';
import { brokenJobs, heldIntoTheFuture, owedLong, parkedJobs, reviewsWaiting } from './jobs.js';
import { stagedSends, temporaryFiles } from './leftovers.js';
import { neverLive, notOnRoster } from './names.js';
import { quarantined } from './quarantined.js';
import { brokenRecords, heldByEnded, heldElsewhere } from './roster.js';
import { endedSessions, endedShared } from './sessions.js';
import type { RelayCheck, Subject } from './subject.js';
import { expiredWaiting, neverSwept, pastRetention } from './sweeping.js';
import { membersNotOnRoster, strayTopics } from './topics.js';
import { endedWorkers } from './workers.js';
import { forgottenWorktrees } from './worktrees.js';

/** In the order in which they are reported. */
export const RELAY_CHECKS: readonly RelayCheck[] = [
  foldersReplaced,
  strayFolders,
  clockEarly,
  mailFromTheFuture,
  receiptsFromTheFuture,
  sweptInTheFuture,
  brokenMail,
  unreadableMail,
  strayFiles,
  claimedByEnded,
  claimedLong,
  neverLive,
  notOnRoster,
  heldByEnded,
  heldElsewhere,
  brokenRecords,
  strayTopics,
  membersNotOnRoster,
  brokenJobs,
  parkedJobs,
  reviewsWaiting,
  heldIntoTheFuture,
  owedLong,
  unlistedJobs,
  strayJobNames,
  endedJobRecords,
  strayOutcomes,
  endedWorkers,
  heldSpawns,
  forgottenWorktrees,
  endedSessions,
  endedShared,
  temporaryFiles,
  stagedSends,
  expiredWaiting,
  neverSwept,
  pastRetention,
  strayReceipts,
  tornNotes,
  quarantined,
];

export class RelayInspection implements Inspection {
  constructor(private readonly subject: Subject) {}

  /** What is wrong; one finding where the relay may not be used at all. Writes nothing. */
  async find(): Promise<CodedFinding[]> {
    const { store } = this.subject.relay;
    try {
      await store.list('');
    } catch (error) {
      if (!isDispatchError(error)) throw error;
      return [{ code: 'relay-unusable', severity: 'error', path: store.location, message: error.message }];
    }
    return runChecks(RELAY_CHECKS, this.subject);
  }
}
