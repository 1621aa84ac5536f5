/** Acknowledging: one's own mail, shown or not, once and again; an unknown id; another's. */
import { deepStrictEqual } from 'node:assert/strict';
import * as fc from 'fast-check';
import { command, nth, pick, seat, someoneIsThere } from '../command.js';

const UNKNOWN = 'msg-000000000000';

export const ack = command({
  name: 'ack',
  given: fc.record({
    reader: nth,
    /** Of its own mail, whatever became of it. */
    own: fc.array(nth, { maxLength: 4 }),
    /** Of all mail. */
    any: fc.array(nth, { maxLength: 1 }),
    unknown: fc.boolean(),
  }),
  may: (post, { own, any, unknown }) =>
    someoneIsThere(post) && (unknown || (own.length + any.length > 0 && post.copies.length > 0)),
  async run(post, office, { reader, own, any, unknown }) {
    const by = seat(post, reader);
    const mine = post.copies.filter(({ to }) => to === by.agent);
    const ids = [
      ...(mine.length === 0 ? [] : own.map((index) => pick(mine, index).id)),
      ...(post.copies.length === 0 ? [] : any.map((index) => pick(post.copies, index).id)),
      ...(unknown ? [UNKNOWN] : []),
    ];
    const known = mine.filter((copy) => ids.includes(copy.id) && post.isHeld(copy) && !post.isPast(copy));
    const { acked, notFound } = await office.session(by).kept.ack(ids);
    const expected = new Set(known.map(({ id }) => id));
    deepStrictEqual([...acked].sort(), [...expected].sort(), `acknowledged by ${by.agent}`);
    deepStrictEqual([...notFound].sort(), [...new Set(ids)].filter((id) => !expected.has(id)).sort(), 'not found');
    for (const copy of known) post.ack(copy);
  },
});
