/** Jobs that write in git worktrees. */
const CRASH = 'test/worker/worktree-crash.test.ts';
const HOSTILE = 'test/worker/worktree-hostile.test.ts';
const MAIL = 'test/relay/jobs/worktree-jobs.test.ts';
const LOSSES = 'test/worker/worktree-losses.test.ts';
const RUN = 'test/worker/worktree-run.test.ts';

export default {
  title: 'Worktrees',
  defects: [
    {
      name: 'look-into-submodules',
      promise: 'Nothing that a program has planted in its worktree runs when git looks at that.',
      file: 'src/worker/worktree-state.ts',
      find: "      '--ignore-submodules=all',\n      base,\n      '--',",
      replace: "      base,\n      '--',",
      caughtBy: { file: HOSTILE, title: 'a repository in the folder of a submodule' },
    },
    {
      name: 'deed-before-the-note',
      promise: 'A worktree is noted before anything of it is made, so that what a killed worker leaves is found.',
      file: 'src/worker/worktree-making.ts',
      find: '    await notes.keep(note);\n    try {',
      replace: '    try {',
      caughtBy: { file: CRASH, title: 'leaves what prune finds and removes once the job is over' },
    },
    {
      name: 'commits-of-a-reflog',
      promise: 'Commits that only a removed worktree would hold are not lost.',
      file: 'src/worker/worktree-state.ts',
      find: 'hasOnly(files, entry, base);',
      replace: 'entry !== base;',
      caughtBy: { file: RUN, title: 'a commit that was taken back' },
    },
    {
      name: 'stale-note-removes',
      promise: 'The note of a worker that died before it made anything removes nothing that another made.',
      file: 'src/worker/worktree-making.ts',
      find: "removal === 'unbegun' && (await isAnothers(shop, note))",
      replace: "removal === 'unchanged' && (await isAnothers(shop, note))",
      caughtBy: { file: CRASH, title: 'died when it found the folder taken' },
    },
    {
      name: 'link-for-a-worktree',
      promise: 'Nothing that a link leads to is removed with a worktree.',
      file: 'src/worker/worktree-place.ts',
      find: "if (files.kindOf(path) !== 'directory') return false;",
      replace: "if (files.kindOf(path) === 'missing') return false;",
      caughtBy: { file: HOSTILE, title: 'a worktree is not followed' },
    },
    {
      name: 'names-are-text',
      promise: 'A new file counts, whatever bytes its name is made of.',
      file: 'src/worker/worktree-state.ts',
      find: "encoding: 'latin1'",
      replace: "encoding: 'utf8'",
      caughtBy: { file: LOSSES, title: 'a file whose name is no UTF-8' },
    },
    {
      name: 'uncommitted-told-as-on-the-branch',
      promise: 'Who is told of changes that nobody committed is not sent to a branch that has nothing to merge.',
      file: 'src/relay/jobs/job-mail.ts',
      find: "'commits' in place && place.commits === 0",
      replace: 'false',
      caughtBy: { file: MAIL, title: 'says where the changes are, however long the words of the one who made them' },
    },
    {
      name: 'place-lost-with-the-words',
      promise: 'The mail says where the changes are, also where its other words had to be cut.',
      file: 'src/relay/jobs/job-mail.ts',
      find: 'place === undefined || words.includes(place.path) ? words',
      replace: 'place === undefined || job.error !== null ? words',
      caughtBy: { file: MAIL, title: 'says where the changes are, however long the words of the one who made them' },
    },
  ],
};
