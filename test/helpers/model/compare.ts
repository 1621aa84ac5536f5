/** What anyone can see of the relay, against the model. Nothing here moves or marks anything. */
import { deepStrictEqual } from 'node:assert/strict';
import { surveyMail } from '../../../src/relay/mailbox.js';
import type { Relay } from '../../../src/relay/relay.js';
import type { Office } from './office.js';
import { AGENTS, type Copy, INBOXES, type Post } from './post.js';

const MOST_RECEIPTS = 20;

export async function compare(post: Post, office: Office): Promise<void> {
  const relay = office.look();
  for (const inbox of INBOXES) await compareInbox(post, relay, inbox);
  for (const sender of AGENTS) await compareNews(post, relay, sender);
  for (const seat of post.live) {
    const { count } = await office.session(seat).kept.count();
    deepStrictEqual(count, post.kept(seat.agent).length, `unacked of ${seat.agent}`);
  }
  for (const id of new Set(post.copies.map((copy) => copy.id))) await compareWhereabouts(post, relay, id);
}

/** Every copy that is not at its end is there once, and nothing else is. */
async function compareInbox(post: Post, relay: Relay, inbox: string): Promise<void> {
  const held = (await surveyMail(relay, inbox)).map(({ name, standing }) => `${name.id} ${standing}`);
  const expected = post.copies.filter((copy) => copy.to === inbox && post.isHeld(copy));
  deepStrictEqual(held.sort(), expected.map(({ id, state }) => `${id} ${state}`).sort(), `the mail of ${inbox}`);
  const unread = await relay.rollCall.unread(inbox);
  deepStrictEqual(unread, post.waiting(inbox).length, `unread mail of ${inbox}`);
}

/** The sender is told the last of each, newest first, and how many more there are. */
async function compareNews(post: Post, relay: Relay, sender: string): Promise<void> {
  const expected = post.newsFor(sender);
  const { receipts, rest } = await relay.receipts.changes(sender, MOST_RECEIPTS);
  deepStrictEqual(receipts.length + rest, expected.length, `the number of receipts for ${sender}`);
  const times = receipts.map(({ at }) => at);
  const newest = expected.map(({ receipt }) => receipt.at).sort((a, b) => b - a);
  deepStrictEqual(times, newest.slice(0, MOST_RECEIPTS), `the times of the receipts for ${sender}`);
  const lines = new Set(expected.map(({ copy, receipt }) => `${copy.id} ${copy.to} ${receipt.state}`));
  const strange = receipts.filter(({ id, to, state }) => !lines.has(`${id} ${to} ${state}`));
  deepStrictEqual(strange, [], `receipts for ${sender}`);
}

/** Whoever sent it can ask, and is told one state for each recipient. */
export async function compareWhereabouts(post: Post, relay: Relay, id: string): Promise<void> {
  const copies = post.copiesOf(id);
  const sender = copies[0]?.sender.agent ?? '';
  const found = (await relay.receipts.lookUp(sender, id)).map(({ to, state, how }) => line(to, state, how));
  const expected = copies.map((copy) => line(copy.to, post.stateOf(copy), howOf(post, copy)));
  deepStrictEqual(found.sort(), expected.sort(), `what became of ${id}`);
}

/** Only of expired mail is it said to the sender whether it was read. */
function line(to: string, state: string, how: string | undefined): string {
  return state === 'expired' ? `${to} ${state} ${how}` : `${to} ${state}`;
}

function howOf(post: Post, copy: Copy): string | undefined {
  return copy.how ?? post.howPast(copy);
}
