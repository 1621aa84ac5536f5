import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonBytes, Reply } from '../../src/mcp/reply.js';

describe('a reply', () => {
  it('leaves out what is null, false, undefined or an empty list, unless that is worth saying', () => {
    const reply = new Reply(2048)
      .set('a', null)
      .set('b', undefined)
      .set('c', false)
      .set('d', [])
      .set('e', 0)
      .setAlways('f', []);
    reply.list('g');
    expect(reply.toJson()).toEqual({ e: 0, f: [] });
  });

  it('says how many items had no room, and stays within its budget', () => {
    const items = fc.array(fc.string({ unit: 'grapheme', maxLength: 80, size: 'max' }), {
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(items, items, fc.integer({ min: 2048, max: 6000 }), (first, second, budget) => {
        const reply = new Reply(budget);
        const shown = reply.setBounded('first', first, 'first_more', budget / 4);
        const list = reply.list('second');
        for (const item of second) if (list.has(item)) list.add(item);
        expect(jsonBytes(reply.toJson())).toBeLessThanOrEqual(budget);
        expect(reply.toJson().first_more ?? 0).toBe(first.length - shown);
      }),
    );
  });

  it('settles all that hangs on it, though one part of that fails', async () => {
    const done: string[] = [];
    const reply = new Reply(2048);
    reply.whenWritten(async () => {
      throw new Error('EIO');
    });
    reply.whenWritten(async () => void done.push('written'));
    reply.whenDropped(async () => void done.push('dropped'));
    await expect(reply.written()).rejects.toThrow('EIO');
    expect(done).toEqual(['written']);
  });
});
