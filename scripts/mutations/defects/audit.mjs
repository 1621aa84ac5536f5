/** The audit of jobs: `src/relay/audit/`. */
const TAMPERING = 'test/relay/audit/tampering.test.ts';
const VERIFY = 'test/relay/audit/verify.test.ts';
const WRITING = 'test/relay/audit/audit-log.test.ts';

export default {
  title: 'The audit',
  defects: [
    {
      name: 'bytes-of-a-line-not-hashed',
      promise: 'A line of the audit that was changed is found.',
      file: 'src/relay/audit/log-judge.ts',
      find: 'if (hash !== actual) {',
      replace: 'if (hash.length !== actual.length) {',
      caughtBy: { file: TAMPERING, title: 'shows the flip of any byte, and in which line it is' },
    },
    {
      name: 'line-before-not-checked',
      promise: 'A line that was put in the place of another is found, and so is a log under another name.',
      file: 'src/relay/audit/log-judge.ts',
      find: '} else if (expected !== undefined && !expected.prev.includes(prev)) {',
      replace: '} else if (expected !== undefined && prev === hash) {',
      caughtBy: {
        file: TAMPERING,
        title: 'shows a log under another name, and one that is gone where a record names it',
      },
    },
    {
      name: 'cut-tail-unseen',
      promise: 'A log whose end was cut off is found where the record of a job names what is gone.',
      file: 'src/relay/audit/log-judge.ts',
      find: 'if (first !== undefined) {',
      replace: 'if (first === null) {',
      caughtBy: { file: TAMPERING, title: 'cut at any byte is an alarm where a record names what is gone' },
    },
    {
      name: 'any-last-line-passes-as-torn',
      promise: 'Only what a kill leaves is passed over: the beginning of a record.',
      file: 'src/relay/audit/log-judge.ts',
      find: 'else if (last && isTorn(bytes)) {',
      replace: 'else if (last && bytes.length > 0) {',
      caughtBy: { file: TAMPERING, title: 'shows every other value of every byte of its last line' },
    },
    {
      name: 'torn-record-is-an-alarm',
      promise: 'What a kill leaves by half is no alarm.',
      file: 'src/relay/audit/log-judge.ts',
      find: 'else if (last && isTorn(bytes)) {',
      replace: 'else if (last && isTorn(bytes) && bytes.length === 0) {',
      caughtBy: { file: TAMPERING, title: 'cut at any byte is an alarm where a record names what is gone' },
    },
    {
      name: 'swept-days-are-an-alarm',
      promise: 'Days past `log_retention` are no alarm.',
      file: 'src/relay/audit/verify.ts',
      find: 'if (first === undefined || log.slice(0, 10) < oldest) continue;',
      replace: 'if (first === undefined) continue;',
      caughtBy: { file: VERIFY, title: 'is not alarmed by days that are past their retention' },
    },
    {
      name: 'failed-log-goes-on',
      promise: 'No log of the audit holds a number twice, whatever the disk does.',
      file: 'src/relay/audit/audit-log.ts',
      find: 'if (!(await this.#isEmpty(log))) this.#log = undefined;',
      replace: 'await this.#isEmpty(log);',
      caughtBy: { file: WRITING, title: 'goes on in a new log after a line of which nobody knows whether it is there' },
    },
    {
      name: 'unwritten-line-passes',
      promise: 'Nothing runs that the audit could not take down.',
      file: 'src/relay/audit/audit-log.ts',
      find: 'throw error;',
      replace: '',
      caughtBy: { file: WRITING, title: 'rejects where the line cannot be written' },
    },
  ],
};
