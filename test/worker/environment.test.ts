import { expect, it } from 'vitest';
import { buildEnvironment } from '../../src/worker/environment.js';

const SOURCE = {
  PATH: '/bin',
  HOME: '/home/x',
  NODE_OPTIONS: '--require /evil',
  MCP_DISPATCH_AGENT_ID: 'bob',
  EMPTY: '',
};

it('holds the names that were given and are set, and nothing else', () => {
  expect(buildEnvironment(['PATH', 'HOME', 'LANG'], SOURCE)).toEqual([
    ['PATH', '/bin'],
    ['HOME', '/home/x'],
  ]);
  expect(buildEnvironment([], SOURCE)).toEqual([]);
  expect(buildEnvironment(['EMPTY', 'EMPTY'], SOURCE)).toEqual([['EMPTY', '']]);
});

it('holds what changes Node or names an agent only where that was given', () => {
  const names = buildEnvironment(['PATH', 'NODE_OPTIONS', 'MCP_DISPATCH_AGENT_ID'], SOURCE).map(([name]) => name);
  expect(names).toEqual(['PATH', 'NODE_OPTIONS', 'MCP_DISPATCH_AGENT_ID']);
});

it('takes nothing from what every object has', () => {
  expect(buildEnvironment(['constructor', '__proto__', 'toString'], SOURCE)).toEqual([]);
});
