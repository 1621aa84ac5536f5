import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EVERYONE,
  HUMAN,
  isAgentId,
  isRecipient,
  isReserved,
  isSender,
  normalizeName,
  parseAgentId,
  quoteName,
  SYSTEM,
} from '../../src/model/agent-id.js';
import { DispatchError } from '../../src/model/errors.js';
import { anyCharacter } from '../helpers/any-character.js';

const HOSTILE = [
  '',
  ' ',
  '.',
  '..',
  '../x',
  'a/b',
  'a\\b',
  'bob\n',
  '\nbob',
  'bob\r',
  'bob\0',
  'bo b',
  'bob\u00a0',
  'bob\u200b',
  '-bob',
  '_bob',
  'bob.json',
  'bob.',
  '.bob',
  'bob~r',
  '#topic',
  'acme/api',
  'x'.repeat(65),
  '\uff42\uff4f\uff42',
  '\u212aevin',
  'stra\u00dfe',
  '\u0130stanbul',
  'bo\u0301b',
  '\u0430lice',
  '\ud800',
  '$&',
  '{agent_id}',
];

const RESERVED = [
  ...['all', 'human', 'user', 'system', 'admin', 'operator', 'root'],
  ...['con', 'prn', 'aux', 'nul', 'com1', 'com9', 'lpt1', 'lpt9'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty'],
];

describe('parseAgentId', () => {
  it.each(HOSTILE.map((name) => [JSON.stringify(name), name]))('refuses the hostile name %s', (_, name) => {
    expect(isAgentId(normalizeName(name))).toBe(false);
    const error = errorOf(() => parseAgentId(name, 'target'));
    expect(error.code).toBe('INVALID_AGENT_ID');
    // What reaches a terminal or a model of it is plain ASCII, and short.
    expect(error.message).toMatch(/^target: [\x20-\x7e]{1,400}$/);
  });

  it.each(RESERVED.flatMap((name) => [name, name.toUpperCase(), ` ${name}\t`]))(
    'refuses the reserved name %j',
    (name) => {
      expect(isAgentId(normalizeName(name))).toBe(false);
      expect(errorOf(() => parseAgentId(name)).code).toBe('INVALID_AGENT_ID');
    },
  );

  it.each(['bob', ' bob', 'bob ', '\tBob', 'BOB', ' \t bOb \t '])('takes %j for one and the same agent', (spelling) => {
    expect(parseAgentId(spelling)).toBe('bob');
  });

  it.each(['a', '0', 'a-b_c', 'x'.repeat(64), 'com10', 'console', 'proto', '9-'])('accepts %j', (name) => {
    expect(parseAgentId(name)).toBe(name);
  });

  it('accepts nothing but the grammar, whatever the characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 70 }), (text) => {
        const name = normalizeName(text);
        if (isAgentId(name)) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)/);
        else expect(() => parseAgentId(text)).toThrow(DispatchError);
      }),
    );
  });

  it('gives every accepted name an ordinary own key of an object, and one segment of a path', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9_-]{1,20}$/), (name) => {
        fc.pre(isAgentId(name));
        expect(name in {}).toBe(false);
        expect(name).not.toMatch(/[/\\.:~]/);
      }),
    );
  });

  it('lowers ASCII only, so that no look-alike becomes a letter', () => {
    expect(normalizeName('\u212a')).toBe('\u212a');
    expect(normalizeName('\u0130')).toBe('\u0130');
    expect(normalizeName('ÄB')).toBe('Äb');
  });
});

describe('the human', () => {
  it('can write and be written to, and is no agent', () => {
    expect([isSender(HUMAN), isRecipient(HUMAN), isAgentId(HUMAN), isReserved(HUMAN)]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('and the system are the only reserved names that may stand in from; nobody writes to the system', () => {
    expect([isSender(SYSTEM), isRecipient(SYSTEM), isAgentId(SYSTEM), isReserved(SYSTEM)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    const others = RESERVED.filter((name) => name !== HUMAN && name !== SYSTEM);
    expect(others.filter((name) => isSender(name) || isRecipient(name))).toEqual([]);
    expect(isSender(EVERYONE)).toBe(false);
  });
});

describe('quoteName', () => {
  it('shows a name in printable ASCII of at most 80 characters before escaping', () => {
    expect(quoteName('bob')).toBe('"bob"');
    expect(quoteName('bob\n\u202e')).toBe('"bob\\n\\u202e"');
    expect(quoteName('x'.repeat(100_000))).toBe(`"${'x'.repeat(77)}..."`);
    expect(quoteName('\ud83d\ude00'.repeat(100))).toMatch(/^[\x20-\x7e]{1,500}$/);
  });
});

function errorOf(action: () => unknown): DispatchError {
  try {
    action();
  } catch (error) {
    if (error instanceof DispatchError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
