/** Direct mail, broadcasts and mail for the human, with every property that changes what becomes of it. */
import { deepStrictEqual, rejects } from 'node:assert/strict';
import * as fc from 'fast-check';
import { sent } from '../../relay-world.js';
import { command, nth, seat, someoneIsThere } from '../command.js';
import { INBOXES } from '../post.js';

const TTL_SECONDS = [0, 1, 60, 3600, 100_000];

export const send = command({
  name: 'send',
  given: fc.record({
    from: nth,
    target: fc.constantFrom(...INBOXES, 'all', 'all'),
    urgent: fc.boolean(),
    mustRead: fc.nat(3).map((number) => number === 0),
    ttl: fc.constantFrom(0, 0, ...TTL_SECONDS),
    thread: fc.constantFrom(undefined, undefined, 'red', 'blue'),
  }),
  may: someoneIsThere,
  async run(post, office, { from, target, urgent, mustRead, ttl, thread }) {
    const sender = seat(post, from);
    const recipients = target === 'all' ? post.everyoneBut(sender.agent) : [target];
    const content = `message ${post.messages}`;
    const draft = { priority: urgent ? 'urgent' : 'normal', mustRead, ttl, threadId: thread } as const;
    const sending = sent(office.session(sender), target, content, draft);
    if (recipients.length === 0) {
      await rejects(sending, { code: 'NO_RECIPIENT' });
      return;
    }
    const { message, queuedTo, refused } = await sending;
    deepStrictEqual({ queuedTo: [...queuedTo].sort(), refused }, { queuedTo: recipients, refused: [] });
    post.messages++;
    const place = sender.sent++;
    for (const to of recipients) {
      post.copies.push({
        id: message.id,
        sender,
        place,
        to,
        content,
        thread,
        urgent,
        mustRead,
        expiresAt: ttl === 0 ? undefined : post.now + ttl * 1000,
        state: 'pending',
        reply: undefined,
        redelivered: false,
        how: undefined,
        endedAt: undefined,
        forgotten: false,
        news: [],
      });
    }
  },
});
