import { describe, expect, it } from 'vitest';
import { editDistance, findNearest } from '../../src/config/nearest.js';
import { SETTINGS } from '../../src/config/schema.js';

const KEYS = SETTINGS.map((setting) => setting.key);

describe('findNearest', () => {
  it.each([
    ['wach', 'watch'],
    ['Watch', 'watch'],
    ['agnets', 'agents'],
    ['agent', 'agents'],
    ['maxMessageBytes', 'max_message_bytes'],
    ['max-reply-bytes', 'max_reply_bytes'],
    ['max_messages_byte', 'max_message_bytes'],
    ['durabilty', 'durability'],
    ['ttl', 'default_ttl'],
    ['instruction', 'instructions'],
    ['dispatchdir', 'dispatch_dir'],
  ])('takes %s for %s', (typed, meant) => {
    expect(findNearest(typed, KEYS)).toBe(meant);
  });

  it.each(['roster', 'x', '', '_', 'watchdog_timeout', 'z'.repeat(1_000_000)])(
    'makes no guess when nothing is near (case %#)',
    (typed) => {
      expect(findNearest(typed, KEYS)).toBeUndefined();
    },
  );

  it('counts two swapped letters as one mistake', () => {
    expect(editDistance('agnets', 'agents')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
