/** What a client reads without a call: `src/mcp/prompts/`, `src/mcp/resources/`. */
const PROMPTS = 'test/mcp/prompts.test.ts';
const RESOURCES = 'test/mcp/resources.test.ts';

export default {
  title: 'Prompts and resources',
  defects: [
    {
      name: 'goal-not-quoted',
      promise: 'Arguments of a prompt stand in it as data.',
      file: 'src/mcp/prompts/coordinate.ts',
      find: 'jsonForTerminal(goal)',
      replace: 'goal',
      caughtBy: { file: PROMPTS, title: 'a goal cannot end its quotes' },
    },
    {
      name: 'thread-taken-by-its-hash',
      promise: 'The resource of a thread holds the messages of that thread.',
      file: 'src/mcp/resources/mail-headers.ts',
      find: 'if (message?.thread_id === thread)',
      replace: 'if (message !== undefined)',
      caughtBy: { file: RESOURCES, title: 'goes by the thread itself where another has the same hash' },
    },
    {
      name: 'time-announced-as-a-change',
      promise: 'A subscriber is told of changes, not that time went by.',
      file: 'src/mcp/resources/reader.ts',
      find: '(CHANGING_WITH_TIME.has(key) ? undefined : value)',
      replace: 'value',
      caughtBy: { file: RESOURCES, title: 'tells who came and went, and not that time went by' },
    },
    {
      name: 'told-after-unsubscribing',
      promise: 'Nothing is said of a resource after unsubscribing.',
      file: 'src/mcp/resources/subscriptions.ts',
      find: 'if (hasChanged && this.#all.get(one.uri) === one)',
      replace: 'if (hasChanged)',
      caughtBy: { file: RESOURCES, title: 'that is ended hears nothing more' },
    },
    {
      name: 'change-while-looking-missed',
      promise: 'What changes while a resource is looked at is announced too.',
      file: 'src/mcp/resources/subscriptions.ts',
      find: 'if (one.looking) one.hinted = true;',
      replace: 'if (one.looking) continue;',
      caughtBy: { file: RESOURCES, title: 'looks once more at what changed while it looked' },
    },
    {
      name: 'announced-at-every-change',
      promise: 'A resource is announced at most once a second.',
      file: 'src/mcp/resources/subscriptions.ts',
      find: 'inbox: 1000, thread: 1000',
      replace: 'inbox: 0, thread: 0',
      caughtBy: { file: RESOURCES, title: 'tells of each resource at most once a second' },
    },
  ],
};
