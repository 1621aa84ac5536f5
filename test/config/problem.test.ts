import { describe, expect, it } from 'vitest';
import { configError, excerptOf, renderProblem } from '../../src/config/problem.js';

describe('excerptOf', () => {
  it('puts the caret under the column, tabs included', () => {
    expect(excerptOf(['a = 1', '\twach = true', '', 'b = 2'], 2, 2)).toBe('1:  a = 1\n2:  \twach = true\n    \t^');
  });

  it('keeps the numbers aligned from line 9 to 10', () => {
    const lines = Array.from({ length: 10 }, (_, index) => `k${index + 1} = 1`);
    expect(excerptOf(lines, 9, 1)).toBe('8 :  k8 = 1\n9 :  k9 = 1\n     ^\n10:  k10 = 1');
  });

  it('shows the part of an endless line that holds the column', () => {
    const excerpt = excerptOf([`${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`], 1, 5001);
    const [text, caret] = excerpt.split('\n');
    expect(text?.length).toBeLessThan(120);
    expect(text?.indexOf('HERE')).toBe(caret?.indexOf('^'));
  });

  it('lets nothing through that could steer a terminal', () => {
    expect(excerptOf(['a = "\x1b[2J\u202e\u009b"'], 1, 5)).toBe('1:  a = "?[2J??"\n        ^');
  });
});

describe('configError', () => {
  const first = {
    path: '/x/config.toml',
    line: 3,
    column: 1,
    key: 'wach',
    message: 'unknown key.',
    excerpt: '3:  wach\n    ^',
  };

  it('shows file, line, column, key, fault and excerpt, and carries the place as data', () => {
    const error = configError([first]);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.data).toEqual({ path: '/x/config.toml', line: 3, column: 1, key: 'wach' });
    expect(error.message).toBe(
      'Configuration error in /x/config.toml, line 3, column 1, key wach: unknown key.\n\n3:  wach\n    ^\n',
    );
  });

  it('says how many more there are, and where to see them', () => {
    expect(configError([first, first]).message).toMatch(/And 1 more problem: "mcp-dispatch config check"/);
    expect(configError([first, first, first]).message).toMatch(/And 2 more problems: /);
  });

  it('names the environment when no file is at fault', () => {
    expect(renderProblem({ key: 'MCP_DISPATCH_DIR', message: 'bad.' })).toBe(
      'Configuration error in the environment, key MCP_DISPATCH_DIR: bad.',
    );
  });
});
