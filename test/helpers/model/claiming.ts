/**
 * One reply of new mail, against the model. Order is promised within one session of a sender: urgent mail first, then in the
 * order of sending, and nothing is left out before what is shown. Across senders a reply only has its urgent mail first.
 */
import { deepStrictEqual, ok } from 'node:assert/strict';
import type { Delivered } from '../../../src/relay/claim.js';
import { claimAll } from '../relay-world.js';
import type { Office } from './office.js';
import type { Copy, Post, Reply, Seat } from './post.js';

export interface Asked {
  readonly by: 'peek' | 'piggyback';
  readonly limit: number;
  readonly threadId?: string | undefined;
  readonly messageId?: string | undefined;
}

/** Claims in both; the reply is open when this returns. */
export async function claim(post: Post, office: Office, seat: Seat, asked: Asked): Promise<Reply> {
  const { by, limit, threadId, messageId } = asked;
  const claimed = await claimAll(office.session(seat).inbox, {
    by,
    limit,
    ...(threadId === undefined ? {} : { threadId }),
    ...(messageId === undefined ? {} : { messageId }),
  });
  post.takeBackFromTheDead(seat.agent);
  const wanted = post
    .waiting(seat.agent)
    .filter((copy) => threadId === undefined || copy.thread === threadId)
    .filter((copy) => messageId === undefined || copy.id === messageId);
  const copies = claimed.delivered.map(({ message }) => {
    const copy = wanted.find(({ id }) => id === message.id);
    ok(copy, `${seat.agent} was shown "${message.content}", which does not wait for it`);
    return copy;
  });
  deepStrictEqual(new Set(copies).size, copies.length, 'a message stands twice in one reply');
  deepStrictEqual(copies.length, Math.min(limit, wanted.length), 'messages in a reply');
  deepStrictEqual(claimed.more, wanted.length - copies.length, '`more`');
  deepStrictEqual(claimed.delivered.map(shown), copies.map(expected));
  assertOrder(
    copies,
    wanted.filter((copy) => !copies.includes(copy)),
  );
  const reply = post.claim(seat, copies);
  office.claims.set(reply, claimed);
  return reply;
}

const shown = ({ message, redelivered }: Delivered) => ({
  from: message.from,
  content: message.content,
  thread: message.thread_id,
  urgent: message.priority === 'urgent',
  mustRead: message.must_read,
  redelivered,
});

const expected = ({ sender, content, thread, urgent, mustRead, redelivered }: Copy) => ({
  from: sender.agent,
  content,
  thread: thread ?? null,
  urgent,
  mustRead,
  redelivered,
});

function assertOrder(copies: readonly Copy[], left: readonly Copy[]): void {
  for (const [index, later] of copies.entries()) {
    for (const earlier of copies.slice(0, index)) {
      ok(earlier.urgent || !later.urgent, `"${later.content}" is urgent and stands behind "${earlier.content}"`);
      ok(!comesBefore(later, earlier), `"${later.content}" was sent before "${earlier.content}" and stands behind it`);
    }
    for (const one of left) ok(!comesBefore(one, later), `"${one.content}" was left out for "${later.content}"`);
  }
}

function comesBefore(a: Copy, b: Copy): boolean {
  if (a.sender.agent === b.sender.agent && a.urgent !== b.urgent) return a.urgent;
  return a.sender === b.sender && a.urgent === b.urgent && a.place < b.place;
}
