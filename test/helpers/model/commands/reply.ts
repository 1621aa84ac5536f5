/** Replies on their way: claimed, and written or given up only after other things have happened. */
import * as fc from 'fast-check';
import { claim } from '../claiming.js';
import { command, nth, pick, seat, someoneIsThere } from '../command.js';
import { write } from './read.js';

export const openReply = command({
  name: 'openReply',
  given: fc.record({ reader: nth, by: fc.constantFrom('peek', 'piggyback'), limit: fc.constantFrom(1, 3, 20) }),
  may: (post, { reader }) => someoneIsThere(post) && post.waiting(seat(post, reader).agent).length > 0,
  async run(post, office, { reader, ...asked }) {
    await claim(post, office, seat(post, reader), asked);
  },
});

export const writeReply = command({
  name: 'writeReply',
  given: fc.record({ reply: nth }),
  may: (post) => post.openReplies.length > 0,
  async run(post, office, { reply }) {
    await write(post, office, pick(post.openReplies, reply));
  },
});

export const cancelReply = command({
  name: 'cancelReply',
  given: fc.record({ reply: nth }),
  may: (post) => post.openReplies.length > 0,
  async run(post, office, given) {
    const reply = pick(post.openReplies, given.reply);
    const claimed = office.claims.get(reply);
    await claimed?.release();
    // A reply has one end: what comes after it changes nothing.
    await claimed?.commit();
    office.claims.delete(reply);
    post.release(reply);
  },
});
