/** Names from the project, and whose mail is under them. */
const IDENTITY = 'test/relay/identity.test.ts';
const ADOPT = 'test/cli/adopt.test.ts';

export default {
  title: 'Naming',
  defects: [
    {
      name: 'windows-swap-mail',
      promise: 'A session of the client gets its own name back, in whatever order windows are opened again.',
      file: 'src/relay/slots.ts',
      find: 'if (own !== undefined) return own;',
      replace: '',
      caughtBy: { file: IDENTITY, title: 'is the same in two windows that are opened again in the other order' },
    },
    {
      name: 'name-of-another-project',
      promise: 'A name belongs to one project, also while nobody is there.',
      file: 'src/relay/slots.ts',
      find: 'slots.filter(({ project }) => project === claimant.project.path)',
      replace: '[...slots]',
      caughtBy: { file: IDENTITY, title: 'is not shared by two projects with folders of one name' },
    },
    {
      name: 'unseen-slot-taken',
      promise: 'A name is free only when its process is proven dead.',
      file: 'src/relay/slots.ts',
      find: "livenessOf(this.processes, holder) === 'dead'",
      replace: "livenessOf(this.processes, holder) !== 'alive'",
      caughtBy: { file: IDENTITY, title: 'stays with a process that is stopped, and with one that cannot be seen' },
    },
    {
      name: 'mail-of-an-id-given-away',
      promise: 'A name that an agent had by its id is not given to another.',
      file: 'src/relay/slots.ts',
      find: 'if ((await this.relay.agents.servedAt(candidate)) !== undefined) continue;',
      replace: '',
      caughtBy: { file: IDENTITY, title: 'is not one that a person gave by an id, as long as that is live and after' },
    },
    {
      name: 'other-name-for-a-moment',
      promise: 'A failure that passes gives nobody another name.',
      file: 'src/relay/slots.ts',
      find: 'if (!isBroken(error)) throw error;',
      replace: '',
      caughtBy: { file: IDENTITY, title: 'takes no other name because the relay cannot be read for a moment' },
    },
    {
      name: 'check-takes-a-name',
      promise: 'A server that is only started takes no name.',
      file: 'src/relay/identity.ts',
      find: 'if (!this.#isNamedByProject) await this.resolve();',
      replace: 'await this.resolve();',
      caughtBy: { file: IDENTITY, title: 'is taken by no server that is only started' },
    },
    {
      name: 'codex-not-waited-for',
      promise: 'A client that names its session with a call is named after that call.',
      file: 'src/relay/identity.ts',
      find: 'return this.#isNamedByProject && !this.#wasCalled && this.#clientSession.saysItsSessionLater;',
      replace: 'return false;',
      caughtBy: { file: IDENTITY, title: 'waits with its name for the first call' },
    },
    {
      name: 'inherited-session',
      promise: 'What a client inherits from the shell of another is not its session.',
      file: 'src/relay/client-session.ts',
      find: 'this.#name === CLAUDE_CODE && ',
      replace: '',
      caughtBy: { file: IDENTITY, title: 'only where the client is Claude Code' },
    },
    {
      name: 'worktree-apart',
      promise: 'Worktrees of a repository share its relay.',
      file: 'src/open.ts',
      find: 'projectRelayPath(config.relayDir, project().repository)',
      replace: 'projectRelayPath(config.relayDir, project())',
      caughtBy: { file: 'test/process/scope.test.ts', title: 'worktrees share the relay of their repository' },
    },
    {
      name: 'model-adopts',
      promise: 'A name is given away by a person only.',
      file: 'src/cli/adopt.ts',
      find: "assertHuman(context.env, context.terminal.stdinIsTTY, 'Ask the user to run this.');",
      replace: 'void assertHuman;',
      caughtBy: { file: ADOPT, title: 'is for a person: not for a model in its shell, and not for a script' },
    },
  ],
};
