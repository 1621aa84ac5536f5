import { describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { type Check, type Finding, repairAll, runChecks } from '../../src/model/finding.js';

const finding = (path: string, repair?: () => Promise<void>): Finding => ({
  severity: 'warning',
  path,
  message: 'it is wrong',
  ...(repair === undefined ? {} : { repair: { does: 'put it right', run: repair } }),
});

/** A check that finds something else at each look. */
function looks(...rounds: (readonly Finding[])[]): Check<undefined> {
  let round = 0;
  return { code: 'some-code', run: async () => rounds[round++] ?? [] };
}

const noPause = async () => {};

describe('runChecks', () => {
  it('reports what both looks agree on, under the code of its check', async () => {
    const found = await runChecks(
      [looks([finding('a'), finding('b')], [finding('b'), finding('c')])],
      undefined,
      noPause,
    );
    expect(found).toEqual([{ ...finding('b'), code: 'some-code' }]);
  });

  it('does not take two faults that follow each other in one place for one', async () => {
    const one = { ...finding('a'), evidence: 'first session' };
    const other = { ...finding('a'), evidence: 'second session' };
    expect(await runChecks([looks([one], [other])], undefined, noPause)).toEqual([]);
    expect(await runChecks([looks([one], [one, other])], undefined, noPause)).toMatchObject([one]);
  });

  it('looks once, and waits for nothing, where there is nothing', async () => {
    const paused: string[] = [];
    const check = looks([], [finding('late')]);
    expect(await runChecks([check], undefined, async () => void paused.push('paused'))).toEqual([]);
    expect(paused).toEqual([]);
  });

  it('waits between the looks, once for all checks', async () => {
    const order: string[] = [];
    const check = (code: string): Check<undefined> => ({
      code,
      run: async () => {
        order.push(code);
        return [finding(code)];
      },
    });
    await runChecks([check('a'), check('b')], undefined, async () => void order.push('pause'));
    expect(order).toEqual(['a', 'b', 'pause', 'a', 'b']);
  });

  it('says of a check that fails that it could not be done, and does the others', async () => {
    const broken: Check<undefined> = {
      code: 'broken',
      run: async () => {
        throw new DispatchError('STORE_UNAVAILABLE', 'the disk reported an error.');
      },
    };
    const found = await runChecks([broken, looks([finding('a')], [finding('a')])], undefined, noPause);
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([
      ['check-failed', 'error'],
      ['some-code', 'warning'],
    ]);
    expect(found[0]?.message).toContain('broken could not be done: the disk reported an error.');
  });
});

describe('repairAll', () => {
  it('says of each repair whether it was done, and goes on after one that failed', async () => {
    const done: string[] = [];
    const coded = [
      finding('a', async () => {
        throw new Error('no right');
      }),
      finding('b', async () => void done.push('b')),
      finding('c'),
    ].map((one) => ({ ...one, code: 'some-code' }));
    const repaired = await repairAll(coded);
    expect(done).toEqual(['b']);
    expect(repaired).toMatchObject([{ fixed: false, failure: 'no right' }, { fixed: true }, { path: 'c' }]);
    expect(repaired[2]).not.toHaveProperty('fixed');
  });
});
