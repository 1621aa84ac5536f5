/** The sender looks at what became of its mail: once shown, a receipt is news no more. */
import * as fc from 'fast-check';
import type { Relay } from '../../../../src/relay/relay.js';
import { command, nth, seat, someoneIsThere } from '../command.js';
import type { Office } from '../office.js';
import type { Post } from '../post.js';

export const seeReceipts = command({
  name: 'seeReceipts',
  given: fc.record({ sender: nth, limit: fc.constantFrom(1, 3, 20), written: fc.boolean() }),
  may: (post, { sender }) => someoneIsThere(post) && post.newsFor(seat(post, sender).agent).length > 0,
  async run(post, office, { sender, limit, written }) {
    const who = seat(post, sender);
    await tell(post, office.relay(who), who.agent, limit, written);
  },
});

/** All that is news for a sender is shown to it. */
export async function tellAll(post: Post, office: Office, sender: string): Promise<void> {
  await tell(post, office.observer, sender, Number.POSITIVE_INFINITY, true);
}

async function tell(post: Post, relay: Relay, sender: string, limit: number, written: boolean): Promise<void> {
  const { receipts, markSeen } = await relay.receipts.changes(sender, limit);
  // What they say is compared after every command; here it is that only what a written reply carried is marked.
  const shown = written ? receipts.length : 0;
  await markSeen(shown);
  for (const { id, to } of receipts.slice(0, shown)) {
    for (const copy of post.copiesOf(id)) if (copy.to === to) copy.news = [];
  }
}
