/** Who is there: processes, presence, the names of a roster, and the life of a server. */
const PROCESSES = 'test/store/filesystem/process-table.test.ts';
const PRESENCE = 'test/relay/presence.test.ts';
const ROSTER = 'test/relay/roster.test.ts';
const ENDING = 'test/process/ending.test.ts';

export default {
  title: 'Sessions',
  defects: [
    {
      name: 'pid-alone-believed',
      promise: 'Another process with the same number does not pass for a dead one.',
      file: 'src/store/filesystem/process-table.ts',
      find: "if (other.start !== undefined && found.start !== other.start) return 'dead';",
      replace: '',
      caughtBy: { file: PROCESSES, title: 'whose pid another one has now is dead: they started at different times' },
    },
    {
      name: 'no-permission-taken-for-dead',
      promise: 'A process that may not be signalled is alive.',
      file: 'src/store/filesystem/process-table.ts',
      find: "if (errnoOf(error) !== 'EPERM') return 'dead';",
      replace: "return 'dead';",
      caughtBy: { file: PROCESSES, title: 'that we may not signal is alive' },
    },
    {
      name: 'container-not-asked',
      promise: 'Nobody is called dead in a container that cannot be seen from here.',
      file: 'src/store/filesystem/process-table.ts',
      find: "if (other.namespace !== self.namespace) return 'unknown';",
      replace: '',
      caughtBy: { file: PROCESSES, title: 'is unknown in another container, even with a pid that nobody has here' },
    },
    {
      name: 'zombie-taken-for-alive',
      promise: 'A process that has ended and that nobody has waited for is dead.',
      file: 'src/store/filesystem/process-table.ts',
      find: "if (found.state === 'Z' || found.state === 'X') return 'dead';",
      replace: '',
      caughtBy: { file: PROCESSES, title: 'that is a zombie is dead' },
    },
    {
      name: 'silence-taken-for-death',
      promise: 'A session that cannot be seen from here is given up after a day of silence, not before.',
      file: 'src/relay/presence.ts',
      find: 'if (silentMs >= GIVEN_UP_AFTER_MS) return undefined;',
      replace: 'if (silentMs >= SILENT_AFTER_MS) return undefined;',
      caughtBy: {
        file: PRESENCE,
        title: 'of a process that cannot be seen goes by its heartbeat: live, then silent, and over after a day',
      },
    },
    {
      name: 'other-session-erased',
      promise: 'The end of one session never erases another of its agent.',
      file: 'src/relay/presence.ts',
      find: 'await this.store.remove(sessionKey(agent, session), { durable: false });',
      replace: `for (const each of await namesInFolder(this.store, sessionKey(agent)))
      await this.store.remove(sessionKey(agent, each), { durable: false });`,
      caughtBy: { file: PRESENCE, title: 'do not erase each other: a health check that comes and goes' },
    },
    {
      name: 'shared-file-taken-away',
      promise: 'A session that comes and goes leaves the presence file of another program to it.',
      file: 'src/relay/presence.ts',
      find: 'if (shared?.session === session) {',
      replace: 'if (shared !== undefined) {',
      caughtBy: { file: PRESENCE, title: 'keeps its file also when a session of ours ends' },
    },
    {
      name: 'live-sessions-swept',
      promise: 'The sweep removes records of the dead and no others.',
      file: 'src/relay/presence.ts',
      find: 'if (!isSessionId(session) || !(await this.isOver(agent, session))) continue;',
      replace: 'if (!isSessionId(session)) continue;',
      caughtBy: { file: PRESENCE, title: 'removes records of the dead and the file that shadowed them, and no others' },
    },
    {
      name: 'dead-for-good',
      promise: 'Nothing is taken from a session that was found dead before it is looked at again.',
      file: 'src/relay/presence.ts',
      find: 'return (await this.#read(agent, session)) === undefined;',
      replace: 'return this.#dead.has(sessionKey(agent, session)) || (await this.#read(agent, session)) === undefined;',
      caughtBy: {
        file: PRESENCE,
        title: 'of a killed process is asked after once, and afresh before anything is taken',
      },
    },
    {
      name: 'dead-never-forgotten',
      promise: 'A planted record hides a live session for no longer than until that one renews its own.',
      file: 'src/relay/presence.ts',
      find: 'if (now - this.#deadSince >= HEARTBEAT_MS) {',
      replace: 'if (this.#deadSince < 0) {',
      caughtBy: {
        file: PRESENCE,
        title:
          'is taken by a planted record from nobody but whose place it has, and from that one until it renews its own',
      },
    },
    {
      name: 'roster-name-given-twice',
      promise: 'Each name of the roster is held by one server.',
      file: 'src/relay/roster.ts',
      find: 'if (await this.store.update(rosterKey(name), record?.revision, value)) return name;',
      replace: `await this.store.update(rosterKey(name), record?.revision, value);
      return name;`,
      caughtBy: {
        file: ROSTER,
        title: 'gives concurrent servers distinct names, each name once, and no name to those left over',
      },
    },
    {
      name: 'unseen-holder-loses-its-name',
      promise: 'A holder that cannot be seen from here keeps its name.',
      file: 'src/relay/roster.ts',
      find: "livenessOf(this.processes, holder) === 'dead'",
      replace: "livenessOf(this.processes, holder) !== 'alive'",
      caughtBy: { file: ROSTER, title: 'leaves the name to a holder that cannot be seen from here' },
    },
    {
      name: 'umask-left-alone',
      promise: 'Everything in a relay is for its owner alone, whatever the umask.',
      file: 'src/main.ts',
      find: 'const umask = process.umask(0o077);',
      replace: 'const umask = process.umask();',
      caughtBy: {
        file: 'test/process/footprint.test.ts',
        title: 'everything in a relay is 0600 or 0700, under a umask of',
      },
    },
    {
      name: 'sigterm-kills',
      promise: 'SIGTERM ends the process cleanly, and its presence with it.',
      file: 'src/mcp/serve.ts',
      find: "['SIGTERM', 'SIGINT', 'SIGHUP'] as const",
      replace: "['SIGINT', 'SIGHUP'] as const",
      caughtBy: { file: ENDING, title: 'ends the process cleanly, and its presence with it' },
    },
    {
      name: 'end-of-input-answers-nothing',
      promise: 'Calls that were read before the end of input are answered.',
      file: 'src/mcp/serve.ts',
      find: 'if (patience > 0) await Promise.race([transport.idle(), sleep(patience)]);',
      replace: '',
      caughtBy: { file: ENDING, title: 'an answer that is written late, behind the end of input, counts as read' },
    },
    {
      name: 'idle-before-the-answer-is-settled',
      promise: 'What the last answer before the end of input showed counts as read.',
      file: 'src/mcp/stdio.ts',
      find: "if ('method' in message && 'id' in message) this.#unanswered.add(message.id);",
      replace: '',
      caughtBy: { file: ENDING, title: 'an answer that is written late, behind the end of input, counts as read' },
    },
    {
      name: 'calls-side-by-side',
      promise: 'Calls run one after the other, in the order they came.',
      file: 'src/mcp/patience.ts',
      find: 'await this.#turn.come;',
      replace: '',
      caughtBy: { file: 'test/mcp/tools.test.ts', title: 'run one after the other, in the order they came' },
    },
  ],
};
