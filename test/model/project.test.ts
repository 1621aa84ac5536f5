import { describe, expect, it } from 'vitest';
import { isAgentId } from '../../src/model/agent-id.js';
import { fitName, numberedName } from '../../src/model/project.js';

describe('the name of a folder as an agent id', () => {
  it.each([
    ['webapp', 'webapp'],
    ['WebApp', 'webapp'],
    ['my.app', 'my-app'],
    ['my app (2)', 'my-app-2'],
    ['.dotfiles', 'dotfiles'],
    ['__init__', 'init'],
    ['a_b-c', 'a_b-c'],
    ['caf\u00e9 \u2603', 'caf'],
    ['\u212aate', 'ate'],
    ['line\nfeed', 'line-feed'],
    ['\u65e5\u672c\u8a9e', 'agent'],
    ['---', 'agent'],
    ['', 'agent'],
    ['all', 'agent'],
    ['Human', 'agent'],
    ['CON', 'agent'],
    ['__proto__', 'proto'],
    ['constructor', 'agent'],
  ])('of %j is %j', (folder, name) => {
    expect(fitName(folder)).toBe(name);
  });

  it('is cut so that a number of five digits still fits behind it', () => {
    const name = fitName('x'.repeat(255));
    expect(isAgentId(numberedName(name, 99_999))).toBe(true);
    expect(name).toHaveLength(58);
    expect(fitName(`${'x'.repeat(57)}-y`)).toBe('x'.repeat(57));
  });

  it('has a number from the second on', () => {
    expect([1, 2, 10].map((number) => numberedName('webapp', number))).toEqual(['webapp', 'webapp-2', 'webapp-10']);
  });
});
