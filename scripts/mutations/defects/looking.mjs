/** Looking on: the event log, who listens, the doctor. */
const EVENTS = 'test/relay/events.test.ts';
const READER = 'test/relay/log-reader.test.ts';
const LISTENING = 'test/relay/listening.test.ts';
const DOCTOR = 'test/relay/doctor/doctor.test.ts';

export default {
  title: 'Looking on',
  defects: [
    {
      name: 'send-noted-that-nobody-got',
      promise: 'The log has nothing of a send that nobody got.',
      file: 'src/relay/outbox.ts',
      find: 'if (event.to.length === 0) return;',
      replace: '',
      caughtBy: { file: EVENTS, title: 'has nothing of a send that nobody got' },
    },
    {
      name: 'content-logged-unasked',
      promise: 'The log holds no message content unless that is asked for.',
      file: 'src/relay/outbox.ts',
      find: '...(this.relay.events.withContent ? { content: message.content } : {}),',
      replace: 'content: message.content,',
      caughtBy: { file: EVENTS, title: 'has what was sent and to whom, without the content' },
    },
    {
      name: 'log-error-fails-the-call',
      promise: 'A log that cannot be written fails no call.',
      file: 'src/relay/events.ts',
      find: '    } catch {\n      // On a full disk the mail matters, and its own errors are reported.\n    }',
      replace: '    } finally {\n    }',
      caughtBy: { file: EVENTS, title: 'fails no call, and what was done stays done' },
    },
    {
      name: 'log-forgotten-a-day-early',
      promise: 'The log is kept for its retention, in whole days.',
      file: 'src/relay/events.ts',
      find: 'if (!DAY.test(day) || day >= oldest) continue;',
      replace: 'if (!DAY.test(day) || day > oldest) continue;',
      caughtBy: { file: EVENTS, title: 'go after their retention, whole days, and no sooner' },
    },
    {
      name: 'log-followed-past-a-torn-end',
      promise: 'A record that is just being appended is read once it is whole.',
      file: 'src/relay/log-blocks.ts',
      find: 'if (start > 0 && start === from && bytes[0] !== NEWLINE) {',
      replace: 'if (start < 0) {',
      caughtBy: { file: READER, title: 'when the end was looked for is given when it is complete' },
    },
    {
      name: 'part-of-an-id-matches',
      promise: '`trace` finds the whole id only.',
      file: 'src/relay/log-reader.ts',
      find: 'Buffer.from(JSON.stringify(text))',
      replace: 'Buffer.from(text)',
      caughtBy: { file: READER, title: 'matches the whole id only, in any field, and across the bounds of parts' },
    },
    {
      name: 'planted-event-believed',
      promise: 'What is no event in a log is passed over.',
      file: 'src/relay/logged-event.ts',
      find: 'return isLoggedEvent(value) ?',
      replace: 'return value !== null && typeof value === "object" ?',
      caughtBy: { file: READER, title: 'is passed over: of a newer version, of another shape, planted' },
    },
    {
      name: 'idle-window-called-listening',
      promise: 'A session that has called nothing for long is not said to listen.',
      file: 'src/relay/listening.ts',
      find: 'return isWithin(calledAt, now, LISTENING_MS) ? calledAt : undefined;',
      replace: 'return calledAt;',
      caughtBy: { file: LISTENING, title: 'when it has called nothing for long: the window may be left open' },
    },
    {
      name: 'unseen-session-called-listening',
      promise: 'A session that cannot be checked is not said to listen.',
      file: 'src/relay/listening.ts',
      find: "if (process !== 'alive' || calledAt === undefined",
      replace: 'if (calledAt === undefined',
      caughtBy: {
        file: LISTENING,
        title: 'of a session that cannot be checked, while it is heard of and when it has gone silent',
      },
    },
    {
      name: 'stopped-process-not-told',
      promise: 'Where all processes of an agent are stopped, nobody listens.',
      file: 'src/relay/listening.ts',
      find: "sightings.filter(({ process }) => process !== 'stopped')",
      replace: 'sightings',
      caughtBy: { file: LISTENING, title: 'as long as all its processes are stopped, however lately they called' },
    },
    {
      name: 'doctor-finds-live-claims',
      promise: 'The doctor finds no fault with what a live session has just claimed.',
      file: 'src/relay/doctor/claims.ts',
      find: `      if (!(await subject.relay.presence.isOver(agent, session))) continue;
      found.push({
        severity: 'warning',`,
      replace: `      found.push({
        severity: 'warning',`,
      caughtBy: { file: DOCTOR, title: 'finds mail that a live session has held for ten minutes' },
    },
    {
      name: 'doctor-misses-broken-mail',
      promise: 'The doctor finds files that are no mail.',
      file: 'src/relay/doctor/broken-mail.ts',
      find: 'if (problem === undefined || problem === UNREADABLE) continue;',
      replace: 'if (problem !== UNREADABLE) continue;',
      caughtBy: { file: DOCTOR, title: 'that are no mail are found once they cannot be half written' },
    },
  ],
};
