/** Jobs: who holds one, what becomes of it, and what is left when somebody is killed. */
const JOBS = 'test/relay/jobs/jobs.test.ts';
const MODEL = 'test/proof/jobs-model.test.ts';
const MODEL_TITLE = 'whatever happens, every job is in the state that the model says';
const CRASH = 'test/proof/jobs-crash.test.ts';
const CRASH_TITLE = 'is cut off by kill -9 at any step';
const INTERRUPTED = 'test/relay/jobs/interrupted.test.ts';
const POWER = 'test/proof/jobs-power-loss.test.ts';
const FAULTS = 'test/proof/jobs-faults.test.ts';

export default {
  title: 'Jobs',
  defects: [
    {
      name: 'release-without-fencing',
      promise: 'A stale holder cannot release a job, as it cannot complete one.',
      file: 'src/relay/jobs/transitions.ts',
      find: 'export function released(job: Job, token: Token, untouched: boolean, now: number): Job {\n  checkToken(job, token, now);',
      replace:
        'export function released(job: Job, token: Token, untouched: boolean, now: number): Job {\n  if (job.lease === null) checkToken(job, token, now);',
      caughtBy: { file: MODEL, title: MODEL_TITLE },
    },
    {
      name: 'lease-over-and-still-held',
      promise: 'A lease that has ended is no hold, also before anybody else has seen its end.',
      file: 'src/relay/jobs/fencing.ts',
      find: ' || job.lease === null || job.lease.until <= now) {',
      replace: ' || job.lease === null) {',
      caughtBy: { file: JOBS, title: 'leaves its old holder nothing: each call is refused by its own error' },
    },
    {
      name: 'old-number-passes',
      promise: 'Only the newest token of a job counts.',
      file: 'src/relay/jobs/fencing.ts',
      find: "  if (token.number < newest && state === 'running') {",
      replace: "  if (token.number < newest - 1 && state === 'running') {",
      caughtBy: { file: JOBS, title: 'leaves its old holder nothing: each call is refused by its own error' },
    },
    {
      name: 'forged-nonce-passes',
      promise: 'The number of a token is not enough: nobody can make one up.',
      file: 'src/relay/jobs/fencing.ts',
      find: ' || (token.number === newest && token.nonce !== job.token?.nonce)',
      replace: '',
      caughtBy: { file: MODEL, title: MODEL_TITLE },
    },
    {
      name: 'write-job-run-again',
      promise: 'A job that may write is never run again unattended.',
      file: 'src/relay/jobs/transitions.ts',
      find: '  if (job.write && !untouched) {\n    const parked',
      replace: '  if (job.write && !untouched && job.attempts >= job.max_attempts) {\n    const parked',
      caughtBy: { file: MODEL, title: MODEL_TITLE },
    },
    {
      name: 'one-attempt-too-many',
      promise: 'A job is tried at most as often as its submitter allows.',
      file: 'src/relay/jobs/transitions.ts',
      find: 'if (job.attempts >= job.max_attempts) {',
      replace: 'if (job.attempts > job.max_attempts) {',
      caughtBy: { file: MODEL, title: MODEL_TITLE },
    },
    {
      name: 'release-counts',
      promise: 'A job that its holder gives back has lost no attempt.',
      file: 'src/relay/jobs/transitions.ts',
      find: 'step({ ...job, attempts: job.attempts - 1 }, now,',
      replace: 'step({ ...job, attempts: job.attempts - 0 }, now,',
      caughtBy: { file: MODEL, title: MODEL_TITLE },
    },
    {
      name: 'cancelled-although-done',
      promise: 'What was done was done, whoever did not want it any more.',
      file: 'src/relay/jobs/transitions.ts',
      find: "how === 'failed' && job.cancel !== null ? 'cancelled' : how",
      replace: "job.cancel !== null ? 'cancelled' : how",
      caughtBy: { file: MODEL, title: MODEL_TITLE },
    },
    {
      name: 'lease-of-a-clock-set-back',
      promise: 'A clock that was set back leaves no job to a lost holder for longer than its lease.',
      file: 'src/relay/jobs/transitions.ts',
      find: 'lease.until > longest + STEP_BACK_MS',
      replace: 'lease.until > longest + 400 * 24 * 3600 * STEP_BACK_MS',
      caughtBy: { file: INTERRUPTED, title: 'does not leave a job to a lost holder for longer than its lease' },
    },
    {
      name: 'mail-forgotten-with-its-sender',
      promise: 'Mail about a job is sent once, whoever is killed before it was.',
      file: 'src/relay/jobs/job-changes.ts',
      find: '      if (job.owed.length === 0) return this.#settleUp(job);\n',
      replace: '      if (job.owed.length >= 0) return job;\n',
      caughtBy: { file: CRASH, title: CRASH_TITLE },
    },
    {
      name: 'record-before-its-names',
      promise: 'Every job is found by its address and by its submitter, whoever is killed.',
      file: 'src/relay/jobs/job-table.ts',
      find: "    await this.name(job).catch(rethrownWith('none'));\n",
      replace: '',
      caughtBy: { file: CRASH, title: CRASH_TITLE },
    },
    {
      name: 'request-not-exclusive',
      promise: 'One request id gives one job, from however many processes it comes at once.',
      file: 'src/relay/jobs/job-request.ts',
      find: '      if (await this.store.create(this.#key, JSON.stringify(wanted))) return wanted;',
      replace:
        '      await this.store.put(this.#key, JSON.stringify(wanted), { durable: true });\n      return wanted;',
      caughtBy: {
        file: 'test/proof/jobs-races.test.ts',
        title: 'six processes that submit under one request id make one job, fifty times over',
      },
    },
    {
      name: 'job-of-a-forgotten-request',
      promise: 'A request that is repeated while its job is forgotten makes a new job.',
      file: 'src/relay/jobs/submission.ts',
      find: 'if (isOver(reserved, this.relay.clock.now())) {',
      replace: 'if (request === undefined) {',
      caughtBy: { file: INTERRUPTED, title: 'just as its job is forgotten makes a new one' },
    },
    {
      name: 'outcome-of-another-settlement',
      promise: 'Of two settlements under one token, the result of the accepted one is kept.',
      file: 'src/relay/jobs/job-outcome.ts',
      find: 'newSessionId()}`;',
      replace: "''}`;",
      caughtBy: { file: INTERRUPTED, title: 'leave the result of the one that was accepted, whole' },
    },
    {
      name: 'ended-job-hidden-by-a-full-disk',
      promise: 'A disk that is full does not hide a job that has ended.',
      file: 'src/relay/jobs/job-changes.ts',
      find: '    } catch (error) {\n      if (!isDispatchError(error)) throw error;\n    }\n    return told;',
      replace: '    } catch (error) {\n      throw error;\n    }\n    return told;',
      caughtBy: { file: INTERRUPTED, title: 'does not hide a job that has ended' },
    },
    {
      name: 'nothing-said-of-a-job-that-was-made',
      promise: 'An error of a submit says truly whether there is a job.',
      file: 'src/relay/jobs/job-table.ts',
      find: 'const named = await this.relay.store.read(open, 0).catch(() => undefined);',
      replace: 'const named = await this.relay.store.read(open, 0);',
      caughtBy: { file: FAULTS, title: 'keeps every promise when a system call fails, once or for good' },
    },
    {
      name: 'head-before-its-value',
      promise: 'A power cut leaves no record without its value.',
      file: 'src/store/filesystem/records.ts',
      find: 'this.files.writeNew(prepared, value, this.sync);\n      if (this.sync) this.files.syncDirectory(folder);',
      replace: 'this.files.writeNew(prepared, value, this.sync);',
      caughtBy: { file: POWER, title: 'all that was answered is there' },
    },
    {
      name: 'place-of-a-record-not-kept',
      promise: 'A job that somebody has claimed is not lost in a power cut, whoever made it.',
      file: 'src/store/filesystem/records.ts',
      find: "    if (this.sync && revision.startsWith('1.')) this.files.syncDirectory(dirname(folder));\n",
      replace: '',
      caughtBy: {
        file: 'test/store/filesystem/records-kept.test.ts',
        title: 'a first revision keeps its place before anybody goes past it',
      },
    },
    {
      name: 'read-durably-and-not-synced',
      promise: 'Nothing is told of a job that a power cut could still undo.',
      file: 'src/store/filesystem/records.ts',
      find: '    this.files.syncDirectory(folder);\n    this.files.syncDirectory(dirname(folder));',
      replace: '    this.files.syncDirectory(dirname(folder));',
      caughtBy: {
        file: 'test/store/filesystem/records-kept.test.ts',
        title: 'what is read durably is synced, with its place',
      },
    },
  ],
};
