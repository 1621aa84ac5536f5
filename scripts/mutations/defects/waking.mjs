/** Waking sessions, and the hooks of their clients. */
const DOORBELL = 'test/wake/doorbell.test.ts';
const HOOK = 'test/hooks/answer.test.ts';

export default {
  title: 'Waking and hooks',
  defects: [
    {
      name: 'older-session-rings',
      promise: 'Of several sessions of an agent the newest alone is rung.',
      file: 'src/wake/doorbell.ts',
      find: '      if (!isNewest) {',
      replace: '      if (!isNewest && this.#closed) {',
      caughtBy: { file: DOORBELL, title: 'does not ring, and does once it is the newest' },
    },
    {
      name: 'read-mail-rings',
      promise: 'That something is still unread is looked at last before a ring.',
      file: 'src/wake/doorbell.ts',
      find: '      this.see(await parts.look());',
      replace: '      await parts.look();',
      caughtBy: { file: DOORBELL, title: 'is silent when the mail was read before the ring' },
    },
    {
      name: 'inherited-socket-rung',
      promise: 'A session from whose shell another client was started is not rung for the mail of that one.',
      file: 'src/wake/claude-socket.ts',
      find: '  return client() !== Number(CLAUDE_PID);',
      replace: '  return client() === 0;',
      caughtBy: {
        file: 'test/process/waking.test.ts',
        title: 'the socket of the session whose shell a client was started from is not written to',
      },
    },
    {
      name: 'socket-below-open-folder',
      promise: 'A socket that another user could replace is not written to.',
      file: 'src/store/filesystem/own-socket.ts',
      find: 'if (findOpenFolderAbove(files, dirname(path)) !== undefined)',
      replace: "if (path === '')",
      caughtBy: { file: 'test/wake/claude-socket.test.ts', title: 'below a folder in which others can replace it' },
    },
    {
      name: 'missing-program-for-ever',
      promise: 'A program that was missing for a moment is found again.',
      file: 'src/wake/codex-queue.ts',
      find: 'this.#missingUntil = this.clock.steady() + MISSING_MS',
      replace: 'this.#missingUntil = Number.POSITIVE_INFINITY',
      caughtBy: { file: 'test/wake/programs.test.ts', title: 'is no method for a quarter of an hour' },
    },
    {
      name: 'stop-held-in-a-loop',
      promise: 'A turn that goes on because of a hook is not held back by it again.',
      file: 'src/hooks/answer.ts',
      find: '(input.isContinuation || ',
      replace: '(',
      caughtBy: { file: HOOK, title: 'that is a continuation is let through' },
    },
    {
      name: 'broadcast-holds-the-stop',
      promise: 'A turn is not made to go on for mail that the operator lets wake nobody.',
      file: 'src/hooks/answer.ts',
      find: "if (wakeOn !== 'direct' && wakeOn !== 'urgent')",
      replace: "if (wakeOn !== 'urgent')",
      caughtBy: { file: HOOK, title: 'is not held back for mail to all, which wakes nobody' },
    },
    {
      name: 'outer-client-believed',
      promise: 'A command in the shell of a client is not for the client from whose shell that one was started.',
      file: 'src/hooks/caller.ts',
      find: 'Number(CLAUDE_PID) === ancestry.findClient()?.pid',
      replace: 'CLAUDE_PID !== undefined',
      caughtBy: { file: 'test/hooks/caller.test.ts', title: 'inside one of Claude Code, is not of the session' },
    },
    {
      name: 'every-process-asked',
      promise: 'A hook asks the system about no process of another window.',
      file: 'src/relay/presence.ts',
      find: 'record !== undefined && wanted(aboutOf(record))',
      replace: 'record !== undefined',
      caughtBy: { file: 'test/hooks/whose.test.ts', title: 'the system is asked about no process but those' },
    },
  ],
};
