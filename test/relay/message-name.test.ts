import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAgentId } from '../../src/model/agent-id.js';
import { MAX_TIME_MS } from '../../src/model/clock.js';
import type { Message } from '../../src/model/message.js';
import { coreName, isExpired, parseName, SUFFIX, threadHash } from '../../src/relay/message-name.js';
import { anyCharacter } from '../helpers/any-character.js';
import { START } from '../helpers/relay-world.js';

// The last time that 13 digits hold, in the year 2286.
const LAST = 9_999_999_999_999;

const agentId = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/).filter(isAgentId);
const messageId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);

const message: fc.Arbitrary<Message> = fc.record({
  id: messageId,
  from: fc.oneof(agentId, fc.constant('human')),
  to: agentId,
  timestamp: fc.integer({ min: 1, max: MAX_TIME_MS }).map((time) => new Date(time).toISOString()),
  priority: fc.constantFrom('normal', 'urgent'),
  content: fc.string(),
  payload: fc.constant(null),
  thread_id: fc.option(fc.string({ unit: anyCharacter, minLength: 1, maxLength: 128 })),
  reply_to: fc.constant(null),
  ttl: fc.nat(1_000_000_000),
  must_read: fc.boolean(),
  state: fc.constant('pending'),
});

describe('a message name', () => {
  it('says again what it was made of', () => {
    fc.assert(
      fc.property(
        message,
        fc.integer({ min: 0, max: MAX_TIME_MS }),
        fc.nat(99_999),
        fc.nat(8_388_608),
        fc.constantFrom('', '~r', '~p1771360200000'),
        (sent, sentAt, counter, bytes, mark) => {
          const core = coreName(sent, sentAt, counter, bytes);
          const expiry = Date.parse(sent.timestamp) + sent.ttl * 1000;
          expect(parseName(`${core}${mark}${SUFFIX}`)).toEqual({
            core,
            sentAt: Math.min(sentAt, LAST),
            priority: sent.priority,
            mustRead: sent.must_read,
            expiresAt: sent.ttl === 0 ? undefined : Math.min(expiry, LAST),
            thread: sent.thread_id === null ? undefined : threadHash(sent.thread_id),
            bytes,
            from: sent.from,
            id: sent.id,
            mark: mark.slice(1),
          });
        },
      ),
    );
  });

  it('sorts as text by time and counter, whatever follows', () => {
    fc.assert(
      fc.property(
        message,
        message,
        fc.nat(9e12),
        fc.nat(99_999),
        fc.nat(9e12),
        fc.nat(99_999),
        (a, b, at, an, bt, bn) => {
          fc.pre(at !== bt || an !== bn);
          const isFirst = at < bt || (at === bt && an < bn);
          expect(coreName(a, at, an, 1) < coreName(b, bt, bn, 1)).toBe(isFirst);
        },
      ),
    );
  });

  it.each([
    '',
    '.json',
    '1771360200000-alice.json',
    '1771360200000-00000.no.0000000000000.--------.0000001.alice.json',
    '1771360200000-00000.no.0000000000000.--------.0000001.all.msg-1.json',
    '1771360200000-00000.no.0000000000000.--------.0000001.root.msg-1.json',
    '1771360200000-00000.no.0000000000000.--------.0000001.Alice.msg-1.json',
    '1771360200000-00000.no.0000000000000.--------.0000001.alice.-msg.json',
    '1771360200000-00000.no.0000000000000.--------.0000001.alice.msg-1',
    '1771360200000-00000.no.0000000000000.--------.0000001.alice.msg-1.json\n',
    '1771360200000-00000.no.0000000000000.--------.0000001.alice.msg-1\n.json',
    '1771360200000-00000.xo.0000000000000.--------.0000001.alice.msg-1.json',
    '1771360200000-0000.no.0000000000000.--------.0000001.alice.msg-1.json',
    '771360200000-00000.no.0000000000000.--------.0000001.alice.msg-1.json',
    '1771360200000-00000.no.0000000000000.ABCDEF01.0000001.alice.msg-1.json',
    '../1771360200000-00000.no.0000000000000.--------.0000001.alice.msg-1.json',
  ])('is not %j', (name) => {
    expect(parseName(name)).toBeUndefined();
  });
});

describe('isExpired', () => {
  const at = (expiresAt: number | undefined, mustRead = false) => ({ expiresAt, mustRead });

  it('is false a millisecond before the time, and true at it and after', () => {
    expect([-1, 0, 1].map((ms) => isExpired(at(START), START + ms))).toEqual([false, true, true]);
  });

  it('is never true without a time, or for what must be read', () => {
    expect(isExpired(at(undefined), Number.MAX_SAFE_INTEGER)).toBe(false);
    expect(isExpired(at(START, true), START + 1e12)).toBe(false);
  });
});
