/** Waiting for mail, and who is told of it. */
const ARRIVALS = 'test/relay/arrivals.test.ts';
const WAITING = 'test/relay/waiting.test.ts';
const CALLS = 'test/mcp/waiting.test.ts';
const RACES = 'test/mcp/waiting-races.test.ts';

export default {
  title: 'Waiting',
  defects: [
    {
      name: 'hint-not-heard',
      promise: 'A bell ends a wait at once.',
      file: 'src/relay/arrivals.ts',
      find: '        this.#hintsMissing = false;\n        this.#schedule(0);',
      replace: '        this.#hintsMissing = false;',
      caughtBy: {
        file: ARRIVALS,
        title: 'is told at once of what is there, and promptly of what a bell was rung for',
      },
    },
    {
      name: 'polling-storm',
      promise: 'Nobody polls while hints come.',
      file: 'src/relay/arrivals.ts',
      find: 'this.#isWatching && !failed ? untilBeat(this.parts.clock, WATCHING_POLL_MS) : POLLING_POLL_MS',
      replace: 'POLLING_POLL_MS',
      caughtBy: { file: ARRIVALS, title: 'costs one look every ten seconds while hints come and nothing arrives' },
    },
    {
      name: 'watch-left-behind',
      promise: 'Whoever stops waiting leaves no watch.',
      file: 'src/relay/arrivals.ts',
      find: '        await watch.close();\n        return;',
      replace: '        return;',
      caughtBy: { file: ARRIVALS, title: 'that leaves while the watch is being set up leaves none behind' },
    },
    {
      name: 'older-session-waits-on',
      promise: 'The mail of an agent is for its newest session to wait for.',
      file: 'src/relay/waiting.ts',
      find: "return standing === 'older' ? 'newer_session' : 'relay_gone';",
      replace: "return standing === 'older' ? undefined : 'relay_gone';",
      caughtBy: {
        file: WAITING,
        title: 'ends at once when a newer session of the agent begins, and says so also to the wait after it',
      },
    },
    {
      name: 'newest-by-the-clock',
      promise: 'The session that began last is the newest, also when the clock was set back before it.',
      file: 'src/relay/beginning.ts',
      find: 'begunAt = otherAt + 1;',
      replace: 'begunAt += 1;',
      caughtBy: {
        file: WAITING,
        title: 'is for the session that began last, also where the clock was set back before that',
      },
    },
    {
      name: 'stopped-session-counts',
      promise: 'A session that is stopped does not end the wait of one that runs.',
      file: 'src/relay/presence.ts',
      find: " || other.process === 'stopped') continue;",
      replace: ') continue;',
      caughtBy: { file: WAITING, title: 'is not ended by a session that has died, nor by one that is stopped' },
    },
    {
      name: 'wait-on-a-relay-that-is-gone',
      promise: 'A wait ends when the relay is gone.',
      file: 'src/relay/presence.ts',
      find: "if (!names.includes(own)) return 'gone';",
      replace: '',
      caughtBy: { file: WAITING, title: 'ends when the relay is gone' },
    },
    {
      name: 'waiting-call-holds-its-turn',
      promise: 'A call that waits lets the others go before.',
      file: 'src/mcp/patience.ts',
      find: '    this.#turn.end();\n    this.#progress',
      replace: '    this.#progress',
      caughtBy: {
        file: CALLS,
        title: 'lets other calls of the session go before, which may well take the mail; then it waits on',
      },
    },
    {
      name: 'older-mail-ends-the-wait',
      promise: 'After a send, older mail ends no wait.',
      file: 'src/mcp/tools/dispatch.ts',
      find: '!old.has(name.core) && ',
      replace: '',
      caughtBy: {
        file: CALLS,
        title: 'waits for what comes after its send; older mail does not end it, and rides along',
      },
    },
    {
      name: 'bell-after-the-wait',
      promise: 'The recipient is rung before its answer is waited for.',
      file: 'src/mcp/tools/dispatch.ts',
      find: '      await followUp();\n    } else {',
      replace: '      reply.whenWritten(followUp);\n    } else {',
      caughtBy: { file: CALLS, title: 'rings the recipient before it waits' },
    },
    {
      name: 'wait-beside-the-dead',
      promise: 'What a session had claimed when it died waits like any other mail.',
      file: 'src/relay/recover.ts',
      find: 'if (isAnyBack) await store.ring(agent);',
      replace: '',
      caughtBy: { file: RACES, title: 'ends a wait that began before' },
    },
    {
      name: 'mail-of-the-dead-unseen',
      promise: 'What a session had claimed when it died is found without a call.',
      file: 'src/relay/session.ts',
      find: '    await this.inbox.recover().catch(() => {});\n',
      replace: '',
      caughtBy: {
        file: 'test/relay/inbox.test.ts',
        title: 'is in the inbox again once another session has shown itself: nobody has to call',
      },
    },
    {
      name: 'wait-ended-by-what-another-took',
      promise: 'A wait does not end for mail that another call took.',
      file: 'src/mcp/tools/dispatch.ts',
      find: ' || (await isThere(await session.inbox.pendingNow())))',
      replace: ' || true)',
      caughtBy: { file: RACES, title: 'does not end a dispatch when a call whose turn is before takes it' },
    },
    {
      name: 'repeated-send-misses-its-answer',
      promise: 'A send that is repeated with its key returns the answer that came in between.',
      file: 'src/mcp/tools/dispatch.ts',
      find: 'deduplicated ? Date.parse(message.timestamp) : Number.POSITIVE_INFINITY',
      replace: 'Number.POSITIVE_INFINITY',
      caughtBy: {
        file: RACES,
        title: 'a dispatch that is repeated with its key returns the answer that came since it was sent first',
      },
    },
    {
      name: 'announced-unsaid',
      promise: 'The doorbell is not silenced for mail that a reply has not counted.',
      file: 'src/mcp/piggyback.ts',
      find: 'return waiting.filter(({ thread }) => thread === hash);',
      replace: 'return waiting.filter(() => hash.length > 0);',
      caughtBy: {
        file: RACES,
        title: 'a reply of one thread, or of one message, has announced nothing of the mail beside it',
      },
    },
    {
      name: 'mail-for-a-client-that-leaves',
      promise: 'A call that still waits when its client leaves takes no mail.',
      file: 'src/mcp/server.ts',
      find: " && waited !== 'ending'",
      replace: '',
      caughtBy: {
        file: RACES,
        title: 'a call that still waits when its client leaves takes none of the mail that is there',
      },
    },
  ],
};
