import { describe, expect, it } from 'vitest';
import { isMessageId, isSessionId, newMessageId, newSessionId } from '../../src/model/ids.js';

describe('new ids', () => {
  it('follow the grammar that is asked of them, and differ', () => {
    const messages = new Set(Array.from({ length: 10_000 }, newMessageId));
    const sessions = new Set(Array.from({ length: 10_000 }, newSessionId));
    expect([messages.size, sessions.size]).toEqual([10_000, 10_000]);
    expect([...messages].every((id) => isMessageId(id) && /^msg-[0-9a-z]{12}$/.test(id))).toBe(true);
    expect([...sessions].every(isSessionId)).toBe(true);
  });
});

describe('isMessageId', () => {
  it.each(['m', 'msg-k3j9x0q2m4ab', 'A_b-9', 'x'.repeat(64)])('takes %j', (id) => expect(isMessageId(id)).toBe(true));

  it.each(['', '-m', '_m', 'a.b', 'a~b', 'a/b', '../x', 'a b', 'm\n', 'x'.repeat(65), 'm\u00e9', '\u212a', '\0'])(
    'refuses %j, which could not stand in a file name',
    (id) => expect(isMessageId(id)).toBe(false),
  );
});

describe('isSessionId', () => {
  it.each(['', 'x'.repeat(19), 'x'.repeat(21), `${'x'.repeat(20)}\n`, 'X'.repeat(20), '../'.repeat(7).slice(0, 20)])(
    'refuses %j',
    (id) => expect(isSessionId(id)).toBe(false),
  );
});
