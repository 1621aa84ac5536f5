/** Sends: names, answers, and sends that are tried again. */
const OUTBOX = 'test/relay/outbox.test.ts';
const NAME_CLOCK = 'test/relay/name-clock.test.ts';
const SEND_KEY = 'test/relay/send-key.test.ts';
const KEY_FORGETTING = 'test/relay/send-key.forgetting.test.ts';

export default {
  title: 'Sending',
  defects: [
    {
      name: 'counter-stands-still',
      promise: 'Messages of one millisecond have distinct names, in the order they were sent.',
      file: 'src/relay/name-clock.ts',
      find: '++this.#counter === COUNTERS',
      replace: 'this.#counter === COUNTERS',
      caughtBy: { file: NAME_CLOCK, title: 'grows strictly within a frozen millisecond, past the last counter too' },
    },
    {
      name: 'names-follow-the-clock-back',
      promise: 'One session’s mail is read in the order it was sent, though the clock steps back.',
      file: 'src/relay/name-clock.ts',
      find: 'if (now > this.#time) {',
      replace: 'if (now !== this.#time) {',
      caughtBy: { file: NAME_CLOCK, title: 'grows strictly when the wall clock steps back' },
    },
    {
      name: 'message-at-the-limit-refused',
      promise: 'A message of exactly the largest size is sent.',
      file: 'src/relay/outbox.ts',
      find: 'if (bytes > this.limits.maxMessageBytes && draft.ofJob === undefined) {',
      replace: 'if (bytes >= this.limits.maxMessageBytes && draft.ofJob === undefined) {',
      caughtBy: {
        file: OUTBOX,
        title: 'at the limit is sent, and a byte over it refused with both sizes, in bytes of the stored file',
      },
    },
    {
      name: 'size-not-checked',
      promise: 'A message over the limit is refused.',
      file: 'src/relay/outbox.ts',
      find: 'if (bytes > this.limits.maxMessageBytes && draft.ofJob === undefined) {',
      replace: 'if (bytes < 0) {',
      caughtBy: {
        file: OUTBOX,
        title: 'at the limit is sent, and a byte over it refused with both sizes, in bytes of the stored file',
      },
    },
    {
      name: 'failed-copy-told-as-queued',
      promise: 'An answer names as queued only whose inbox has the message.',
      file: 'src/relay/outbox.ts',
      find: "state === 'created' || (state === 'exists' && draft.idempotencyKey !== undefined);",
      replace:
        "state === 'created' || state === 'failed' || (state === 'exists' && draft.idempotencyKey !== undefined);",
      caughtBy: { file: OUTBOX, title: 'is sent if anyone got it, and names who did not and why' },
    },
    {
      name: 'unknown-outcome-told-as-none',
      promise: 'A send that may have arrived is not answered "not sent".',
      file: 'src/relay/outbox.ts',
      find: "if (refused.some(({ outcome }) => outcome === 'unknown')) {",
      replace: 'if (refused.some(({ outcome }) => outcome === undefined)) {',
      caughtBy: { file: OUTBOX, title: 'is sent if anyone got it, and names who did not and why' },
    },
    {
      name: 'failed-note-fails-the-send',
      promise: 'A message that is published is answered `sent`, whatever fails after that.',
      file: 'src/relay/outbox.ts',
      find: `    try {
      await noteSent(store, from, core, fresh);
    } catch {
      // A finding aid: without it the message is as safe, and its receipts come all the same.
    }`,
      replace: '    await noteSent(store, from, core, fresh);',
      caughtBy: { file: OUTBOX, title: 'is as sent when noting it or ringing for it fails: that comes after' },
    },
    {
      name: 'broadcast-to-oneself',
      promise: '"all" does not reach its sender.',
      file: 'src/relay/agents.ts',
      find: '(await this.everyone()).filter((agent) => agent !== from)',
      replace: 'await this.everyone()',
      caughtBy: { file: OUTBOX, title: 'reaches the whole roster without the sender, whether anybody runs or not' },
    },
    {
      name: 'key-blind-to-the-payload',
      promise: 'Another payload under the same idempotency key is an error, not the first message again.',
      file: 'src/relay/send-key.ts',
      find: 'replyTo, payload, ttl, mustRead, supersedes];',
      replace: 'replyTo, ttl, mustRead, supersedes];',
      caughtBy: { file: SEND_KEY, title: 'is an error that names the first message, and sends nothing' },
    },
    {
      name: 'keyed-copy-made-twice',
      promise: 'A keyed send that is tried again makes no second copy of what was read meanwhile.',
      file: 'src/relay/send-key.ts',
      find: 'if (await store.move(this.#staged(message.id, to), inbox, { durable: true })) return true;',
      replace: 'if (await store.create(inbox, serializeMessage(message))) return true;',
      caughtBy: { file: SEND_KEY, title: 'sends nothing after the message' },
    },
    {
      name: 'key-lives-a-millisecond-longer',
      promise: 'After 24 hours a key stands for a new send.',
      file: 'src/relay/send-key.ts',
      find: 'record.at) >= KEY_LIFETIME_MS',
      replace: 'record.at) > KEY_LIFETIME_MS',
      caughtBy: { file: SEND_KEY, title: 'is another send for another sender, and after 24 hours' },
    },
    {
      name: 'lost-copy-not-made-again',
      promise: 'A keyed send that is tried again makes the copy that a power cut took.',
      file: 'src/relay/send-key.ts',
      find: "if (copy?.state !== 'unknown') return false;",
      replace: "if (copy?.state !== 'pending') return false;",
      caughtBy: {
        file: SEND_KEY,
        title: 'makes anew, byte for byte, a copy that a power cut took with its staging and its note',
      },
    },
    {
      name: 'note-not-asked-before-a-copy-is-made-again',
      promise: 'A keyed send that is tried again after a Python server acknowledged it sends nothing.',
      file: 'src/relay/send-key.ts',
      find: '?.published.includes(to)) return false;',
      replace: '?.published.includes(core)) return false;',
      caughtBy: {
        file: SEND_KEY,
        title: 'sends nothing after a Python server acknowledged the message, which leaves no receipt',
      },
    },
    {
      name: 'renewed-key-taken-away',
      promise: 'Who takes an expired key away leaves the one that another process made meanwhile.',
      file: 'src/relay/send-key.ts',
      find: ' && !isIt(read.bytes, read.modifiedAt)) await',
      replace: ' && !isIt(read.bytes, read.modifiedAt) && key === aside) await',
      caughtBy: { file: KEY_FORGETTING, title: 'is renewed by one of two at once, whoever is stopped before a' },
    },
    {
      name: 'key-of-the-future-counts',
      promise: 'A key of a clock that was set back since does not swallow sends.',
      file: 'src/relay/send-key.ts',
      find: 'Math.abs(clock.now() - record.at)',
      replace: '(clock.now() - record.at)',
      caughtBy: { file: KEY_FORGETTING, title: 'does not stand for a send, a day or more before its time' },
    },
    {
      name: 'expired-at-birth-told-as-sent',
      promise: 'A keyed send that is tried again is not answered `sent` for a message that nobody can see.',
      file: 'src/relay/send-key.ts',
      find: '|| !isExpired(name, clock.now())',
      replace: '|| isExpired(name, clock.now())',
      caughtBy: {
        file: KEY_FORGETTING,
        title: 'is forgotten once its message has expired: what is answered "sent" can be seen',
      },
    },
    {
      name: 'retry-publishes-unsynced-key',
      promise: 'A retry does not publish before the record of its key is synced.',
      file: 'src/relay/send-key.ts',
      find: 'store.move(key, key, { durable: true })',
      replace: 'store.move(key, key)',
      caughtBy: {
        file: KEY_FORGETTING,
        title: 'has both synced by the retry, before that answers',
      },
    },
    {
      name: 'notes-of-a-retry-not-united',
      promise: 'Whom a keyed retry reached is known to peek(message_id) and supersedes.',
      file: 'src/relay/sent-log.ts',
      find: `if (parseName(core + SUFFIX)?.id !== id) continue;`,
      replace: `if (name !== undefined || parseName(core + SUFFIX)?.id !== id) continue;`,
      caughtBy: {
        file: SEND_KEY,
        title: 'is one message for peek(message_id), trace, stats and supersedes, where the first try',
      },
    },
    {
      name: 'key-of-another-sender',
      promise: 'The keys of two senders have nothing to do with each other.',
      file: 'src/relay/keys.ts',
      find: `: \`\${KEYS}/\${sender}/\${name}\`;`,
      replace: `: \`\${KEYS}/alice/\${name}\`;`,
      caughtBy: { file: SEND_KEY, title: 'is another send for another sender, and after 24 hours' },
    },
  ],
};
