/** Reviews: what waits for a person's word, and that nothing but that lets it go on. */
const REVIEW = 'test/relay/jobs/review.test.ts';
const VERDICT = 'test/worker/verdict.test.ts';

export default {
  title: 'Reviews',
  defects: [
    {
      name: 'decided-twice',
      promise: 'What a person has decided about a job stays decided.',
      file: 'src/relay/jobs/review.ts',
      find: "  if (job.state !== 'needs_review' || review === null) throw notWaiting(job);",
      replace: '  if (review === null) throw notWaiting(job);',
      caughtBy: { file: REVIEW, title: 'of which the first was a no: approving then changes nothing' },
    },
    {
      name: 'approved-and-expired',
      promise: 'The time that a job waited for a person does not count against it.',
      file: 'src/relay/jobs/review.ts',
      find: '  const ttl = expiresAt(job) <= now ? 0 : job.ttl;',
      replace: '  const { ttl } = job;',
      caughtBy: { file: REVIEW, title: 'is queued when a person approves, also past its ttl' },
    },
    {
      name: 'review-in-the-middle',
      promise: 'A program asks for a review by its last line, and no line before it does.',
      file: 'src/worker/review-request.ts',
      find: "  const start = said.lastIndexOf('\\n') + 1;",
      replace: "  const start = Math.max(0, said.indexOf('NEEDS_REVIEW:'));",
      caughtBy: { file: VERDICT, title: 'asks for a review where the last line of the message does' },
    },
    {
      name: 'review-of-a-cut-message',
      promise: 'Where only the beginning of a message is kept, its true end says whether a review is asked for.',
      file: 'src/worker/verdict.ts',
      find: "  return messageCut === true ? reviewAskedBy(messageEnd ?? '', false) : reviewAskedBy(message ?? '');",
      replace: "  return reviewAskedBy((messageCut && messageEnd) || (message ?? ''));",
      caughtBy: { file: VERDICT, title: 'asks for a review by the true end of what is kept in part' },
    },
  ],
};
