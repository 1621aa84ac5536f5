/** How a message ends: receipts, expiry, withdrawal, and the sweep. */
const RECEIPTS = 'test/relay/receipts.test.ts';
const KEPT = 'test/relay/kept.test.ts';
const SWEEP = 'test/relay/sweep.test.ts';
const ENDINGS = 'test/relay/endings.test.ts';
const NAME = 'test/relay/message-name.test.ts';
const WITHDRAWALS = 'test/relay/withdrawals.test.ts';

export default {
  title: 'The end of a message',
  defects: [
    {
      name: 'receipt-before-the-end',
      promise: 'Who moves a message decides how it ends: a receipt of somebody who did not is never there.',
      file: 'src/relay/endings.ts',
      find: 'const over = ended.filter((_, index) => moved[index]);',
      replace: 'const over = ended;',
      caughtBy: { file: KEPT, title: 'of mail that a sweep expires at that moment is not told as acknowledged too' },
    },
    {
      name: 'removed-without-its-receipt',
      promise: 'No message goes before its sender has a receipt of its end.',
      file: 'src/relay/endings.ts',
      find: 'ended.filter((one) => !unrecorded.has(one))',
      replace: 'ended',
      caughtBy: {
        file: SWEEP,
        title:
          'of mail whose receipt cannot be written keeps the message, and tells who asks; the next sweep writes it',
      },
    },
    {
      name: 'end-not-synced',
      promise: 'An acknowledgement that was answered survives a power cut.',
      file: 'src/relay/endings.ts',
      find: 'const moved = await this.store.moveAll(moves, { durable: true });',
      replace: 'const moved = await this.store.moveAll(moves);',
      caughtBy: {
        file: 'test/proof/power-loss.test.ts',
        title: 'after a power cut',
      },
    },
    {
      name: 'end-left-unfinished',
      promise: 'What a dead process has ended without a receipt gets one from a sweep.',
      file: 'src/relay/sweep.ts',
      find: 'await this.relay.endings.finish(owner);',
      replace: '',
      caughtBy: { file: ENDINGS, title: 'whoever ends it dies before the receipt' },
    },
    {
      name: 'end-not-looked-for',
      promise: 'A message that has ended is told as that to who asks, also before its receipt is written.',
      file: 'src/relay/receipts.ts',
      find: 'if (ended !== undefined) return { to, state: ended.state, at: ended.at, how: ended.was };',
      replace: 'void ended;',
      caughtBy: { file: ENDINGS, title: 'whoever ends it dies before the receipt' },
    },
    {
      name: 'end-told-twice',
      promise: 'An end that its sender has seen is not told again by who finishes it.',
      file: 'src/relay/endings.ts',
      find: 'return this.#conclude(owner, left, await this.receipts.withoutEnd(owner, left));',
      replace: 'return this.#conclude(owner, left, left);',
      caughtBy: { file: ENDINGS, title: 'whoever ends it dies behind the receipt' },
    },
    {
      name: 'quarantined-by-two',
      promise: 'A message that is no message and is ended by somebody else meanwhile has one end.',
      file: 'src/relay/endings.ts',
      find: 'if (!(await this.store.move(key, ended.key, { durable: true }))) return false;',
      replace: 'await this.store.move(key, ended.key, { durable: true });',
      caughtBy: {
        file: 'test/proof/one-end.test.ts',
        title: 'a message has one end',
      },
    },
    {
      name: 'ended-a-second-time',
      promise: 'A message that was put back after its end has no other one.',
      file: 'src/relay/endings.ts',
      find: 'const open = await this.receipts.withoutEnd(owner, endings);',
      replace: 'const open = endings;',
      caughtBy: { file: SWEEP, title: 'removes mail that has an end and was put back, and tells nothing more of it' },
    },
    {
      name: 'one-sweeper-too-many',
      promise: 'One process at a time sweeps, and the others do not wait for it.',
      file: 'src/relay/sweep.ts',
      find: 'if (swept !== undefined && Math.abs(now - swept.modifiedAt) < INTERVAL_MS) return false;',
      replace: '',
      caughtBy: { file: SWEEP, title: 'is due once a minute for all processes together, by the stamp on the relay' },
    },
    {
      name: 'read-wins-over-the-end',
      promise: 'A message that was acknowledged is never told as merely read, whatever the clocks say.',
      file: 'src/relay/receipt-name.ts',
      find: 'return aIsRead === bIsRead ? a < b : aIsRead;',
      replace: 'return aIsRead === undefined ? bIsRead : a < b;',
      caughtBy: { file: RECEIPTS, title: 'stays at the end of a message, though "read" was recorded after it' },
    },
    {
      name: 'receipts-that-had-no-room-marked',
      promise: 'A receipt for which a reply had no room is told in the next.',
      file: 'src/relay/receipts.ts',
      find: 'of chosen.slice(0, shown)) {',
      replace: 'of chosen.slice(0, Math.max(shown, limit))) {',
      caughtBy: { file: RECEIPTS, title: 'begins with the newest, holds at most so many, and counts the rest' },
    },
    {
      name: 'no-evidence-taken-for-acknowledged',
      promise: 'Where nothing is known of a message, nothing is claimed.',
      file: 'src/relay/receipts.ts',
      find: "{ to, state: 'unknown' }",
      replace: "{ to, state: 'acked' }",
      caughtBy: {
        file: RECEIPTS,
        title: 'claims nothing where there is no evidence: unknown when the file is gone, nothing when the note is',
      },
    },
    {
      name: 'looked-for-once',
      promise: 'A message that moves while it is looked for is found.',
      file: 'src/relay/receipts.ts',
      find: `        (await this.#locate(sender, core, id, to)) ??
          (await this.#locate(sender, core, id, to)) ?? { to,`,
      replace: '        (await this.#locate(sender, core, id, to)) ?? { to,',
      caughtBy: { file: RECEIPTS, title: 'finds a message that moves while it is looked for' },
    },
    {
      name: 'maybe-shown-told-as-never-read',
      promise: 'What a dead session may have shown is not told as never read.',
      file: 'src/relay/was-shown.ts',
      find: "return isRedelivered(name) ? 'maybe' : 'unread';",
      replace: "return 'unread';",
      caughtBy: {
        file: RECEIPTS,
        title:
          'of expired mail that a dead session may have shown does not say that it was never read, before the sweep as after',
      },
    },
    {
      name: 'receipts-forgotten-early',
      promise: 'Receipts are kept for their retention.',
      file: 'src/relay/receipts.ts',
      find: 'now - this.retentionMs);',
      replace: 'now);',
      caughtBy: {
        file: RECEIPTS,
        title: 'keeps receipts for their retention and notes for longer, and forgets both after that',
      },
    },
    {
      name: 'torn-note-believed',
      promise: 'A note that a crash left torn names nobody.',
      file: 'src/relay/sent-log.ts',
      find: ` || !line.endsWith(\` \${WHOLE}\`)`,
      replace: '',
      caughtBy: { file: RECEIPTS, title: 'is not believed of a note that a crash left torn: its names may be cut' },
    },
    {
      name: 'expired-a-millisecond-late',
      promise: 'A message has expired at the millisecond of its expiry.',
      file: 'src/relay/message-name.ts',
      find: 'name.expiresAt <= now',
      replace: 'name.expiresAt < now',
      caughtBy: { file: NAME, title: 'is false a millisecond before the time, and true at it and after' },
    },
    {
      name: 'must-read-expires',
      promise: 'A message that must be read does not expire.',
      file: 'src/relay/message-name.ts',
      find: ' && !name.mustRead;',
      replace: ';',
      caughtBy: { file: NAME, title: 'is never true without a time, or for what must be read' },
    },
    {
      name: 'expired-mail-acknowledged',
      promise: 'What has expired cannot be acknowledged: it has one end.',
      file: 'src/relay/kept.ts',
      find: 'else if (!isExpired(name, this.relay.clock.now())) places.set(id, { key, name });',
      replace: 'else places.set(id, { key, name });',
      caughtBy: { file: KEPT, title: 'does not find what has expired, whether this session has shown it or another' },
    },
    {
      name: 'jump-of-the-clock-believed',
      promise: 'A clock that is set forward and put right within ten minutes ends nothing.',
      file: 'src/relay/steady-time.ts',
      find: 'if (steady - this.#jumpedAt < BELIEVED_AFTER_MS) return expected;',
      replace: '',
      caughtBy: {
        file: 'test/relay/steady-time.test.ts',
        title: 'does not follow a jump forward for ten minutes, and then does',
      },
    },
    {
      name: 'withdrawn-before-the-mark',
      promise: 'What its sender has begun to withdraw is not shown, wherever the withdrawal is cut short.',
      file: 'src/relay/withdrawals.ts',
      find: `    const mark = await this.#mark(to, id, successor);`,
      replace: `    const early = state === 'pending' ? await this.#end(from, core, id, to, successor) : undefined;
    const mark = await this.#mark(to, id, successor);
    if (early !== undefined) return 'withdrawn';`,
      caughtBy: {
        file: WITHDRAWALS,
        title: 'that is cut short behind its mark is done by the reader: what was withdrawn is never shown',
      },
    },
    {
      name: 'anybodys-message-withdrawn',
      promise: 'Only one’s own messages can be taken back, or asked after.',
      file: 'src/relay/receipts.ts',
      find: 'if (name.id !== id || name.from !== sender) continue;',
      replace: 'if (name.id !== id) continue;',
      caughtBy: { file: WITHDRAWALS, title: 'a message that supersedes another' },
    },
    {
      name: 'long-request-unanswered',
      promise: 'A request that is too long is answered, and the server lives.',
      file: 'src/mcp/line-gate.ts',
      find: 'AT_BEGINNING.exec(beginning) ?? AT_END.exec(end) ?? []',
      replace: 'AT_BEGINNING.exec(beginning) ?? []',
      caughtBy: { file: 'test/mcp/line-gate.test.ts', title: 'is refused with the id' },
    },
  ],
};
