/** From an inbox into a reply, and what becomes of a reply that was not written. */
const INBOX = 'test/relay/inbox.test.ts';
const KEPT = 'test/relay/kept.test.ts';
const TOOLS = 'test/mcp/tools.test.ts';

export default {
  title: 'Reading',
  defects: [
    {
      name: 'read-before-the-reply-is-made',
      promise: 'A call that fails consumes nothing.',
      file: 'src/mcp/piggyback.ts',
      find: 'reply.whenWritten(() => claim.commit());',
      replace: 'void claim.commit();',
      caughtBy: { file: TOOLS, title: 'that fails after it has claimed mail gives it back as new' },
    },
    {
      name: 'read-before-the-answer-is-written',
      promise: 'Mail in an answer that could not be written is new again.',
      file: 'src/mcp/stdio.ts',
      find: `      await new Promise<void>((resolve, reject) => {
        this.#stdout.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
      });
      await this.#settle(() => settlement?.written());`,
      replace: `      await this.#settle(() => settlement?.written());
      await new Promise<void>((resolve, reject) => {
        this.#stdout.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
      });`,
      caughtBy: {
        file: 'test/process/ending.test.ts',
        title: 'mail in an answer that could not be written is new again',
      },
    },
    {
      name: 'claimed-by-a-copy',
      promise: 'Two sessions of one agent show each message once between them.',
      file: 'src/relay/inbox.ts',
      find: `        const claimed = await this.relay.store.move(
          inboxKey(this.agent, candidate.fileName),
          takenBy(this.agent, this.session, fileName),
        );`,
      replace: `        const copy = await this.relay.store.read(inboxKey(this.agent, candidate.fileName), 2 ** 23);
        const claimed =
          copy?.ok === true &&
          (await this.relay.store.create(takenBy(this.agent, this.session, fileName), copy.bytes));`,
      caughtBy: { file: INBOX, title: 'claim disjoint mail, and together all of it' },
    },
    {
      name: 'dropped-reply-keeps-its-claim',
      promise: 'What a reply had claimed that was not written is new again.',
      file: 'src/mcp/piggyback.ts',
      find: 'reply.whenDropped(() => claim.release());',
      replace: '',
      caughtBy: { file: TOOLS, title: 'that fails after it has claimed mail gives it back as new' },
    },
    {
      name: 'cancel-not-heard',
      promise: 'A call that is cancelled consumes nothing.',
      file: 'src/mcp/stdio.ts',
      find: `    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });`,
      replace: '    void cancel;',
      caughtBy: {
        file: 'test/mcp/stdio.test.ts',
        title: 'a cancel that comes before the reply is sent drops it for good',
      },
    },
    {
      name: 'claim-settled-twice',
      promise: 'A cancel that comes late does not make new what was shown.',
      file: 'src/relay/inbox.ts',
      find: 'if (settling) return;',
      replace: '',
      caughtBy: { file: INBOX, title: 'at the commit, a cancel that comes after it gives nothing back' },
    },
    {
      name: 'live-session-robbed',
      promise: 'What a live session has claimed is left to it.',
      file: 'src/relay/recover.ts',
      find: ' || !(await presence.isOver(agent, session))',
      replace: '',
      caughtBy: { file: INBOX, title: 'leave alone what the other holds, as long as it lives' },
    },
    {
      name: 'redelivered-mark-dropped',
      promise: 'A message that a dead session may have shown says so when it is shown again.',
      file: 'src/relay/recover.ts',
      find: 'inboxKey(agent, redeliveredName(name.core))',
      replace: 'inboxKey(agent, name.core + fileName.slice(fileName.lastIndexOf(".")))',
      caughtBy: { file: INBOX, title: 'is new again exactly once, as redelivered' },
    },
    {
      name: 'taken-away-told-as-read',
      promise: 'A session that was thought dead tells nobody that it has shown what went to another.',
      file: 'src/relay/inbox.ts',
      find: '        if (!moved) continue;\n        this.#remember(',
      replace: '        this.#remember(',
      caughtBy: { file: INBOX, title: 'cannot be committed any more by the session that was thought dead' },
    },
    {
      name: 'failed-commit-forgotten',
      promise: 'What was shown is not shown again because its commit met an error.',
      file: 'src/relay/inbox.ts',
      find: 'this.#unsettled.push(how);',
      replace: '',
      caughtBy: {
        file: INBOX,
        title: 'at the commit, what was shown is committed before the next claim, and is not shown again',
      },
    },
    {
      name: 'thread-by-its-hash-alone',
      promise: 'Two threads that share a hash are not mixed up.',
      file: 'src/relay/inbox.ts',
      find: 'if (message === undefined || (threadId !== undefined && message.thread_id !== threadId)) return undefined;',
      replace: 'if (message === undefined) return undefined;',
      caughtBy: { file: INBOX, title: 'decides the thread by the message, when two threads share a hash in the name' },
    },
    {
      name: 'urgent-waits-its-turn',
      promise: 'Urgent mail is shown first.',
      file: 'src/relay/mail.ts',
      find: "return a.name.priority === 'urgent' ? -1 : 1;",
      replace: 'return 0;',
      caughtBy: { file: INBOX, title: 'shows urgent mail first, then by age' },
    },
    {
      name: 'page-loses-what-does-not-fit',
      promise: 'Paging through kept mail shows each message once and leaves out none.',
      file: 'src/relay/kept.ts',
      find: 'return { messages, cursor: cursor ?? (after || BEGINNING) };',
      replace: 'return { messages, cursor: candidate.name.core };',
      caughtBy: { file: KEPT, title: 'goes by age, and its cursor leads through all of it once' },
    },
    {
      name: 'reply-without-reserve',
      promise: 'A reply stays within its budget, with the counts that are added last.',
      file: 'src/mcp/reply.ts',
      find: 'const RESERVE = 384;',
      replace: 'const RESERVE = 0;',
      caughtBy: { file: TOOLS, title: 'pages through more agents than one reply holds, each once' },
    },
    {
      name: 'error-counts-as-shown',
      promise: 'An error carries no mail and consumes none.',
      file: 'src/mcp/server.ts',
      find: 'await reply.dropped().catch(',
      replace: 'await reply.written().catch(',
      caughtBy: { file: TOOLS, title: 'that fails after it has claimed mail gives it back as new' },
    },
    {
      name: 'alert-remembers-nothing',
      promise: 'The terminal is told of each message once.',
      file: 'src/relay/alerts.ts',
      find: 'this.#announced = namesOf(this.#pending);',
      replace: '',
      caughtBy: {
        file: 'test/relay/alerts.test.ts',
        title: 'is one line a message, prompt after the bell, each said once',
      },
    },
  ],
};
