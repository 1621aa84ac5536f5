/** What people see of jobs and decide about them: `src/cli/job*.ts`, `recover`; and that one broken job costs only itself. */
const JOB = 'test/cli/job.test.ts';
const JOBS = 'test/cli/jobs.test.ts';
const SUBMIT = 'test/cli/job-submit.test.ts';
const RECOVER = 'test/cli/recover.test.ts';
const DOCTOR = 'test/relay/doctor/jobs.test.ts';
const BROKEN = 'test/relay/jobs/broken-records.test.ts';

export default {
  title: 'Jobs at the terminal',
  defects: [
    {
      name: 'token-printed',
      promise: 'No command shows the secret part of a token: who knows it is the holder.',
      file: 'src/cli/job-text.ts',
      find: 'token: token?.number ?? null,',
      replace: 'token,',
      caughtBy: { file: JOB, title: 'never prints the nonce of the token' },
    },
    {
      name: 'recovered-without-a-person',
      promise: 'Only a person at a terminal decides about parked work.',
      file: 'src/cli/recover.ts',
      find: 'assertHuman(context.env, context.terminal.stdinIsTTY, instead);',
      replace: '',
      caughtBy: { file: RECOVER, title: 'is for a person' },
    },
    {
      name: 'parked-work-among-the-others',
      promise: 'What waits for a person is the first that `jobs` shows.',
      file: 'src/cli/jobs.ts',
      find: 'filter.state === undefined ? await',
      replace: 'filter.limit === 0 ? await',
      caughtBy: { file: JOBS, title: 'that are parked come before newer ones' },
    },
    {
      name: 'failed-job-exits-as-done',
      promise: 'A script that waits for a job learns by the exit code that it failed.',
      file: 'src/cli/job-submit.ts',
      find: "return job.state === 'completed' ? EXIT.done : EXIT.failed;",
      replace: 'return EXIT.done;',
      caughtBy: { file: SUBMIT, title: 'ends with 1 when the job failed' },
    },
    {
      name: 'anybodys-job-cancelled',
      promise: 'A job is cancelled by its submitter or by the person; to others it is not there.',
      file: 'src/relay/jobs/jobs.ts',
      find: 'if (job === undefined || (by !== HUMAN && job.from !== by)) throw notFound(id);',
      replace: 'if (job === undefined) throw notFound(id);',
      caughtBy: { file: BROKEN, title: 'is for the submitter and the human' },
    },
    {
      name: 'undone-claim-takes-the-job-away',
      promise: 'A claim whose answer was dropped is undone, unless its session was told of the job by another call.',
      file: 'src/relay/jobs/claims.ts',
      find: 'this.#toldAgain.has(token) ? undefined : transitions.released',
      replace: 'transitions.released',
      caughtBy: {
        file: 'test/relay/jobs/claims.test.ts',
        title: 'stays where its session was told of it by another call',
      },
    },
    {
      name: 'broken-record-stops-the-queue',
      promise: 'A record that cannot be understood does not keep the jobs behind it from being done.',
      file: 'src/relay/jobs/claims.ts',
      find: 'const job = await unlessBroken(() => this.changes.look(id));',
      replace: 'const job = await this.changes.look(id);',
      caughtBy: { file: BROKEN, title: 'does not keep the jobs behind it from being claimed' },
    },
    {
      name: 'names-swept-from-a-job-just-made',
      promise: 'A submit that is repeated while its old names are swept away makes a job that is found.',
      file: 'src/relay/jobs/pruning.ts',
      find: 'if (job !== undefined) await table.name(job);',
      replace: '',
      caughtBy: { file: BROKEN, title: 'stay when the submit is repeated' },
    },
    {
      name: 'lost-job-not-listed-again',
      promise: '`doctor --fix` makes a job that nobody can find one that is claimed again.',
      file: 'src/relay/doctor/job-names.ts',
      find: "repair: { does: 'make its names again', run: () => nameAgain(subject, id) },",
      replace: "repair: { does: 'make its names again', run: async () => {} },",
      caughtBy: { file: DOCTOR, title: 'that are missing are found' },
    },
    {
      name: 'name-of-a-job-just-made-removed',
      promise: '`doctor --fix` takes no name from a job that was made just then.',
      file: 'src/relay/doctor/job-names.ts',
      find: `  // A submit that is repeated under its request id makes a job of the old time: it may have been made just now.
  await nameAgain(subject, id);`,
      replace: '',
      caughtBy: { file: DOCTOR, title: 'stay when their job is made while --fix is at it' },
    },
    {
      name: 'agent-forgotten-with-its-work-in-hand',
      promise: 'An agent that holds a job is not given up.',
      file: 'src/relay/forget.ts',
      find: "if (holds.length > 0) throw hasJobs(agent, 'held', holds);",
      replace: '',
      caughtBy: { file: 'test/cli/forget.test.ts', title: 'while the agent holds a job' },
    },
    {
      name: 'clock-set-back-holds-a-job-back',
      promise: 'A job that was lost is free again after its pause, also when the clock is set back.',
      file: 'src/relay/jobs/transitions.ts',
      find: 'return left > MOST_BACKOFF_MS ? 0 : Math.max(0, left);',
      replace: 'return Math.max(0, left);',
      caughtBy: { file: 'test/relay/jobs/jobs.test.ts', title: 'does not hold the job back for hours' },
    },
  ],
};
