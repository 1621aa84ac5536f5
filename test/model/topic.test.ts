import { describe, expect, it } from 'vitest';
import {
  hasTopicMark,
  isTopic,
  markTopic,
  normalizeTarget,
  parseTopic,
  parseTopicList,
} from '../../src/model/topic.js';

describe('the name of a topic', () => {
  it.each(['build', '#build', ' build ', '\t#build', '# build', '#Build', 'BUILD', ' # BuilD\t'])(
    'is "build" when it is written %j',
    (text) => {
      expect(parseTopic(text)).toBe('build');
    },
  );

  it.each(['bob', 'a', '0', 'a_b-c', 'x'.repeat(64)])('may be %s, whether or not an agent has that name', (name) => {
    expect(parseTopic(name)).toBe(name);
    expect(isTopic(name)).toBe(true);
    expect(parseTopic(markTopic(name))).toBe(name);
  });

  it.each(['all', '#all', 'human', '#HUMAN', 'user', 'system', 'root', 'con', '#nul', '__proto__', 'constructor'])(
    'is not the reserved %s, and the error says that it is reserved',
    (text) => {
      expect(() => parseTopic(text)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(/^topic: ".*" is a reserved name\. A topic is named like an agent/),
        }),
      );
    },
  );

  it.each([
    '',
    ' ',
    '#',
    ' # ',
    '##build',
    '#-build',
    '_build',
    'a b',
    'a#b',
    'a/b',
    '../x',
    '.',
    '..',
    'a.b',
    'a\n',
    '\u00a0build',
    'b\u00fcild',
    '\u212Aing',
    'build\0',
    'x'.repeat(65),
    '#all#',
  ])('is not %j, and the error quotes it and says the rule', (text) => {
    expect(() => parseTopic(text, 'target')).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^target: ".*" is not the name of a topic\. A topic is named like an agent/),
      }),
    );
    expect(isTopic(text)).toBe(false);
  });

  it('is quoted in an error without anything that steers a terminal, and cut', () => {
    const parse = () => parseTopic(`\u001b[2J\u202e${'x'.repeat(5000)}`);
    expect(parse).toThrow(/\\u001b\[2J\\u202e/);
    expect(parse).toThrow(expect.objectContaining({ message: expect.stringMatching(/^[\x20-\x7e]{1,400}$/) }));
  });
});

describe('a target', () => {
  it('is a topic by its mark alone', () => {
    expect(['#build', ' #', '#a b'].map(hasTopicMark)).toEqual([true, true, true]);
    expect(['build', 'all', 'a#b', ''].map(hasTopicMark)).toEqual([false, false, false, false]);
  });

  it('is the same in two spellings, and a topic is never the agent of its name', () => {
    expect([' #Build', '# build', '#build'].map(normalizeTarget)).toEqual(['#build', '#build', '#build']);
    expect([' Build', 'build'].map(normalizeTarget)).toEqual(['build', 'build']);
  });
});

describe('a list of topics', () => {
  it('is separated by commas, each name once, in either spelling', () => {
    expect(parseTopicList(' build, #Review,,build ,', 'X')).toEqual({ topics: ['build', 'review'], problems: [] });
    expect(parseTopicList(' , ', 'X')).toEqual({ topics: [], problems: [] });
  });

  it('loses only its bad names, each with a reason', () => {
    const { topics, problems } = parseTopicList('build,all,a b,#', 'MCP_DISPATCH_TOPICS');
    expect(topics).toEqual(['build']);
    expect(problems).toEqual([
      expect.stringMatching(/^MCP_DISPATCH_TOPICS: "all" is a reserved name/),
      expect.stringMatching(/^MCP_DISPATCH_TOPICS: "a b" is not/),
      expect.stringMatching(/^MCP_DISPATCH_TOPICS: "#" is not/),
    ]);
  });
});
