import { beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

describe('a command line', () => {
  it('that is wrong opens no relay', async () => {
    for (const argv of [['sned'], ['send', 'bob'], ['inbox', '--limit', '0'], ['ack'], ['forget', 'a/b']]) {
      expect((await desk.run(argv)).code).toBe(2);
    }
    expect(desk.opened).toBe(0);
  });

  it('with a misspelled command or option is answered with the right one', async () => {
    expect(await desk.run(['sned', 'bob', 'hi'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('send'),
    });
    const { code, err } = await desk.run(['inbox', '--jsno']);
    expect([code, err]).toEqual([2, expect.stringContaining('--json')]);
  });

  it('with more arguments than the command takes is refused, not cut short', async () => {
    expect((await desk.run(['inbox', 'bob', 'carol'])).code).toBe(2);
    expect((await desk.run(['who', 'bob'])).code).toBe(2);
  });

  it('that asks for help or the version is answered on stdout with 0', async () => {
    expect(await desk.run(['--version'])).toEqual(expect.objectContaining({ code: 0, out: '1.2.3\n', err: '' }));
    for (const argv of [['--help'], ['help'], ['help', 'send'], ['send', '--help']]) {
      const { code, out, err } = await desk.run(argv);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('Examples:');
    }
  });

  it('that names a group without its command shows the help on stderr with 2', async () => {
    expect(await desk.run(['config'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('check') });
  });

  it('with --json that is wrong is answered in JSON on stdout alone', async () => {
    const { code, json, err } = await desk.run(['inbox', '--jsno', '--json']);
    expect([code, err]).toEqual([2, '']);
    expect(json).toEqual({ error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('--jsno') } });
  });

  it('does not take a --json behind "--" for the option', async () => {
    const { out } = await desk.run(['send', 'bob', '--', '--json']);
    expect(out).toMatch(/^Sent msg-/);
  });
});

describe('an error', () => {
  it.each([
    ['CONFIG_INVALID', 2],
    ['STORE_UNAVAILABLE', 1],
    ['RELAY_TOO_NEW', 1],
    ['RELAY_UNSAFE', 4],
  ] as const)('%s ends in exit code %i, as one line on stderr', async (code, exit) => {
    Object.assign(desk.relay.rollCall, { take: () => Promise.reject(new DispatchError(code, 'What failed.')) });
    expect(await desk.run(['who'])).toMatchObject({ code: exit, out: '', err: 'error: What failed.\n' });
  });

  it('with --json is a document on stdout, and stderr is silent', async () => {
    Object.assign(desk.relay.rollCall, { take: () => Promise.reject(new DispatchError('RELAY_UNSAFE', 'No.')) });
    const { out, err } = await desk.run(['who', '--json']);
    expect([out, err]).toEqual(['{"error":{"code":"RELAY_UNSAFE","message":"No."}}\n', '']);
  });

  it('that nobody expected ends in 1 with its stack, not in a rejected promise', async () => {
    Object.assign(desk.relay.rollCall, { take: () => Promise.reject(new TypeError('oops')) });
    const { code, err } = await desk.run(['who']);
    expect([code, err]).toEqual([1, expect.stringMatching(/^error: unexpected: TypeError: oops\n\s+at /)]);
  });
});
