import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { styleFor } from '../../src/cli/terminal.js';
import { WorkerDisplay } from '../../src/cli/worker-display.js';
import type { HeldJob, JobEnd } from '../../src/worker/held-job.js';
import { TestClock } from '../helpers/relay-world.js';

let clock: TestClock;
let out: string;
let err: string;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  clock = new TestClock();
  out = '';
  err = '';
});
afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

function display({ json = false, errColumns }: { json?: boolean; errColumns?: number } = {}): WorkerDisplay {
  const terminal = {
    stdinIsTTY: false,
    columns: undefined,
    errColumns,
    style: styleFor(false, {}),
    out: async (text: string) => {
      out += text;
      return true;
    },
    err: (text: string) => {
      err += text;
    },
    readInput: async () => Buffer.alloc(0),
  };
  return new WorkerDisplay({ terminal, json }, clock);
}

function held(id: string, more: object = {}): HeldJob {
  const startedAt = clock.steady();
  return {
    job: { id, attempts: 1, from: 'alice', write: false, ...more },
    get durationMs() {
      return clock.steady() - startedAt;
    },
  } as unknown as HeldJob;
}

const end = (job: string, more: Partial<JobEnd> = {}): JobEnd => ({
  job,
  write: false,
  attempt: 1,
  state: 'completed',
  durationMs: 4200,
  ...more,
});

/** What a terminal shows after all of `text`: cursor up and clear to the end, and line feeds, are all that is used. */
function screen(text: string): string[] {
  const lines: string[] = [''];
  for (const [piece] of text.replaceAll('\x1b[', '⟦').matchAll(/⟦(\d+)A⟦J|\n|[^\n⟦]+/g)) {
    const up = /⟦(\d+)A/.exec(piece)?.[1];
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), Number(up) + 1, '');
    else if (piece === '\n') lines.push('');
    else lines[lines.length - 1] += piece;
  }
  return lines.slice(0, -1);
}

describe('what a worker shows', () => {
  it('is a line a change where stderr is no terminal, with the day, and nothing on stdout', () => {
    const shown = display();
    shown.ready('codex', 'none');
    shown.started(held('job-a'));
    shown.ended(end('job-a'));
    shown.ended(end('job-b', { state: 'queued', why: 'the worker ends' }));
    shown.close();
    expect(err.split('\n')).toEqual([
      '2026-02-17 20:30:00Z  Waiting for jobs of codex. Ctrl-C ends it.',
      '2026-02-17 20:30:00Z  job-a  running  attempt 1  for alice',
      '2026-02-17 20:30:00Z  job-a  completed  after 4.2 s',
      '2026-02-17 20:30:00Z  job-b  given back  after 4.2 s  the worker ends',
      '',
    ]);
    expect(out).toBe('');
  });

  it('is an object for each end on stdout with --json', () => {
    const shown = display({ json: true });
    shown.started(held('job-a'));
    shown.ended(end('job-a', { state: 'failed', exitCode: 1, why: 'codex ended with exit code 1.' }));
    expect(
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        job_id: 'job-a',
        state: 'failed',
        attempt: 1,
        write: false,
        duration_ms: 4200,
        exit_code: 1,
        why: 'codex ended with exit code 1.',
      },
    ]);
  });

  it('is redrawn on a terminal: a live line for each job that runs, below what has happened', () => {
    const shown = display({ errColumns: 100 });
    shown.ready('codex', 'all');
    shown.started(held('job-a'));
    clock.advance(3000);
    shown.started(held('job-b', { write: true, attempts: 2 }));
    clock.advance(2000);
    vi.advanceTimersByTime(1000);
    expect(screen(err)).toEqual([
      '20:30:00Z  Waiting for jobs of codex, also such as may change things. Ctrl-C ends it.',
      '           job-a  running 5.0 s  attempt 1  for alice',
      '           job-b  running 2.0 s  attempt 2  for alice  may write',
    ]);
    shown.ended(end('job-a'));
    shown.warned('The configuration was changed.');
    expect(screen(err).slice(1)).toEqual([
      '20:30:05Z  job-a  completed  after 4.2 s',
      '20:30:05Z  The configuration was changed.',
      '           job-b  running 2.0 s  attempt 2  for alice  may write',
    ]);
    shown.ended(end('job-b', { state: 'needs_recovery' }));
    expect(screen(err).slice(3)).toEqual(['20:30:05Z  job-b  parked  after 4.2 s']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never breaks a live line, which could not be taken back', () => {
    const shown = display({ errColumns: 30 });
    shown.started(held('job-a'));
    expect(screen(err)[0]?.length).toBeLessThan(30);
    shown.close();
    expect(screen(err)).toEqual([]);
  });

  it('has no more live lines than a small terminal has room for', () => {
    const shown = display({ errColumns: 100 });
    for (let i = 10; i < 30; i++) shown.started(held(`job-${i}`));
    const lines = screen(err);
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([
      11,
      '           job-10  running 0 ms  attempt 1  for alice',
      '           and 10 more',
    ]);
    shown.close();
    expect(screen(err)).toEqual([]);
  });

  it('cannot act on the terminal', () => {
    const shown = display();
    shown.ended(end('job-a', { state: 'failed', why: 'x\x1b[2Jy\nz' }));
    shown.warned('a\x1b[2Jb');
    expect(err).not.toContain('\x1b');
    expect(err.split('\n')).toHaveLength(3);
  });
});
