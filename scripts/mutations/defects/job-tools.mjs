/** The tools for jobs: what they answer, whom, and when. */
const TOOLS = 'test/mcp/job-tools.test.ts';
const WAITING = 'test/mcp/job-waiting.test.ts';

export default {
  title: 'The tools for jobs',
  defects: [
    {
      name: 'job-shown-to-all',
      promise: 'A job is shown to those who have a part in it, and to nobody else.',
      file: 'src/mcp/job-places.ts',
      find: "if (kindOf(job.to) !== 'topic') return undefined;",
      replace: "if (kindOf(job.to) !== 'topic') return job;",
      caughtBy: {
        file: 'test/mcp/job-submitter.test.ts',
        title: 'finds no job that is unknown, gone, or none of the caller’s business',
      },
    },
    {
      name: 'unseen-claim-holds',
      promise: 'A job whose claim nobody saw the answer of is free again.',
      file: 'src/mcp/tools/claim.ts',
      find: 'if (!isHeld) {',
      replace: 'if (false) {',
      caughtBy: { file: TOOLS, title: 'whose answer is not written gives the job back as it was' },
    },
    {
      name: 'token-of-another',
      promise: 'A token is its agent’s.',
      file: 'src/mcp/job-holder.ts',
      find: 'if (lease === null ||',
      replace: 'if (true ||',
      caughtBy: { file: TOOLS, title: 'is refused to another agent, also with the token of the holder' },
    },
    {
      name: 'id-with-the-answer',
      promise: 'A submit that waits hands out the id first.',
      file: 'src/mcp/patience.ts',
      find: 'if (saidFirst) tell();',
      replace: '',
      caughtBy: { file: WAITING, title: 'hands out the id first, to whoever gave a token' },
    },
    {
      name: 'lease-end-unseen',
      promise: 'A wait for a job sees what nobody is rung for.',
      file: 'src/relay/waiting.ts',
      find: 'latest ??= seen;',
      replace: '',
      caughtBy: { file: WAITING, title: 'ends when the job is parked' },
    },
    {
      name: 'parts-overlap',
      promise: 'The parts of an outcome are the whole.',
      file: 'src/mcp/paged.ts',
      find: 'const from = at - begin;',
      replace: 'const from = Math.max(0, at - begin - 1);',
      caughtBy: {
        file: 'test/mcp/job-paging.test.ts',
        title: 'that is long text comes in parts that end between characters',
      },
    },
    {
      name: 'page-skips-what-had-no-room',
      promise: 'A job that had no room in a page is on the next.',
      file: 'src/mcp/tools/jobs.ts',
      find: 'next = cursorOf(before);',
      replace: 'next = cursorOf(job);',
      caughtBy: { file: 'test/mcp/job-list.test.ts', title: 'pages through more than a reply holds, each once' },
    },
    {
      name: 'off-and-callable',
      promise: 'A tool whose set is off is not called.',
      file: 'src/mcp/tools.ts',
      find: 'const offered = toolsOf(sets);',
      replace: 'const offered = toolsOf();',
      caughtBy: { file: 'test/mcp/definitions.test.ts', title: 'refuse a call of a tool that is off' },
    },
    {
      name: 'renewal-shortens-lease',
      promise: 'Asking whether a job is still wanted does not shorten its lease.',
      file: 'src/mcp/tools/claim.ts',
      find: 'const seconds = args.lease_seconds ?? found.lease?.seconds;',
      replace: 'const seconds = args.lease_seconds;',
      caughtBy: { file: TOOLS, title: 'that only asks again keeps the length of the lease' },
    },
  ],
};
