import { describe, expect, it } from 'vitest';
import { MAX_OUTCOME_BYTES } from '../../src/model/job.js';
import type { RunOutcome } from '../../src/worker/run-outcome.js';
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
