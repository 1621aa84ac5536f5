import { describe, expect, it } from 'vitest';
import { parseLaneName } from '../../../src/relay/lanes/lane-name.js';

describe('the address of a lane', () => {
  it.each([
    ['acme/api', 'acme', 'api'],
    ['Acme-2/API_v2.0', 'Acme-2', 'API_v2.0'],
    ['a/b', 'a', 'b'],
    ['acme/.github', 'acme', '.github'],
    ['acme/__proto__', 'acme', '__proto__'],
    [`${'a'.repeat(39)}/${'b'.repeat(100)}`, 'a'.repeat(39), 'b'.repeat(100)],
  ])('%j names an owner and a repository, as they are written', (address, org, repo) => {
    expect(parseLaneName(address)).toEqual({ org, repo });
  });

  it.each([
    '',
    '/',
    'acme',
    'acme/',
    '/api',
    'acme/api/',
    'acme/api/x',
    'acme//api',
    'acme/.',
    'acme/..',
    '../api',
    './api',
    'acme/../api',
    'acme/-api',
    '-acme/api',
    'acme-/api',
    'ac--me/api',
    'ac_me/api',
    'acme/*',
    '*/api',
    'acme/a?i',
    'acme/a b',
    ' acme/api',
    'acme/api ',
    'acme/api\n',
    'acme/api\0',
    'acme/api\u202e',
    'ac\u212ae/api',
    'acme/äpi',
    'acme\\api',
    'acme/$(id)',
    'acme/{task}',
    'acme/api;id',
    '__proto__/api',
    `${'a'.repeat(40)}/api`,
    `acme/${'b'.repeat(101)}`,
    `${'a-'.repeat(50_000)}/api`,
  ])('%j is none', (address) => {
    expect(parseLaneName(address)).toBeUndefined();
  });
});
