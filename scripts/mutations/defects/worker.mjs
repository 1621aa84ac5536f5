/** What runs the programs of executors, and the worker that holds their jobs. */
const ALONE = 'test/worker/keeper-alone.test.ts';
const ARGV = 'test/worker/argv.test.ts';
const HOSTILE = 'test/worker/hostile-prompts.test.ts';
const KEEPER = 'test/worker/keeper.test.ts';
const VERDICT = 'test/worker/verdict.test.ts';
const WORKER = 'test/worker/worker.test.ts';

export default {
  title: 'Workers and what they run',
  defects: [
    {
      name: 'prompt-as-an-option',
      promise: 'A prompt that begins with "-" cannot become an option.',
      file: 'src/worker/argv.ts',
      find: "if (by === 'job' && text.startsWith('-') && !isBehindDashes(argv, index)) {",
      replace: "if (by === 'job' && text.startsWith('--') && !isBehindDashes(argv, index)) {",
      caughtBy: { file: ARGV, title: 'cannot become an option' },
    },
    {
      name: 'model-of-the-job',
      promise: "A job's model is honoured out of the operator's list only.",
      file: 'src/worker/argv.ts',
      find: 'if (models.includes(wanted)) return wanted;',
      replace: 'return wanted;',
      caughtBy: { file: ARGV, title: 'is never another' },
    },
    {
      name: 'environment-of-the-worker',
      promise: 'A program gets the variables that were named, and no others.',
      file: 'src/worker/supervised-run.ts',
      find: 'env: Object.fromEntries(env),',
      replace: 'env: { ...process.env, ...Object.fromEntries(env), WORKER: "1" },',
      caughtBy: { file: HOSTILE, title: 'byte for byte' },
    },
    {
      name: 'coverage-handed-on',
      promise: 'A program gets no variable that Node hands on by itself.',
      file: 'src/worker/keeper.ts',
      find: '  NODE_V8_COVERAGE: undefined,\n',
      replace: '',
      caughtBy: { file: HOSTILE, title: 'byte for byte' },
    },
    {
      name: 'group-of-the-keeper',
      promise: 'A program is ended with all that it started.',
      file: 'src/worker/descent.ts',
      find: "    signal(-leader.pid, 'SIGKILL');\n",
      replace: "    signal(leader.pid, 'SIGKILL');\n    left = [];\n",
      caughtBy: { file: KEEPER, title: 'in its group is killed when it ends by itself' },
    },
    {
      name: 'lease-not-kept',
      promise: 'A program is gone before another can have its job, also while its worker is stopped.',
      file: 'src/worker/supervised-run.ts',
      find: 'const leaseLeft = this.#leaseEndsAt - graceMs - now;',
      replace: 'const leaseLeft = Number.POSITIVE_INFINITY;',
      caughtBy: { file: ALONE, title: 'ends a run before its lease is over while the worker is stopped' },
    },
    {
      name: 'keeper-outlives-worker',
      promise: 'What a worker ran ends when it is killed.',
      file: 'src/worker/keeper-host.ts',
      find: "  process.on('disconnect', stop);\n",
      replace: '',
      caughtBy: { file: ALONE, title: 'ends all within two seconds of the death of the worker' },
    },
    {
      name: 'keeper-trusted',
      promise: 'What a keeper ran ends when it is killed.',
      file: 'src/worker/keeper.ts',
      find: 'if (leader !== undefined && !this.#descent.isAnother(leader)) this.#descent.kill(leader, []);',
      replace: '',
      caughtBy: { file: KEEPER, title: 'that is killed takes its runs with it' },
    },
    {
      name: 'folder-of-another-removed',
      promise: 'A folder that somebody else has made is neither used nor removed.',
      file: 'src/worker/supervised-run.ts',
      find: '    const folder = this.#folder;\n',
      replace: '    const { folder } = this.#order;\n',
      caughtBy: { file: KEEPER, title: 'is not begun in a folder that somebody has made already' },
    },
    {
      name: 'polite-end-as-success',
      promise: 'What a program was ended in the middle of is not done.',
      file: 'src/worker/verdict.ts',
      find: "  if (endedBy !== undefined) return { as: 'ended', why: endedBy, result };\n  if (exitCode === 0) return { as: 'completed', result, exitCode, review: reviewOf(outcome, hasOutputFile) };\n",
      replace:
        "  if (exitCode === 0) return { as: 'completed', result, exitCode, review: reviewOf(outcome, hasOutputFile) };\n  if (endedBy !== undefined) return { as: 'ended', why: endedBy, result };\n",
      caughtBy: { file: VERDICT, title: 'is none where it was ended from outside' },
    },
    {
      name: 'start-not-noted',
      promise: 'Nothing runs whose start could not be noted.',
      file: 'src/worker/held-job.ts',
      find: '      await this.#noteStart(prepared);\n',
      replace: '      void this.#noteStart(prepared).catch(() => {});\n',
      caughtBy: { file: WORKER, title: 'runs nothing where its start cannot be noted' },
    },
    {
      name: 'lease-from-the-answer',
      promise: 'A worker never counts a lease for longer than the others do.',
      file: 'src/worker/worker.ts',
      find: 'const held = new HeldJob(claimed, { relay, runner, holder, leaseSeconds, claimedAt });',
      replace:
        'const held = new HeldJob(claimed, { relay, runner, holder, leaseSeconds, claimedAt: relay.clock.steady() + claimedAt * 0 });',
      caughtBy: { file: WORKER, title: 'counts from before the claim' },
    },
    {
      name: 'lost-lease-goes-on',
      promise: 'A run whose lease was refused is ended.',
      file: 'src/worker/held-job.ts',
      find: "      this.#running?.end('lost');\n",
      replace: '',
      caughtBy: { file: WORKER, title: 'that is refused ends the run' },
    },
    {
      name: 'writes-by-everybody',
      promise: 'A job that may write is left to a worker that may.',
      file: 'src/worker/worker.ts',
      find: 'relay.jobs.claimNext(holder, { addresses, leaseSeconds, writes });',
      replace: 'relay.jobs.claimNext(holder, { addresses, leaseSeconds });',
      caughtBy: { file: WORKER, title: 'are left by a worker that may not' },
    },
  ],
};
