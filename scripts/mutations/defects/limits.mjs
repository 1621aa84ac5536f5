/** What an agent can do to the others. */
const LIMITS = 'test/relay/limits/limits.test.ts';
const PACE = 'test/relay/limits/pace.test.ts';
const REFUSALS = 'test/relay/refusals.test.ts';
const TURNS = 'test/relay/turns.test.ts';

export default {
  title: 'Limits',
  defects: [
    {
      name: 'inbox-holds-one-more',
      promise: 'An inbox holds as many messages as its limit says.',
      file: 'src/relay/limits/inbox-load.ts',
      find: 'messages + 1 > this.#maxMessages',
      replace: 'messages > this.#maxMessages',
      caughtBy: {
        file: LIMITS,
        title: 'admits mail up to the limit, and says what is full, with the value and the key',
      },
    },
    {
      name: 'inbox-refuses-the-last-byte',
      promise: 'The message that fills an inbox to the byte is admitted.',
      file: 'src/relay/limits/inbox-load.ts',
      find: 'held + bytes > this.#maxBytes',
      replace: 'held + bytes >= this.#maxBytes',
      caughtBy: { file: LIMITS, title: 'admits the message that fills the inbox to the byte, and no other' },
    },
    {
      name: 'read-mail-not-counted',
      promise: 'Mail that was read and not acknowledged takes room in an inbox.',
      file: 'src/relay/limits/inbox-load.ts',
      find: '.map((session) => takenBy(agent, session)), readKey(agent)];',
      replace: '.map((session) => takenBy(agent, session))];',
      caughtBy: {
        file: LIMITS,
        title: 'counts read mail and what a session holds, and accepts again within a second of an ack',
      },
    },
    {
      name: 'expired-mail-takes-room',
      promise: 'Mail that has expired takes no room, swept or not.',
      file: 'src/relay/limits/inbox-load.ts',
      find: 'if (name !== undefined && isExpired(name, now)) continue;',
      replace: '',
      caughtBy: { file: LIMITS, title: 'does not count mail that has expired, swept or not' },
    },
    {
      name: 'place-not-held',
      promise: 'Sends side by side in one process do not take the same place.',
      file: 'src/relay/limits/limits.ts',
      find: 'for (const to of recipients) this.#loads.add(to, 1, bytes);',
      replace: '',
      caughtBy: { file: LIMITS, title: 'is kept by sends side by side in one process, to the message' },
    },
    {
      name: 'one-send-more-a-minute',
      promise: 'A sender sends as often in a minute as its limit says.',
      file: 'src/relay/limits/send-rate.ts',
      find: 'return this.#counted.length < max ?',
      replace: 'return this.#counted.length <= max ?',
      caughtBy: {
        file: LIMITS,
        title: 'admits as many as it says, and one more when the oldest is a minute ago, to the millisecond',
      },
    },
    {
      name: 'minute-a-millisecond-longer',
      promise: 'A send counts for a minute, to the millisecond.',
      file: 'src/relay/limits/period.ts',
      find: 'return this.clock.steady() < until && this.clock.now() - at < this.lengthMs;',
      replace: 'return this.clock.steady() <= until && this.clock.now() - at <= this.lengthMs;',
      caughtBy: {
        file: LIMITS,
        title: 'admits as many as it says, and one more when the oldest is a minute ago, to the millisecond',
      },
    },
    {
      name: 'rate-of-one-process',
      promise: 'All sessions of an agent share its limit.',
      file: 'src/relay/limits/limits.ts',
      find: "await this.#known('sends_per_minute', () => rate.refresh());",
      replace: '',
      caughtBy: {
        file: LIMITS,
        title: 'is shared by the sessions of an agent, by a new process, and by scripts in its name',
      },
    },
    {
      name: 'one-message-more-between-agents',
      promise: 'A loop of agents stops at its limit.',
      file: 'src/relay/limits/pace.ts',
      find: 'if (among.length < max) return undefined;',
      replace: 'if (among.length <= max) return undefined;',
      caughtBy: { file: PACE, title: 'is stopped at the limit, and goes on for as much again' },
    },
    {
      name: 'word-of-the-human-not-heard',
      promise: 'A word of the human lets the agents it is for go on.',
      file: 'src/relay/limits/pace.ts',
      find: 'this.#lift(spoken.to);',
      replace: '',
      caughtBy: { file: PACE, title: 'is stopped at the limit, and goes on for as much again' },
    },
    {
      name: 'word-of-the-human-lifts-all',
      promise: 'A word of the human lets nobody go on but the group it is for.',
      file: 'src/relay/limits/pace.ts',
      find: 'this.#said = this.#said.filter((one) => !groups.together(one.from, to));',
      replace: 'this.#said = [];',
      caughtBy: { file: PACE, title: 'a word of the human to one of two groups that are stopped' },
    },
    {
      name: 'loop-of-three-goes-on',
      promise: 'A ring of any number of agents is one group.',
      file: 'src/relay/limits/groups.ts',
      find: 'return this.#top(a) === this.#top(b);',
      replace: 'return a === b;',
      caughtBy: { file: PACE, title: 'is stopped at the limit, and goes on for as much again' },
    },
    {
      name: 'refusal-not-marked',
      promise: 'The recipient hears of what was refused on its behalf.',
      file: 'src/relay/limits/limits.ts',
      find: 'await this.refusals.mark(from, met, to);',
      replace: '',
      caughtBy: {
        file: 'test/mcp/limits.test.ts',
        title: 'a sender that is too fast is told until when, and its recipient that it was',
      },
    },
    {
      name: 'refusals-taken-away-whole',
      promise: 'What is refused while a reply is being written is told by the next.',
      file: 'src/relay/refusals.ts',
      find: 'const taken = Math.min(left, mark.count);',
      replace: 'const taken = mark.count;',
      caughtBy: { file: REFUSALS, title: 'stays when that reply was written' },
    },
    {
      name: 'turns-not-remembered',
      promise: 'No sender starves another by sending much.',
      file: 'src/relay/turns.ts',
      find: 'this.#waited = waited;',
      replace: '',
      caughtBy: { file: TURNS, title: 'messages that fill a reply each do not keep the mail of another out' },
    },
    {
      name: 'first-come-first-served',
      promise: 'The senders take turns in a reply that cannot hold all mail.',
      file: 'src/relay/turns.ts',
      find: 'let compare = (a: Queue, b: Queue) => this.#waitedOf(b.from) - this.#waitedOf(a.from) || byNext(a, b);',
      replace: 'let compare = byNext;',
      caughtBy: { file: TURNS, title: 'does not let a flood of urgent mail starve normal mail of another' },
    },
  ],
};
