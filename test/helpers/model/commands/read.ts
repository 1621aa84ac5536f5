/** Replies that carry new mail and are written, and the look back at what was shown. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import * as fc from 'fast-check';
import { claim } from '../claiming.js';
import { command, nth, pick, seat, someoneIsThere } from '../command.js';
import type { Office } from '../office.js';
import type { Post, Reply } from '../post.js';

export async function write(post: Post, office: Office, reply: Reply): Promise<void> {
  await office.claims.get(reply)?.commit();
  office.claims.delete(reply);
  post.commit(reply);
}

export const peek = command({
  name: 'peek',
  given: fc.record({
    reader: nth,
    limit: fc.constantFrom(1, 2, 5, 100),
    threadId: fc.constantFrom(undefined, undefined, 'red', 'blue'),
  }),
  may: someoneIsThere,
  async run(post, office, { reader, ...asked }) {
    await write(post, office, await claim(post, office, seat(post, reader), { by: 'peek', ...asked }));
  },
});

export const piggyback = command({
  name: 'piggyback',
  given: fc.record({ reader: nth }),
  may: someoneIsThere,
  async run(post, office, { reader }) {
    await write(post, office, await claim(post, office, seat(post, reader), { by: 'piggyback', limit: 20 }));
  },
});

/** Any message, also another's and one that is over: new mail is shown, kept mail found again, the rest is not there. */
export const peekOne = command({
  name: 'peekOne',
  given: fc.record({ reader: nth, message: nth }),
  may: (post) => someoneIsThere(post) && post.copies.length > 0,
  async run(post, office, { reader, message }) {
    const by = seat(post, reader);
    const { id } = pick(post.copies, message);
    const reply = await claim(post, office, by, { by: 'peek', limit: 1, messageId: id });
    await write(post, office, reply);
    const found = await office.session(by).kept.find(id);
    const kept = post.kept(by.agent).find((copy) => copy.id === id);
    deepStrictEqual(found?.content, kept?.content, `${id}, asked for by ${by.agent}`);
  },
});

/** All pages of what was shown and not acknowledged. */
export const lookBack = command({
  name: 'lookBack',
  given: fc.record({ reader: nth, limit: fc.constantFrom(1, 3, 100) }),
  may: someoneIsThere,
  async run(post, office, { reader, limit }) {
    const by = seat(post, reader);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const from = cursor === undefined ? {} : { cursor };
      const page = await office.session(by).kept.page({ ...from, limit, fits: () => true });
      ok(page.messages.length > 0 || page.cursor === undefined, 'a page that shows nothing and is not the last');
      seen.push(...page.messages.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    const kept = post.kept(by.agent).map(({ id }) => id);
    deepStrictEqual(seen.sort(), kept.sort(), `what ${by.agent} keeps`);
  },
});
