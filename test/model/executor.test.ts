import { describe, expect, it } from 'vitest';
import { isBehindDashes, placeholderOf } from '../../src/model/executor.js';

describe('a placeholder', () => {
  it.each([
    ['{prompt}', 'prompt'],
    ['{output_file}', 'output_file'],
    ['{prompt} ', undefined],
    ['x{prompt}', undefined],
    ['{prompt}\n', undefined],
    ['{}', undefined],
    ['{"a":1}', undefined],
    ['', undefined],
  ])('is a whole argument: %j', (argument, name) => {
    expect(placeholderOf(argument)).toBe(name);
  });

  it.each([
    ['a -- {prompt}', true],
    ['a -- {orguser} {repo} {prompt}', true],
    ['a exec -o x -- {prompt}', true],
    ['a {prompt}', false],
    ['a {prompt} --', false],
    ['a {model} {prompt}', false],
    ['a --prompt {prompt}', false],
    // The "--" is for timeout, and the program behind it has not met one.
    ['timeout 60 -- a {prompt}', false],
    ['-- {prompt}', false],
  ])('in %j is safe from being an option: %s', (line, safe) => {
    const argv = line.split(' ');
    expect(isBehindDashes(argv, argv.indexOf('{prompt}'))).toBe(safe);
  });
});
