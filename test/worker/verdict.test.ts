import { describe, expect, it } from 'vitest';
import { MAX_OUTCOME_BYTES } from '../../src/model/job.js';
import { type RunOutcome, TAIL_BYTES } from '../../src/worker/run-outcome.js';
import { verdictOf } from '../../src/worker/verdict.js';

const CODEX = { name: 'codex', timeoutSeconds: 60, hasOutputFile: true };
const ran = (change: Partial<RunOutcome>): RunOutcome => ({
  exitCode: 0,
  signal: null,
  durationMs: 1234,
  stdout: '',
  stderr: '',
  ...change,
});

describe('the verdict on a run', () => {
  it('is what the program left in its file, and the last of what it printed', () => {
    const outcome = ran({ message: 'done', stdout: 'out\n', stderr: 'err\n' });
    expect(verdictOf(outcome, CODEX)).toEqual({
      as: 'completed',
      exitCode: 0,
      result: { exit_code: 0, duration_ms: 1234, message: 'done', output_tail: 'out\n\nerr\n' },
    });
  });

  it('is what it printed on stdout, where its template has no file', () => {
    const outcome = ran({ stdout: 'the answer', stderr: 'a remark' });
    const { result } = verdictOf(outcome, { ...CODEX, hasOutputFile: false }) as { result: object };
    expect(result).toEqual({ exit_code: 0, duration_ms: 1234, message: 'the answer', output_tail: 'a remark' });
  });

  it.each([
    [{ exitCode: 1, stderr: 'no luck' }, 'codex ended with exit code 1. Its last words:\nno luck'],
    [{ exitCode: 1, stdout: 'on stdout' }, 'codex ended with exit code 1. Its last words:\non stdout'],
    [{ exitCode: null, signal: 'SIGSEGV' }, 'codex was ended by SIGSEGV. It printed nothing.'],
    [{ exitCode: null, notStarted: '/bin/codex is gone' }, 'codex was not started: /bin/codex is gone.'],
    [{ exitCode: null, endedBy: 'timeout' }, 'codex was ended: it took longer than 60 s. It printed nothing.'],
    // It has heeded SIGTERM, and calls that success: it did not do its work all the same.
    [{ exitCode: 0, endedBy: 'timeout' }, 'codex was ended: it took longer than 60 s. It printed nothing.'],
  ] as const)('is failed, with how it ended: %j', (change, error) => {
    expect(verdictOf(ran(change), CODEX)).toMatchObject({ as: 'failed', error });
  });

  it.each(['cancelled', 'stopped', 'lease', 'lost'] as const)('is none where it was ended from outside: %s', (why) => {
    // It may have heeded SIGTERM, and call that success.
    expect(verdictOf(ran({ endedBy: why }), CODEX)).toMatchObject({ as: 'ended', why });
    expect(verdictOf(ran({ exitCode: null, signal: 'SIGTERM', endedBy: why }), CODEX)).toMatchObject({
      as: 'ended',
      why,
    });
    expect(verdictOf(ran({ exitCode: null, keeperLost: true, endedBy: why }), CODEX)).toMatchObject({
      as: 'ended',
      why,
    });
  });

  it.each([
    ['NEEDS_REVIEW: Look at it.', 'Look at it.'],
    ['I did it.\n\nNEEDS_REVIEW:  It deletes rows. \r\n \n\t', 'It deletes rows.'],
    ['NEEDS_REVIEW: \u001b[2J red \u0007', 'red \u0007'],
    // As a terminal shows it: coloured, over a bar of progress, behind a mark of the encoding.
    ['\u001b[1;31mNEEDS_REVIEW: Look at it.\u001b[0m\n\u001b[0m', 'Look at it.'],
    ['\u001b]0;title\u0007NEEDS_REVIEW: Look at it.', 'Look at it.'],
    ['42 %\r100 %\rNEEDS_REVIEW: Look at it.', 'Look at it.'],
    ['\ufeffNEEDS_REVIEW: Look at it.\0', 'Look at it.'],
    // In doubt a person is asked.
    ['NEEDS_REVIEW: a\rb', 'a\rb'],
    ['NEEDS_REVIEW: a\u2028b\u2029c', 'a\u2028b\u2029c'],
    ['NEEDS_REVIEW:', '(no reason was given)'],
    [`NEEDS_REVIEW: ${'x'.repeat(600)}`, `${'x'.repeat(499)}…`],
    // Forged, quoted, or spoken of: not the last line.
    ['NEEDS_REVIEW: Look at it.\nAll is well.', undefined],
    ['I was told to end with NEEDS_REVIEW: reason', undefined],
    ['> NEEDS_REVIEW: Look at it.', undefined],
    ['needs_review: Look at it.', undefined],
    ['', undefined],
  ])('asks for a review where the last line of the message does, and for no other: %j', (said, review) => {
    expect(verdictOf(ran({ message: said }), CODEX)).toMatchObject({
      as: 'completed',
      review,
      result: { message: said },
    });
    expect(verdictOf(ran({ stdout: said }), { ...CODEX, hasOutputFile: false })).toMatchObject({ review });
    // What it prints beside its message is no message.
    expect(verdictOf(ran({ message: 'All is well.', stdout: said, stderr: said }), CODEX)).not.toMatchObject({
      review: expect.anything(),
    });
  });

  it('asks for no review where it is not completed', () => {
    const message = 'NEEDS_REVIEW: Look at it.';
    for (const change of [{ exitCode: 1 }, { endedBy: 'timeout' }, { endedBy: 'cancelled' }] as const)
      expect(verdictOf(ran({ message, ...change }), CODEX)).not.toMatchObject({ review: expect.anything() });
  });

  it('asks for a review by the true end of what is kept in part', () => {
    const line = 'NEEDS_REVIEW: Look at it.';
    const reviewOf = (change: Partial<RunOutcome>, hasOutputFile: boolean) =>
      (verdictOf(ran(change), { ...CODEX, hasOutputFile }) as { review?: string }).review;
    // The message that is kept ends with the line, and the file went on.
    const cut = { message: `x\n${line}`, messageCut: true } as const;
    expect(reviewOf({ ...cut, messageEnd: 'and so on' }, true)).toBeUndefined();
    expect(reviewOf(cut, true)).toBeUndefined();
    expect(reviewOf({ ...cut, message: 'x', messageEnd: `and so on\n${line}\n` }, true)).toBe('Look at it.');
    // What was before it in its line is not known.
    expect(reviewOf({ ...cut, messageEnd: line }, true)).toBeUndefined();
    const full = `${line}${'x'.repeat(TAIL_BYTES - line.length)}`;
    expect(reviewOf({ stdout: full }, false)).toBeUndefined();
    expect(reviewOf({ stdout: `${full.slice(line.length + 1)}\n${line}` }, false)).toBe('Look at it.');
  });

  it('is that nothing was begun, where what was wanting may be there again', () => {
    const outcome = ran({ exitCode: null, notStarted: 'there is no room', isPassing: true });
    expect(verdictOf(outcome, CODEX)).toEqual({ as: 'unbegun', why: 'there is no room' });
  });

  it('is not known where the keeper died', () => {
    expect(verdictOf(ran({ exitCode: null, keeperLost: true }), CODEX)).toMatchObject({ as: 'unknown' });
  });

  it.each(['x', '\u0000', '日', '"'])('has room in a job, however long the message: %j', (character) => {
    const text = character.repeat(1024 * 1024);
    const tails = { stdout: text.slice(0, 65_536), stderr: text.slice(0, 65_536) };
    const verdict = verdictOf(ran({ exitCode: 1, message: text, ...tails }), CODEX);
    const { result, error } = verdict as { result: { message: string; message_cut?: true }; error: string };
    expect(Buffer.byteLength(JSON.stringify({ result, error }))).toBeLessThanOrEqual(MAX_OUTCOME_BYTES);
    expect(result.message_cut).toBe(true);
    expect(text.startsWith(result.message)).toBe(true);
    expect(result.message.length).toBeGreaterThan(10_000);
    expect(error.length).toBeLessThan(2000);
  });

  it('has no half characters where words are cut', () => {
    const { error } = verdictOf(ran({ exitCode: 1, stderr: `${'😀'.repeat(3000)}!` }), CODEX) as { error: string };
    expect(error.isWellFormed()).toBe(true);
  });
});
