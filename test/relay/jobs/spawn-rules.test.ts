import { describe, expect, it } from 'vitest';
import {
  BREAK_MS,
  CONFIRM_MS,
  caughtUp,
  confirmed,
  ended,
  failed,
  forgiven,
  HOUR_MS,
  MOST_STARTS,
  NO_SPAWNS,
  PAUSE_MS,
  type Spawns,
  standingOf,
  started,
  worked,
} from '../../../src/relay/jobs/spawn-rules.js';
import type { ProcessIdentity } from '../../../src/store/processes.js';
import { DAY, HOUR, MINUTE, START } from '../../helpers/relay-world.js';

const WORKER: ProcessIdentity = { pid: 4711, host: 'here' };
const alive = () => false;
const dead = () => true;

/** A start at `at` whose worker ended like that. */
function withStart(spawns: Spawns, at: number, how: 'failed' | 'worked' | 'idle', id = `start-${at}`): Spawns {
  const running = confirmed(started(spawns, id, at), id, WORKER) as Spawns;
  if (how === 'failed') return failed(running, id, 'it fell over', at);
  return ended(how === 'worked' ? (worked(running, id) as Spawns) : running, id) as Spawns;
}

/** When a worker is started of which each comes to `how` at once, where work always waits: looked at every 5 seconds. */
function startsWithin(ms: number, how: 'failed' | 'idle'): number[] {
  let spawns = NO_SPAWNS;
  const starts: number[] = [];
  for (let now = START; now < START + ms; now += 5000) {
    spawns = caughtUp(spawns, now, dead);
    if (standingOf(spawns, now).state !== 'idle') continue;
    starts.push(now - START);
    spawns = withStart(spawns, now, how);
  }
  return starts;
}

describe('a worker that is started by itself', () => {
  it('is one at a time, from its start to its end', () => {
    const starting = started(NO_SPAWNS, 'one', START);
    expect(standingOf(starting, START)).toEqual({ state: 'starting' });
    const running = confirmed(starting, 'one', WORKER) as Spawns;
    const later = START + 3 * DAY;
    expect(standingOf(caughtUp(running, later, alive), later)).toEqual({ state: 'running', worker: WORKER });
    const over = ended(running, 'one') as Spawns;
    expect(standingOf(caughtUp(over, later, dead), later)).toEqual({ state: 'idle' });
    expect(over.failures).toBe(0);
  });

  it('pauses between two starts, the longer the more of them have failed in a row', () => {
    const idle = withStart(NO_SPAWNS, START, 'idle');
    expect(standingOf(idle, START + PAUSE_MS - 1)).toEqual({ state: 'pause', until: START + PAUSE_MS });
    expect(standingOf(idle, START + PAUSE_MS)).toEqual({ state: 'idle' });
    const once = withStart(NO_SPAWNS, START, 'failed');
    expect(standingOf(once, START)).toEqual({ state: 'pause', until: START + 2 * PAUSE_MS });
    const twice = withStart(once, START + MINUTE, 'failed');
    expect(standingOf(twice, START + MINUTE)).toEqual({ state: 'pause', until: START + MINUTE + 4 * PAUSE_MS });
  });

  it('that always dies is started three times in two minutes, then once in half an hour: 50 times in a day', () => {
    const starts = startsWithin(DAY, 'failed');
    expect(starts.slice(0, 5)).toEqual([0, 30_000, 90_000, 90_000 + BREAK_MS, 90_000 + 2 * BREAK_MS]);
    expect(starts).toHaveLength(50);
  });

  it('that always ends without having done anything is started ten times in any hour', () => {
    const starts = startsWithin(DAY, 'idle');
    const most = Math.max(...starts.map((at) => starts.filter((one) => one >= at && one < at + HOUR).length));
    expect([most, starts.length]).toEqual([MOST_STARTS, 24 * MOST_STARTS]);
    let spawns = NO_SPAWNS;
    for (let start = 0; start < MOST_STARTS; start++) spawns = withStart(spawns, START + start * MINUTE, 'idle');
    const now = START + 30 * MINUTE;
    expect(standingOf(spawns, now)).toEqual({ state: 'ceiling', until: START + HOUR_MS });
    expect(standingOf(caughtUp(spawns, START + HOUR_MS, dead), START + HOUR_MS)).toEqual({ state: 'idle' });
  });

  it('ends the row of failures with the first job that it finishes', () => {
    let spawns = NO_SPAWNS;
    for (let start = 0; start < 3; start++) spawns = withStart(spawns, START + start * MINUTE, 'failed');
    expect(standingOf(spawns, START + 3 * MINUTE)).toMatchObject({ state: 'breaker' });
    const good = withStart(spawns, START + HOUR, 'worked');
    expect(good).toMatchObject({ failures: 0, broken_at: null, failure: null });
    expect(worked(good, `start-${START + HOUR}`)).toBeUndefined();
  });

  it('that is killed after it has finished a job has not failed', () => {
    const running = confirmed(started(NO_SPAWNS, 'one', START), 'one', WORKER) as Spawns;
    expect(caughtUp(running, START, dead)).toMatchObject({ failures: 1, last: { state: 'ended' } });
    expect(caughtUp(worked(running, 'one') as Spawns, START, dead)).toMatchObject({
      failures: 0,
      last: { state: 'ended' },
    });
  });

  it('has failed where nobody has confirmed it in its time, and may do nothing after that', () => {
    const starting = started(NO_SPAWNS, 'one', START);
    const soon = START + CONFIRM_MS - 1;
    expect(caughtUp(starting, soon, dead)).toBe(starting);
    const lost = caughtUp(starting, soon + 1, dead);
    expect(lost).toMatchObject({ failures: 1, failure: { why: 'nothing was heard of it for 30 s' } });
    expect(confirmed(lost, 'one', WORKER)).toBeUndefined();
    expect(confirmed(started(lost, 'two', soon + MINUTE), 'one', WORKER)).toBeUndefined();
  });

  it('is confirmed once, and only by the start that it was given', () => {
    const starting = started(NO_SPAWNS, 'one', START);
    expect(confirmed(starting, 'other', WORKER)).toBeUndefined();
    const running = confirmed(starting, 'one', WORKER) as Spawns;
    expect(confirmed(running, 'one', { pid: 4712, host: 'here' })).toBeUndefined();
  });

  it('does not change the record of the worker that came after it', () => {
    const first = withStart(NO_SPAWNS, START, 'failed', 'first');
    const second = confirmed(started(first, 'second', START + HOUR), 'second', WORKER) as Spawns;
    expect([worked(second, 'first'), ended(second, 'first')]).toEqual([undefined, undefined]);
    expect(failed(second, 'first', 'late', START + HOUR)).toBe(second);
  });

  it('begins anew once a person has looked', () => {
    let spawns = NO_SPAWNS;
    for (let start = 0; start < 3; start++) spawns = withStart(spawns, START + start * MINUTE, 'failed');
    expect(forgiven(spawns)).toEqual(NO_SPAWNS);
    expect(forgiven(NO_SPAWNS)).toBeUndefined();
    const running = confirmed(started(spawns, 'one', START + HOUR), 'one', WORKER) as Spawns;
    expect(standingOf(forgiven(running) as Spawns, START + HOUR)).toMatchObject({ state: 'running' });
  });
});

describe('a clock that was set', () => {
  const broken = [0, 1, 2].reduce((spawns, start) => withStart(spawns, START + start * MINUTE, 'failed'), NO_SPAWNS);
  const full = Array.from({ length: MOST_STARTS }, (_, start) => start).reduce(
    (spawns, start) => withStart(spawns, START + start * MINUTE, 'idle'),
    NO_SPAWNS,
  );

  it.each([
    ['the breaker', broken, BREAK_MS],
    ['the ceiling', full, HOUR_MS],
    ['the pause', withStart(NO_SPAWNS, START, 'idle'), PAUSE_MS],
    ['a start that nobody confirms', started(NO_SPAWNS, 'one', START), CONFIRM_MS + 2 * PAUSE_MS],
  ])('back by a year does not hold %s for longer than from then on', (_, spawns, holdMs) => {
    const now = START - 365 * DAY;
    const then = caughtUp(spawns, now, dead);
    expect(standingOf(then, now).state).not.toBe('idle');
    // As it is kept in between.
    const later = caughtUp(then, now + CONFIRM_MS, dead);
    const end = now + holdMs;
    expect(standingOf(caughtUp(later, end, dead), end)).toEqual({ state: 'idle' });
  });

  it('forward lets one more worker start, and no row of them', () => {
    const now = START + 365 * DAY;
    const tried = withStart(caughtUp(broken, now, dead), now, 'failed');
    expect(standingOf(tried, now)).toEqual({ state: 'breaker', until: now + BREAK_MS });
  });

  it('back by what a clock is put right by changes nothing', () => {
    expect(caughtUp(broken, START + 2 * MINUTE - 30_000, dead)).toBe(broken);
  });
});
