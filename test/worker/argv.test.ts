import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chooseModel, describeFillings, fillArgv, fillStdin } from '../../src/worker/argv.js';

const job = (text: string) => ({ text, by: 'job' }) as const;
const operator = (text: string) => ({ text, by: 'operator' }) as const;

describe('what fills a template', () => {
  it('is one argument each, and is not looked at for placeholders', () => {
    const argv = ['p', '-o', '{output_file}', '--', '{prompt}', '{prompt}'];
    const prompt = '{output_file} "a b" $(id)\n';
    expect(fillArgv(argv, { prompt: job(prompt), output_file: operator('/tmp/x/message') })).toEqual([
      'p',
      '-o',
      '/tmp/x/message',
      '--',
      prompt,
      prompt,
    ]);
  });

  it.each(['-', '--', '--dangerously-bypass-approvals-and-sandbox', '-s danger-full-access'])(
    'cannot become an option: %j is refused before "--", and is words behind it',
    (text) => {
      expect(() => fillArgv(['p', '{prompt}'], { prompt: job(text) })).toThrow('begins with "-"');
      expect(() => fillArgv(['p', '{prompt}', '--'], { prompt: job(text) })).toThrow('begins with "-"');
      // Another program may stand between, to which the first "--" says nothing.
      expect(() => fillArgv(['p', '--', 'q', '{prompt}'], { prompt: job(text) })).toThrow('begins with "-"');
      expect(() => fillArgv(['p', '{prompt}', '--', '{prompt}'], { prompt: job(text) })).toThrow('begins with "-"');
      expect(fillArgv(['p', '--', '{model}', '{prompt}'], { prompt: job(text), model: operator('m') })[3]).toBe(text);
      expect(fillArgv(['p', '--', '{prompt}'], { prompt: job(text) })).toEqual(['p', '--', text]);
    },
  );

  it('cannot put "--" into the template itself: only a literal one counts', () => {
    const fillings = { repo: job('--'), task: job('-x') };
    expect(() => fillArgv(['p', '{repo}', '{task}'], fillings)).toThrow('The repo begins with "-"');
  });

  it('may begin with "-" where the operator chose it', () => {
    expect(fillArgv(['p', '{model}'], { model: operator('-fast') })).toEqual(['p', '-fast']);
  });

  it.each([
    ['a\0b', 'NUL'],
    ['a\ud800b', 'surrogate'],
  ])('is refused where no program can be given it: %j', (text, why) => {
    expect(() => fillArgv(['p', '--', '{prompt}'], { prompt: job(text) })).toThrow(why);
    expect(() => fillStdin('{prompt}', { prompt: job(text) })).toThrow(why);
  });

  it('is named in an error, and not quoted there', () => {
    expect(() => fillArgv(['p', '{prompt}'], { prompt: job('-secret') })).not.toThrow('secret');
  });

  it('comes from what was given alone, not from what every object has', () => {
    expect(() => fillArgv(['p', '{constructor}'], {})).toThrow('nothing to fill');
  });

  it('is noted by length and hash, where a job chose it', () => {
    const argv = ['p', '{model}', '{output_file}', '--', '{prompt}', '{prompt}'];
    const fillings = { prompt: job('héllo'), model: operator('m'), output_file: operator('/x') };
    const sha256 = createHash('sha256').update('héllo').digest('hex');
    expect(describeFillings(argv, undefined, fillings)).toEqual([{ name: 'prompt', bytes: 6, sha256 }]);
    expect(describeFillings(['p'], '{prompt}', fillings)).toEqual([{ name: 'prompt', bytes: 6, sha256 }]);
  });

  it('may be the input of the program, where "-" is no option', () => {
    expect(fillStdin('{prompt}', { prompt: job('-x\n') })).toBe('-x\n');
    expect(fillStdin(undefined, { prompt: job('x') })).toBeUndefined();
  });
});

describe('the model', () => {
  it('is one of the list of the operator, and the first of it where none is asked for', () => {
    expect(chooseModel(['a', 'b'], 'b')).toBe('b');
    expect(chooseModel(['a', 'b'], undefined)).toBe('a');
    expect(chooseModel([], undefined)).toBeUndefined();
  });

  it.each([
    [['a', 'b'], 'it takes a, b. Leave `model` out, or name one of these.'],
    [[], 'it takes none. Leave `model` out.'],
  ])('is never another: of %j not "--evil"', (models, known) => {
    expect(() => chooseModel(models, '--evil')).toThrow(known);
    expect(() => chooseModel(models, '--evil')).not.toThrow('evil');
  });
});
