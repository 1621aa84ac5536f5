/** Topics: who is a member, who gets what, and what joining means. */
const TOPICS = 'test/relay/topics.test.ts';
const SENDS = 'test/relay/topic-sends.test.ts';

export default {
  title: 'Topics',
  defects: [
    {
      name: 'sender-gets-its-own-topic-mail',
      promise: 'A message to a topic does not go to its sender, unless that is asked for.',
      file: 'src/relay/agents.ts',
      find: 'members.filter((agent) => includeSelf || agent !== from)',
      replace: 'members',
      caughtBy: { file: SENDS, title: 'goes to its members, online or not, and not to its sender or to others' },
    },
    {
      name: 'include-self-without-a-topic',
      promise: '`include_self` where it means nothing is an error.',
      file: 'src/relay/agents.ts',
      find: '    if (includeSelf) {',
      replace: '    if (includeSelf && text === EVERYONE) {',
      caughtBy: { file: SENDS, title: 'refuses include_self to' },
    },
    {
      name: 'members-taken-from-their-names',
      promise: 'What is planted among the members is no member.',
      file: 'src/relay/topics.ts',
      find: 'if ((await this.membership(topic, agent)) !== undefined) members.push(agent);',
      replace: 'members.push(agent);',
      caughtBy: {
        file: TOPICS,
        title: 'a folder with the name of a member is passed over, and join says what stands there',
      },
    },
    {
      name: 'topic-blind-to-the-roster',
      promise: 'A member that is on the roster no more gets nothing.',
      file: 'src/relay/topics.ts',
      find: ' && (this.#roster?.has(name) ?? true)',
      replace: '',
      caughtBy: { file: SENDS, title: 'leaves out a member that is on the roster no more' },
    },
    {
      name: 'role-not-synced',
      promise: 'What join has answered survives a power cut.',
      file: 'src/relay/topics.ts',
      find: 'await this.store.put(key, value, { durable: true });',
      replace: 'await this.store.put(key, value);',
      caughtBy: { file: TOPICS, title: 'is durable before it answers: made, kept or changed' },
    },
    {
      name: 'membership-of-another-not-synced',
      promise: 'A membership that another process has just made is durable once join has answered.',
      file: 'src/relay/topics.ts',
      find: 'this.store.move(key, key, { durable: true })',
      replace: 'this.store.move(key, key)',
      caughtBy: { file: TOPICS, title: 'is durable before it answers: made, kept or changed' },
    },
    {
      name: 'join-takes-the-role-away',
      promise: 'Joining again without a role keeps it.',
      file: 'src/relay/topics.ts',
      find: 'role: role ?? before?.role',
      replace: 'role',
      caughtBy: { file: TOPICS, title: 'keeps the role unless another is given, and the time of joining always' },
    },
    {
      name: 'left-topic-joined-again',
      promise: 'An agent stays out of what it has left, also where its session was to join it.',
      file: 'src/relay/session.ts',
      find: '    this.#topics.drop(topic);\n',
      replace: '',
      caughtBy: {
        file: 'test/relay/session-topics.test.ts',
        title: 'is in them again after the relay was removed, except where its agent has left',
      },
    },
    {
      name: 'key-blind-to-include-self',
      promise: 'A send that asks for more recipients is not the first one again.',
      file: 'src/relay/send-key.ts',
      find: "draft.includeSelf === true ? [...asked, 'include_self'] : asked",
      replace: 'asked',
      caughtBy: {
        file: SENDS,
        title: 'keeps its recipients under an idempotency key, however the topic changes and is spelled',
      },
    },
    {
      name: 'page-looks-at-every-member',
      promise: 'One page of the members of a topic looks only at those that it shows.',
      file: 'src/mcp/tools/who.ts',
      find: '      if (!members.has(entry)) break;',
      replace: '      if (!members.has(entry)) continue;',
      caughtBy: {
        file: 'test/mcp/topics.test.ts',
        title: 'pages through 10,000 members, live ones first, and looks only at those that it shows',
      },
    },
    {
      name: 'own-copy-ends-the-wait',
      promise: 'One’s own copy of a message to a topic is not waited for.',
      file: 'src/mcp/tools/dispatch.ts',
      find: ' && name.from !== session.agent',
      replace: '',
      caughtBy: {
        file: 'test/mcp/waiting.test.ts',
        title: 'is not ended by one’s own copy of a message to a topic, which rides along',
      },
    },
  ],
};
